/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/fake-host.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "support/test.h"

static struct fake_host *fake_of(struct pvb_host *host)
{
	return (struct fake_host *)(void *)host;
}

static int failing(struct fake_host *fake, enum pvb_host_call call, struct pvb_error *error)
{
	if (++fake->calls == fake->fail_nth) {
		fake->failed_call = call;
		return pvb_fail(error, PVB_E_HOST_INJECTED, "fake", "as told");
	}
	if (!fake->fail_code || fake->fail_call != call || fake->fail_after--)
		return 0;
	int code = fake->fail_code;

	fake->fail_code = 0;
	return pvb_fail(error, (enum pvb_code)code, "fake", "as told");
}

static int fake_get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	*info = fake_of(host)->info;
	return failing(fake_of(host), PVB_CALL_GET_INFO, error);
}

static int fake_create(struct pvb_host *host, const struct pvb_host_domain_config *config,
		       uint32_t *domid, struct pvb_error *error)
{
	fake_of(host)->config = *config;
	*domid = fake_of(host)->domid;
	return failing(fake_of(host), PVB_CALL_CREATE_DOMAIN, error);
}

static int fake_destroy(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);
	int rc = failing(fake, PVB_CALL_DESTROY_DOMAIN, error);

	(void)domid;
	if (rc == 0)
		fake->destroyed++;
	return rc;
}

static int fake_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
			   struct pvb_error *error)
{
	memset(domain, 0, sizeof *domain);
	domain->domid = domid;
	memcpy(domain->uuid, fake_of(host)->config.uuid, sizeof domain->uuid);
	if (fake_of(host)->own_uuid)
		memset(domain->uuid, fake_of(host)->own_uuid, sizeof domain->uuid);
	domain->shared_info = fake_of(host)->shared_info;
	domain->max_pages = fake_of(host)->max_memory >> host->page_shift;
	if (fake_of(host)->most_pages && domain->max_pages > fake_of(host)->most_pages)
		domain->max_pages = fake_of(host)->most_pages;
	return failing(fake_of(host), PVB_CALL_GET_DOMAIN, error);
}

static int fake_guest_bits(struct pvb_host *host, uint32_t domid, unsigned bits,
			   struct pvb_error *error)
{
	(void)domid;
	fake_of(host)->guest_bits = bits;
	return failing(fake_of(host), PVB_CALL_SET_GUEST_BITS, error);
}

static int fake_max_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
			   struct pvb_error *error)
{
	(void)domid;
	fake_of(host)->max_memory = bytes;
	return failing(fake_of(host), PVB_CALL_SET_MAX_MEMORY, error);
}

static int fake_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory *map,
			   size_t count, struct pvb_error *error)
{
	(void)domid;
	for (size_t i = 0; i < count && i < FAKE_MAP_MAX; i++)
		fake_of(host)->memory_map[i] = map[i];
	fake_of(host)->memory_map_count = count;
	return failing(fake_of(host), PVB_CALL_SET_MEMORY_MAP, error);
}

static int fake_cpu_policy(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	(void)domid;
	return failing(fake_of(host), PVB_CALL_APPLY_CPU_POLICY, error);
}

static int fake_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote,
			      uint32_t *port, struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);

	(void)domid;
	fake->remotes[fake->channels++ % 4] = remote;
	*port = (uint32_t)fake->channels;
	return failing(fake_of(host), PVB_CALL_ALLOC_EVENT_CHANNEL, error);
}

static int fake_introduce(struct pvb_host *host, uint32_t domid,
			  const struct pvb_host_introduction *introduction, struct pvb_error *error)
{
	(void)domid;
	fake_of(host)->introduction = *introduction;
	return failing(fake_of(host), PVB_CALL_INTRODUCE_DOMAIN, error);
}

static int fake_claim(struct pvb_host *host, uint32_t domid, uint64_t bytes,
		      struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);
	int rc = failing(fake, PVB_CALL_CLAIM_MEMORY, error);

	(void)domid;
	fake->claim_calls++;
	if (rc == 0)
		fake->claimed = bytes;
	return rc;
}

static int fake_populate(struct pvb_host *host, uint32_t domid,
			 const struct pvb_host_populate *request, uint64_t *done,
			 struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);
	uint64_t count = fake->allow ? fake->allow(fake, request) : request->count;
	int rc = failing(fake, PVB_CALL_POPULATE, error);

	(void)domid;
	if (rc)
		return rc;
	unsigned order = request->shift - host->page_shift;

	if (count)
		fake->next_mfn += -fake->next_mfn & ((UINT64_C(1) << order) - 1);
	for (uint64_t i = 0; i < count; i++) {
		request->out[i].word = (fake->next_mfn << host->page_shift) | request->shift;
		fake->next_mfn += UINT64_C(1) << order;
	}
	if (fake->spoil && count)
		fake->spoil(&request->out[0]);
	if (fake->logged < FAKE_LOG) {
		fake->log[fake->logged].first = request->address >> host->page_shift;
		fake->log[fake->logged].count = request->count;
		fake->log[fake->logged].order = order;
		fake->log[fake->logged].address_bits = request->address_bits;
		fake->log[fake->logged].done = count;
		fake->log[fake->logged].node = request->node;
		fake->log[fake->logged].exact = request->exact_node;
	}
	fake->logged++;
	fake->populated += count << order;
	*done = count + fake->extra;
	return 0;
}

