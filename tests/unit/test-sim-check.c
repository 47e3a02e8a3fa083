/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That the simulated host's check of its own books finds what is wrong with them. */
#include "test-sim.h"

#include "host/sim/model.h"

static pvb_mfn_t page[4];

static struct sim *sim_with_a_domain(void)
{
	struct pvb_host *host = open_sim("memory=4G,fragment=10,nodes=2");
	uint32_t domid = new_domain(host, GIB);

	assert_int_equal(give(host, domid, 0, 0, 4, page), 4);
	assert_books_balance(host);
	return sim_of(host);
}

static void assert_found(struct sim *sim, const char *words)
{
	const char *wrong = pvb_sim_check(&sim->host);

	assert_non_null(wrong);
	if (!strstr(wrong, words))
		print_error("wanted \"%s\", got \"%s\"\n", words, wrong);
	assert_non_null(strstr(wrong, words));
}

/* Break one thing, have it found, mend it. */
#define FINDS(sim_, place_, change_, words_)                                                       \
	do {                                                                                       \
		__typeof__(place_) was_ = (place_);                                                \
		(place_) = (__typeof__(place_))(change_);                                          \
		assert_found(sim_, words_);                                                        \
		(place_) = was_;                                                                   \
		assert_books_balance(&(sim_)->host);                                               \
	} while (0)

static void counts_that_are_off(void **state)
{
	(void)state;
	struct sim *sim = sim_with_a_domain();

	FINDS(sim, sim->heap.free, was_ + 1, "are free, but");
	FINDS(sim, sim->heap.given, was_ - 1, "are in use, but");
	FINDS(sim, sim->heap.taken, was_ + 1, "are taken, but");
	FINDS(sim, sim->heap.total, was_ + 1, "do not add up");
	FINDS(sim, sim->heap.claimed, was_ + 1, "claim");
	FINDS(sim, sim->domains[0]->claim, 5, "claim");
	FINDS(sim, sim->domains[0]->pages, was_ + 1, "domains count");
	FINDS(sim, sim->domains[0]->domid, 77, "which there is not");
	pvb_host_close(&sim->host);
}

static void lists_that_are_broken(void **state)
{
	(void)state;
	struct sim *sim = sim_with_a_domain();
	struct sim_node *node = &sim->heap.nodes[1];
	unsigned zone = 63 - (unsigned)__builtin_clzll(node->zones);
	unsigned order = (unsigned)__builtin_ctz(node->zone[zone].orders);
	struct sim_list *list = &node->zone[zone].list[order];
	struct sim_frame *first = sim_books_held(&sim->books, list->head);

	assert_true(order < SIM_CHUNK_ORDER);
	FINDS(sim, list->head, page[0].n, "no free block of order");
	FINDS(sim, list->tail, page[0].n, "does not end in its tail");
	FINDS(sim, first->previous, 5, "no free block of order");
	FINDS(sim, node->zone[zone].orders, was_ & ~(1u << order), "marked as free");

	struct sim_frame was = *first;
	first->domid = 0;
	assert_found(sim, "wrong node");
	*first = was;
	first->kind = SIM_TAKEN;
	assert_found(sim, "no free block of order");
	*first = was;
	assert_books_balance(&sim->host);
	pvb_host_close(&sim->host);
}

static void references_that_are_off(void **state)
{
	(void)state;
	struct sim *sim = sim_with_a_domain();
	struct sim_frame *plain = sim_books_held(&sim->books, page[0].n);
	struct sim_frame *shared = sim_books_held(&sim->books, sim->domains[0]->shared_info);
	struct pvb_error error;
	void *at;

	FINDS(sim, plain->count, 1, "has 1 references more");
	FINDS(sim, shared->count, 0, "references more");
	assert_ok(pvb_host_map_frames(&sim->host, 1, page, 2, true, &at, &error), &error);
	assert_books_balance(&sim->host);
	FINDS(sim, plain->count, 2, "writable memory, has 1 references more");
	FINDS(sim, plain->count, 0, "has -1 references more");
	pvb_host_unmap_frames(&sim->host, at, 2);
	assert_books_balance(&sim->host);
	pvb_host_close(&sim->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_that_are_off),
		cmocka_unit_test(lists_that_are_broken),
		cmocka_unit_test(references_that_are_off),
	};

	return cmocka_run_group_tests_name("sim-check", tests, NULL, NULL);
}
