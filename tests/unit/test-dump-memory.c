/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which memory is in a core: what the p2m names, what the M2P does, and never what is another's. */
#include "support/test.h"

#include <unistd.h>

#include "host/sim/sim.h"
#include "unit/dump-fixture.h"

static void registers_that_lead_nowhere_cost_no_page(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_host_vcpu vcpu = dump_registers(fixture);

	vcpu.rsi = UINT64_C(0x700000000000);
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	assert_dump_found(fixture, 0, DUMP_PAGES, PVB_E_P2M_NONE);
	vcpu.rsi = vcpu.rip; /* mapped, but no start_info */
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	assert_dump_found(fixture, 0, DUMP_PAGES, PVB_E_P2M_NONE);
}

static void a_start_info_that_asks_too_much_costs_no_page(void **state)
{
	struct dump_fixture *fixture = *state;
	pvb_mfn_t start_info = dump_frame_of(fixture, dump_registers(fixture).rsi);
	uint64_t absurd = UINT64_C(1) << 50;

	assert_int_equal(pvb_sim_poke(fixture->host, start_info, 32, &absurd, sizeof absurd), 0);
	assert_dump_found(fixture, 0, DUMP_PAGES, PVB_E_P2M_SHAPE);
}

/* Two frames are one PFN's by the M2P: where the p2m has it, it stays, and the other is missing. */
static void a_list_that_the_m2p_contradicts_is_left_out_of(void **state)
{
	struct dump_fixture *fixture = *state;
	pvb_mfn_t start_info = dump_frame_of(fixture, dump_registers(fixture).rsi);
	struct pvb_dump_result result;
	uint64_t list, mfn;

	assert_int_equal(
		pvb_sim_peek(fixture->host, start_info, DUMP_MFN_LIST_AT, &list, sizeof list), 0);
	assert_int_equal(
		pvb_sim_peek(fixture->host, dump_frame_of(fixture, list), 8 * 5, &mfn, sizeof mfn),
		0);
	assert_int_equal(pvb_sim_set_m2p(fixture->host, PVB_MFN(mfn), PVB_PFN(6)), 0);
	result = dump_domain(fixture);
	assert_int_equal(result.by_p2m, DUMP_PAGES - 1);
	assert_int_equal(result.missing, 1);

	/* It has a PFN of its own, far beyond all of the list. */
	assert_int_equal(pvb_sim_set_m2p(fixture->host, PVB_MFN(mfn), PVB_PFN(0x12345678)), 0);
	assert_dump_found(fixture, DUMP_PAGES - 1, 1, 0);

	struct dump_pair *pairs;

	assert_int_equal(dump_read_pairs(fixture, &pairs), DUMP_PAGES);
	assert_int_equal(pairs[DUMP_PAGES - 1].pfn, 0x12345678);
	assert_int_equal(pairs[DUMP_PAGES - 1].mfn, mfn);
	free(pairs);
}

/* Frames whose M2P says the same, as a guest can have it: each PFN has one place in a core. */
static void one_pfn_of_many_frames_is_there_once(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_host_vcpu vcpu = dump_registers(fixture);
	struct pvb_dump_result result;
	struct dump_pair *pairs;

	(void)dump_domain(fixture);
	assert_int_equal(dump_read_pairs(fixture, &pairs), DUMP_PAGES);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(pvb_sim_set_m2p(fixture->host, PVB_MFN(pairs[1000 + i].mfn),
						 PVB_PFN(500 + i / 50)),
				 0);
	free(pairs);
	vcpu.rsi = 0;
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
	result = dump_domain(fixture);
	assert_int_equal(result.by_m2p, DUMP_PAGES - 100);
	assert_int_equal(result.missing, 100);
	assert_int_equal(dump_read_pairs(fixture, &pairs), DUMP_PAGES - 100);
	for (uint64_t i = 1; i < DUMP_PAGES - 100; i++)
		assert_true(pairs[i].pfn > pairs[i - 1].pfn);
	free(pairs);
}

