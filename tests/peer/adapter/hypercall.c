/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypercalls by number, the small ones among them, and the functions of libxencall. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xencall.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/version.h>

#include <pvbuild/export.h>

#include "peer/adapter/adapter.h"

/* Numbers of Xen's public xen.h. */
static const char *const hypercall_names[] = {
	[__HYPERVISOR_set_trap_table] = "set_trap_table",
	[__HYPERVISOR_mmu_update] = "mmu_update",
	[__HYPERVISOR_set_gdt] = "set_gdt",
	[__HYPERVISOR_stack_switch] = "stack_switch",
	[__HYPERVISOR_set_callbacks] = "set_callbacks",
	[__HYPERVISOR_fpu_taskswitch] = "fpu_taskswitch",
	[__HYPERVISOR_platform_op] = "platform_op",
	[__HYPERVISOR_set_debugreg] = "set_debugreg",
	[__HYPERVISOR_get_debugreg] = "get_debugreg",
	[__HYPERVISOR_update_descriptor] = "update_descriptor",
	[__HYPERVISOR_update_va_mapping] = "update_va_mapping",
	[__HYPERVISOR_set_timer_op] = "set_timer_op",
	[__HYPERVISOR_console_io] = "console_io",
	[__HYPERVISOR_grant_table_op] = "grant_table_op",
	[__HYPERVISOR_vm_assist] = "vm_assist",
	[__HYPERVISOR_update_va_mapping_otherdomain] = "update_va_mapping_otherdomain",
	[__HYPERVISOR_vcpu_op] = "vcpu_op",
	[__HYPERVISOR_xsm_op] = "xsm_op",
	[__HYPERVISOR_sched_op] = "sched_op",
	[__HYPERVISOR_physdev_op] = "physdev_op",
	[__HYPERVISOR_hvm_op] = "hvm_op",
	[__HYPERVISOR_sysctl] = "sysctl",
	[__HYPERVISOR_kexec_op] = "kexec_op",
	[__HYPERVISOR_argo_op] = "argo_op",
	[__HYPERVISOR_xenpmu_op] = "xenpmu_op",
	[__HYPERVISOR_dm_op] = "dm_op",
	[__HYPERVISOR_hypfs_op] = "hypfs_op",
};

long peer_unknown(const char *what, uint64_t number, const char *name)
{
	fprintf(stderr, "peer adapter: %s %s%s%llu is not modelled\n", what, name ? name : "",
		name ? ", number " : "number ", (unsigned long long)number);
	return -ENOSYS;
}

long peer_refused(const struct pvb_error *error)
{
	fprintf(stderr, "peer adapter: the host refused: %s: %s\n", pvb_code_name(error->code),
		error->message);
	switch (error->code) {
	case PVB_E_HOST_NO_MEMORY:
	case PVB_E_HOST_NO_MEMORY_BELOW:
	case PVB_E_HOST_CLAIM:
	case PVB_E_ARG_NO_MEMORY:
		return -ENOMEM;
	case PVB_E_HOST_NO_DOMAIN:
		return -ESRCH;
	case PVB_E_HOST_GUEST_TYPE:
		return -EOPNOTSUPP;
	case PVB_E_HOST_DENIED:
	case PVB_E_HOST_STATE:
		return -EPERM;
	case PVB_E_HOST_LIMIT:
		return -E2BIG;
	default:
		return -EINVAL;
	}
}

long peer_result(int rc, const struct pvb_error *error)
{
	return rc ? peer_refused(error) : 0;
}

/* Xen has an errno of its own for some of what a domain's state does not allow. */
long peer_result_as(int rc, const struct pvb_error *error, int reason)
{
	return rc == -(int)PVB_E_HOST_STATE ? -reason : peer_result(rc, error);
}

/* ---- failing when it is told to --------------------------------------------------------- */

static struct {
	uint64_t op;
	uint64_t command;
	int reason;
} order;

void peer_refuse(unsigned op, unsigned command, int reason)
{
	order.op = op;
	order.command = command;
	order.reason = reason;
}

long peer_ordered(uint64_t op, uint64_t command)
{
	return order.reason && order.op == op && order.command == command ? -order.reason : 0;
}

/* The command, which is the first argument or the first word of what that points at. */
static uint64_t command_of(uint64_t op, const uint64_t *arguments)
{
	switch (op) {
	case __HYPERVISOR_domctl:
	case __HYPERVISOR_sysctl:
	case __HYPERVISOR_mmuext_op:
		return *(const uint32_t *)peer_pointer(arguments[0]);
	default:
		return arguments[0];
	}
}

/* ---- the small ones ---------------------------------------------------------------------- */

static long xen_version(struct peer_link *link, const uint64_t *arguments)
{
	struct pvb_host_info info;
	struct pvb_error error;

	if (pvb_host_get_info(link->host, &info, &error))
		return peer_refused(&error);
	switch (arguments[0]) {
	case XENVER_version:
		return (long)(info.xen_major << 16 | info.xen_minor);
	case XENVER_extraversion:
		(void)snprintf(peer_pointer(arguments[1]), sizeof(xen_extraversion_t), "-peer");
		return 0;
	case XENVER_capabilities:
		memset(peer_pointer(arguments[1]), 0, sizeof(xen_capabilities_info_t));
		memcpy(peer_pointer(arguments[1]), info.capabilities,
		       strnlen(info.capabilities, sizeof info.capabilities - 1));
		return 0;
	case XENVER_pagesize:
		return 1L << info.page_shift;
	default:
		return peer_unknown("xen_version subcommand", arguments[0], NULL);
	}
}

