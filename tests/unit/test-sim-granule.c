/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated host at pages of 4, 16 and 64 KiB: extents, contents, what lies where. */
#include "test-sim.h"

#include <malloc.h>

#define RAM (UINT64_C(1) << 30) /* where guests have theirs; 1 GiB extents fit there */
#define GUEST_END (UINT64_C(1) << 40)

static const struct granule {
	const char *name;
	unsigned shift;
	unsigned sizes[3]; /* log2 of the extents that there are; 0 for none */
} granules[] = {
	{"4K", 12, {12, 21, 30}},
	{"16K", 14, {14, 25, 0}},
	{"64K", 16, {16, 29, 0}},
};

#define EACH_GRANULE(g) for (const struct granule *g = granules; g < granules + 3; g++)

static struct pvb_host *open_granule(const struct granule *granule, const char *more)
{
	char options[120];

	(void)snprintf(options, sizeof options, "arch=arm64,xen=4.22,granule=%s,%s", granule->name,
		       more);
	return open_sim(options);
}

static bool is_size(const struct granule *granule, unsigned shift)
{
	return shift && (shift == granule->sizes[0] || shift == granule->sizes[1] ||
			 shift == granule->sizes[2]);
}

static unsigned largest(const struct granule *granule)
{
	return granule->sizes[2] ? granule->sizes[2] : granule->sizes[1];
}

static int populate(struct pvb_host *host, uint32_t domid, uint64_t address, unsigned shift,
		    uint64_t count, pvb_extent_t *out, uint64_t *done, struct pvb_error *error)
{
	struct pvb_host_populate request = {
		.address = address, .shift = shift, .count = count, .node = -1, .out = out};

	return pvb_host_populate(host, domid, &request, done, error);
}

static void the_facts_tell_the_granule(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		struct pvb_host *host = open_granule(g, "memory=8G,guest-pages=4K+64K");
		struct pvb_host_info info;
		struct pvb_error error;

		assert_ok(pvb_host_get_info(host, &info, &error), &error);
		assert_int_equal(info.page_shift, g->shift);
		assert_int_equal(host->page_shift, g->shift);
		assert_int_equal(info.max_extent_order, largest(g) - g->shift);
		assert_int_equal(info.guest_page_sizes, 1 << 12 | 1 << 16);
		assert_int_equal(info.gic_version, 3);
		assert_int_equal(info.address_bits, 48);
		assert_string_equal(info.capabilities, "xen-3.0-aarch64");
		assert_true(info.memory_total == 8 * GIB);
		assert_true(info.memory_free == 8 * GIB);
		close_sim(host);
	}
}

static void extents_have_the_sizes_that_entries_map_and_no_others(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		struct pvb_host *host = open_granule(g, "memory=16G");
		uint32_t domid = new_arm64(host, 64 * GIB);
		struct pvb_error error;
		pvb_extent_t out[2];
		uint64_t done;

		for (unsigned shift = 0; shift <= 64; shift++) {
			/* multiples of all sizes, each in a place of its own */
			uint64_t address = RAM + (uint64_t)(shift & 63) * 2 * GIB;

			if (!is_size(g, shift)) {
				assert_fails_with(populate(host, domid, address, shift, 2, out,
							   &done, &error),
						  PVB_E_ARG_INVALID, &error);
				assert_int_equal(done, 0);
				continue;
			}
			assert_ok(populate(host, domid, address, shift, 2, out, &done, &error),
				  &error);
			assert_int_equal(done, 2);
			for (size_t i = 0; i < 2; i++) {
				assert_int_equal(pvb_extent_check(out[i], g->shift),
						 PVB_EXTENT_SOUND);
				assert_int_equal(pvb_extent_shift(out[i]), shift);
			}
		}
		assert_books_balance(host);
		destroy(host, domid);
		assert_true(free_memory(host) == 16 * GIB);
		close_sim(host);
	}
}