static int fake_map(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		    bool writable, void **at, struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);
	unsigned shift = host->page_shift;
	int rc = failing(fake, PVB_CALL_MAP_FRAMES, error);

	(void)domid;
	assert_true(writable);
	if (rc)
		return rc;
	uint8_t *base = mmap(NULL, count << shift, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(base != MAP_FAILED);
	for (size_t i = 0, n; i < count; i += n) {
		n = 1;
		while (i + n < count && frames[i + n].n == frames[i].n + n)
			n++;
		assert_true(mmap(base + (i << shift), n << shift, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, fake->fd,
				 (off_t)(frames[i].n << shift)) != MAP_FAILED);
	}
	if (fake->dirty)
		memset(base, 0xc2, count << shift);
	fake->frames_mapped += count;
	if (count > fake->largest_map)
		fake->largest_map = count;
	*at = base;
	return 0;
}

static void fake_unmap(struct pvb_host *host, void *at, size_t count)
{
	assert_int_equal(munmap(at, count << host->page_shift), 0);
}

static int fake_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
			       struct pvb_error *error)
{
	(void)domid;
	fake_of(host)->hypercall_page = frame;
	return failing(fake_of(host), PVB_CALL_FILL_HYPERCALL_PAGE, error);
}

static int fake_pin(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		    struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);

	(void)domid;
	fake->pinned_level = level;
	fake->pinned = frame;
	fake->mapped_at_pin = host->mapped_now;
	return failing(fake, PVB_CALL_PIN_TABLE, error);
}

static int fake_set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			 const struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	(void)domid;
	(void)vcpu;
	fake_of(host)->vcpu = *registers;
	return failing(fake_of(host), PVB_CALL_SET_VCPU, error);
}

static int fake_set_grants(struct pvb_host *host, uint32_t domid,
			   const struct pvb_host_grant *grants, size_t count,
			   struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);

	(void)domid;
	assert_true(count <= sizeof fake->grants / sizeof fake->grants[0]);
	memcpy(fake->grants, grants, count * sizeof *grants);
	fake->grant_count = count;
	return failing(fake, PVB_CALL_SET_GRANTS, error);
}

static int fake_free_below(struct pvb_host *host, unsigned bits, uint64_t *bytes,
			   struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);

	(void)bits;
	*bytes = fake->free_below ? fake->free_below : fake->info.memory_free;
	return failing(fake, PVB_CALL_GET_FREE_BELOW, error);
}

static int fake_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			     size_t *count, struct pvb_error *error)
{
	struct fake_host *fake = fake_of(host);

	(void)domid;
	*count = fake->grant_frame_count;
	for (size_t i = 0; i < room && i < *count; i++)
		frames[i] = fake->grant_frames[i];
	return failing(fake, PVB_CALL_GET_GRANT_FRAMES, error);
}

static int fake_set_record(struct pvb_host *host, uint32_t domid,
			   const struct pvb_host_record *record, struct pvb_error *error)
{
	(void)domid;
	fake_of(host)->record = *record;
	return failing(fake_of(host), PVB_CALL_SET_RECORD, error);
}

static const struct pvb_host_ops fake_ops = {
	.name = "fake",
	.get_info = fake_get_info,
	.create_domain = fake_create,
	.destroy_domain = fake_destroy,
	.get_domain = fake_get_domain,
	.set_guest_bits = fake_guest_bits,
	.set_max_memory = fake_max_memory,
	.set_memory_map = fake_memory_map,
	.apply_cpu_policy = fake_cpu_policy,
	.alloc_event_channel = fake_event_channel,
	.introduce_domain = fake_introduce,
	.claim_memory = fake_claim,
	.populate = fake_populate,
	.map_frames = fake_map,
	.unmap_frames = fake_unmap,
	.fill_hypercall_page = fake_hypercall_page,
	.pin_table = fake_pin,
	.set_vcpu = fake_set_vcpu,
	.set_grants = fake_set_grants,
	.get_free_below = fake_free_below,
	.get_grant_frames = fake_grant_frames,
	.set_record = fake_set_record,
};

void fake_open(struct fake_host *fake)
{
	memset(fake, 0, sizeof *fake);
	fake->host.ops = &fake_ops;
	fake->host.page_shift = 12;
	fake->fd = memfd_create("fake-host", MFD_CLOEXEC);
	assert_true(fake->fd >= 0);
	assert_int_equal(ftruncate(fake->fd, (off_t)1 << 46), 0);
	fake->domid = 7;
	fake->next_mfn = 0x1000;
	fake->shared_info = PVB_MFN(0x800);
	fake->info = (struct pvb_host_info){
		.name = "fake",
		.xen_major = 4,
		.xen_minor = 17,
		.page_shift = 12,
		.address_bits = 46,
		.max_extent_order = 9,
		.max_extents = 1024,
		.nodes = 1,
		.claims = true,
		.memory_total = UINT64_C(1) << 40,
		.memory_free = UINT64_C(1) << 40,
		.pte_bits_fixed = true,
		.debug_known = true,
		.pte_kernel_bit = 52,
		.pte_grant_bit = PVB_GUEST_PTE_NO_BIT,
	};
}

void fake_close(struct fake_host *fake)
{
	assert_int_equal(fake->host.mapped_now, 0);
	assert_int_equal(close(fake->fd), 0);
}

void fake_read(const struct fake_host *fake, uint64_t mfn, void *page)
{
	assert_int_equal(pread(fake->fd, page, 4096, (off_t)(mfn << 12)), 4096);
}
