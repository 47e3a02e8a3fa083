/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core dumps in Xen's dump-core format (docs/misc/dump-core-format of Xen),
 * as "xl dump-core" writes them: what crash and other readers take.
 */
#ifndef PVBUILD_DUMP_H
#define PVBUILD_DUMP_H

#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>
#include <pvbuild/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 *   size       sizeof(struct pvb_dump_options); PVB_DUMP_OPTIONS_INIT sets it
 *   progress   may be NULL; its stage is "dump", counted in bytes of guest memory
 */
struct pvb_dump_options {
	size_t size;
	pvb_progress_fn progress;
	void *progress_opaque;
};

#define PVB_DUMP_OPTIONS_INIT                                                                      \
	{                                                                                          \
		.size = sizeof(struct pvb_dump_options)                                            \
	}

/*
 * Write a domain's core to path, which is created or, where it is a regular
 * file, replaced; anything else there (a device, a link) is refused and left
 * alone. The file is sparse where the guest's memory was never touched (and
 * reads as zeros there). On failure no file is left. options may be NULL.
 *
 * The domain must be paused. Where its memory is, the domain itself says: one that
 * has not run yet by the start_info that it was given, one that has by the p2m that
 * its kernel has published in shared info, as kernels do that can be saved or dumped.
 */
PVB_API int pvb_dump_core(struct pvb_host *host, uint32_t domid, const char *path,
			  const struct pvb_dump_options *options, struct pvb_error *error);

/* Whether a core could be put at path, as far as that can be known before; changes nothing. */
PVB_API int pvb_dump_check(const char *path, struct pvb_error *error);

#ifdef __cplusplus
}
#endif

#endif
