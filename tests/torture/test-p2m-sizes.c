/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests around and beyond what three levels of a p2m reach, with a list and with a tree: built,
 * audited, and no more of a p2m written than there is.
 */
#include "support/test.h"

#include <inttypes.h>
#include <unistd.h>

#include "torture/cost.h"
#include "torture/sanitized.h"

#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

struct size {
	const char *name;
	uint64_t bytes;
	uint64_t levels;
	uint64_t list_pages;
	uint64_t tree_pages; /* above the list's */
};

static const struct size sizes[] = {
	{"512 GiB", 512 * GIB, 3, 262144, 512 + 1},
	{"512 GiB and a page", 512 * GIB + 4096, 4, 262145, 513 + 2 + 1},
	{"1 TiB", TIB, 4, 524288, 1024 + 2 + 1},
	{"4 TiB", 4 * TIB, 4, 2097152, 4096 + 8 + 1},
};

/*
 * The simulated host has every byte of a p2m in memory. False, and why, where there is not
 * as much of it; or where a sanitizer would take minutes.
 */
static bool can_hold(const struct size *size)
{
	uint64_t needed = (size->list_pages + size->tree_pages) * 4096 * 3 / 2;
	uint64_t there = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "MemAvailable:", 13) == 0)
			there = strtoull(line + 13, NULL, 10) << 10;
	}
	assert_int_equal(fclose(file), 0);
	if (SANITIZED && size->bytes > TIB) {
		print_message("%s: left to a build without a sanitizer\n", size->name);
		return false;
	}
	if (there >= needed)
		return true;
	print_message("%s: needs %" PRIu64 " MiB of memory, and %" PRIu64 " are available\n",
		      size->name, needed >> 20, there >> 20);
	return false;
}

static uint64_t p2m_bytes_of(const struct size *size, bool tree)
{
	return (size->list_pages + (tree ? size->tree_pages : 0)) * 4096;
}

/* Within one per cent of what list and tree have. */
static bool is_within_budget(const struct cost *cost, uint64_t p2m_bytes)
{
	return cost->p2m_written >= p2m_bytes && cost->p2m_written <= p2m_bytes + p2m_bytes / 100;
}

static void try_size(const struct size *size, enum pvb_p2m_wish p2m)
{
	const struct cost_request request = {
		.scenario = {.name = size->name,
			     .kernel = scenario_linux_64,
			     .ramdisk = 300001,
			     .memory = size->bytes,
			     .vcpus = 2},
		.host = "sim:memory=5T,clean",
		.p2m = p2m,
		.audit = true,
	};
	uint64_t levels = p2m == PVB_P2M_WANT_TREE ? size->levels : 0;
	uint64_t p2m_bytes = p2m_bytes_of(size, levels != 0);

	if (!can_hold(size))
		skip();

	struct cost cost = cost_of(&request);

	assert_modest(&cost);
	assert_int_equal(cost.levels, levels);
	assert_int_equal(cost.list_pages, size->list_pages);
	assert_int_equal(cost.tree_pages, levels ? size->tree_pages : 0);
	assert_true(is_within_budget(&cost, p2m_bytes));
	/* a window has 4096 pages; everything that is no p2m takes a few more */
	assert_true(cost.map_calls <= p2m_bytes / (4096 * UINT64_C(4096)) + 64);
	assert_true(cost.populate_calls <= 16);
	assert_true(cost.checks > 10);
}

static void a_list(void **state)
{
	try_size(*state, PVB_P2M_WANT_LIST);
}

static void a_tree(void **state)
{
	try_size(*state, PVB_P2M_WANT_TREE);
}

static void a_p2m_written_twice_is_over_its_budget(void **state)
{
	(void)state;
	static const struct size small = {"1 GiB and a page", GIB + 4096, 3, 513, 2 + 1};
	struct cost_request request = {
		.scenario = {.name = small.name,
			     .kernel = scenario_linux_64,
			     .ramdisk = 300001,
			     .memory = small.bytes,
			     .vcpus = 1},
		.host = "sim:memory=2G",
		.p2m = PVB_P2M_WANT_TREE,
	};
	struct cost cost = cost_of(&request);

	assert_true(is_within_budget(&cost, p2m_bytes_of(&small, true)));
	request.twice = true;
	cost = cost_of(&request);
	assert_int_equal(cost.p2m_written, 2 * p2m_bytes_of(&small, true));
	assert_false(is_within_budget(&cost, p2m_bytes_of(&small, true)));
}

#define BUILT(test, index, name)                                                                   \
	{                                                                                          \
		name, test, NULL, NULL, (void *)(uintptr_t)&sizes[index]                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_p2m_written_twice_is_over_its_budget),
		BUILT(a_list, 0, "512_gib_have_a_list"),
		BUILT(a_tree, 0, "512_gib_have_a_tree_of_three_levels"),
		BUILT(a_list, 1, "512_gib_and_a_page_have_a_list"),
		BUILT(a_tree, 1, "512_gib_and_a_page_have_a_tree_of_four_levels"),
		BUILT(a_list, 2, "a_tebibyte_has_a_list"),
		BUILT(a_tree, 2, "a_tebibyte_has_a_tree_of_four_levels"),
		BUILT(a_list, 3, "four_tebibytes_have_a_list"),
		BUILT(a_tree, 3, "four_tebibytes_have_a_tree_of_four_levels"),
	};

	return cmocka_run_group_tests_name("p2m sizes", tests, NULL, NULL);
}
