/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A paper domain as a host with one domain: what an audit may ask, and no more. */
#include <sys/mman.h>

#include "core/error.h"
#include "support/test.h"
#include "unit/audit-domain.h"

#define PAGE 4096u

/* Position in by_mfn of the first frame at or above mfn. */
static uint64_t position(const struct paper_domain *domain, uint64_t mfn)
{
	uint64_t low = 0, high = domain->pages;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (domain->frames[domain->by_mfn[middle]].mfn < mfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t paper_pfn(const struct paper_domain *domain, uint64_t mfn)
{
	uint64_t at = position(domain, mfn);

	return at < domain->pages && domain->frames[domain->by_mfn[at]].mfn == mfn
		       ? domain->by_mfn[at]
		       : UINT64_MAX;
}

static int step(struct paper_domain *domain, struct pvb_error *error)
{
	if (domain->fail_after && ++domain->calls == domain->fail_after)
		return pvb_fail(error, PVB_E_HOST_INJECTED, "paper", "call %u fails",
				domain->calls);
	return 0;
}

static void paper_close(struct pvb_host *host)
{
	(void)host;
}

static int paper_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	*info = (struct pvb_host_info){.name = "paper",
				       .page_shift = domain->page_shift,
				       .address_bits = domain->address_bits,
				       .debug_known = true,
				       .pte_bits_fixed = !domain->spec.kernel_bit,
				       .pte_kernel_bit = 52,
				       .pte_grant_bit = domain->grant_bit,
				       .nodes = 1};
	return step(domain, error);
}

static int paper_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *info,
			    struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	if (domid != 1)
		return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "paper", "there is no domain %u",
				domid);
	*info = (struct pvb_host_domain){.domid = 1,
					 .guest_bits = domain->said_bits,
					 .paused = domain->paused,
					 .dying = domain->dying,
					 .shutdown = domain->shutdown,
					 .hvm = domain->hvm,
					 .cpu_time_ns = domain->cpu_time_ns,
					 .vcpus = 1,
					 .pages = domain->owned,
					 .shared_info = PVB_MFN(domain->shared_frame)};
	return step(domain, error);
}

static int paper_map(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		     bool writable, void **at, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;
	int rc = step(domain, error);

	if (rc)
		return rc;
	/* An audit has no business with writing, with others' frames, or with large windows. */
	assert_int_equal(domid, 1);
	assert_false(writable);
	assert_true(count > 0 && count <= 4096);
	uint8_t *bytes = (uint8_t *)mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	for (size_t i = 0; i < count; i++) {
		uint64_t pfn = paper_pfn(domain, frames[i].n);

		if (frames[i].n == domain->shared_frame) {
			memcpy(bytes + i * PAGE, domain->shared_info, PAGE);
			continue;
		}
		assert_true(pfn < domain->pages && !domain->frames[pfn].foreign);
		memcpy(bytes + i * PAGE, paper_page(domain, pfn), PAGE);
	}
	domain->mapped_pages += count;
	*at = bytes;
	return 0;
}

static void paper_unmap(struct pvb_host *host, void *at, size_t count)
{
	((struct paper_domain *)host)->mapped_pages -= count;
	assert_int_equal(munmap(at, count * PAGE), 0);
}

static int paper_m2p(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		     uint64_t *count, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;
	uint64_t at = position(domain, first.n);

	assert_true(limit > 0 && first.n >> (domain->address_bits - 12) == 0);
	*pfn = PVB_PFN(PVB_NO_FRAME);
	*count = 1;
	if (at < domain->pages && domain->frames[domain->by_mfn[at]].mfn == first.n) {
		*pfn = PVB_PFN(domain->frames[domain->by_mfn[at]].m2p);
		for (at++; *count < limit && at < domain->pages; at++, ++*count) {
			const struct paper_frame *frame = &domain->frames[domain->by_mfn[at]];

			if (frame->mfn != first.n + *count || pfn->n == PVB_NO_FRAME ||
			    frame->m2p != pfn->n + *count)
				break;
		}
	}
	return step(domain, error);
}

static int paper_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			    size_t count, struct pvb_host_frame_info *info, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	assert_int_equal(domid, 1);
	for (size_t i = 0; i < count; i++) {
		uint64_t pfn = paper_pfn(domain, frames[i].n);

		info[i] = (struct pvb_host_frame_info){.type = PVB_FRAME_FOREIGN};
		if (pfn < domain->pages && !domain->frames[pfn].foreign)
			info[i] = (struct pvb_host_frame_info){domain->frames[pfn].type,
							       domain->frames[pfn].pinned};
	}
	return step(domain, error);
}

static int paper_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		      struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	assert_int_equal(domid, 1);
	assert_int_equal(vcpu, 0);
	*registers = domain->vcpu;
	return step(domain, error);
}

static int paper_pte_bits(struct pvb_host *host, uint32_t domid, struct pvb_host_pte_bits *bits,
			  struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	assert_int_equal(domid, 1);
	*bits = (struct pvb_host_pte_bits){domain->spec.kernel_bit, domain->grant_bit, false};
	return step(domain, error);
}

static int paper_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
			size_t room, size_t *count, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	assert_int_equal(domid, 1);
	assert_true(room >= domain->grant_count);
	memcpy(grants, domain->grants, domain->grant_count * sizeof grants[0]);
	*count = domain->grant_count;
	return step(domain, error);
}

static int paper_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			      size_t *count, struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	assert_int_equal(domid, 1);
	*count = domain->grant_frame_count;
	for (size_t i = 0; i < *count && i < room; i++)
		frames[i] = domain->grant_frames[i];
	return step(domain, error);
}

static int paper_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
			struct pvb_error *error)
{
	struct paper_domain *domain = (struct paper_domain *)host;

	assert_int_equal(domid, 1);
	*record = domain->record;
	return step(domain, error);
}

const struct pvb_host_ops paper_ops = {
	.name = "paper",
	.close = paper_close,
	.get_info = paper_info,
	.get_domain = paper_get_domain,
	.map_frames = paper_map,
	.unmap_frames = paper_unmap,
	.get_m2p_run = paper_m2p,
	.get_frame_info = paper_frame_info,
	.get_vcpu = paper_vcpu,
	.get_pte_bits = paper_pte_bits,
	.get_grants = paper_grants,
	.get_grant_frames = paper_grant_frames,
	.get_record = paper_record,
};
