/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in what the hypervisor and the store were told. */
#include "lab/spoil-pages.h"

#include <stdio.h>
#include <string.h>

#include <pvbuild/guest-abi.h>
#include <xenctrl.h>
#include <xenstore.h>

#include "core/error.h"
#include "plan/plan.h"

#define NOBODYS_FRAME UINT64_C(0xfffffff)

/* ---- registers ---------------------------------------------------------------------------- */

#define REGISTER(function, assignment)                                                             \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)spoiling;                                                                    \
		(void)error;                                                                       \
		call->vcpu->assignment;                                                            \
		return 0;                                                                          \
	}

REGISTER(rsi, rsi += PAGE_SIZE)
REGISTER(rsp, rsp -= PAGE_SIZE)
REGISTER(ds, ds = 0xe02b)
REGISTER(rflags_direction, rflags |= 1u << 10)
REGISTER(rflags_carry, rflags |= 1)
REGISTER(rbx, rbx = 1)
REGISTER(r15, r15 = 1)
REGISTER(fs_base, fs_base = PAGE_SIZE)
REGISTER(gs_base, gs_base_kernel = PAGE_SIZE)
REGISTER(dr7, debugreg[7] = 0x401)
/* Of the padding: mapped writable. One that is not, and is empty, would do. */
REGISTER(cr3_other, cr[3] = spoil_maddr(spoiling, (spoiling->plan->initial.to.a -
						   spoiling->plan->virt_base.a) /
								  PAGE_SIZE -
							  1))
REGISTER(cr3_nobodys, cr[3] = NOBODYS_FRAME << PAGE_SHIFT)
REGISTER(rip_not_canonical, rip = UINT64_C(0x800000000000))

/* ---- the shared info page -------------------------------------------------------------- */

#define SHARED(name) offsetof(shared_info_x86_64_t, name)
#define SHARED_BYTES(function, offset, value, size)                                                \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return spoil_shared_info(spoiling, offset, value, size, error);                    \
	}

SHARED_BYTES(upcalls_unmasked, SHARED(vcpu_info[5].evtchn_upcall_mask), 0, 1)
SHARED_BYTES(event_pending, SHARED(evtchn_pending[3]), 1, 8)
SHARED_BYTES(event_masked, SHARED(evtchn_mask[3]), 1, 8)
SHARED_BYTES(max_pfn, SHARED(arch.max_pfn), 1, 8)
SHARED_BYTES(shared_info_tail, 0xd00, 1, 1)

/* The answer to what the kernel declares. */
#define ANSWER(name) (PVB_GUEST_ABI_OFFSET + offsetof(struct pvb_guest_abi, name))

SHARED_BYTES(answer_unasked, ANSWER(magic), PVB_GUEST_ABI_MAGIC, 8)
SHARED_BYTES(answer_magic, ANSWER(magic), PVB_GUEST_ABI_MAGIC + 1, 8)
SHARED_BYTES(answer_valid, ANSWER(valid),
	     PVB_GUEST_ABI_HAS_ADDRESS_BITS | PVB_GUEST_ABI_HAS_PTE_BITS, 8)
SHARED_BYTES(answer_width, ANSWER(address_bits), 33, 1)
SHARED_BYTES(answer_kernel_bit, ANSWER(pte_kernel_bit), 53, 1)
SHARED_BYTES(answer_grant_bit, ANSWER(pte_grant_bit), 61, 1)
SHARED_BYTES(answer_granule, ANSWER(granule_shift), 14, 1)

/* wc_sec and wc_nsec, and the upper half of the seconds. */
static int wall_clock(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	int rc = spoil_shared_info(spoiling, SHARED(wc_sec), 0, 8, error);

	(void)call;
	return rc ? rc : spoil_shared_info(spoiling, SHARED(wc_sec_hi), 0, 4, error);
}

/* ---- grants, memory -------------------------------------------------------------------------- */

/* Done once those whom the grants are for have mapped them. */
static int grant(struct spoiling *spoiling, uint32_t index, uint16_t flags, uint16_t domid,
		 uint64_t pfn, struct pvb_error *error)
{
	const struct relay *relay = &spoiling->relay;
	const struct pvb_host_grant entry = {.index = index,
					     .flags = flags,
					     .domid = domid,
					     .frame = PVB_MFN(spoil_mfn(spoiling, pfn))};

	return pvb_host_set_grants(relay->inner, relay->domid, &entry, 1, error);
}

#define GRANT(function, index, flags, domid, pfn)                                                  \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return grant(spoiling, index, flags, domid, pfn, error);                           \
	}

