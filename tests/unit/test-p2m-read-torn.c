/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that changes its p2m while it is read. It keeps to the protocol: whatever it changes of
 * what its list is mapped to, or of its tree, it does with p2m_generation odd.
 */
#include "unit/p2m-guest.h"

#include "support/test.h"

static struct pvb_error error;
static struct pvb_p2m *p2m;

/* Two versions of all of memory, of which one stands there. */
struct changing {
	struct pvb_p2m_extent memory[2];
	uint64_t vaddr[2];
	uint64_t root[2];
	unsigned now;
	unsigned moves; /* how often the guest goes over to the other one; each wants two steps */
	unsigned after; /* reads and looks before it begins to */
	unsigned step;  /* of a change: 1 begun, 2 its data is half there */
	unsigned per_step; /* reads and looks between two steps */
	unsigned until;
	bool scrambles; /* in between, nothing there is right */
};

static void set_version(struct p2m_guest *guest, const struct changing *changing)
{
	if (guest->anchors.p2m_cr3)
		guest->anchors.p2m_vaddr = changing->vaddr[changing->now];
	else
		guest->anchors.p2m_root = changing->root[changing->now];
}

/* The old version is gone for good once the new one is there: its pages say nothing right. */
static void spoil(struct p2m_guest *guest, const struct changing *changing, unsigned version)
{
	uint64_t leaf = changing->root[version];

	for (unsigned i = 0; i < 512; i++)
		guest_put(guest, leaf, i, 0x666000 + i);
}

static void restore(struct p2m_guest *guest, const struct changing *changing, unsigned version)
{
	for (unsigned i = 0; i < 512; i++)
		guest_put(guest, changing->root[version], i,
			  i < changing->memory[version].count ? changing->memory[version].mfn + i
							      : UINT64_MAX);
}

static void go_on(struct p2m_guest *guest, bool look)
{
	struct changing *changing = guest->hook_opaque;

	(void)look;
	if (changing->until-- > 1 || !changing->moves)
		return;
	changing->until = changing->per_step;
	switch (changing->step++) {
	case 0:
		guest->anchors.p2m_generation++;
		break;
	case 1:
		spoil(guest, changing, changing->now);
		changing->now ^= 1;
		restore(guest, changing, changing->now);
		set_version(guest, changing);
		break;
	default:
		guest->anchors.p2m_generation++;
		changing->step = 0;
		changing->moves--;
	}
}

/* A p2m of one page of entries, as a tree of one level or a list, and another of the same. */
static void open_changing(struct p2m_guest *guest, struct changing *changing, bool list)
{
	*changing = (struct changing){
		.memory = {{0, 0x100000, 300}, {0, 0x200000, 400}},
	};
	guest_open(guest, 64, 0);
	if (list) {
		guest_list(guest, 1, &changing->memory[0], 1);
		guest->anchors.max_pfn = 512;
		changing->vaddr[0] = guest->anchors.p2m_vaddr;
		changing->vaddr[1] = changing->vaddr[0] + 0x40000000;
	} else {
		guest_tree(guest, 1, 512, &changing->memory[0], 1);
	}
	for (unsigned i = 0; i < 2; i++) {
		changing->root[i] = guest_page(guest);
		restore(guest, changing, i);
		if (list)
			guest_map(guest, changing->vaddr[i], changing->root[i]);
	}
	spoil(guest, changing, 1);
	set_version(guest, changing);
	guest->hook = go_on;
	guest->hook_opaque = changing;
}

/* What was read is one version, whole. */
static void assert_is_a_version(const struct changing *changing)
{
	const struct pvb_p2m_info *info = pvb_p2m_info(p2m);
	const struct pvb_p2m_extent *memory = &changing->memory[changing->now];

	assert_int_equal(info->extent_count, 1);
	assert_int_equal(info->extents[0].mfn, memory->mfn);
	assert_int_equal(info->extents[0].count, memory->count);
	assert_int_equal(info->anchors.p2m_generation % 2, 0);
}

static void a_change_at_any_time_is_noticed(void **state)
{
	unsigned restarted = 0;

	(void)state;
	for (unsigned list = 0; list < 2; list++)
		for (unsigned after = 1; after < 12; after++)
			for (unsigned per_step = 1; per_step < 4; per_step++) {
				struct p2m_guest guest;
				struct changing changing;

				open_changing(&guest, &changing, list);
				changing.until = after;
				changing.per_step = per_step;
				changing.moves = 1;
				assert_ok(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error),
					  &error);
				/* It may have begun to change once it had been read. */
				if (pvb_p2m_info(p2m)->anchors.p2m_generation == 2 ||
				    !changing.step)
					assert_is_a_version(&changing);
				restarted += pvb_p2m_info(p2m)->restarts;
				pvb_p2m_free(p2m);
				guest_close(&guest);
			}
	print_message("begun again %u times\n", restarted);
	assert_true(restarted > 10);
}

static void a_change_each_time_is_torn(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;

	(void)state;
	for (unsigned list = 0; list < 2; list++) {
		struct p2m_guest guest;
		struct changing changing;

		open_changing(&guest, &changing, list);
		changing.per_step = 1;
		changing.moves = 1000000;
		p2m = (struct pvb_p2m *)1;
		assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error),
				  PVB_E_P2M_TORN, &error);
		assert_null(p2m);
		assert_non_null(strstr(error.message, "each of the 8 times"));
		assert_true(guest.looks <= 16);
		assert_true(guest.reads <= 8 * 5);

		guest.looks = 0;
		options.attempts = 3;
		assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error),
				  PVB_E_P2M_TORN, &error);
		assert_non_null(strstr(error.message, "each of the 3 times"));
		assert_true(guest.looks <= 6);
		guest_close(&guest);
	}
}

