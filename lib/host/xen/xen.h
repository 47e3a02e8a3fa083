/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hypervisor that this machine runs on, as lib/host/host.h wants it. Xen's
 * libraries are known in this folder only.
 *
 *   xen.c      opening and closing, the table of calls, errors
 *   facts.c    what the hypervisor is and has
 *   domain.c   how domains come and go, and what there is of them
 *   life.c     a domain's life beside the hypervisor: what the host's other tools are told of it,
 *              and its guard; with store*.c, nodes.c, record.c, console.c, watch.c, userdata.c
 *              and guard*.c
 *   xs*.c      speaking to xenstored, which may not answer
 *   end.c      the hypervisor's part of a domain's end
 *   settings.c what is set of a domain before it runs
 *   memory.c   claiming and populating, mapping, frames and their types
 *   m2p.c      reading the M2P
 *   vcpu.c     registers, CPU policy, the hypercall page, pinning
 *   context.c  registers in Xen's structures
 *   grants.c   the grant table
 *   cpus.c     CPUs, their pools, and what of them a domain gets
 *
 * Buffers are handed to the hypervisor by set_xen_guest_handle_raw(): the macro that
 * libxenctrl puts before it counts on a pointer to void, which is no C, to add nothing.
 */
#ifndef PVB_HOST_XEN_XEN_H
#define PVB_HOST_XEN_XEN_H

#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>

#include "core/error.h"
#include "host/host.h"
#include "host/xen/m2p.h"

#define XEN_SHIFT 12u

/* Xen's libraries report through one of these; what they say is kept and shown in our error. */
struct xen_log {
	xentoollog_logger logger;
	char said[200];
};

struct xen_store;
struct xen_guard;

/*
 *   info    probed once; the memory figures are asked for anew
 *   store   the store's connection and what goes with it, NULL until it is wanted
 *   guard   what destroys domains that are not to outlive this process: a list, see guard.h
 */
struct xen_host {
	struct pvb_host host;
	struct xen_log log;
	xc_interface *xc;
	xenforeignmemory_handle *foreign;
	struct pvb_host_info info;
	uint64_t top_frame;
	struct xen_m2p m2p;
	struct xen_store *store;
	struct xen_guard *guard;
};

/* For the beginning of a call: what Xen's libraries said of earlier ones is forgotten. */
struct xen_host *xen_of(struct pvb_host *host);

/*
 * An error for a call that Xen, or a library of Xen's, failed with the errno reason.
 * The code is the one that errno stands for where there is such a one (not permitted,
 * no such domain, out of memory, no such call), and otherwise the one given. The
 * message is what the format says, then the errno and what the library added.
 */
int xen_refused(struct xen_host *xen, struct pvb_error *error, enum pvb_code otherwise,
		const char *call, int reason, const char *format, ...) PVB_PRINTF(6, 7);

/* facts.c */
int xen_probe(struct xen_host *xen, struct pvb_error *error);
int xen_get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error);
int xen_get_free_below(struct pvb_host *host, unsigned bits, uint64_t *bytes,
		       struct pvb_error *error);

/* domain.c */
/* 32 or 64; -1 with errno where Xen does not say. */
int xen_guest_bits(struct xen_host *xen, uint32_t domid, unsigned *bits);
int xen_create_domain(struct pvb_host *host, const struct pvb_host_domain_config *config,
		      uint32_t *domid, struct pvb_error *error);
int xen_destroy_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
/* Also where there are devices that another toolstack would have to take down. */
int xen_destroy_regardless(struct xen_host *xen, uint32_t domid, struct pvb_error *error);
int xen_pause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int xen_unpause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
/* As the hypervisor has them, without their names: those take a round trip to xenstore each. */
int xen_look_at_domain(struct xen_host *xen, uint32_t domid, struct pvb_host_domain *domain,
		       struct pvb_error *error);
int xen_look_at_domains(struct xen_host *xen, uint32_t first, struct pvb_host_domain *domains,
			size_t room, size_t *count, struct pvb_error *error);
int xen_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
		   struct pvb_error *error);
int xen_list_domains(struct pvb_host *host, uint32_t first, struct pvb_host_domain *domains,
		     size_t room, size_t *count, struct pvb_error *error);

/* settings.c */
int xen_set_guest_bits(struct pvb_host *host, uint32_t domid, unsigned bits,
		       struct pvb_error *error);
int xen_set_max_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
		       struct pvb_error *error);
int xen_set_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory *map,
		       size_t count, struct pvb_error *error);
int xen_alloc_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote, uint32_t *port,
			    struct pvb_error *error);

/* memory.c */
int xen_claim_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
		     struct pvb_error *error);
int xen_populate(struct pvb_host *host, uint32_t domid, const struct pvb_host_populate *request,
		 uint64_t *done, struct pvb_error *error);
int xen_map_frames(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		   bool writable, void **at, struct pvb_error *error);
void xen_unmap_frames(struct pvb_host *host, void *at, size_t count);
int xen_get_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       struct pvb_host_frame_info *info, struct pvb_error *error);

/* vcpu.c */
int xen_apply_cpu_policy(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int xen_fill_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
			    struct pvb_error *error);
int xen_pin_table(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		  struct pvb_error *error);
int xen_set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		 const struct pvb_host_vcpu *registers, struct pvb_error *error);
int xen_get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		 struct pvb_host_vcpu *registers, struct pvb_error *error);

/* grants.c */
int xen_set_grants(struct pvb_host *host, uint32_t domid, const struct pvb_host_grant *grants,
		   size_t count, struct pvb_error *error);
int xen_get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
		   size_t room, size_t *count, struct pvb_error *error);
int xen_get_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			 size_t *count, struct pvb_error *error);
/* Pages that a domain's table can grow to; DOMID_SELF is one. -1 with errno. */
int xen_query_grant_limit(struct xen_host *xen, domid_t domid, uint32_t *frames);
int xen_get_grant_limit(struct pvb_host *host, uint32_t domid, uint32_t *frames,
			struct pvb_error *error);

/* cpus.c */
int xen_get_cpus(struct pvb_host *host, int node, struct pvb_cpus *cpus, struct pvb_error *error);
int xen_get_pool(struct pvb_host *host, uint32_t first, struct pvb_host_pool *pool,
		 struct pvb_error *error);
int xen_set_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		     const struct pvb_cpus *hard, const struct pvb_cpus *soft,
		     struct pvb_error *error);
int xen_get_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu, struct pvb_cpus *hard,
		     struct pvb_cpus *soft, struct pvb_error *error);
int xen_set_share(struct pvb_host *host, uint32_t domid, const struct pvb_host_share *share,
		  struct pvb_error *error);
int xen_get_share(struct pvb_host *host, uint32_t domid, struct pvb_host_share *share,
		  struct pvb_error *error);

#endif
