/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's pieces and the ramdisk, read from their files straight into the guest. */
#include "build/builder.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvbuild/image.h>

#include "core/checked.h"

static uint64_t region_bytes(const struct pvb_builder *builder,
			     const struct pvb_plan_region *region)
{
	return region->count << builder->host->page_shift;
}

uint64_t pvb_build_load_bytes(const struct pvb_builder *builder)
{
	return region_bytes(builder, &builder->plan->kernel) +
	       region_bytes(builder, &builder->plan->module);
}

int pvb_build_check_image(const struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_image_info *image = pvb_image_info(builder->image);
	const struct pvb_plan_region *kernel = &builder->plan->kernel;
	uint64_t size = region_bytes(builder, kernel), before = kernel->va.a;

	if (image->unpacked_size != builder->plan->image_unpacked_size)
		return pvb_fail(error, PVB_E_ARG_INVALID, "build",
				"the plan was made from another image: from one of %" PRIu64
				" bytes, not %" PRIu64,
				builder->plan->image_unpacked_size, image->unpacked_size);
	for (size_t i = 0; i < image->piece_count; i++) {
		const struct pvb_image_piece *piece = &image->pieces[i];
		uint64_t last_byte, end;

		if (piece->va < before || piece->size > piece->memory_size ||
		    !pvb_add(piece->va - kernel->va.a, piece->memory_size, &end) || end > size ||
		    !pvb_add(piece->offset, piece->size, &last_byte) ||
		    last_byte > image->unpacked_size)
			return pvb_fail(error, PVB_E_ARG_INVALID, "build",
					"piece %zu of the image, at 0x%" PRIx64
					", does not lie in the %" PRIu64
					" bytes that the plan has for the kernel at 0x%" PRIx64,
					i, piece->va, size, kernel->va.a);
		before = piece->va + piece->memory_size;
	}
	return 0;
}

static int module_changed(const struct pvb_builder *builder, const char *how, uint64_t bytes,
			  struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_ARG_MODULE_CHANGED, builder->stage,
			  "the ramdisk has %s since the plan was made: from %" PRIu64
			  " bytes to %s%" PRIu64,
			  how, builder->plan->module.bytes,
			  bytes > builder->plan->module.bytes ? "at least " : "", bytes);
	pvb_hint(error, "make the plan again, and leave the file alone meanwhile");
	return rc;
}

int pvb_build_check_module(const struct pvb_builder *builder, struct pvb_error *error)
{
	uint64_t planned = builder->plan->module.bytes;
	struct stat status;

	if (!builder->plan->has_module)
		return 0;
	if (fstat(builder->options.module_fds[0], &status))
		return pvb_fail(error, PVB_E_ARG_FILE, builder->stage,
				"the ramdisk cannot be read: %s", strerror(errno));
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size == planned)
		return 0;
	return module_changed(builder, (uint64_t)status.st_size > planned ? "grown" : "shrunk",
			      (uint64_t)status.st_size, error);
}

/* Up to size bytes; *got is less only at the end of the file. */
static int read_file(const struct pvb_builder *builder, int fd, const char *what, uint64_t offset,
		     void *to, uint64_t size, uint64_t *got, struct pvb_error *error)
{
	uint8_t *bytes = to;

	for (*got = 0; *got < size;) {
		ssize_t n = pread(fd, bytes + *got, (size_t)(size - *got), (off_t)(offset + *got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvb_fail(error, PVB_E_ARG_FILE, builder->stage,
					"%s cannot be read at byte %" PRIu64 ": %s", what,
					offset + *got, strerror(errno));
		if (n == 0)
			break;
		*got += (uint64_t)n;
	}
	return 0;
}

int pvb_read_image(const struct pvb_builder *builder, uint64_t offset, void *to, uint64_t size,
		   struct pvb_error *error)
{
	uint64_t got;
	int rc = read_file(builder, pvb_image_fd(builder->image), "the unpacked image", offset, to,
			   size, &got, error);

	if (rc || got == size)
		return rc;
	return pvb_fail(error, PVB_E_ARG_FILE, builder->stage,
			"the unpacked image ends at byte %" PRIu64 ", within what is to be loaded",
			offset + got);
}

/*
 * The part [from, from + size) of the kernel, counted from its first page. What no piece
 * covers is zero: memory comes dirty.
 */
static int write_kernel(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
			uint64_t count, struct pvb_error *error)
{
	const struct pvb_image_info *image = pvb_image_info(builder->image);
	const struct pvb_plan_region *kernel = &builder->plan->kernel;
	unsigned shift = builder->host->page_shift;
	uint64_t from = (first.n - kernel->first.n) << shift, end = from + (count << shift);
	uint64_t filled = from;

	(void)opaque;
	for (size_t i = 0; i < image->piece_count && filled < end; i++) {
		const struct pvb_image_piece *piece = &image->pieces[i];
		uint64_t start = piece->va - kernel->va.a;
		uint64_t low = pvb_max(start, from), high = pvb_min(start + piece->size, end);

		if (low >= high)
			continue;
		memset(at + (filled - from), 0, low - filled);

		int rc = pvb_read_image(builder, piece->offset + (low - start), at + (low - from),
					high - low, error);

		if (rc)
			return rc;
		filled = high;
	}
	memset(at + (filled - from), 0, end - filled);
	return 0;
}

static int write_module(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
			uint64_t count, struct pvb_error *error)
{
	const struct pvb_plan_region *module = &builder->plan->module;
	unsigned shift = builder->host->page_shift;
	uint64_t from = (first.n - module->first.n) << shift, room = count << shift;
	uint64_t wanted = pvb_min(room, module->bytes - from), got;

	(void)opaque;
	int rc = read_file(builder, builder->options.module_fds[0], "the ramdisk", from, at, wanted,
			   &got, error);
	if (rc)
		return rc;
	if (got < wanted)
		return module_changed(builder, "shrunk", from + got, error);
	memset(at + wanted, 0, room - wanted);
	return 0;
}

int pvb_build_load(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	int rc = pvb_window_each(builder, plan->kernel.first, plan->kernel.count, write_kernel,
				 NULL, error);

	return rc ? rc : pvb_build_load_module(builder, error);
}

int pvb_build_load_module(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	int rc;

	if (!plan->has_module)
		return 0;
	rc = pvb_window_each(builder, plan->module.first, plan->module.count, write_module, NULL,
			     error);
	if (rc)
		return rc;

	uint8_t beyond;
	uint64_t got;
	rc = read_file(builder, builder->options.module_fds[0], "the ramdisk", plan->module.bytes,
		       &beyond, 1, &got, error);
	if (rc == 0 && got)
		rc = module_changed(builder, "grown", plan->module.bytes + 1, error);
	return rc;
}
