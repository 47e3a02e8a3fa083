/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core dumps in Xen's dump-core format (docs/misc/dump-core-format of Xen),
 * as "xl dump-core" writes them: what crash and other readers take.
 */
#ifndef PVBUILD_DUMP_H
#define PVBUILD_DUMP_H

#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Write a domain's core to path, which is created or, where it is a regular
 * file, replaced; anything else there (a device, a link) is refused and left
 * alone. The domain must be paused. The file is sparse where the guest's memory was never touched
 * (and reads as zeros there). On failure no file is left.
 */
PVB_API int pvb_dump_core(struct pvb_host *host, uint32_t domid, const char *path,
			  struct pvb_error *error);

#ifdef __cplusplus
}
#endif

#endif
