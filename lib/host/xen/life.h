/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's life beside the hypervisor: guarded while it is made, introduced to
 * the host's other tools, kept or forgotten. domain.c makes the hypercalls.
 */
#ifndef PVB_HOST_XEN_LIFE_H
#define PVB_HOST_XEN_LIFE_H

#include <stdbool.h>

#include "host/xen/guard.h"
#include "host/xen/xen.h"
#include "host/xen/xs.h"

/*
 * Before createdomain: settle on the handle (*uuid, random where the configuration leaves it zero),
 * see that neither it nor the name is another domain's, and start a guard. The domain is to be
 * created with the handle "birth", which the guard knows it by.
 */
int xen_expect_domain(struct xen_host *xen, const struct pvb_host_domain_config *config,
		      uint8_t birth[XEN_HANDLE_SIZE], uint8_t uuid[XEN_HANDLE_SIZE],
		      struct xen_guard **guard, struct pvb_error *error);

/* After it. The guard is the host's from here on. */
int xen_domain_came(struct xen_host *xen, struct xen_guard *guard, uint32_t domid,
		    struct pvb_error *error);

/*
 * Once the domain has its handle: take that and the name for it. The early look has not settled who
 * gets them: see store-claim.c.
 */
int xen_claim_domain(struct xen_host *xen, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		     const char *name, struct pvb_error *error);

/* That a domain has no devices of another toolstack's: fails with PVB_E_HOST_STATE otherwise. */
int xen_check_devices(struct xen_host *xen, uint32_t domid, struct pvb_error *error);

/* After destroydomain: take the domain out of the store. */
int xen_forget_domain(struct xen_host *xen, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		      struct pvb_error *error);

/* Once the hypervisor has let go of it: what was written of it since. */
int xen_forget_late(struct xen_host *xen, uint32_t domid, struct pvb_error *error);

/*
 * Its guard, if it is one of ours, may go, or where the store could not be told has that to do
 * still.
 */
void xen_domain_went(struct xen_host *xen, uint32_t domid, bool forgotten);

/* How long a destroyed domain is waited for. */
struct xen_xs_patience xen_end_patience(struct xen_host *xen);

/*
 * What the store calls a domain; empty where it has no name. Where the store does not say, or there
 * is none, its name is unknown.
 */
void xen_name_domain(struct xen_host *xen, struct pvb_host_domain *domain);

/* The same of a CPU pool. */
void xen_name_pool(struct xen_host *xen, uint32_t pool, char name[PVB_HOST_NAME_MAX]);

/*
 * The store, reached once it is wanted. Fails at once with PVB_E_HOST_SILENT for a while after it
 * was silent.
 */
int xen_reach_store(struct xen_host *xen, struct pvb_error *error);

/* At the end of the host's handle. Domains that are guarded still are until the process ends. */
void xen_close_life(struct xen_host *xen);

/* Of the table. */
int xen_introduce_domain(struct pvb_host *host, uint32_t domid,
			 const struct pvb_host_introduction *told, struct pvb_error *error);
int xen_set_record(struct pvb_host *host, uint32_t domid, const struct pvb_host_record *record,
		   struct pvb_error *error);
int xen_get_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
		   struct pvb_error *error);
int xen_set_monitor(struct pvb_host *host, uint32_t domid, uint32_t pid, struct pvb_error *error);
int xen_get_monitor(struct pvb_host *host, uint32_t domid, struct pvb_host_monitor *monitor,
		    struct pvb_error *error);
int xen_keep_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int xen_open_console(struct pvb_host *host, uint32_t domid,
		     const struct pvb_console_options *options, int *fd, struct pvb_error *error);
int xen_find_console(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frame,
		     struct pvb_error *error);
int xen_watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error);

#endif