GRANT(grant_store_frame, 1, 1, 0, spoiling->plan->boot_stack.first.n)
GRANT(grant_store_read_only, 1, 5, 0, spoiling->plan->xenstore.first.n)

/*
 * The console's is changed on its way: xenconsoled takes the frame from the store where the
 * grant is of no use to it.
 */
static struct pvb_host_grant *console_grant(struct relay_call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->grants[i].index == 0)
			return &call->grants[i];
	return NULL;
}

#define CONSOLE_GRANT(function, assignment)                                                        \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		struct pvb_host_grant *grant = console_grant(call);                                \
                                                                                                   \
		(void)spoiling;                                                                    \
		if (!grant)                                                                        \
			return pvb_fail(error, PVB_E_ARG_INVALID, "spoil",                         \
					"the console is not granted");                             \
		grant->assignment;                                                                 \
		return 0;                                                                          \
	}

CONSOLE_GRANT(no_console_grant, flags = 0)
CONSOLE_GRANT(other_console_grant, domid = 5)

static int smaller_map(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)spoiling;
	(void)error;
	call->value -= UINT64_C(1) << 20;
	return 0;
}

/* ---- limits, whose promises are in the command line ---- */

#define CONFIG(function, field, value)                                                             \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)spoiling;                                                                    \
		(void)error;                                                                       \
		call->config->field = value;                                                       \
		return 0;                                                                          \
	}

CONFIG(vcpu_more, vcpus, 2)
CONFIG(fewer_grant_frames, max_grant_frames, 8)
CONFIG(older_grants, max_grant_version, 1)
CONFIG(fewer_channels, max_event_channel, 63)

static int all_offline(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)spoiling;
	(void)error;
	call->introduction->online_vcpus = 0;
	return 0;
}

/* The promise is in the command line. */
static int nothing(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)spoiling;
	(void)call;
	(void)error;
	return 0;
}

/* ---- the store ----------------------------------------------------------------------------- */

static int node_absent(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	struct xs_handle *store;
	char path[64];

	(void)call;
	if (strcmp(spoiling->relay.inner->ops->name, "xen") != 0)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "spoil", "this host has no store");
	(void)snprintf(path, sizeof path, "/local/domain/%u/domid", spoiling->relay.domid);
	store = xs_open(0);
	bool gone = store && xs_rm(store, XBT_NULL, path);

	if (store)
		xs_close(store);
	return gone ? 0 : pvb_fail(error, PVB_E_HOST_STATE, "spoil", "%s cannot be removed", path);
}

/* ---- all of them ------------------------------------------------------------------------- */

#define VCPU .at = PVB_CALL_SET_VCPU
#define AFTER_VCPU .at = PVB_CALL_SET_GRANTS
#define LAST .at = SPOIL_LAST
#define AT_CREATION .at = PVB_CALL_CREATE_DOMAIN

