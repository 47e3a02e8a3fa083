/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of a core dump: an ELF without program headers whose sections carry everything. */
#ifndef PVB_REACH_CORE_FILE_H
#define PVB_REACH_CORE_FILE_H

#include <stdint.h>

#include <pvbuild/error.h>

struct core_section {
	uint64_t offset;
	uint64_t size;
};

/*
 * A core whose sections all lie in the file and have the sizes that its
 * header note asks for. shared_info is optional: size 0 where there is none.
 */
struct core_file {
	int fd;
	uint64_t size;
	unsigned guest_bits;
	uint64_t vcpus;
	uint64_t pages;
	struct core_section prstatus;
	struct core_section shared_info;
	struct core_section p2m;
	struct core_section page_data;
};

int core_file_open(const char *path, struct core_file *core, struct pvb_error *error);
void core_file_close(struct core_file *core);

/* Exactly size bytes at offset. */
int core_file_read(const struct core_file *core, uint64_t offset, void *to, size_t size,
		   struct pvb_error *error);

#endif
