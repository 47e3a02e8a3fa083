/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The p2m list against the M2P. The list is read in windows and compared run
 * by run, so that a guest of terabytes costs no more memory than a small one.
 * As the M2P gives every frame one PFN only, a list that agrees with it names
 * no frame twice.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/check.h"
#include "core/checked.h"
#include "core/cleanup.h"

#define WINDOW VIEW_BATCH

/* Beyond so many wrong entries the rest of a list tells nothing new. */
#define MAX_WRONG (UINT64_C(1) << 20)

/*
 * Ownership of a frame is asked of the hypervisor frame by frame in guests up
 * to 16 GiB. In larger ones it is asked at the ends of each run and once in
 * every 2 MiB between, the extent in which memory is handed out.
 */
#define ALL_FRAMES (UINT64_C(1) << 22)
#define STRIDE 512u

/* Frames that a guest can see in the M2P: 2^35 entries of 64 bits, 2^25 of 32. */
#define M2P_WINDOW_64 (UINT64_C(1) << 35)
#define M2P_WINDOW_32 (UINT64_C(1) << 25)

/* Gaps in the list that are remembered; there are as many as a memory map may have. */
#define GAPS_MAX 128u

/* PFNs without a frame. */
struct gap {
	uint64_t first;
	uint64_t count;
};

/*
 *   owned     pages of the domain
 *   room      PFNs that there are entries for
 *   named     of the owned, by entries with which the M2P agrees. A frame has one PFN there, so
 *             that the list is whole once they are all named, and ends there
 *   end       behind the last entry that is not all ones
 *   gaps      the first of those before it, gap_count; absent PFNs in all of them together
 *   range     of the ranges that were asked for, the first that is not behind us
 */
struct list {
	struct check *check;
	unsigned width;
	uint64_t owned;
	uint64_t room;
	uint64_t named;
	uint64_t end;
	struct gap gaps[GAPS_MAX];
	size_t gap_count;
	uint64_t absent;
	size_t range;
	uint64_t wrong;
	uint64_t limit; /* frames must lie below; 0 for no limit */
	uint64_t m2p_limit;
	pvb_mfn_t asked[VIEW_BATCH];
	size_t asked_count;
	uint64_t asked_pfn[VIEW_BATCH];
};

static uint64_t entry_at(const struct list *list, const uint8_t *window, uint64_t index)
{
	if (list->width == 8) {
		uint64_t wide;

		memcpy(&wide, window + index * 8, 8);
		return wide;
	}
	uint32_t narrow;

	memcpy(&narrow, window + index * 4, 4);
	return narrow == UINT32_MAX ? UINT64_MAX : narrow;
}

static struct place place_pfn(uint64_t pfn)
{
	return place("p2m list, PFN 0x%llx", (unsigned long long)pfn);
}

static int ask_owners(struct list *list, struct pvb_error *error)
{
	struct view_frame info[VIEW_BATCH];
	int rc = view_frames(list->check->view, list->asked, list->asked_count, info, error);

	if (rc)
		return rc;
	for (size_t i = 0; i < list->asked_count; i++)
		if (!info[i].owned) {
			list->wrong++;
			finding(list->check, RULE_P2M_FOREIGN, place_pfn(list->asked_pfn[i]),
				"MFN 0x%llx is not the domain's",
				(unsigned long long)list->asked[i].n);
		}
	list->asked_count = 0;
	return 0;
}

static int ask_owner(struct list *list, uint64_t mfn, uint64_t pfn, struct pvb_error *error)
{
	list->asked[list->asked_count] = PVB_MFN(mfn);
	list->asked_pfn[list->asked_count++] = pfn;
	return list->asked_count == VIEW_BATCH ? ask_owners(list, error) : 0;
}

/* count PFNs from pfn on have frames from mfn on, and the M2P agrees. */
static int check_run(struct list *list, uint64_t pfn, uint64_t mfn, uint64_t count,
		     struct pvb_error *error)
{
	const uint64_t last = mfn + (count - 1);
	const uint64_t step = list->owned <= ALL_FRAMES ? 1 : STRIDE;
	int rc = 0;

	if (list->limit && last >= list->limit)
		finding(list->check, RULE_MEMORY_ADDRESS_BITS,
			place_pfn(pfn + (mfn >= list->limit ? 0 : list->limit - mfn)),
			"MFN 0x%llx lies above the limit of %u bits", (unsigned long long)last,
			list->check->address_bits);
	if (last >= list->m2p_limit)
		finding(list->check, RULE_MEMORY_M2P_WINDOW,
			place_pfn(pfn + (mfn >= list->m2p_limit ? 0 : list->m2p_limit - mfn)),
			"MFN 0x%llx is not among the 0x%llx frames whose M2P the guest can see",
			(unsigned long long)last, (unsigned long long)list->m2p_limit);
	/* A core has no other notion of ownership than its M2P. */
	if (!list->check->view->knows_types)
		return 0;
	for (uint64_t i = 0; i < count && !rc; i += step)
		rc = ask_owner(list, mfn + i, pfn + i, error);
	if (!rc && step > 1)
		rc = ask_owner(list, last, pfn + (count - 1), error);
	return rc;
}

