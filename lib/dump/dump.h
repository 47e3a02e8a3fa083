/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files that write a core dump. */
#ifndef PVB_DUMP_DUMP_H
#define PVB_DUMP_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include <elf.h>

#include <pvbuild/dump.h>
#include <pvbuild/p2m.h>

#include "host/host.h"
#include "reach/reach.h"

#define DUMP_STAGE "dump"
#define DUMP_PAGE_BYTES 4096u

/*
 * Bytes of one vcpu_guest_context in a core. xl gives each entry the size of
 * the 64-bit structure, for 32-bit guests too.
 */
#define PVB_DUMP_CONTEXT_BYTES 5168u

enum {
	SECTION_NULL,
	SECTION_STRTAB,
	SECTION_NOTE,
	SECTION_PRSTATUS,
	SECTION_SHARED_INFO,
	SECTION_PAGES,
	SECTION_P2M,
	SECTIONS,
};

/*
 * Where a domain's memory is: extents, ascending by PFN, which p2m or merged holds.
 */
struct dump_memory {
	const struct pvb_p2m_extent *extents;
	size_t count;
	struct pvb_p2m *p2m;
	struct pvb_p2m_extent *merged;
	struct pvb_dump_result result;
};

/*
 * A core that is being written.
 *
 *   vcpus    those that have a context
 *   bytes    the size of the file
 *   room     bytes that were free before it was written, where knows_room
 */
struct core {
	struct pvb_host *host;
	struct pvb_dump_options options;
	const char *path;
	int fd;
	struct pvb_host_info host_info;
	struct pvb_host_domain domain;
	struct dump_memory memory;
	uint32_t vcpus;
	uint8_t *contexts;
	Elf64_Shdr sections[SECTIONS];
	uint64_t bytes;
	bool knows_room;
	uint64_t room;
};

/* In file.c. Refuses, before it is written, what cannot be written. */
int pvb_dump_check_room(struct core *core, struct pvb_error *error);
int pvb_dump_write(const struct core *core, const void *bytes, uint64_t size, uint64_t offset,
		   struct pvb_error *error);

/* In pages.c: what the domain's memory holds. */
int pvb_dump_write_pages(const struct core *core, struct pvb_error *error);

/* The registers as struct vcpu_guest_context of the guest's width (Xen public arch-x86/xen.h). */
void pvb_dump_encode_context(const struct pvb_host_vcpu *vcpu, unsigned guest_bits,
			     uint8_t out[PVB_DUMP_CONTEXT_BYTES]);

/*
 * Find a paused domain's memory, and say in memory->result how. *memory is zeroed before, and
 * forgotten by the caller, whether this fails or not.
 */
int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct dump_memory *memory,
			 struct pvb_error *error);
void pvb_dump_forget_memory(struct dump_memory *memory);

/*
 * In search.c: extents of a domain's frames by the M2P of the machine, ascending by PFN, whose
 * PFNs are not in "named". It ends once "wanted" frames are found. The caller frees *found.
 */
int pvb_dump_search(struct reach_domain *reach, const struct pvb_p2m_extent *named, size_t count,
		    uint64_t wanted, struct pvb_p2m_extent **found, size_t *found_count,
		    struct pvb_error *error);

#endif
