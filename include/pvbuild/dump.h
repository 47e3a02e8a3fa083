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
 * What became of a domain's memory, in pages.
 *
 *   size           sizeof(struct pvb_dump_result); PVB_DUMP_RESULT_INIT sets it
 *   domain_pages   that the hypervisor says the domain has
 *   pages          that are in the core: by_p2m, which the domain's p2m names and the
 *                  hypervisor confirms, and by_m2p, which only the hypervisor's M2P names
 *   missing        the others: neither names a PFN for them that no other page has
 *   foreign        PFNs of the p2m that have frames of others, marked so by the kernel or not;
 *                  they are in no core
 *   p2m            why the p2m could not be read, and all is by the M2P; its code is 0 where it
 *                  could
 */
struct pvb_dump_result {
	size_t size;
	uint64_t domain_pages;
	uint64_t pages;
	uint64_t by_p2m;
	uint64_t by_m2p;
	uint64_t missing;
	uint64_t foreign;
	struct pvb_error p2m;
};

#define PVB_DUMP_RESULT_INIT                                                                       \
	{                                                                                          \
		.size = sizeof(struct pvb_dump_result)                                             \
	}

/*
 *   size       sizeof(struct pvb_dump_options); PVB_DUMP_OPTIONS_INIT sets it
 *   progress   may be NULL; its stage is "dump", counted in bytes of guest memory
 *   result     may be NULL; it is filled in once the domain's memory was looked for, whether
 *              the core can be written or not
 */
struct pvb_dump_options {
	size_t size;
	pvb_progress_fn progress;
	void *progress_opaque;
	struct pvb_dump_result *result;
};

#define PVB_DUMP_OPTIONS_INIT                                                                      \
	{                                                                                          \
		.size = sizeof(struct pvb_dump_options)                                            \
	}

/*
 * Write a domain's core to path, which is created or, where it is a regular
 * file, replaced; anything else there (a device, a link) is refused and left
 * alone. The file is sparse where the guest's memory was never touched (and
 * reads as zeros there). On failure no file is left, nor when the process is killed, where the
 * file system has files without a name. The core is on the disk when this returns. options may
 * be NULL.
 *
 * The domain must be paused. Where its memory is, the domain itself says: one that
 * has not run yet by the start_info that it was given, one that has by the p2m that
 * its kernel has published in shared info. Of that, what the hypervisor confirms is taken: the
 * M2P has the same PFN, and the frame is the domain's. Where that is not all that the domain has,
 * the M2P of the whole machine is searched for the domain's other frames. A core may have less
 * than the domain, which result says; where no page is found, PVB_E_HOST_STATE is returned.
 */
PVB_API int pvb_dump_core(struct pvb_host *host, uint32_t domid, const char *path,
			  const struct pvb_dump_options *options, struct pvb_error *error);

/* Whether a core could be put at path, as far as that can be known before; changes nothing. */
PVB_API int pvb_dump_check(const char *path, struct pvb_error *error);

#ifdef __cplusplus
}
#endif

#endif
