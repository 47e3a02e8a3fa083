/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to reach the p2m of a domain, for the reader of p2ms, which knows none. */
#ifndef PVB_REACH_REACH_H
#define PVB_REACH_REACH_H

#include <pvbuild/p2m.h>

#include "host/host.h"

/* A domain of a host. Its shared info stays mapped as long as it is open; access borrows this. */
struct reach_domain {
	struct pvb_host *host;
	struct pvb_host_domain domain;
	void *shared_info;
	struct pvb_p2m_access access;
};

/* Fails for a domain that is no x86 PV guest. */
int reach_domain_open(struct pvb_host *host, const struct pvb_host_domain *domain,
		      struct reach_domain *reach, struct pvb_error *error);
void reach_domain_close(struct reach_domain *reach);

/* Whether a p2m was not read because of what the guest has in it (PVB_E_P2M_*). */
bool reach_is_guests_doing(int rc);

/* No p2m is in more pieces than the domain has pages: where nothing is said, that is the limit. */
void reach_limit_extents(const struct reach_domain *reach, struct pvb_p2m_options *options);

/* What shared info says leads to no p2m: nothing is published, or all that is refers elsewhere. */
bool reach_leads_nowhere(const struct pvb_p2m_anchors *anchors);

/* Whoever is asked for the p2m of a domain as it was built. */
struct reach_start {
	unsigned guest_bits;
	uint64_t cr3;
	uint64_t rsi;
	uint64_t most_frames; /* that the domain can have */
};

/*
 * Whether vCPU 0 is about to be handed a start_info, as before a domain's first instruction;
 * then options get what it says of the p2m list.
 */
int reach_find_start(const struct pvb_p2m_access *access, const struct reach_start *start,
		     struct pvb_p2m_options *options, bool *found, struct pvb_error *error);

/* All of a p2m, or, where path is set, the way to one PFN of it. */
struct reach_wish {
	struct pvb_p2m **p2m;
	struct pvb_p2m_path *path;
	uint64_t pfn;
};

/*
 * Read what the anchors lead to, or, where they lead nowhere and it is not said which to follow,
 * what start_info does. "who" is for messages.
 */
int reach_read(const struct pvb_p2m_access *access, const struct pvb_p2m_anchors *anchors,
	       const struct pvb_p2m_options *options,
	       int (*get_start)(void *opaque, struct reach_start *start, struct pvb_error *error),
	       const char *who, const struct reach_wish *wish, struct pvb_error *error);

#endif