static void an_extent_is_aligned_in_the_guest_too(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		struct pvb_host *host = open_granule(g, "memory=16G");
		uint32_t domid = new_arm64(host, 64 * GIB);
		uint64_t before = free_memory(host), done;
		struct pvb_error error;
		pvb_extent_t out[1];

		for (size_t i = 0; i < 3 && g->sizes[i]; i++) {
			for (unsigned bit = 0; bit < g->sizes[i]; bit++)
				assert_fails_with(populate(host, domid, RAM + (UINT64_C(1) << bit),
							   g->sizes[i], 1, out, &done, &error),
						  PVB_E_ARG_INVALID, &error);
		}
		assert_true(free_memory(host) == before);
		close_sim(host);
	}
}

static void an_address_has_40_bits_and_one_owner(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		struct pvb_host *host = open_granule(g, "memory=16G");
		uint32_t domid = new_arm64(host, 64 * GIB);
		uint64_t page = UINT64_C(1) << g->shift, big = UINT64_C(1) << largest(g), done;
		uint64_t before = free_memory(host);
		struct pvb_error error;
		pvb_extent_t out[4];

		assert_ok(populate(host, domid, GUEST_END - page, g->shift, 1, out, &done, &error),
			  &error);
		assert_int_equal(done, 1);
		assert_fails_with(populate(host, domid, GUEST_END - 2 * page, g->shift, 3, out,
					   &done, &error),
				  PVB_E_ARG_INVALID, &error);
		assert_fails_with(populate(host, domid, GUEST_END, g->shift, 1, out, &done, &error),
				  PVB_E_ARG_INVALID, &error);
		assert_fails_with(populate(host, domid, UINT64_MAX - page + 1, g->shift, 1, out,
					   &done, &error),
				  PVB_E_ARG_INVALID, &error);
		assert_fails_with(
			populate(host, domid, 0, g->shift, UINT64_MAX, out, &done, &error),
			PVB_E_ARG_INVALID, &error);

		/* what is there is not given again, whole or in part, by what size ever */
		assert_ok(populate(host, domid, RAM, largest(g), 1, out, &done, &error), &error);
		assert_fails_with(populate(host, domid, RAM, largest(g), 1, out, &done, &error),
				  PVB_E_HOST_STATE, &error);
		assert_fails_with(
			populate(host, domid, RAM + big - page, g->shift, 1, out, &done, &error),
			PVB_E_HOST_STATE, &error);
		assert_fails_with(
			populate(host, domid, RAM - 2 * page, g->shift, 4, out, &done, &error),
			PVB_E_HOST_STATE, &error);
		assert_non_null(strstr(error.message, "0x40000000 already"));
		assert_ok(populate(host, domid, RAM - 2 * page, g->shift, 2, out, &done, &error),
			  &error);
		assert_int_equal(done, 2);
		assert_true(free_memory(host) == before - big - 3 * page);
		close_sim(host);
	}
}

/* Public arch-arm.h. */
static const struct region {
	unsigned gic;
	uint64_t first, end;
	const char *name;
} regions[] = {
	{3, 0x03001000, 0x03011000, "the distributor of the GICv3"},
	{3, 0x03020000, 0x04020000, "the redistributors of the GICv3"},
	{2, 0x03001000, 0x03002000, "the distributor of the GICv2"},
	{2, 0x03002000, 0x03004000, "the CPU interface of the GICv2"},
};

#define REGIONS (sizeof regions / sizeof regions[0])

/* What of the hypervisor's is in one page. */
static const struct region *region_in(unsigned gic, uint64_t at, uint64_t page)
{
	for (size_t i = 0; i < REGIONS; i++)
		if (regions[i].gic == gic && regions[i].first < at + page && at < regions[i].end)
			return &regions[i];
	return NULL;
}