/* An entry that the M2P contradicts: is the frame where the M2P says, as well? */
static int check_stranger(struct list *list, uint64_t pfn, uint64_t mfn, uint64_t other,
			  struct pvb_error *error)
{
	const uint64_t per_page = VIEW_PAGE_SIZE / list->width;
	uint8_t bytes[VIEW_PAGE_SIZE];
	uint64_t done = 0;
	int rc = 0;

	list->wrong++;
	if (other < list->room && list->wrong < 4096)
		rc = read_virtual(list->check, list->check->layout.list + other / per_page, 1,
				  bytes, &done, error);
	if (rc)
		return rc;
	if (done && entry_at(list, bytes, other % per_page) == mfn)
		finding(list->check, RULE_P2M_TWICE, place_pfn(pfn),
			"MFN 0x%llx is here, and at PFN 0x%llx, where the M2P has it",
			(unsigned long long)mfn, (unsigned long long)other);
	else
		finding(list->check, RULE_P2M_M2P, place_pfn(pfn),
			"MFN 0x%llx is here, and the M2P has it at PFN 0x%llx",
			(unsigned long long)mfn, (unsigned long long)other);
	/* The M2P says where a frame is, not whose it is. */
	return list->check->view->knows_types ? ask_owner(list, mfn, pfn, error) : 0;
}

/*
 * count PFNs from pfn on are alike: all have a frame, or none. What was asked for is gone through
 * along with the list, which is read upwards.
 */
static void check_ranges(struct list *list, uint64_t pfn, uint64_t count, bool present)
{
	const struct pvb_audit_options *options = list->check->options;
	const uint64_t stop = pfn + count;

	while (pfn < stop && list->range < options->range_count) {
		const struct pvb_memory_range *range = &options->ranges[list->range];
		const uint64_t first = range->gpa >> VIEW_PAGE_SHIFT;
		const uint64_t end = first + (range->bytes >> VIEW_PAGE_SHIFT);
		const bool within = pfn >= first;
		const uint64_t to = pvb_min(stop, within ? end : first);

		if (pfn >= end) {
			list->range++;
			continue;
		}
		if (within != present)
			finding(list->check, RULE_P2M_RANGES, place_pfn(pfn),
				present ? "%llu pages have frames here, in a hole that ends at "
					  "PFN 0x%llx"
					: "%llu pages have no frames here, in memory that ends at "
					  "PFN 0x%llx",
				(unsigned long long)(to - pfn),
				(unsigned long long)(within ? end : first));
		pfn = to;
	}
	if (pfn < stop && present && options->ranges)
		finding(list->check, RULE_P2M_RANGES, place_pfn(pfn),
			"%llu pages have frames here, behind all memory that was asked for",
			(unsigned long long)(stop - pfn));
}

/* What was asked for behind the list's last entry. */
static void check_ranges_end(struct list *list)
{
	const struct pvb_audit_options *options = list->check->options;
	uint64_t end = 0;

	if (list->range < options->range_count) {
		const struct pvb_memory_range *last = &options->ranges[options->range_count - 1];

		end = (last->gpa + last->bytes) >> VIEW_PAGE_SHIFT;
	}
	if (end > list->end)
		check_ranges(list, list->end, end - list->end, false);
}

/* No frame for the PFNs up to pfn: a hole, or pages that are missing. */
static void note_gap(struct list *list, uint64_t pfn)
{
	const struct gap gap = {list->end, pfn - list->end};

	if (!gap.count)
		return;
	check_ranges(list, gap.first, gap.count, false);
	if (list->gap_count < GAPS_MAX)
		list->gaps[list->gap_count++] = gap;
	list->absent += gap.count;
	list->end = pfn;
}

/* Frames, right or wrong, for count PFNs from pfn on. */
static void note_present(struct list *list, uint64_t pfn, uint64_t count)
{
	note_gap(list, pfn);
	check_ranges(list, pfn, count, true);
	list->end = pfn + count;
}

/*
 * Holes are PFNs that no page of the domain has. There may be so many as the list has entries
 * beyond the domain's pages, and what is more is missing.
 */
