/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which bits of page-table entries the hypervisor gets: the picker in all cases that
 * there are, beside rules that are written down here once more, and what is refused.
 */
#include "unit/plan-kernels.h"

#include "plan/pte-bits.h"

#define NO PVB_GUEST_PTE_NO_BIT
#define BIT(n) (UINT64_C(1) << (n))
#define SOFT ((uint64_t)PVB_GUEST_PTE_SOFTWARE)

/* The 14 software bits in the order in which they are wanted, but for the usual one. */
static const unsigned order[14] = {58, 57, 56, 55, 54, 53, 52, 62, 61, 60, 59, 11, 10, 9};

static uint64_t spread(unsigned number)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 14; i++)
		if (number >> i & 1)
			mask |= BIT(order[i]);
	return mask;
}

struct answer {
	bool refused;
	unsigned kernel, grant;
};

static unsigned first_of(uint64_t left, unsigned usual)
{
	if (left >> usual & 1)
		return usual;
	for (unsigned i = 0; i < 14; i++)
		if (left >> order[i] & 1)
			return order[i];
	return NO;
}

/* The rules of the guest ABI, told differently: what is left after each choice. */
static struct answer oracle(uint64_t unused, bool keys, bool debug, bool narrow)
{
	struct answer answer = {.kernel = NO, .grant = NO};
	uint64_t left = unused;

	if (keys)
		left = left & ~BIT(59) & ~BIT(60) & ~BIT(61) & ~BIT(62);
	if (!narrow) {
		answer.kernel = first_of(left, 52);
		answer.refused = answer.kernel == NO;
		if (!answer.refused)
			left -= BIT(answer.kernel);
	}
	if (debug && !answer.refused)
		answer.grant = first_of(left, 62);
	return answer;
}

static struct pvb_pte_guest guest_of(uint64_t unused, bool keys, unsigned guest_bits)
{
	return (struct pvb_pte_guest){
		.guest_bits = guest_bits,
		.declared = true,
		.keys = keys,
		.unused_l1 = unused,
	};
}

static void check_picked(uint64_t unused, bool keys, bool debug, unsigned guest_bits)
{
	const struct pvb_pte_guest guest = guest_of(unused, keys, guest_bits);
	const struct pvb_pte_hypervisor free_to_pick = {.debug = debug};
	const struct answer wanted = oracle(unused, keys, debug, guest_bits == 32);
	struct pvb_plan_pte_bits bits, again;
	enum pvb_pte_verdict verdict = pvb_pte_bits_pick(&guest, &free_to_pick, &bits);

	assert_int_equal(verdict, wanted.refused ? PVB_PTE_NO_KERNEL_BIT : PVB_PTE_FINE);
	assert_int_equal(bits.kernel_bit, wanted.kernel);
	assert_int_equal(bits.grant_bit, wanted.grant);
	assert_int_equal(bits.source, PVB_PTE_DECLARED);
	assert_false(bits.fixed);
	assert_true(bits.keys == keys && bits.keys_wanted == keys);
	assert_true(bits.unused_l1 == unused);
	assert_true(bits.grants_unmarked == (debug && !wanted.refused && wanted.grant == NO));

	/* Distinct, of those that are free, none of the keys'. */
	uint64_t used = 0;
	const unsigned chosen[] = {bits.kernel_bit, bits.grant_bit};

	for (unsigned i = 0; i < 2; i++) {
		if (chosen[i] == NO)
			continue;
		assert_true(chosen[i] < 64);
		assert_false(used >> chosen[i] & 1);
		used |= BIT(chosen[i]);
	}
	assert_true((used & ~unused) == 0);
	if (keys)
		assert_true((used & (UINT64_C(0xf) << 59)) == 0);

	memset(&again, 0xa5, sizeof again);
	assert_int_equal(pvb_pte_bits_pick(&guest, &free_to_pick, &again), verdict);
	assert_int_equal(again.kernel_bit, bits.kernel_bit);
	assert_int_equal(again.grant_bit, bits.grant_bit);
}

static void all_65536_cases_are_as_the_rules_have_them(void **state)
{
	(void)state;
	unsigned cases = 0, refused = 0;

	for (unsigned number = 0; number < 1u << 14; number++) {
		for (unsigned options = 0; options < 4; options++, cases++) {
			check_picked(spread(number), options & 1, options >> 1, 64);
			refused += oracle(spread(number), options & 1, options >> 1, false).refused;
		}
	}
	assert_int_equal(cases, 65536);
	/* Nothing is free in one mask of 2^14; with keys in those of their four bits alone. */
	assert_int_equal(refused, 2 * (1 + 16));
}

