/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be built, once the configuration file and the command line have been put together. */
#ifndef PVB_TOOLS_GUEST_H
#define PVB_TOOLS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/image.h>
#include <pvbuild/plan.h>

#include "fate.h"
#include "options.h"

/* What contains the guest, as struct pvb_build_options has it; 0 where nothing was said. */
struct guest_limits {
	uint32_t event_channels;
	uint32_t grant_frames;
	uint32_t maptrack_frames;
	uint32_t grant_version;
};

/* CPUs as xl.cfg(5) names them: of vCPU 0 and those behind it, or one string for all. */
struct guest_cpus {
	char **v;
	size_t n;
	bool for_all;
};

/*
 * Strings are owned; NULL where nothing was said. A guest that was read has a name and a uuid.
 * ranges are the options'; memory is their sum where there are any and it was not given.
 */
struct guest {
	char *name;
	char *kernel;
	char *ramdisk;
	char *cmdline;
	uint64_t memory;
	const struct pvb_memory_range *ranges;
	size_t range_count;
	uint32_t vcpus;
	uint32_t max_vcpus;
	char *pool;
	struct guest_cpus cpus;
	struct guest_cpus soft_cpus;
	uint32_t cpu_weight;
	uint32_t cpu_cap;
	struct guest_limits limits;
	uint32_t max_address_bits;
	struct p2m_form p2m;
	uint8_t uuid[16];
	struct fates fates;
};

#define GUEST_INIT                                                                                 \
	{                                                                                          \
		.fates = FATES_INIT                                                                \
	}

/*
 * From the operands (an xl.cfg file, and KEY=VALUE that go before it), if there are any, and the
 * options, which go before both. layout_only: as in struct cfg_source. Says warnings on
 * standard error.
 */
int guest_read(struct guest *guest, const struct options *options, bool layout_only,
	       struct pvb_error *error);
void guest_clear(struct guest *guest);

/* The limits that the options set on an image. */
struct pvb_image_options guest_image_options(const struct options *options);

/* A ramdisk, open for reading. fd is -1 where there is none. */
struct ramdisk {
	int fd;
	uint64_t bytes;
};

/* path NULL: none. */
int ramdisk_open(struct ramdisk *ramdisk, const char *path, struct pvb_error *error);
void ramdisk_close(struct ramdisk *ramdisk);

#endif
