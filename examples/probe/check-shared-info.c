/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page that Xen and the guest share, as it was when it was first mapped. */
#include <pvbuild/guest-abi.h>

#include "check.h"

static const struct shared_info *shared(void)
{
	return (const struct shared_info *)&shared_info_page;
}

void check_start_info_shared_info(void)
{
	if (!facts.has_shared_info)
		fail("machine address %lx is not ours to map", facts.start_info->shared_info);
	else if (facts.start_info->shared_info % PAGE_SIZE)
		fail("machine address %lx does not begin a page", facts.start_info->shared_info);
}

void check_shared_info_mask(void)
{
	for (unsigned i = 0; i < LEGACY_VCPUS; i++)
		if (shared()->vcpu_info[i].evtchn_upcall_mask != 1)
			fail("vCPU %u may be interrupted: its upcall mask is %u", i,
			     (unsigned)shared()->vcpu_info[i].evtchn_upcall_mask);
}

/* Xen writes the wall clock when vCPU 0 gets its registers, and the time when it runs. */
void check_shared_info_clock(void)
{
	const struct vcpu_time_info *time = &shared()->vcpu_info[0].time;

	if (!time->version || !time->tsc_to_system_mul)
		fail("the time of vCPU 0 has version %u and factor %u", time->version,
		     time->tsc_to_system_mul);
	if (!shared()->wc_sec && !shared()->wc_sec_hi)
		fail("the wall clock is zero");
}

void check_shared_info_events(void)
{
	uint32_t ours[] = {facts.start_info->store_evtchn, facts.start_info->console_evtchn};

	for (unsigned i = 0; i < EVENT_WORDS; i++) {
		uint64_t pending = shared()->evtchn_pending[i];

		for (unsigned j = 0; j < 2; j++)
			if (ours[j] / 64 == i)
				pending &= ~(UINT64_C(1) << ours[j] % 64);
		if (pending)
			fail("events %lx of ports from %u on are pending", pending, i * 64);
		if (shared()->evtchn_mask[i])
			fail("events %lx of ports from %u on are masked", shared()->evtchn_mask[i],
			     i * 64);
	}
}

/* A tree has its own checks for its size and the older of its two anchors. */
void check_shared_info_arch(void)
{
	const struct shared_info *s = shared();
	bool of_tree = !p2m_tree_is_there() && (s->max_pfn || s->pfn_to_mfn_frame_list_list);

	if (of_tree || s->nmi_reason || s->p2m_cr3 || s->p2m_vaddr || s->p2m_generation)
		fail("what the guest is to fill is not zero: max_pfn %lx, list of lists %lx, "
		     "nmi_reason %lx, p2m %lx, %lx, %lx",
		     s->max_pfn, s->pfn_to_mfn_frame_list_list, s->nmi_reason, s->p2m_cr3,
		     s->p2m_vaddr, s->p2m_generation);
}

/* What the builder puts there for who asks for it is guest_abi.answer's. */
void check_shared_info_tail(void)
{
	const uint64_t answer_end = PVB_GUEST_ABI_OFFSET + sizeof(struct pvb_guest_abi);
	const uint64_t parts[][2] = {{sizeof(struct shared_info), PVB_GUEST_ABI_OFFSET},
				     {answer_end, PAGE_SIZE}};

	for (unsigned i = 0; i < 2; i++) {
		uint64_t size = parts[i][1] - parts[i][0];
		uint64_t at = first_nonzero(shared_info_page.bytes + parts[i][0], size);

		if (at < size)
			odd("byte %lu of the page, behind the structure, is not zero",
			    parts[i][0] + at);
	}
}