static void a_32_bit_guest_needs_no_kernel_bit_in_any_of_them(void **state)
{
	(void)state;
	for (unsigned number = 0; number < 1u << 14; number++)
		for (unsigned options = 0; options < 4; options++)
			check_picked(spread(number), options & 1, options >> 1, 32);
}

/* A hypervisor with bits wired in only compares: those it has, or a refusal. */
static void wired_in_bits_are_compared_in_all_of_them(void **state)
{
	(void)state;
	for (unsigned number = 0; number < 1u << 14; number++) {
		for (unsigned options = 0; options < 8; options++) {
			const bool keys = options & 1, debug = options >> 1 & 1;
			const unsigned width = options >> 2 ? 32 : 64;
			const struct pvb_pte_guest guest = guest_of(spread(number), keys, width);
			const struct pvb_pte_hypervisor xen = {
				.fixed = true,
				.debug = debug,
				.kernel_bit = 52,
				.grant_bit = debug ? 62 : NO,
			};
			const bool fits = (width == 32 || spread(number) >> 52 & 1) &&
					  (!debug || spread(number) >> 62 & 1);
			struct pvb_plan_pte_bits bits;

			assert_int_equal(pvb_pte_bits_pick(&guest, &xen, &bits),
					 fits ? PVB_PTE_FINE : PVB_PTE_TAKEN);
			assert_int_equal(bits.kernel_bit, width == 32 ? NO : 52);
			assert_int_equal(bits.grant_bit, debug ? 62 : NO);
			assert_true(bits.fixed);
			assert_false(bits.keys);
			assert_true(bits.keys_wanted == keys);
			assert_false(bits.grants_unmarked);
		}
	}
}

static void who_declares_nothing_gets_what_xen_has_always_used(void **state)
{
	(void)state;
	for (unsigned options = 0; options < 8; options++) {
		const bool debug = options & 1, fixed = options >> 1 & 1;
		/* What stands in the masks of a guest that declares nothing has no meaning. */
		const struct pvb_pte_guest guest = {
			.guest_bits = options >> 2 ? 32 : 64,
			.keys = true,
			.unused_l1 = BIT(9),
		};
		const struct pvb_pte_hypervisor hypervisor = {
			.fixed = fixed,
			.debug = debug,
			.kernel_bit = 52,
			.grant_bit = debug ? 62 : NO,
		};
		struct pvb_plan_pte_bits bits;

		assert_int_equal(pvb_pte_bits_pick(&guest, &hypervisor, &bits), PVB_PTE_FINE);
		assert_int_equal(bits.source, PVB_PTE_LEGACY);
		assert_int_equal(bits.kernel_bit, guest.guest_bits == 32 ? NO : 52);
		assert_int_equal(bits.grant_bit, debug ? 62 : NO);
		assert_false(bits.keys);
		assert_true(bits.unused_l1 == 0);
	}
}

static void bits_that_are_not_softwares_are_never_picked(void **state)
{
	(void)state;
	const struct pvb_pte_guest guest = guest_of(~SOFT, false, 64);
	const struct pvb_pte_hypervisor free_to_pick = {.debug = true};
	struct pvb_plan_pte_bits bits;

	assert_int_equal(pvb_pte_bits_pick(&guest, &free_to_pick, &bits), PVB_PTE_NO_KERNEL_BIT);
	assert_int_equal(bits.kernel_bit, NO);
}

static void a_guest_that_keeps_its_own_tables_is_asked_nothing(void **state)
{
	(void)state;
	const struct pvb_pte_guest guest = guest_of(0, true, 0);
	const struct pvb_pte_hypervisor free_to_pick = {.debug = true};
	struct pvb_plan_pte_bits bits;

	assert_int_equal(pvb_pte_bits_pick(&guest, &free_to_pick, &bits), PVB_PTE_FINE);
	assert_int_equal(bits.kernel_bit, NO);
	assert_int_equal(bits.grant_bit, NO);
	assert_false(bits.keys);
}

/* ---- in a plan --------------------------------------------------------------------- */

static struct pvb_host_info xen(bool debug)
{
	return (struct pvb_host_info){
		.name = "xen",
		.version = "4.17.5",
		.capabilities = "xen-3.0-x86_64 xen-3.0-x86_32p",
		.page_shift = 12,
		.address_bits = 46,
		.debug = debug,
		.pte_bits_fixed = true,
		.pte_kernel_bit = 52,
		.pte_grant_bit = debug ? 62 : NO,
	};
}

static void declare(struct guest *guest, uint64_t unused)
{
	guest->image.declares.pte_bits = true;
	guest->image.declares.pte_unused_l1 = unused;
	guest->image.declares.pte_unused_upper = SOFT;
}

static struct pvb_plan_pte_bits planned(struct guest *guest)
{
	struct pvb_plan *plan;
	struct pvb_error error;

