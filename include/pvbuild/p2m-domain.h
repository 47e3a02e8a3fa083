/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The p2m of a domain, on a host or in a core dump: <pvbuild/p2m.h>'s reader with the ways to
 * reach one ready.
 */
#ifndef PVBUILD_P2M_DOMAIN_H
#define PVBUILD_P2M_DOMAIN_H

#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>
#include <pvbuild/p2m.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Read the p2m of a PV domain, paused or running, through bounded read-only windows, and hold it
 * against the hypervisor's M2P and the owners of its frames. options may be NULL, and does not
 * need start_info.
 *
 * By preference, a domain whose anchors lead nowhere is taken for one that has not run yet,
 * if vCPU 0 is about to be handed a start_info: then its mfn_list is read. Otherwise it
 * fails with what the anchors say (PVB_E_P2M_NONE or PVB_E_P2M_ANCHOR). Fails with
 * PVB_E_HOST_NO_DOMAIN, and with PVB_E_HOST_GUEST_TYPE for a domain that is no PV guest.
 */
PVB_API int pvb_p2m_domain(struct pvb_host *host, uint32_t domid,
			   const struct pvb_p2m_options *options, struct pvb_p2m **p2m,
			   struct pvb_error *error);

/*
 * The same of a core, as pvb_dump_core() and "xl dump-core" write them. Its own table of PFNs
 * and MFNs (.xen_p2m) takes the place of the M2P, and what is in no page of it is no frame;
 * nobody can be asked for owners.
 * Errors about the file are PVB_E_ARG_FILE and PVB_E_CORE_*.
 */
PVB_API int pvb_p2m_core(const char *path, const struct pvb_p2m_options *options,
			 struct pvb_p2m **p2m, struct pvb_error *error);

/* The way to one PFN in either, without reading the rest: pvb_p2m_trace(). */
PVB_API int pvb_p2m_domain_trace(struct pvb_host *host, uint32_t domid,
				 const struct pvb_p2m_options *options, uint64_t pfn,
				 struct pvb_p2m_path *path, struct pvb_error *error);
PVB_API int pvb_p2m_core_trace(const char *path, const struct pvb_p2m_options *options,
			       uint64_t pfn, struct pvb_p2m_path *found, struct pvb_error *error);

#ifdef __cplusplus
}
#endif

#endif
