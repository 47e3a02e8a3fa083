/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUs of the simulated host, their pools, and what of them a domain gets. */
#include "test-sim.h"

#define CPUS_OF(list) pvb_cpus_format(list).text

static const char *cpus_of_node(struct pvb_host *host, int node)
{
	static struct pvb_cpus_text text;
	struct pvb_cpus cpus;
	struct pvb_error error;

	assert_ok(pvb_host_get_cpus(host, node, &cpus, &error), &error);
	text = pvb_cpus_format(&cpus);
	return text.text;
}

static void cpus_are_spread_over_nodes_and_pools(void **state)
{
	struct pvb_host *host = open_sim("cpus=8,nodes=2,pools=3,sched=credit");
	struct pvb_host_pool pool;
	struct pvb_error error;
	static const char *const pools[] = {"0-2", "3-5", "6-7"};

	(void)state;
	assert_string_equal(cpus_of_node(host, PVB_HOST_ANY_NODE), "0-7");
	assert_string_equal(cpus_of_node(host, 0), "0-3");
	assert_string_equal(cpus_of_node(host, 1), "4-7");
	assert_string_equal(cpus_of_node(host, 2), "none");
	for (uint32_t i = 0; i < 3; i++) {
		assert_ok(pvb_host_get_pool(host, i, &pool, &error), &error);
		assert_int_equal(pool.number, i);
		assert_string_equal(CPUS_OF(&pool.cpus), pools[i]);
		assert_string_equal(pool.scheduler, "credit");
	}
	assert_string_equal(pool.name, "Pool-2");
	assert_fails_with(pvb_host_get_pool(host, 3, &pool, &error), PVB_E_HOST_POOL, &error);
	close_sim(host);
}

static void a_new_domain_may_run_anywhere_and_weighs_what_others_do(void **state)
{
	struct pvb_host *host = open_sim("cpus=5");
	uint32_t domid = new_domain(host, MIB);
	struct pvb_host_share share;
	struct pvb_host_domain domain;
	struct pvb_cpus hard, soft;
	struct pvb_error error;

	(void)state;
	assert_ok(pvb_host_get_affinity(host, domid, 1, &hard, &soft, &error), &error);
	assert_string_equal(CPUS_OF(&hard), "0-4");
	assert_string_equal(CPUS_OF(&soft), "0-4");
	assert_ok(pvb_host_get_share(host, domid, &share, &error), &error);
	assert_true(share.weighted);
	assert_string_equal(share.scheduler, "credit2");
	assert_int_equal(share.weight, 256);
	assert_int_equal(share.cap, 0);
	assert_ok(pvb_host_get_domain(host, domid, &domain, &error), &error);
	assert_int_equal(domain.pool, 0);
	close_sim(host);
}

/* As vcpu_set_hard_affinity() and its soft sister in Xen's sched/core.c. */
static void affinity_is_cut_to_cpus_that_there_are(void **state)
{
	struct pvb_host *host = open_sim("cpus=4,pools=2");
	uint32_t domid = new_domain(host, MIB);
	struct pvb_cpus hard, soft, all, none = {{0}}, high = {{0}};
	struct pvb_error error;

	(void)state;
	pvb_cpus_first(&all, 100);
	assert_ok(pvb_host_set_affinity(host, domid, 0, &all, &none, &error), &error);
	assert_ok(pvb_host_get_affinity(host, domid, 0, &hard, &soft, &error), &error);
	assert_string_equal(CPUS_OF(&hard), "0-3");
	assert_string_equal(CPUS_OF(&soft), "none");

	/* CPU 3 is the other pool's. */
	pvb_cpus_put(&high, 3, true);
	assert_fails_with(pvb_host_set_affinity(host, domid, 0, &high, NULL, &error),
			  PVB_E_ARG_CPUS, &error);
	assert_fails_with(pvb_host_set_affinity(host, domid, 0, &none, NULL, &error),
			  PVB_E_ARG_CPUS, &error);
	assert_ok(pvb_host_set_affinity(host, domid, 0, NULL, &high, &error), &error);
	assert_ok(pvb_host_get_affinity(host, domid, 0, &hard, &soft, &error), &error);
	assert_string_equal(CPUS_OF(&hard), "0-3");
	assert_string_equal(CPUS_OF(&soft), "3");
	assert_fails_with(pvb_host_set_affinity(host, domid, 2, &all, NULL, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_host_get_affinity(host, domid, 2, &hard, &soft, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_host_get_affinity(host, 77, 0, &hard, &soft, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);
	close_sim(host);
}

static void a_share_has_bounds_and_a_scheduler_that_knows_one(void **state)
{
	struct pvb_host *host = open_sim("cpus=4");
	uint32_t domid = new_domain(host, MIB);
	const struct pvb_host_share wrong[] = {
		{.weight = 0}, {.weight = 65536}, {.weight = 1, .cap = 201}};
	struct pvb_host_share share = {.weight = 65535, .cap = 200};
	struct pvb_error error;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_fails_with(pvb_host_set_share(host, domid, &wrong[i], &error),
				  PVB_E_HOST_LIMIT, &error);
	assert_ok(pvb_host_set_share(host, domid, &share, &error), &error);
	assert_ok(pvb_host_get_share(host, domid, &share, &error), &error);
	assert_int_equal(share.weight, 65535);
	assert_int_equal(share.cap, 200);
	close_sim(host);

	host = open_sim("sched=null");
	domid = new_domain(host, MIB);
	assert_fails_with(pvb_host_set_share(host, domid, &share, &error), PVB_E_HOST_STATE,
			  &error);
	close_sim(host);
}

/* A host whose table has none of these calls says so of each. */
static void a_host_without_such_calls_says_so(void **state)
{
	const struct pvb_host_ops ops = {.name = "bare"};
	struct pvb_host host = {.ops = &ops, .page_shift = 12};
	struct pvb_host_share share = {.weight = 1};
	struct pvb_host_pool pool;
	struct pvb_cpus cpus = {{1}};
	struct pvb_error error;
	uint32_t frames;

	(void)state;
	assert_fails_with(pvb_host_get_grant_limit(&host, 1, &frames, &error), PVB_E_HOST_STATE,
			  &error);
	assert_fails_with(pvb_host_get_cpus(&host, 0, &cpus, &error), PVB_E_HOST_STATE, &error);
	assert_fails_with(pvb_host_get_pool(&host, 0, &pool, &error), PVB_E_HOST_STATE, &error);
	assert_fails_with(pvb_host_set_affinity(&host, 1, 0, &cpus, NULL, &error), PVB_E_HOST_STATE,
			  &error);
	assert_fails_with(pvb_host_get_affinity(&host, 1, 0, &cpus, &cpus, &error),
			  PVB_E_HOST_STATE, &error);
	assert_fails_with(pvb_host_set_share(&host, 1, &share, &error), PVB_E_HOST_STATE, &error);
	assert_fails_with(pvb_host_get_share(&host, 1, &share, &error), PVB_E_HOST_STATE, &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_are_spread_over_nodes_and_pools),
		cmocka_unit_test(a_new_domain_may_run_anywhere_and_weighs_what_others_do),
		cmocka_unit_test(affinity_is_cut_to_cpus_that_there_are),
		cmocka_unit_test(a_share_has_bounds_and_a_scheduler_that_knows_one),
		cmocka_unit_test(a_host_without_such_calls_says_so),
	};

	return cmocka_run_group_tests_name("sim: CPUs", tests, NULL, NULL);
}
