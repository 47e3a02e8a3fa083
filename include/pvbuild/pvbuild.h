/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpvbuild: build Xen PV domains from userspace.
 *
 *     image ──► plan ──► build ──► audit
 *    (facts)   (pure)   (effects)  (independent reader)
 *
 * pvb_image_open() reads a kernel and says what it is; pvb_plan_create() turns
 * it, with what the user asks for and what the host offers, into a complete
 * layout without touching anything; pvb_build() carries the plan out on a
 * host; pvb_audit_domain() reads the finished domain back and lists what is
 * wrong with it.
 *
 * Addresses and sizes in public structures are bytes. There is no global
 * state: handles may be used from different threads, one thread a handle;
 * images and plans are immutable once made and may be shared freely.
 */
#ifndef PVBUILD_PVBUILD_H
#define PVBUILD_PVBUILD_H

#include <pvbuild/audit.h>
#include <pvbuild/build.h>
#include <pvbuild/domain.h>
#include <pvbuild/dump.h>
#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>
#include <pvbuild/image.h>
#include <pvbuild/p2m.h>
#include <pvbuild/p2m-domain.h>
#include <pvbuild/plan.h>
#include <pvbuild/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PVB_VERSION_MAJOR 0
#define PVB_VERSION_MINOR 1
#define PVB_VERSION_PATCH 0

/* The version of the library at run time, "MAJOR.MINOR.PATCH". */
PVB_API const char *pvb_version(void);

#ifdef __cplusplus
}
#endif

#endif