static void check_traps(const struct granule *granule, unsigned gic)
{
	struct pvb_host *host = open_granule(granule, gic == 2 ? "gic=2" : "gic=3");
	uint32_t domid = new_arm64(host, GIB);
	uint64_t page = UINT64_C(1) << granule->shift, done;
	struct pvb_error error;
	pvb_extent_t out[8];

	for (size_t i = 0; i < REGIONS; i++) {
		if (regions[i].gic != gic)
			continue;
		uint64_t first = regions[i].first / page * page;
		uint64_t last = (regions[i].end - 1) / page * page;
		const uint64_t places[] = {first - page, first, last, last + page};

		for (size_t k = 0; k < 4; k++) {
			const struct region *in = region_in(gic, places[k], page);
			int rc = populate(host, domid, places[k], granule->shift, 1, out, &done,
					  &error);

			assert_true(in || k == 0 || k == 3);
			if (rc == -PVB_E_HOST_STATE) /* between two, and given already */
				continue;
			assert_int_equal(rc, in ? -PVB_E_HOST_DENIED : 0);
			if (in)
				assert_non_null(strstr(error.message, in->name));
		}
		/* nor by a call that goes across */
		assert_fails_with(populate(host, domid, first - 4 * page, granule->shift, 8, out,
					   &done, &error),
				  PVB_E_HOST_DENIED, &error);
		assert_int_equal(done, 0);
	}
	close_sim(host);
}

static void no_memory_shares_a_page_with_what_traps(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	check_traps(g, 3);
	check_traps(&granules[0], 2); /* at others it cannot be: test-sim-arm64 */
}

static void what_is_short_is_told_by_the_count(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		uint64_t page = UINT64_C(1) << g->shift, done;
		struct pvb_host *host = open_granule(g, "memory=2G,short=25");
		uint32_t domid = new_arm64(host, 100 * page);
		struct pvb_error error;
		pvb_extent_t out[200];

		assert_ok(populate(host, domid, RAM, g->shift, 80, out, &done, &error), &error);
		assert_int_equal(done, 60);
		assert_ok(populate(host, domid, RAM + 60 * page, g->shift, 80, out, &done, &error),
			  &error);
		assert_int_equal(done, 40);
		/* the limit of the domain, then that of the host */
		assert_ok(populate(host, domid, RAM + 100 * page, g->shift, 1, out, &done, &error),
			  &error);
		assert_int_equal(done, 0);
		assert_ok(pvb_host_set_max_memory(host, domid, 64 * GIB, &error), &error);
		assert_ok(populate(host, domid, 2 * RAM, largest(g), 4, out, &done, &error),
			  &error);
		assert_true(done < 4);
		close_sim(host);

		/* a smaller extent was said to be the largest */
		char text[40];
		(void)snprintf(text, sizeof text, "extent=%s", g->name);
		host = open_granule(g, text);
		domid = new_arm64(host, GIB);
		assert_ok(populate(host, domid, RAM, g->sizes[1], 1, out, &done, &error), &error);
		assert_int_equal(done, 0);
		assert_ok(populate(host, domid, RAM, g->sizes[0], 1, out, &done, &error), &error);
		assert_int_equal(done, 1);
		close_sim(host);
	}
}

static void limits_are_in_bits_of_bytes(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		struct pvb_host *host = open_granule(g, "memory=16G,nodes=2");
		uint32_t domid = new_arm64(host, 64 * GIB);
		pvb_extent_t out[4];
		struct pvb_host_populate request = {
			.address = RAM, .shift = g->shift, .count = 4, .node = -1, .out = out};
		struct pvb_error error;
		uint64_t done;

		assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
		for (size_t i = 0; i < 4; i++)
			assert_true(pvb_extent_address(out[i]) >= 34 * GIB);
		request.address *= 2;
		request.address_bits = 32;
		assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
		assert_int_equal(done, 4);
		for (size_t i = 0; i < 4; i++)
			assert_true(pvb_extent_address(out[i]) < 4 * GIB);
		request.address *= 2;
		request.address_bits = 31;
		assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
		assert_int_equal(done, 0);
		request.address_bits = g->shift;
		assert_fails_with(pvb_host_populate(host, domid, &request, &done, &error),
				  PVB_E_ARG_INVALID, &error);
		close_sim(host);
	}
}