const struct spoil spoils_of_calls[] = {
	{"rsi", "rsi leads to the page behind start_info", "registers.rsi", VCPU, .act = rsi,
	 .group = 1},
	{"rsp", "rsp is the end of the page before the boot stack", "registers.rsp", VCPU,
	 .act = rsp, .group = 1},
	{"ds", "ds is not null", "registers.segments", VCPU, .act = ds, .group = 1},
	{"rflags-direction", "strings go downwards", "registers.rflags", VCPU,
	 .act = rflags_direction, .group = 1},
	{"rflags-carry", "rflags has the carry bit", "registers.rflags", VCPU, .act = rflags_carry,
	 .group = 2},
	{"rbx", "rbx is not 0", "registers.general", VCPU, .act = rbx, .group = 1},
	{"r15", "r15 is not 0", "registers.general", VCPU, .act = r15, .group = 2},
	{"fs-base", "fs has a base", "registers.bases", VCPU, .act = fs_base, .group = 1},
	{"gs-base", "gs has a base", "registers.bases", VCPU, .act = gs_base, .group = 2},
	{"dr7", "a breakpoint is armed", "registers.debug", VCPU, .act = dr7, .group = 1},
	{"cr3-other", "cr3 is an ordinary page", .refused = PVB_E_HOST_CONTEXT, VCPU,
	 .act = cr3_other},
	{"cr3-nobodys", "cr3 is nobody's frame", .refused = PVB_E_HOST_CONTEXT, VCPU,
	 .act = cr3_nobodys},
	{"rip-not-canonical", "rip is no address", .refused = PVB_E_HOST_CONTEXT, VCPU,
	 .act = rip_not_canonical},

	{"upcalls-unmasked", "vCPU 5 would take upcalls", "shared_info.mask", VCPU,
	 .act = upcalls_unmasked, .group = 3},
	{"event-pending", "an event is pending", "shared_info.events", VCPU, .act = event_pending,
	 .group = 3},
	{"event-masked", "an event is masked", "shared_info.events", VCPU, .act = event_masked,
	 .group = 4},
	{"max-pfn", "arch.max_pfn is set, which is the guest's to do", "shared_info.arch", VCPU,
	 .act = max_pfn, .group = 3},
	{"shared-info-tail", "the shared info page is not zero behind the structure",
	 "shared_info.tail", VCPU, .act = shared_info_tail, .group = 3},
	{"answer-unasked", "there is an answer, and nothing was declared", "guest_abi.answer", VCPU,
	 .act = answer_unasked, .group = 3},
	{"answer-magic", "the answer has another magic", "guest_abi.answer", VCPU,
	 .act = answer_magic, .kernel = SPOIL_PROBE_DECLARES, .group = 2},
	{"answer-valid", "the answer leaves out what was declared", "guest_abi.granule", VCPU,
	 .act = answer_valid, .kernel = SPOIL_PROBE_DECLARES, .group = 3},
	{"answer-width", "the answer's width is above the declared one", "guest_abi.address_bits",
	 VCPU, .act = answer_width, .kernel = SPOIL_PROBE_DECLARES, .group = 1},
	{"answer-kernel-bit", "the answer's kernel mark is no free bit", "guest_abi.pte_bits", VCPU,
	 .act = answer_kernel_bit, .kernel = SPOIL_PROBE_DECLARES, .group = 1},
	{"answer-grant-bit", "the answer's grant mark is no free bit", "guest_abi.pte_bits", VCPU,
	 .act = answer_grant_bit, .kernel = SPOIL_PROBE_DECLARES, .group = 3},
	{"answer-granule", "the answer's page size is none of the declared", "guest_abi.granule",
	 VCPU, .act = answer_granule, .kernel = SPOIL_PROBE_DECLARES, .group = 1},
	{"undeclared", "the kernel's address width is not heeded",
	 "width.memory width.tables width.shared guest_abi.address_bits", LAST, .act = nothing,
	 .kernel = SPOIL_PROBE_DECLARES, .no_ramdisk = true, .undeclared = true},
	{"wall-clock", "the wall clock is zero", "shared_info.clock", AFTER_VCPU, .act = wall_clock,
	 .group = 3},

	{"grant-console-absent", "the console is granted to nobody", "grants.console", AFTER_VCPU,
	 .act = no_console_grant, .group = 2},
	{"grant-console-domid", "the console is granted to another domain", "grants.console",
	 AFTER_VCPU, .act = other_console_grant, .group = 4},
	{"grant-store-frame", "another page is granted as the store", "grants.store", LAST,
	 .act = grant_store_frame, .group = 4},
	{"grant-store-read-only", "the store is granted read-only", "grants.store", LAST,
	 .act = grant_store_read_only, .group = 2},
	{"map-smaller", "the memory map ends before the memory", "memory.map",
	 .at = PVB_CALL_SET_MEMORY_MAP, .act = smaller_map, .group = 2},
	{"less-than-promised", "there is not as much memory as was promised", "memory.size", LAST,
	 .act = nothing, .cmdline = "probe.expect-pages=1048576", .group = 2},
	{"vcpu-more", "there is a vCPU more than promised", "limits.vcpus", AT_CREATION,
	 .act = vcpu_more, .cmdline = "probe.expect-vcpus=1", .group = 1},
	{"fewer-grant-frames", "the grant table cannot grow as far as promised",
	 "limits.grant_frames", AT_CREATION, .act = fewer_grant_frames,
	 .cmdline = "probe.expect-grant-frames=9", .group = 1},
	{"older-grants", "grants are of an older version than promised", "limits.grant_version",
	 AT_CREATION, .act = older_grants, .cmdline = "probe.expect-grant-version=2", .group = 1},
	{"fewer-channels", "there are fewer event channels than promised", "limits.event_channels",
	 AT_CREATION, .act = fewer_channels, .cmdline = "probe.expect-event-channels=62",
	 .group = 1},
	{"all-offline", "the store says that no vCPU is online", "store.cpus",
	 .at = PVB_CALL_INTRODUCE_DOMAIN, .act = all_offline, .cmdline = "probe.expect-online=1",
	 .group = 1},
	{"node-absent", "what every domain may read of the store is not there", "store.answers",
	 LAST, .act = node_absent, .group = 6},
};

const size_t spoils_of_calls_count = sizeof spoils_of_calls / sizeof spoils_of_calls[0];
