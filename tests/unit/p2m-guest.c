/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/p2m-guest.h"

#include "core/error.h"
#include "support/test.h"

#define PAGES 8192u
#define PRESENT 0x67u

static int read_pages(void *opaque, const uint64_t *mfns, size_t count, void *to,
		      struct pvb_error *error)
{
	struct p2m_guest *guest = opaque;
	uint8_t *at = to;

	assert_true(count >= 1);
	assert_true(count == 1 || count * guest->page_size <= 1 << 20);
	guest->reads++;
	if (guest->hook)
		guest->hook(guest, false);
	if (guest->reads == guest->fail_read)
		return pvb_fail(error, PVB_E_HOST_INJECTED, "guest", "read %llu fails",
				(unsigned long long)guest->reads);
	for (size_t i = 0; i < count; i++) {
		guest->pages_read++;
		assert_true(mfns[i] < GUEST_FRAMES);
		if (mfns[i] < GUEST_FIRST || mfns[i] - GUEST_FIRST >= guest->count)
			return pvb_fail(error, PVB_E_HOST_MAP, "guest",
					"frame 0x%llx is not the guest's",
					(unsigned long long)mfns[i]);
		memcpy(at + i * guest->page_size, guest_at(guest, mfns[i]), guest->page_size);
	}
	return 0;
}

static int look(void *opaque, struct pvb_p2m_anchors *anchors, struct pvb_error *error)
{
	struct p2m_guest *guest = opaque;

	(void)error;
	guest->looks++;
	if (guest->hook)
		guest->hook(guest, true);
	*anchors = guest->anchors;
	return 0;
}

static int ask_m2p(void *opaque, uint64_t mfn, uint64_t limit, uint64_t *pfn, uint64_t *count,
		   struct pvb_error *error)
{
	const struct p2m_guest *guest = opaque;
	uint64_t n;

	(void)error;
	assert_true(limit >= 1);
	if (pvb_runs_find(&guest->m2p, mfn, pfn, &n)) {
		*count = n < limit ? n : limit;
		return 0;
	}
	size_t next = pvb_runs_lower(&guest->m2p, mfn);

	*pfn = PVB_P2M_NONE;
	n = next < guest->m2p.n ? guest->m2p.v[next].from - mfn : limit;
	*count = n < limit ? n : limit;
	return 0;
}

/* Whether strangers have a frame, and how many frames from there on, up to limit, are alike. */
static bool find_stranger(const struct p2m_guest *guest, uint64_t mfn, uint64_t limit,
			  uint64_t *count)
{
	size_t next = pvb_runs_lower(&guest->strangers, mfn);
	uint64_t to, n;
	bool found = pvb_runs_find(&guest->strangers, mfn, &to, &n);

	if (!found)
		n = next < guest->strangers.n ? guest->strangers.v[next].from - mfn : limit;
	*count = n < limit ? n : limit;
	return found;
}

static int ask_owner(void *opaque, const struct pvb_p2m_extent *extents, size_t count, bool *owned,
		     uint64_t *frames, struct pvb_error *error)
{
	struct p2m_guest *guest = opaque;

	(void)error;
	assert_true(count >= 1);
	guest->owner_asks++;
	*frames = 0;
	for (size_t i = 0; i < count; i++)
		for (uint64_t at = 0, n; at < extents[i].count; at += n) {
			bool own = !find_stranger(guest, extents[i].mfn + at, extents[i].count - at,
						  &n);

			if (*frames && own != *owned)
				return 0;
			*owned = own;
			*frames += n;
		}
	return 0;
}

void guest_estrange(struct p2m_guest *guest, uint64_t mfn, uint64_t count)
{
	guest->access.owned = ask_owner;
	assert_int_equal(pvb_runs_add(&guest->strangers, mfn, mfn, count), 0);
}

void guest_open(struct p2m_guest *guest, unsigned bits, uint32_t page_size)
{
	*guest = (struct p2m_guest){
		.bits = bits,
		.page_size = page_size ? page_size : 4096,
		.capacity = PAGES,
		.anchors = {.guest_bits = bits},
		.access = {.opaque = guest,
			   .page_size = page_size,
			   .frames = GUEST_FRAMES,
			   .read = read_pages,
			   .anchors = look,
			   .m2p = ask_m2p},
	};
	guest->pages = malloc((size_t)PAGES * guest->page_size);
	assert_non_null(guest->pages);
}

void guest_close(struct p2m_guest *guest)
{
	free(guest->pages);
	pvb_runs_free(&guest->m2p);
	pvb_runs_free(&guest->strangers);
}

void *guest_at(struct p2m_guest *guest, uint64_t mfn)
{
	assert_true(mfn >= GUEST_FIRST && mfn - GUEST_FIRST < guest->count);
	return guest->pages + (mfn - GUEST_FIRST) * guest->page_size;
}

uint64_t guest_page(struct p2m_guest *guest)
{
	assert_true(guest->count < guest->capacity);
	guest->count++;
	memset(guest_at(guest, GUEST_FIRST + guest->count - 1), 0xff, guest->page_size);
	return GUEST_FIRST + guest->count - 1;
}

uint64_t guest_per_page(const struct p2m_guest *guest)
{
	return guest->page_size / (guest->bits / 8);
}

void guest_put(struct p2m_guest *guest, uint64_t mfn, uint64_t index, uint64_t entry)
{
	unsigned size = guest->bits / 8;

	assert_true(index < guest_per_page(guest));
	memcpy((uint8_t *)guest_at(guest, mfn) + index * size, &entry, size);
}