/* Another domain, with one page, which the M2P has as the PFN that this one's p2m gives it. */
static pvb_mfn_t frame_of_another(struct dump_fixture *fixture, uint64_t pfn)
{
	struct pvb_host_domain_config config = {.name = "other", .uuid = {9}, .vcpus = 1};
	struct pvb_error error;
	pvb_extent_t extent;
	uint64_t done;
	uint32_t domid;

	assert_ok(pvb_host_create_domain(fixture->host, &config, &domid, &error), &error);
	assert_ok(pvb_host_set_max_memory(fixture->host, domid, 1 << 20, &error), &error);
	assert_ok(pvb_host_populate(fixture->host, domid,
				    &(struct pvb_host_populate){.address = pfn << 12,
								.shift = 12,
								.count = 1,
								.node = PVB_HOST_ANY_NODE,
								.out = &extent},
				    &done, &error),
		  &error);
	assert_int_equal(done, 1);
	return pvb_extent_frame(extent, 12);
}

static void a_frame_of_another_domain_is_left_out_and_said(void **state)
{
	struct dump_fixture *fixture = *state;
	const uint64_t pfn = 1000;
	pvb_mfn_t foreign = frame_of_another(fixture, pfn);
	pvb_mfn_t start_info = dump_frame_of(fixture, dump_registers(fixture).rsi);
	struct pvb_dump_result result;
	struct dump_pair *pairs;
	struct pvb_p2m *p2m;
	struct pvb_error error;
	uint64_t list, own;

	assert_int_equal(pvb_sim_peek(fixture->host, start_info, DUMP_MFN_LIST_AT, &list, 8), 0);
	pvb_mfn_t page = dump_frame_of(fixture, list + 8 * pfn);

	assert_int_equal(pvb_sim_peek(fixture->host, page, 8 * (pfn % 512), &own, 8), 0);
	assert_int_equal(pvb_sim_poke(fixture->host, page, 8 * (pfn % 512), &foreign.n, 8), 0);

	/* The M2P agrees, and it is told all the same. */
	assert_ok(pvb_p2m_domain(fixture->host, fixture->domid, NULL, &p2m, &error), &error);
	assert_int_equal(pvb_p2m_info(p2m)->total_disagreements, 0);
	assert_int_equal(pvb_p2m_info(p2m)->total_not_owned, 1);
	assert_int_equal(pvb_p2m_info(p2m)->not_owned[0].pfn, pfn);
	assert_int_equal(pvb_p2m_info(p2m)->not_owned[0].mfn, foreign.n);
	pvb_p2m_free(p2m);

	/* The domain's own frame is found behind it. */
	result = dump_domain(fixture);
	assert_int_equal(result.by_p2m, DUMP_PAGES - 1);
	assert_int_equal(result.by_m2p, 1);
	assert_int_equal(result.foreign, 1);
	assert_int_equal(dump_read_pairs(fixture, &pairs), DUMP_PAGES);
	assert_int_equal(pairs[pfn].pfn, pfn);
	assert_int_equal(pairs[pfn].mfn, own);
	free(pairs);
}

/* No page that is the domain's, and none that the M2P has: nothing is written. */
static void a_core_of_nothing_is_not_written(void **state)
{
	struct dump_fixture *fixture = *state;
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_dump_result result = PVB_DUMP_RESULT_INIT;
	struct pvb_error error;
	struct dump_pair *pairs;

	(void)dump_domain(fixture);
	assert_int_equal(dump_read_pairs(fixture, &pairs), DUMP_PAGES);
	for (uint64_t i = 0; i < DUMP_PAGES; i++)
		assert_int_equal(pvb_sim_set_m2p(fixture->host, PVB_MFN(pairs[i].mfn),
						 PVB_PFN(PVB_NO_FRAME)),
				 0);
	free(pairs);
	assert_int_equal(unlink(fixture->core), 0);
	dump_refused(fixture, PVB_E_HOST_STATE);
	options.result = &result;
	assert_fails_with(
		pvb_dump_core(fixture->host, fixture->domid, fixture->core, &options, &error),
		PVB_E_HOST_STATE, &error);
	assert_non_null(strstr(error.message, "8192 pages none is found"));
	assert_int_equal(result.domain_pages, DUMP_PAGES);
	assert_int_equal(result.pages, 0);
	assert_int_equal(result.missing, DUMP_PAGES);
}