static void check_missing(struct list *list)
{
	uint64_t missing, told = 0;

	if (list->end < list->owned)
		note_gap(list, list->owned);
	if (list->absent <= list->end - list->owned)
		return;
	missing = list->absent - (list->end - list->owned);
	if (list->end == list->owned)
		for (size_t i = 0; i < list->gap_count; i++)
			for (uint64_t n = 0; n < list->gaps[i].count && told < MAX_WRONG;
			     n++, told++)
				finding(list->check, RULE_P2M_MISSING,
					place_pfn(list->gaps[i].first + n),
					"there is no frame here, below the %llu pages of the "
					"domain",
					(unsigned long long)list->owned);
	if (told < missing)
		finding(list->check, RULE_P2M_MISSING, place_pfn(list->gaps[0].first),
			"%llu of the %llu pages of the domain are nowhere in the list, whose first "
			"hole is here",
			(unsigned long long)(missing - told), (unsigned long long)list->owned);
	list->wrong += missing;
}

/* Every page of the domain was met. What the list still has are no entries. */
static bool is_whole(const struct list *list)
{
	return list->named == list->owned;
}

/* count entries from pfn on stand at window. */
static int check_entries(struct list *list, uint64_t pfn, uint64_t count, const uint8_t *window,
			 struct pvb_error *error)
{
	for (uint64_t i = 0; i < count && list->wrong < MAX_WRONG && !is_whole(list);) {
		const uint64_t mfn = entry_at(list, window, i);
		pvb_pfn_t back;
		uint64_t run, same = 1;

		if (mfn == UINT64_MAX) {
			while (i + same < count && entry_at(list, window, i + same) == UINT64_MAX)
				same++;
			i += same;
			continue;
		}
		int rc = view_m2p(list->check->view, PVB_MFN(mfn), count - i, &back, &run, error);

		if (rc)
			return rc;
		if (back.n == PVB_NO_FRAME) {
			list->wrong++;
			finding(list->check, RULE_P2M_FOREIGN, place_pfn(pfn + i),
				"MFN 0x%llx is no guest's frame", (unsigned long long)mfn);
		} else if (back.n != pfn + i) {
			rc = check_stranger(list, pfn + i, mfn, back.n, error);
		} else {
			while (same < run && entry_at(list, window, i + same) == mfn + same)
				same++;
			list->named += same;
			rc = check_run(list, pfn + i, mfn, same, error);
		}
		if (rc)
			return rc;
		note_present(list, pfn + i, same);
		i += same;
	}
	return 0;
}

/* What is left of the last page that has an entry. */
static void check_tail(struct list *list, uint64_t first, const uint8_t *window)
{
	const uint64_t per_page = VIEW_PAGE_SIZE / list->width;
	const uint64_t end = pvb_max(list->end, list->owned);
	const uint64_t left = (per_page - end % per_page) % per_page;
	uint64_t ones = 0, zeros = 0;

	applies(list->check, RULE_P2M_TAIL);
	for (uint64_t i = 0; i < left; i++) {
		uint64_t entry = entry_at(list, window, end - first * per_page + i);

		ones += entry == UINT64_MAX;
		zeros += entry == 0;
	}
	if (ones != left && zeros != left)
		finding(list->check, RULE_P2M_TAIL, place_pfn(end),
			"the %llu entries past the last page are neither all ones nor all zeros",
			(unsigned long long)left);
}

/* Entries at the end that nobody has written: zeros are what libxenguest leaves there. */
static uint64_t without_zeros(const struct list *list, uint64_t pfn, uint64_t count,
			      const uint8_t *window)
{
	while (count && pfn + count > list->owned && entry_at(list, window, count - 1) == 0)
		count--;
	return count;
}

static int check_window(struct list *list, uint64_t first, uint64_t count, const uint8_t *window,
			struct pvb_error *error)
{
	const uint64_t per_page = VIEW_PAGE_SIZE / list->width;
	const uint64_t pfn = first * per_page;
	const bool last = first + count == list->check->layout.list_pages;
	uint64_t entries = count * per_page, end;
	int rc;

	if (last)
		entries = without_zeros(list, pfn, entries, window);
	rc = check_entries(list, pfn, entries, window, error);
	end = pvb_max(list->end, list->owned);
	if (!rc && (last || is_whole(list)) && end > pfn && end <= pfn + count * per_page)
		check_tail(list, first, window);
	return rc;
}