static long event_channel_op(struct peer_link *link, const uint64_t *arguments)
{
	if (arguments[0] != EVTCHNOP_alloc_unbound)
		return peer_unknown("event_channel_op subcommand", arguments[0], NULL);

	struct evtchn_alloc_unbound *op = peer_pointer(arguments[1]);
	struct pvb_error error;

	if (pvb_host_alloc_event_channel(link->host, op->dom, op->remote_dom, &op->port, &error))
		return peer_refused(&error);
	return 0;
}

/* The hypervisor makes pages of a table that are not there yet; nobody here asks for those. */
static long setup_table(struct peer_link *link, struct gnttab_setup_table *setup)
{
	pvb_mfn_t *frames = (pvb_mfn_t *)(void *)setup->frame_list.p;
	struct pvb_error error;
	size_t count = 0;
	int rc = pvb_host_get_grant_frames(link->host, setup->dom, frames, setup->nr_frames, &count,
					   &error);

	if (rc && rc != -PVB_E_HOST_NO_DOMAIN)
		return peer_refused(&error);
	if (!rc && count < setup->nr_frames)
		return peer_unknown("pages of a grant table", setup->nr_frames, "more than it has");
	setup->status = rc ? GNTST_bad_domain : GNTST_okay;
	return 0;
}

/* Domain 0 has what a domain is given where nobody asks for less. */
static long query_size(struct peer_link *link, struct gnttab_query_size *size)
{
	struct pvb_error error;
	size_t count = 1;
	uint32_t most = 64;
	bool there = size->dom == DOMID_SELF;

	if (!there)
		there = !pvb_host_get_grant_frames(link->host, size->dom, NULL, 0, &count,
						   &error) &&
			!pvb_host_get_grant_limit(link->host, size->dom, &most, &error);
	size->status = there ? GNTST_okay : GNTST_bad_domain;
	size->nr_frames = (uint32_t)count;
	size->max_nr_frames = most;
	return 0;
}

/* Nobody here has set version 2, and a page of the table is there from the start. */
static long grant_table_op(struct peer_link *link, const uint64_t *arguments)
{
	switch (arguments[0]) {
	case GNTTABOP_get_version: {
		struct gnttab_get_version *version = peer_pointer(arguments[1]);

		version->version = 1;
		return 0;
	}
	case GNTTABOP_query_size: {
		struct gnttab_query_size *size = peer_pointer(arguments[1]);

		return query_size(link, size);
	}
	case GNTTABOP_setup_table:
		return setup_table(link, peer_pointer(arguments[1]));
	default:
		return peer_unknown("grant_table_op subcommand", arguments[0], NULL);
	}
}

static long multicall(struct peer_link *link, const uint64_t *arguments)
{
	struct multicall_entry *entries = peer_pointer(arguments[0]);

	for (uint64_t i = 0; i < arguments[1]; i++) {
		if (entries[i].op == __HYPERVISOR_multicall)
			return -EINVAL;
		entries[i].result =
			(xen_ulong_t)peer_hypercall(link, entries[i].op, entries[i].args);
	}
	return 0;
}

long peer_hypercall(struct peer_link *link, uint64_t op, const uint64_t *arguments)
{
	long ordered = peer_ordered(op, command_of(op, arguments));

	if (ordered)
		return ordered;
	switch (op) {
	case __HYPERVISOR_sysctl:
		return peer_sysctl(link, arguments);
	case __HYPERVISOR_grant_table_op:
		return grant_table_op(link, arguments);
	case __HYPERVISOR_memory_op:
		return peer_memory_op(link, arguments);
	case __HYPERVISOR_multicall:
		return multicall(link, arguments);
	case __HYPERVISOR_xen_version:
		return xen_version(link, arguments);
	case __HYPERVISOR_mmuext_op:
		return peer_mmuext_op(link, arguments);
	case __HYPERVISOR_event_channel_op:
		return event_channel_op(link, arguments);
	case __HYPERVISOR_domctl:
		return peer_domctl(link, arguments);
	default:
		return peer_unknown("hypercall", op, PEER_NAME(hypercall_names, op));
	}
}

/* What privcmd does with a negative result. */
static long deliver(xencall_handle *xcall, unsigned int op, const uint64_t *arguments)
{
	long result = peer_hypercall((struct peer_link *)xcall, op, arguments);

	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#define DELIVER(...) deliver(xcall, op, (const uint64_t[PEER_MAX_ARGUMENTS]){__VA_ARGS__})

PVB_API int xencall0(xencall_handle *xcall, unsigned int op)
{
	return (int)DELIVER(0);
}

PVB_API int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1)
{
	return (int)DELIVER(arg1);
}

PVB_API int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2)
{
	return (int)DELIVER(arg1, arg2);
}

PVB_API long xencall2L(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2)
{
	return DELIVER(arg1, arg2);
}

PVB_API int xencall3(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2,
		     uint64_t arg3)
{
	return (int)DELIVER(arg1, arg2, arg3);
}

PVB_API int xencall4(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2,
		     uint64_t arg3, uint64_t arg4)
{
	return (int)DELIVER(arg1, arg2, arg3, arg4);
}

PVB_API int xencall5(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2,
		     uint64_t arg3, uint64_t arg4, uint64_t arg5)
{
	return (int)DELIVER(arg1, arg2, arg3, arg4, arg5);
}