/* The core has the memory that the domain had before, but for the PFNs of holes. */
static void assert_dumped_as_before(struct dump_fixture *fixture, struct dump_pair *before,
				    uint64_t count, const uint64_t *holes, unsigned hole_count)
{
	struct dump_pair *after;

	(void)dump_domain(fixture);
	uint64_t left = dump_read_pairs(fixture, &after);
	uint64_t at = 0;

	assert_int_equal(left, count - hole_count);
	for (uint64_t i = 0; i < count; i++) {
		bool hole = false;

		for (unsigned j = 0; j < hole_count; j++)
			hole |= before[i].pfn == holes[j];
		if (hole)
			continue;
		assert_int_equal(after[at].pfn, before[i].pfn);
		assert_int_equal(after[at].mfn, before[i].mfn);
		at++;
	}
	free(after);
}

static void a_published_list_is_found(void **state)
{
	struct dump_fixture *fixture = *state;
	struct dump_pair *before;
	uint64_t pages;

	(void)dump_domain(fixture);
	uint64_t count = dump_read_pairs(fixture, &before);
	uint64_t list = dump_run_away(fixture, &pages);

	assert_int_equal(count, pages);
	assert_dump_found(fixture, 0, DUMP_PAGES, PVB_E_P2M_NONE);

	/* The kernel could grow: its list goes on where nothing is mapped. */
	dump_publish(fixture, DUMP_MAX_PFN_AT, UINT64_C(1) << 27);
	dump_publish(fixture, DUMP_FRAME_LIST_LIST_AT, UINT64_MAX);
	dump_publish(fixture, DUMP_P2M_CR3_AT, dump_registers(fixture).cr[3]);
	dump_publish(fixture, DUMP_P2M_VADDR_AT, list);
	assert_dumped_as_before(fixture, before, count, NULL, 0);

	/*
	 * A page was given back. Of others the list says that they are another domain's, the
	 * machine's, no frame at all, and a frame that is elsewhere; the M2P knows better.
	 */
	const uint64_t wrong[] = {8000, 600, 601, 1200, 1201}, *holes = wrong;
	const uint64_t marks[] = {UINT64_MAX, before[600].mfn | UINT64_C(1) << 63,
				  601 | UINT64_C(1) << 62, UINT64_C(1) << 50, before[7].mfn};

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(pvb_sim_poke(fixture->host,
					      dump_frame_of(fixture, list + 8 * wrong[i]),
					      8 * (wrong[i] % 512), &marks[i], 8),
				 0);
	assert_int_equal(
		pvb_sim_give_back(fixture->host, fixture->domid, PVB_MFN(before[wrong[0]].mfn)), 0);
	assert_dumped_as_before(fixture, before, count, holes, 1);

	struct pvb_dump_result result = dump_domain(fixture);

	assert_int_equal(result.by_m2p, 4);
	assert_int_equal(result.missing, 0);
	assert_int_equal(result.foreign, 1);
	free(before);
}