/*
 * Populate at random, whatever the host is like; what was asked for twice is refused. Then
 * each page is written through its guest frame, and found in the machine frame that the
 * extent said.
 */
static void guest_frames_lead_where_the_extents_said(void **state)
{
	static const char *const hosts[] = {"memory=6G", "memory=6G,fragment=40,nodes=2",
					    "memory=6G,scramble", "memory=6G,descending,clean"};

	(void)state;
	EACH_GRANULE(g)
	{
		uint64_t window = 2 * GIB, page = UINT64_C(1) << g->shift, pages = window / page;
		uint64_t *frame = calloc(pages, sizeof *frame);

		assert_non_null(frame);
		for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++) {
			struct pvb_host *host = open_granule(g, hosts[h]);
			uint64_t seed = h + 1, all = free_memory(host), refused = 0, given = 0;
			uint32_t other = new_arm64(host, 64 * GIB);
			uint32_t domid = new_arm64(host, 64 * GIB);
			struct pvb_error error;

			memset(frame, 0xff, pages * sizeof *frame);
			for (unsigned step = 0; step < 300; step++) {
				unsigned shift = g->sizes[step % 2];
				uint64_t size = UINT64_C(1) << shift;
				uint64_t at = test_random(&seed) % (window / size) * size;
				uint64_t count = 1 + test_random(&seed) % 4, done, i = 0;
				pvb_extent_t out[4];

				if (at + count * size > window)
					count = 1;
				for (uint64_t p = at / page; p < (at + count * size) / page; p++)
					i += frame[p] != UINT64_MAX;
				int rc = populate(host, domid, RAM + at, shift, count, out, &done,
						  &error);
				assert_int_equal(rc, i ? -PVB_E_HOST_STATE : 0);
				refused += i != 0;
				for (i = 0; i < done * size / page; i++)
					frame[at / page + i] =
						pvb_extent_frame(out[i * page / size], g->shift).n +
						i % (size / page);
				given += done * size;
				(void)give(host, other, (RAM >> g->shift) + step, 0, 1,
					   (pvb_mfn_t[1]){{0}});
			}
			assert_true(refused > 10 && given > 100 * page);
			assert_books_balance(host);

			for (uint64_t i = 0; i < pages; i += 1 + i / 64) {
				pvb_mfn_t gfn = PVB_MFN((RAM >> g->shift) + i);
				uint64_t stamp = i * 77 + 1, found = 0, run;
				bool present;
				void *at;

				assert_ok(pvb_host_get_memory_run(host, domid, RAM + i * page,
								  window - i * page, &present, &run,
								  &error),
					  &error);
				assert_int_equal(present, frame[i] != UINT64_MAX);
				for (uint64_t p = i; p < i + run / page; p++)
					assert_int_equal(frame[p] != UINT64_MAX, present);
				assert_true(i + run / page == pages ||
					    (frame[i + run / page] != UINT64_MAX) != present);
				if (!present) {
					assert_fails_with(pvb_host_map_frames(host, domid, &gfn, 1,
									      true, &at, &error),
							  PVB_E_HOST_MAP, &error);
					continue;
				}
				assert_ok(pvb_host_map_frames(host, domid, &gfn, 1, true, &at,
							      &error),
					  &error);
				memcpy((char *)at + page - 8, &stamp, 8);
				pvb_host_unmap_frames(host, at, 1);
				assert_int_equal(
					pvb_sim_peek(host, PVB_MFN(frame[i]), page - 8, &found, 8),
					0);
				assert_true(found == stamp);
			}
			destroy(host, domid);
			destroy(host, other);
			assert_true(free_memory(host) == all);
			close_sim(host);
		}
		free(frame);
	}
}

