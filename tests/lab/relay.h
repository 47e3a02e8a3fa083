/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host that hands every call on to another one, and lets somebody look at it, change it or
 * refuse it on the way. It knows the one domain that is built through it.
 */
#ifndef PVB_TESTS_LAB_RELAY_H
#define PVB_TESTS_LAB_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/runs.h"
#include "host/host.h"

struct relay;

#define RELAY_DONE 1

/*
 * A call on its way. What a call does not have is 0.
 *
 *   value    the one number that it is about: bytes, bits, a vCPU, a remote domain, a level;
 *            bytes, bits and a remote domain may be changed before the call goes on
 *   frames   of map_frames, get_frame_info; the one frame of pin_table and fill_hypercall_page
 *   hard, soft   of set_affinity
 *   config, vcpu, grants, introduction, share   copies, which may be changed before the call goes
 *            on
 *   result   a port, a count of extents; after the call
 */
struct relay_call {
	enum pvb_host_call call;
	uint32_t domid;
	uint64_t value;
	const pvb_mfn_t *frames;
	size_t count;
	bool writable;
	struct pvb_host_vcpu *vcpu;
	struct pvb_host_grant *grants;
	const struct pvb_host_populate *populate;
	struct pvb_host_introduction *introduction;
	struct pvb_host_domain_config *config;
	const struct pvb_cpus *hard, *soft;
	struct pvb_host_share *share;
	uint64_t result;
	int rc;
};

/*
 * before   returns 0, or -code with *error filled: then the call fails so, and goes nowhere; or
 *          RELAY_DONE: it goes nowhere either, and has succeeded
 * after    the call has come back with call->rc
 * Either may be NULL.
 */
struct relay_watcher {
	int (*before)(struct relay *relay, struct relay_call *call, struct pvb_error *error);
	void (*after)(struct relay *relay, const struct relay_call *call);
	void *opaque;
};

/*
 *   domid    of the domain that was created last through it
 *   memory   what that domain was given: PFN to MFN
 *   pfns     and the other way round
 */
struct relay {
	struct pvb_host host; /* hand &relay->host to whoever is to go through it */
	struct pvb_host *inner;
	struct relay_watcher watcher;
	uint32_t domid;
	struct pvb_runs memory;
	struct pvb_runs pfns;
};

/* inner is borrowed. Closing relay->host (or relay_close()) leaves it open. */
void relay_open(struct relay *relay, struct pvb_host *inner, struct relay_watcher watcher);
void relay_close(struct relay *relay);

/* The name of a call, as the library counts it. */
const char *relay_call_name(const struct relay *relay, enum pvb_host_call call);

/* PVB_NO_FRAME where there is none. */
uint64_t relay_mfn(const struct relay *relay, uint64_t pfn);
uint64_t relay_pfn(const struct relay *relay, uint64_t mfn);

#endif
