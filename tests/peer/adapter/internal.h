/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The adapter's parts among themselves. */
#ifndef PVB_PEER_INTERNAL_H
#define PVB_PEER_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <xenctrl.h>

#include <pvbuild/error.h>

#include "host/host.h"

/* What each of Xen's handles is here: the host that was attached when it was opened. */
struct peer_link {
	struct pvb_host *host;
};

struct peer_link *peer_link_open(void);
void peer_link_close(struct peer_link *link);

/* Results are as the hypervisor returns them: 0 or more, or -errno. */
#define PEER_MAX_ARGUMENTS 5
long peer_hypercall(struct peer_link *link, uint64_t op, const uint64_t *arguments);
long peer_memory_op(struct peer_link *link, const uint64_t *arguments);
long peer_domctl(struct peer_link *link, const uint64_t *arguments);
long peer_mmuext_op(struct peer_link *link, const uint64_t *arguments);
long peer_sysctl(struct peer_link *link, const uint64_t *arguments);

/* Parts of them. */
struct xen_machphys_mfn_list;
long peer_machphys_mfn_list(struct peer_link *link, struct xen_machphys_mfn_list *list);
/* NULL with errno; what it gives is unmapped as memory of this process. */
void *peer_map_m2p(struct peer_link *link, const xen_pfn_t *frames, size_t count, int prot);
long peer_set_context(struct peer_link *link, const struct xen_domctl *op);
long peer_get_context(struct peer_link *link, const struct xen_domctl *op);
void peer_describe(const struct pvb_host_domain *domain, struct xen_domctl_getdomaininfo *out);

/* cpus.c */
long peer_cpu_count(struct peer_link *link, unsigned *count);
long peer_cputopoinfo(struct peer_link *link, struct xen_sysctl *op);
long peer_cpupool_op(struct peer_link *link, struct xen_sysctl *op);
long peer_set_affinity(struct peer_link *link, struct xen_domctl *op);
long peer_get_affinity(struct peer_link *link, struct xen_domctl *op);
long peer_scheduler_op(struct peer_link *link, struct xen_domctl *op);

/* What was asked for with peer_refuse(): -errno for this call of a hypercall, or 0. */
long peer_ordered(uint64_t op, uint64_t command);

/* -errno for an error of ours, which is also shown: Xen would say nothing but the number. */
long peer_refused(const struct pvb_error *error);

/* 0, or -errno for the error; reason where what is wrong is the domain's state. */
long peer_result(int rc, const struct pvb_error *error);
long peer_result_as(int rc, const struct pvb_error *error, int reason);

/* -ENOSYS, saying loudly what is not modelled. name may be NULL, for a number nobody knows. */
long peer_unknown(const char *what, uint64_t number, const char *name);

/* The name of a number, or NULL. */
#define PEER_NAME(names, number)                                                                   \
	((number) < sizeof(names) / sizeof(names)[0] ? (names)[number] : NULL)

/* A pointer that came as an argument of a hypercall, in the caller's own address space. */
static inline void *peer_pointer(uint64_t argument)
{
	return (void *)(uintptr_t)argument;
}

#endif