static void a_change_that_takes_a_while_is_waited_for_by_trying(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	struct changing changing;

	(void)state;
	open_changing(&guest, &changing, true);
	changing.moves = 1;
	changing.per_step = 5;
	changing.until = 1;
	options.attempts = 20;
	assert_ok(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error), &error);
	assert_is_a_version(&changing);
	assert_int_equal(pvb_p2m_info(p2m)->anchors.p2m_generation, 2);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

static void a_change_that_never_ends_is_stuck(void **state)
{
	enum pvb_p2m_entry kind;
	uint64_t entry;

	(void)state;
	for (unsigned list = 0; list < 2; list++) {
		struct p2m_guest guest;
		struct changing changing;

		open_changing(&guest, &changing, list);
		guest.anchors.p2m_generation = 7;
		p2m = (struct pvb_p2m *)1;
		assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error),
				  PVB_E_P2M_STUCK, &error);
		assert_null(p2m);
		assert_non_null(strstr(error.message, "p2m_generation is 7, which is odd"));
		assert_non_null(strstr(error.hint, "unpause it"));
		/* Not a page was looked at. */
		assert_int_equal(guest.reads, 0);
		assert_int_equal(guest.looks, 8);
		assert_fails_with(
			pvb_p2m_lookup(&guest.access, NULL, NULL, 5, &kind, &entry, &error),
			PVB_E_P2M_STUCK, &error);

		/* A dump does not change: once is enough to know. */
		guest.access.anchors = NULL;
		assert_fails_with(pvb_p2m_read(&guest.access, &guest.anchors, NULL, &p2m, &error),
				  PVB_E_P2M_STUCK, &error);
		assert_non_null(strstr(error.hint, "another dump"));
		guest.anchors.p2m_generation = 8;
		assert_ok(pvb_p2m_read(&guest.access, &guest.anchors, NULL, &p2m, &error), &error);
		assert_is_a_version(&changing);
		pvb_p2m_free(p2m);
		guest_close(&guest);
	}
}

/* Odd whenever it is looked at, and another number each time: busy, and not stuck. */
static void always_odd(struct p2m_guest *guest, bool look)
{
	if (look)
		guest->anchors.p2m_generation += 2;
}

static void a_guest_that_is_always_changing_is_torn_and_not_stuck(void **state)
{
	struct p2m_guest guest;
	struct changing changing;

	(void)state;
	open_changing(&guest, &changing, true);
	guest.anchors.p2m_generation = 1;
	guest.hook = always_odd;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), PVB_E_P2M_TORN,
			  &error);
	guest_close(&guest);
}

/* The tables are gone for a moment, which is no fault of theirs. */
static void unmapped_once(struct p2m_guest *guest, bool look)
{
	uint64_t *entry = guest_pte(guest, guest_table(guest, 4, 0), GUEST_VADDR_64 >> 39 & 511);

	if (!look && guest->reads == 1) {
		guest->anchors.p2m_generation += 2;
		*entry ^= 1;
	}
	if (look && guest->looks == 3)
		*entry |= 1;
}

static void a_fault_that_a_change_explains_is_none(void **state)
{
	struct p2m_guest guest;
	struct changing changing;

	(void)state;
	open_changing(&guest, &changing, true);
	guest.hook = unmapped_once;
	assert_ok(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), &error);
	assert_is_a_version(&changing);
	assert_int_equal(pvb_p2m_info(p2m)->restarts, 1);
	pvb_p2m_free(p2m);
	guest_close(&guest);
}

/* Anchors that move without a generation, as those of a tree may. */
static void max_pfn_grows(struct p2m_guest *guest, bool look)
{
	if (!look && guest->reads <= 2)
		guest->anchors.max_pfn--;
}

static void anchors_that_move_are_noticed_without_a_generation(void **state)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct p2m_guest guest;
	struct changing changing;

	(void)state;
	open_changing(&guest, &changing, false);
	guest.hook = max_pfn_grows;
	assert_ok(pvb_p2m_read(&guest.access, NULL, NULL, &p2m, &error), &error);
	assert_int_equal(pvb_p2m_info(p2m)->geometry.pfns, 510);
	assert_int_equal(pvb_p2m_info(p2m)->restarts, 2);
	pvb_p2m_free(p2m);
	guest.reads = 0;
	options.attempts = 1;
	assert_fails_with(pvb_p2m_read(&guest.access, NULL, &options, &p2m, &error), PVB_E_P2M_TORN,
			  &error);
	assert_non_null(strstr(error.message, "its anchors are others than before"));
	guest_close(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_at_any_time_is_noticed),
		cmocka_unit_test(a_change_each_time_is_torn),
		cmocka_unit_test(a_change_that_takes_a_while_is_waited_for_by_trying),
		cmocka_unit_test(a_change_that_never_ends_is_stuck),
		cmocka_unit_test(a_guest_that_is_always_changing_is_torn_and_not_stuck),
		cmocka_unit_test(a_fault_that_a_change_explains_is_none),
		cmocka_unit_test(anchors_that_move_are_noticed_without_a_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