uint64_t guest_get(struct p2m_guest *guest, uint64_t mfn, uint64_t index)
{
	unsigned size = guest->bits / 8;
	uint64_t entry = 0;

	memcpy(&entry, (uint8_t *)guest_at(guest, mfn) + index * size, size);
	return entry;
}

uint64_t guest_leaf(struct p2m_guest *guest, uint64_t pfn, uint64_t pfns,
		    const struct pvb_p2m_extent *extents, size_t count)
{
	uint64_t page = guest_page(guest), per_page = guest_per_page(guest);

	for (size_t i = 0; i < count; i++)
		for (uint64_t j = 0; j < per_page && pfn + j < pfns; j++)
			if (pfn + j >= extents[i].pfn &&
			    pfn + j - extents[i].pfn < extents[i].count)
				guest_put(guest, page, j,
					  extents[i].mfn + (pfn + j - extents[i].pfn));
	return page;
}

/* ---- trees ---- */

static uint64_t power(uint64_t base, unsigned exponent)
{
	uint64_t result = 1;

	while (exponent--)
		result *= base;
	return result;
}

static bool any_between(uint64_t first, uint64_t last, const struct pvb_p2m_extent *extents,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (extents[i].pfn <= last && extents[i].pfn + extents[i].count > first)
			return true;
	return false;
}

static uint64_t make_node(struct p2m_guest *guest, unsigned level, uint64_t first, uint64_t pfns,
			  const struct pvb_p2m_extent *extents, size_t count)
{
	if (level == 1)
		return guest_leaf(guest, first, pfns, extents, count);

	uint64_t page = guest_page(guest);
	uint64_t below = power(guest_per_page(guest), level - 1);

	for (uint64_t i = 0; i < guest_per_page(guest); i++) {
		uint64_t at = first + i * below;

		if (at < pfns && any_between(at, at + below - 1, extents, count))
			guest_put(guest, page, i,
				  make_node(guest, level - 1, at, pfns, extents, count));
	}
	return page;
}

void guest_tree(struct p2m_guest *guest, unsigned levels, uint64_t pfns,
		const struct pvb_p2m_extent *extents, size_t count)
{
	guest->anchors.has_tree = true;
	guest->anchors.max_pfn = pfns;
	guest->anchors.p2m_levels = levels;
	guest->anchors.p2m_root = make_node(guest, levels, 0, pfns, extents, count);
}

uint64_t guest_node(struct p2m_guest *guest, unsigned level, uint64_t pfn)
{
	uint64_t mfn = guest->anchors.p2m_root, per_page = guest_per_page(guest);

	for (unsigned at = guest->anchors.p2m_levels; at > level; at--)
		mfn = guest_get(guest, mfn, pfn / power(per_page, at - 1) % per_page);
	return mfn;
}

/* ---- lists ---- */

uint64_t guest_cr3(const struct p2m_guest *guest, uint64_t root)
{
	return guest->bits == 64 ? root << 12 : (uint32_t)(root << 12) | (uint32_t)root >> 20;
}

static uint64_t root_of(const struct p2m_guest *guest)
{
	uint64_t cr3 = guest->anchors.p2m_cr3;

	return guest->bits == 64 ? cr3 >> 12 : (uint32_t)cr3 >> 12 | (uint32_t)(cr3 << 20);
}

uint64_t *guest_pte(struct p2m_guest *guest, uint64_t table, uint64_t index)
{
	return (uint64_t *)guest_at(guest, table) + index;
}

static uint64_t new_table(struct p2m_guest *guest)
{
	uint64_t table = guest_page(guest);

	memset(guest_at(guest, table), 0, guest->page_size);
	return table;
}

void guest_map(struct p2m_guest *guest, uint64_t va, uint64_t mfn)
{
	uint64_t table = root_of(guest);

	for (unsigned level = guest->bits == 64 ? 4 : 3; level > 1; level--) {
		uint64_t index = (va >> (12 + 9 * (level - 1))) & 511;
		uint64_t below = *guest_pte(guest, table, index) >> 12;

		if (!below) {
			below = new_table(guest);
			*guest_pte(guest, table, index) = below << 12 | PRESENT;
		}
		table = below;
	}
	*guest_pte(guest, table, (va >> 12) & 511) = mfn << 12 | PRESENT | UINT64_C(1) << 63;
}

uint64_t guest_table(struct p2m_guest *guest, unsigned level, uint64_t va)
{
	uint64_t table = root_of(guest);

	for (unsigned at = guest->bits == 64 ? 4 : 3; at > level; at--)
		table = *guest_pte(guest, table, (va >> (12 + 9 * (at - 1))) & 511) << 1 >> 13;
	return table;
}

void guest_list(struct p2m_guest *guest, uint64_t pfns, const struct pvb_p2m_extent *extents,
		size_t count)
{
	uint64_t per_page = guest_per_page(guest), next = 0;
	uint64_t va = guest->bits == 64 ? GUEST_VADDR_64 : GUEST_VADDR_32;

	guest->anchors.p2m_cr3 = guest_cr3(guest, new_table(guest));
	guest->anchors.p2m_vaddr = va;
	guest->anchors.max_pfn = pfns;
	for (size_t i = 0; i < count; i++) {
		uint64_t end = (extents[i].pfn + extents[i].count + per_page - 1) / per_page;

		if (next < extents[i].pfn / per_page)
			next = extents[i].pfn / per_page;
		for (; next < end; next++)
			guest_map(guest, va + next * 4096,
				  guest_leaf(guest, next * per_page, pfns, extents, count));
	}
}

void guest_confirm(struct p2m_guest *guest, const struct pvb_p2m_extent *extents, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(
			pvb_runs_add(&guest->m2p, extents[i].mfn, extents[i].pfn, extents[i].count),
			0);
}