	assert_ok(plan_guest(guest, &plan, &error), &error);
	struct pvb_plan_pte_bits bits = plan->info.pte_bits;
	pvb_plan_free(plan);
	return bits;
}

static void plans_say_which_bits_and_why(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_host_info host = xen(true);

	assert_int_equal(planned(&guest).kernel_bit, 52);
	assert_int_equal(planned(&guest).grant_bit, NO);
	assert_int_equal(planned(&guest).source, PVB_PTE_LEGACY);
	declare(&guest, BIT(54) | BIT(9));
	assert_int_equal(planned(&guest).kernel_bit, 54);
	assert_int_equal(planned(&guest).source, PVB_PTE_DECLARED);
	assert_true(planned(&guest).unused_l1 == (BIT(54) | BIT(9)));
	assert_true(planned(&guest).unused_upper == SOFT);

	host.pte_bits_fixed = false;
	guest.host = &host;
	assert_int_equal(planned(&guest).grant_bit, 9);
	declare(&guest, BIT(54));
	assert_int_equal(planned(&guest).grant_bit, NO);
	assert_true(planned(&guest).grants_unmarked);
}

static void a_kernel_that_leaves_nothing_is_refused(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};

	declare(&guest, 0);
	assert_refused(&guest, PVB_E_PLAN_PTE_BITS);
	assert_non_null(strstr(error.message, "no software bit"));
	declare(&guest, BIT(60) | BIT(61));
	guest.image.declares.pte_keys = true;
	assert_refused(&guest, PVB_E_PLAN_PTE_BITS);
	assert_non_null(strstr(error.message, "bits 60-61 alone"));
	assert_non_null(strstr(error.hint, "protection keys"));
	guest.image.declares.pte_keys = false;
	assert_int_equal(planned(&guest).kernel_bit, 61);

	guest = pae_guest();
	declare(&guest, 0);
	assert_int_equal(planned(&guest).kernel_bit, NO);
}

static void a_hypervisor_that_takes_what_a_kernel_uses_is_refused(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_host_info release = xen(false), debug = xen(true);
	struct pvb_error error = {0};

	guest.host = &release;
	declare(&guest, SOFT & ~BIT(52));
	assert_refused(&guest, PVB_E_HOST_PTE_BITS);
	assert_non_null(strstr(error.message, "bit 52 (kernel mappings)"));
	assert_non_null(strstr(error.message, "leaves bits 9-11, 53-62 alone: not 52"));
	assert_non_null(strstr(error.hint, "leaves bit 52 alone"));

	/* A debug build marks grants by bit 62, and refuses whoever else sets it. */
	declare(&guest, BIT(52));
	assert_int_equal(planned(&guest).kernel_bit, 52);
	guest.host = &debug;
	assert_refused(&guest, PVB_E_HOST_PTE_BITS);
	assert_non_null(strstr(error.message, "debug build"));
	assert_non_null(strstr(error.message, "bit 62 (mapped grants)"));
	assert_non_null(strstr(error.message, "alone: not 62"));
	assert_non_null(strstr(error.hint, "release build"));
	declare(&guest, BIT(52) | BIT(62));
	assert_int_equal(planned(&guest).grant_bit, 62);

	/* It has bit 62 in entries of 32-bit guests as well, and nothing else. */
	guest = pae_guest();
	guest.host = &debug;
	declare(&guest, BIT(52));
	assert_refused(&guest, PVB_E_HOST_PTE_BITS);
	assert_null(strstr(error.message, "kernel mappings"));
	guest.host = &release;
	declare(&guest, 0);
	assert_int_equal(planned(&guest).kernel_bit, NO);
}

static void sources_have_names(void **state)
{
	(void)state;
	assert_string_equal(pvb_pte_source_name(PVB_PTE_LEGACY), "legacy");
	assert_string_equal(pvb_pte_source_name(PVB_PTE_DECLARED), "declared");
	assert_string_equal(pvb_pte_source_name((enum pvb_pte_source)9), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_65536_cases_are_as_the_rules_have_them),
		cmocka_unit_test(a_32_bit_guest_needs_no_kernel_bit_in_any_of_them),
		cmocka_unit_test(wired_in_bits_are_compared_in_all_of_them),
		cmocka_unit_test(who_declares_nothing_gets_what_xen_has_always_used),
		cmocka_unit_test(bits_that_are_not_softwares_are_never_picked),
		cmocka_unit_test(a_guest_that_keeps_its_own_tables_is_asked_nothing),
		cmocka_unit_test(plans_say_which_bits_and_why),
		cmocka_unit_test(a_kernel_that_leaves_nothing_is_refused),
		cmocka_unit_test(a_hypervisor_that_takes_what_a_kernel_uses_is_refused),
		cmocka_unit_test(sources_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