static void a_page_is_dirty_or_clean_all_over(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		uint64_t page = UINT64_C(1) << g->shift;

		for (unsigned clean = 0; clean < 2; clean++) {
			struct pvb_host *host =
				open_granule(g, clean ? "memory=1G,clean" : "memory=1G");
			uint32_t domid = new_arm64(host, GIB);
			uint8_t wanted = clean ? 0 : 0xc2, byte = 1;
			pvb_mfn_t frame[4], gfn[4];
			struct pvb_error error;
			uint64_t count;
			bool touched;
			void *at;

			assert_int_equal(give(host, domid, RAM >> g->shift, 0, 4, frame), 4);
			for (size_t i = 0; i < 4; i++)
				gfn[i] = PVB_MFN((RAM >> g->shift) + i);
			assert_ok(pvb_host_get_touched_run(host, frame[0], 2, &touched, &count,
							   &error),
				  &error);
			assert_false(touched);
			assert_int_equal(count, 2);

			/* one byte in the last 4 KiB makes a page touched, and is all that changes
			 */
			assert_int_equal(pvb_sim_poke(host, frame[1], page - 4096, &byte, 1), 0);
			assert_ok(pvb_host_get_touched_run(host, frame[0], 4, &touched, &count,
							   &error),
				  &error);
			assert_false(touched);
			assert_int_equal(count, 1);
			assert_ok(pvb_host_get_touched_run(host, frame[1], 3, &touched, &count,
							   &error),
				  &error);
			assert_true(touched);
			assert_int_equal(count, 1);
			assert_int_equal(pvb_sim_peek(host, frame[1], page, &byte, 1), -1);
			assert_int_equal(pvb_sim_poke(host, frame[1], page - 1, &byte, 2), -1);

			assert_ok(pvb_host_map_frames(host, domid, gfn, 4, false, &at, &error),
				  &error);
			for (size_t i = 0; i < 4 * page; i++)
				assert_int_equal(((uint8_t *)at)[i],
						 i == 2 * page - 4096 ? 1 : wanted);
			pvb_host_unmap_frames(host, at, 4);
			close_sim(host);
		}
	}
}

/* What this process has allocated. */
static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void a_domain_costs_this_process_nothing_for_its_size(void **state)
{
	(void)state;
	EACH_GRANULE(g)
	{
		struct pvb_host *host = open_granule(g, "memory=2T,scramble");
		uint64_t per_gib = (UINT64_C(1) << 30) >> largest(g), done;
		uint32_t domid = new_arm64(host, 1000 * GIB);
		static pvb_extent_t out[4096];
		struct pvb_error error;
		size_t before = heap_bytes();

		if (!per_gib)
			per_gib = 1;
		for (uint64_t gib = 0; gib < 900; gib++) {
			assert_ok(populate(host, domid, (8 + gib) * GIB, largest(g), per_gib, out,
					   &done, &error),
				  &error);
			assert_int_equal(done, per_gib);
		}
		/* and in the smallest pieces, in no order */
		for (uint64_t i = 0; i < 12; i++) {
			assert_ok(populate(host, domid, RAM + i * (UINT64_C(4096) << g->shift),
					   g->shift, 4096, out, &done, &error),
				  &error);
			assert_int_equal(done, 4096);
		}
		size_t after = heap_bytes();
		if (after > before + 16384)
			print_error("%s: %zu bytes\n", g->name, after - before);
		assert_true(after <= before + 16384);
		assert_books_balance(host);
		close_sim(host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_tell_the_granule),
		cmocka_unit_test(extents_have_the_sizes_that_entries_map_and_no_others),
		cmocka_unit_test(an_extent_is_aligned_in_the_guest_too),
		cmocka_unit_test(an_address_has_40_bits_and_one_owner),
		cmocka_unit_test(no_memory_shares_a_page_with_what_traps),
		cmocka_unit_test(what_is_short_is_told_by_the_count),
		cmocka_unit_test(limits_are_in_bits_of_bytes),
		cmocka_unit_test(guest_frames_lead_where_the_extents_said),
		cmocka_unit_test(a_page_is_dirty_or_clean_all_over),
		cmocka_unit_test(a_domain_costs_this_process_nothing_for_its_size),
	};

	return cmocka_run_group_tests_name("sim-granule", tests, NULL, NULL);
}