static void a_published_tree_is_found(void **state)
{
	struct dump_fixture *fixture = *state;
	struct dump_pair *before;
	uint64_t pages;

	(void)dump_domain(fixture);
	uint64_t count = dump_read_pairs(fixture, &before);
	uint64_t list = dump_run_away(fixture, &pages);

	/* Two free pages of the guest's become the tree, above the pages of its list. */
	pvb_mfn_t top = PVB_MFN(before[count - 1].mfn), lists = PVB_MFN(before[count - 2].mfn);

	for (uint64_t i = 0; i < 512; i++) {
		uint64_t none = UINT64_MAX;
		uint64_t page =
			i < (pages + 511) / 512 ? dump_frame_of(fixture, list + i * 4096).n : none;

		assert_int_equal(pvb_sim_poke(fixture->host, top, 8 * i, i ? &none : &lists.n, 8),
				 0);
		assert_int_equal(pvb_sim_poke(fixture->host, lists, 8 * i, &page, 8), 0);
	}
	dump_publish(fixture, DUMP_MAX_PFN_AT, pages + 5000);
	dump_publish(fixture, DUMP_FRAME_LIST_LIST_AT, top.n);
	assert_dumped_as_before(fixture, before, count, NULL, 0);

	/* One that says nothing of use is as good as none. */
	dump_publish(fixture, DUMP_FRAME_LIST_LIST_AT, UINT64_MAX);
	assert_dump_found(fixture, 0, DUMP_PAGES, PVB_E_P2M_ANCHOR);
	free(before);
}

/* A kernel that lies costs the search, and no page. */
static void a_published_list_that_lies_costs_no_page(void **state)
{
	struct dump_fixture *fixture = *state;
	uint64_t pages, seed = 42;
	uint64_t list = dump_run_away(fixture, &pages);

	dump_publish(fixture, DUMP_MAX_PFN_AT, UINT64_MAX);
	dump_publish(fixture, DUMP_P2M_CR3_AT, dump_registers(fixture).cr[3]);
	dump_publish(fixture, DUMP_P2M_VADDR_AT, list + 12345);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(dump_domain(fixture).pages, DUMP_PAGES);
		dump_publish(fixture, DUMP_P2M_CR3_AT, test_random(&seed) >> (i % 40));
		dump_publish(fixture, DUMP_P2M_VADDR_AT, test_random(&seed) >> (i % 30));
		if (i % 3 == 0)
			dump_publish(fixture, DUMP_P2M_CR3_AT, dump_registers(fixture).cr[3]);
	}
}

/* A page of entries that are no frames was a core of no page, and no error. */
static void wild_entries_cost_no_page(void **state)
{
	struct dump_fixture *fixture = *state;
	uint64_t pages, list = dump_run_away(fixture, &pages);
	struct pvb_audit *audit;
	struct pvb_error error;

	for (uint64_t i = 0; i < 512; i++) {
		uint64_t wild = (UINT64_C(1) << 50) + i;

		assert_int_equal(
			pvb_sim_poke(fixture->host, dump_frame_of(fixture, list), 8 * i, &wild, 8),
			0);
	}
	dump_publish(fixture, DUMP_MAX_PFN_AT, 512);
	dump_publish(fixture, DUMP_P2M_CR3_AT, dump_registers(fixture).cr[3]);
	dump_publish(fixture, DUMP_P2M_VADDR_AT, list);
	assert_dump_found(fixture, 0, DUMP_PAGES, 0);

	/* Half of the list is whole. */
	dump_publish(fixture, DUMP_MAX_PFN_AT, DUMP_PAGES / 2);
	assert_dump_found(fixture, DUMP_PAGES / 2 - 512, DUMP_PAGES / 2 + 512, 0);
	assert_ok(pvb_audit_core(fixture->core, NULL, &audit, &error), &error);
	pvb_audit_free(audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DUMP_CASE(registers_that_lead_nowhere_cost_no_page),
		DUMP_CASE(a_start_info_that_asks_too_much_costs_no_page),
		DUMP_CASE(a_list_that_the_m2p_contradicts_is_left_out_of),
		DUMP_CASE(one_pfn_of_many_frames_is_there_once),
		DUMP_CASE(a_frame_of_another_domain_is_left_out_and_said),
		DUMP_CASE(a_core_of_nothing_is_not_written),
		DUMP_CASE(a_published_list_is_found),
		DUMP_CASE(a_published_tree_is_found),
		DUMP_CASE(a_published_list_that_lies_costs_no_page),
		DUMP_CASE(wild_entries_cost_no_page),
	};

	return cmocka_run_group_tests_name("dump-memory", tests, NULL, NULL);
}