static int check_list(struct list *list, struct pvb_error *error)
{
	struct check *check = list->check;
	const struct layout *layout = &check->layout;
	const uint64_t per_page = VIEW_PAGE_SIZE / list->width;
	PVB_AUTO_FREE uint8_t *window = (uint8_t *)malloc((size_t)WINDOW * VIEW_PAGE_SIZE);

	if (!window)
		return pvb_fail_memory(error, "audit", "a window onto the p2m list");
	for (uint64_t at = 0;
	     at < layout->list_pages && list->wrong < MAX_WRONG && !is_whole(list);) {
		uint64_t count = pvb_min(WINDOW, layout->list_pages - at), done;
		int rc = read_virtual(check, layout->list + at, count, window, &done, error);

		if (!rc && done)
			rc = check_window(list, at, done, window, error);
		if (rc)
			return rc;
		at += done;
		if (done == count)
			continue;

		/* On with the next page that is mapped. */
		const struct walk_region *next =
			walk_region_from(&check->walk, layout->list + at + 1);
		uint64_t skip =
			next ? pvb_max(next->page, layout->list + at + 1) - layout->list - at
			     : layout->list_pages - at;

		skip = pvb_min(skip, layout->list_pages - at);
		finding(check, RULE_P2M_LIST_MAPPED, place_page(check, layout->list + at),
			"%llu pages of the p2m list cannot be read here", (unsigned long long)skip);
		at += skip;
		list->end = pvb_max(list->end, pvb_min(at * per_page, list->owned));
	}
	if (list->wrong < MAX_WRONG) {
		check_missing(list);
		check_ranges_end(list);
	}
	return ask_owners(list, error);
}

/* There was room for a longer list, and something is where it would be. */
static void check_length(const struct list *list)
{
	const struct layout *layout = &list->check->layout;
	const uint64_t per_page = VIEW_PAGE_SIZE / list->width;
	const uint64_t pages = pvb_div_round_up(pvb_max(list->end, list->owned), per_page);

	if (!is_whole(list) || pages == layout->list_pages)
		return;
	finding(list->check, layout->list_inside ? RULE_LAYOUT_PACKED : RULE_START_P2M_RANGE,
		place_page(list->check, layout->list + pages),
		"the p2m list has room for %llu pages, and %llu hold all its entries",
		(unsigned long long)layout->list_pages, (unsigned long long)pages);
}

static void check_list_frames(struct check *check)
{
	const struct layout *layout = &check->layout;
	const struct walk_region *first = walk_region_of(&check->walk, layout->list);
	const uint64_t pfn = first->pfn.n + (layout->list - first->page);
	const struct walk_region *end = check->walk.regions + check->walk.region_count;

	applies(check, RULE_P2M_LIST_FRAMES);
	for (const struct walk_region *region = first;
	     region < end && region->page < layout->list + layout->list_pages; region++) {
		const uint64_t want = pfn + (region->page - layout->list);

		if (region->page > layout->list && region->pfn.n != want)
			finding(check, RULE_P2M_LIST_FRAMES, place_page(check, region->page),
				"the list goes on at PFN 0x%llx, and should at 0x%llx",
				(unsigned long long)region->pfn.n, (unsigned long long)want);
	}
	if (check->image)
		expect(check, RULE_P2M_INIT, check->start.mfn_list == check->image->pv.init_p2m,
		       place("mfn_list"),
		       "the list is at 0x%llx, and the kernel wants it at 0x%llx",
		       (unsigned long long)check->start.mfn_list,
		       (unsigned long long)check->image->pv.init_p2m);
}

int check_p2m(struct check *check, struct pvb_error *error)
{
	const struct pvb_audit_options *options = check->options;
	const unsigned bits = check->address_bits;

	if (options->memory)
		expect(check, RULE_MEMORY_AMOUNT,
		       check->view->pages == options->memory >> VIEW_PAGE_SHIFT, place("memory"),
		       "the domain owns %llu pages, and was to have %llu",
		       (unsigned long long)check->view->pages,
		       (unsigned long long)(options->memory >> VIEW_PAGE_SHIFT));
	if (!check->layout.list_usable)
		return 0;

	PVB_AUTO_FREE struct list *list = (struct list *)calloc(1, sizeof *list);

	if (!list)
		return pvb_fail_memory(error, "audit", "the p2m list");
	list->check = check;
	list->width = check->view->guest_bits / 8;
	list->owned = check->view->pages;
	list->room = check->layout.list_pages * (VIEW_PAGE_SIZE / list->width);
	list->m2p_limit = list->width == 8 ? M2P_WINDOW_64 : M2P_WINDOW_32;
	if (bits > VIEW_PAGE_SHIFT && bits < 64) {
		list->limit = UINT64_C(1) << (bits - VIEW_PAGE_SHIFT);
		applies(check, RULE_MEMORY_ADDRESS_BITS);
	}
	applies(check, RULE_P2M_LIST_MAPPED);
	applies(check, RULE_P2M_MISSING);
	applies(check, RULE_P2M_FOREIGN);
	applies(check, RULE_P2M_TWICE);
	applies(check, RULE_P2M_M2P);
	applies(check, RULE_MEMORY_M2P_WINDOW);
	if (options->ranges)
		applies(check, RULE_P2M_RANGES);
	if (!check->layout.list_inside)
		check_list_frames(check);
	int rc = check_list(list, error);

	if (!rc)
		check_length(list);
	if (is_whole(list))
		check->layout.pfns = pvb_max(list->end, list->owned);
	return rc;
}
