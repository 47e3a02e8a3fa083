/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole domains on simulated hosts with bits of page-table entries wired in and without:
 * who declares what gets which bits, what a pin makes of the tables, to the last bit as
 * predicted, and who is refused.
 */
#include "support/test.h"

#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "host/sim/sim.h"
#include "lab/pin.h"
#include "plan/plan.h"
#include "plan/pte-pin.h"
#include "support/elf-builder.h"

#define NO PVB_GUEST_PTE_NO_BIT
#define BIT(n) (UINT64_C(1) << (n))
#define SOFT ((uint64_t)PVB_GUEST_PTE_SOFTWARE)
#define MEMORY (UINT64_C(40) << 20)

/* A kernel, and what it declares. */
struct order {
	unsigned guest_bits;
	bool small; /* the list within the initial mapping */
	bool declares;
	bool keys;
	uint64_t unused;
};

static struct blob kernel_of(const struct order *order)
{
	struct elf_builder builder = linux_like(order->guest_bits);
	struct blob notes, masks = BLOB_INIT;

	if (order->small) {
		struct elf_builder other = {.bits = order->guest_bits,
					    .machine = order->guest_bits == 64 ? 62 : 3};
		struct blob discarded = elf_build(&builder);

		blob_free(&discarded);
		builder = other;
		notes = xen_notes(order->guest_bits);
		(void)elf_add_load(&builder, 0, 0x2000, 0x2000);
	} else {
		notes = (struct blob)BLOB_INIT;
	}
	if (order->declares) {
		blob_append_number(&masks, order->unused, 8);
		blob_append_number(&masks, order->unused, 8);
		blob_append_number(&masks, order->keys ? PVB_GUEST_PTE_KEYS : 0, 8);
		(void)note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS, masks.bytes,
			       masks.size);
	}
	if (order->declares || order->small)
		(void)elf_add_note_segment(&builder, &notes);
	blob_free(&masks);
	return elf_build(&builder);
}

struct made {
	struct pvb_host *host;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pin pin;
	struct pvb_host_pte_bits bits; /* as the host has them, where it is asked */
};

static void close_made(struct made *made)
{
	pin_free(&made->pin);
	pvb_domain_free(made->domain);
	pvb_plan_free(made->plan);
	pvb_image_free(made->image);
	pvb_host_close(made->host);
}

static int make_plan(struct made *made, const char *host, const struct order *order,
		     const struct pvb_host_info *planned_for, struct pvb_error *error)
{
	struct blob kernel = kernel_of(order);
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;

	*made = (struct made){0};
	assert_ok(pvb_sim_open(host, &made->host, error), error);
	assert_ok(pvb_host_get_info(made->host, &info, error), error);
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &made->image,
					error),
		  error);
	blob_free(&kernel);
	spec.memory = MEMORY;
	return pvb_plan_create(made->image, &spec, planned_for ? planned_for : &info, &made->plan,
			       error);
}

static int make_domain(struct made *made, struct pvb_error *error)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct relay relay;

	made->pin.guest_bits = made->plan->guest_bits;
	made->pin.kernel_bit = made->plan->info.pte_bits.kernel_bit;
	made->pin.out = stderr;
	relay_open(&relay, made->host, pin_watcher(&made->pin));
	int rc = pvb_build(&relay.host, made->plan, made->image, &options, &made->domain, error);
	relay_close(&relay);
	return rc;
}

static struct made make(const char *host, const struct order *order)
{
	struct made made;
	struct pvb_error error;

	assert_ok(make_plan(&made, host, order, NULL, &error), &error);
	assert_ok(make_domain(&made, &error), &error);
	if (!made.plan->info.pte_bits.fixed)
		assert_ok(pvb_host_get_pte_bits(made.host, pvb_domain_info(made.domain)->domid,
						&made.bits, &error),
			  &error);
	return made;
}

static void assert_audit_passes(const struct made *made)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;

	options.image = made->image;
	assert_ok(pvb_audit_domain(made->host, pvb_domain_info(made->domain)->domid, &options,
				   &audit, &error),
		  &error);
	const struct pvb_audit_report *report = pvb_audit_report(audit);

	for (size_t i = 0; i < report->finding_count; i++)
		print_error("%s: %s: %s\n", report->findings[i].rule, report->findings[i].where,
			    report->findings[i].message);
	assert_int_equal(report->total_findings, 0);
	pvb_audit_free(audit);
}

/* A core of such a domain, which has no hypervisor to ask: there is what the guest was told. */
static void assert_core_passes(const struct made *made)
{
	char path[] = "/tmp/pte-bits-XXXXXX";
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	options.image = made->image;
	assert_ok(
		pvb_dump_core(made->host, pvb_domain_info(made->domain)->domid, path, NULL, &error),
		&error);
	assert_ok(pvb_audit_core(path, &options, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
}

/* ---- the prediction ----------------------------------------------------------------- */

static void every_entry_of_a_pinned_domain_is_as_predicted(void **state)
{
	(void)state;
	static const char *const hosts[] = {"memory=1G", "memory=1G,debug", "memory=1G,scramble",
					    "memory=1G,pte-bits=domain",
					    "memory=1G,pte-bits=domain,debug"};
	static const struct order orders[] = {
		{.guest_bits = 64},
		{.guest_bits = 32},
		{.guest_bits = 64, .small = true},
		{.guest_bits = 32, .small = true},
		{.guest_bits = 64, .declares = true, .unused = SOFT},
		{.guest_bits = 32, .declares = true, .unused = SOFT},
	};

	for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++) {
		for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
			struct made made = make(hosts[h], &orders[i]);
			const struct pin *pin = &made.pin;
			const struct pvb_plan_info *plan = pvb_plan_info(made.plan);

			assert_int_equal(pin->rc, 0);
			assert_int_equal(pin->wrong, 0);
			assert_int_equal(pin->count, plan->table_pages + plan->p2m_table_pages);
			assert_int_equal(pin->entries + pin->xens, pin->count * 512);
			assert_true(pin->present > (plan->map_to - plan->map_from) >> 12);
			/* The builder's leaves are changed; what leads to them is as it stays. */
			if (orders[i].guest_bits == 64)
				assert_int_equal(pin->changed, pin->present - (pin->count - 1));
			else
				assert_int_equal(pin->changed, 0);
			assert_audit_passes(&made);
			close_made(&made);
		}
	}
}

/* A prediction by the wrong bit is wrong of every leaf: the comparison can fail. */
static void a_wrong_prediction_is_seen(void **state)
{
	(void)state;
	const struct order order = {.guest_bits = 64};
	struct made made;
	struct pvb_error error;

	assert_ok(make_plan(&made, "memory=1G", &order, NULL, &error), &error);
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct relay relay;

	made.pin.guest_bits = 64;
	made.pin.kernel_bit = 53;
	relay_open(&relay, made.host, pin_watcher(&made.pin));
	assert_ok(pvb_build(&relay.host, made.plan, made.image, &options, &made.domain, &error),
		  &error);
	relay_close(&relay);
	assert_int_equal(made.pin.wrong, made.pin.present - (made.pin.count - 1));
	close_made(&made);
}

/* abi-level figures: what libxenguest's entries are after a pin by Xen with bit 52. */
static void known_entries_become_known_ones(void **state)
{
	(void)state;
	static const struct {
		unsigned guest_bits, level;
		uint64_t before, after;
	} cases[] = {
		{64, 1, 0x1234023, UINT64_C(0x0010000001234027)},
		{64, 1, 0x1234021, UINT64_C(0x0010000001234025)},
		{64, 1, 0x1234027, UINT64_C(0x0000000001234127)},
		{64, 1, 0x1234123, UINT64_C(0x0010000001234127)},
		{64, 2, 0x1234067, 0x1234067},
		{64, 2, 0x1234063, 0x1234067},
		{64, 3, 0x1234021, 0x1234025},
		{64, 4, 0x1234043, 0x1234067},
		{64, 1, 0, 0},
		{64, 4, 0x1234066, 0x1234066},
		{32, 1, 0x1234023, 0x1234023},
		{32, 2, 0x1234063, 0x1234063},
		{32, 3, 0x1234021, 0x1234027},
		{32, 3, 0x1234067, 0x1234067},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(pvb_pte_pinned(cases[i].guest_bits, cases[i].guest_bits == 64 ? 52 : NO,
					   cases[i].level, cases[i].before) == cases[i].after);
}

static void a_prediction_of_a_prediction_is_the_same(void **state)
{
	(void)state;
	uint64_t seed = 17;

	for (unsigned round = 0; round < 100000; round++) {
		static const unsigned bits[] = {9, 10, 11, 52, 53, 58, 60, 62};
		const unsigned width = round % 2 ? 64 : 32, level = 1 + round % 4;
		const unsigned bit = width == 32 ? NO : bits[test_random(&seed) % 8];
		const uint64_t entry = test_random(&seed);
		const uint64_t once = pvb_pte_pinned(width, bit, level, entry);

		assert_true(pvb_pte_pinned(width, bit, level, once) == once);
		/* Nothing is ever taken away, and no address changes. */
		assert_true((once & entry) == entry);
		assert_true(((once ^ entry) & UINT64_C(0x000ffffffffff000)) == 0);
	}
}

/* ---- who gets which bits ---------------------------------------------------------------- */

static void a_kernel_gets_bits_that_it_leaves_alone(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		struct order order;
		unsigned kernel, grant;
		bool keys;
	} cases[] = {
		{"pte-bits=domain", {.guest_bits = 64}, 52, NO, false},
		{"pte-bits=domain,debug", {.guest_bits = 64}, 52, 62, false},
		{"pte-bits=domain", {64, false, true, false, BIT(54) | BIT(9)}, 54, NO, false},
		{"pte-bits=domain,debug", {64, false, true, false, BIT(54) | BIT(9)}, 54, 9, false},
		/* one bit is enough for the mark; the debugging aid is off */
		{"pte-bits=domain,debug", {64, false, true, false, BIT(10)}, 10, NO, false},
		{"pte-bits=domain,debug", {64, true, true, true, SOFT}, 52, 58, true},
		{"pte-bits=domain,debug", {32, false, true, false, BIT(60)}, NO, 60, false},
		{"pte-bits=domain,debug", {32, false, true, false, 0}, NO, NO, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char host[60];

		(void)snprintf(host, sizeof host, "memory=1G,%s", cases[i].host);
		struct made made = make(host, &cases[i].order);

		assert_int_equal(made.bits.kernel_bit, cases[i].kernel);
		assert_int_equal(made.bits.grant_bit, cases[i].grant);
		assert_true(made.bits.keys == cases[i].keys);
		assert_int_equal(made.pin.wrong, 0);
		assert_audit_passes(&made);
		assert_core_passes(&made);
		close_made(&made);
	}
}

static void a_kernel_that_leaves_too_few_is_refused(void **state)
{
	(void)state;
	const struct order none = {64, false, true, false, 0};
	const struct order keys_only = {64, false, true, true, UINT64_C(0xf) << 59};
	struct made made;
	struct pvb_error error;

	assert_fails_with(make_plan(&made, "memory=1G,pte-bits=domain", &none, NULL, &error),
			  PVB_E_PLAN_PTE_BITS, &error);
	close_made(&made);
	assert_fails_with(make_plan(&made, "memory=1G,pte-bits=domain", &keys_only, NULL, &error),
			  PVB_E_PLAN_PTE_BITS, &error);
	close_made(&made);
}

static void a_host_with_bits_wired_in_refuses_who_uses_them(void **state)
{
	(void)state;
	const struct order not_52 = {64, false, true, false, SOFT & ~BIT(52)};
	const struct order not_62 = {64, false, true, false, SOFT & ~BIT(62)};
	const struct order narrow = {32, false, true, false, SOFT & ~BIT(52)};
	struct made made;
	struct pvb_error error;

	assert_fails_with(make_plan(&made, "memory=1G", &not_52, NULL, &error), PVB_E_HOST_PTE_BITS,
			  &error);
	close_made(&made);
	assert_fails_with(make_plan(&made, "memory=1G,debug", &not_62, NULL, &error),
			  PVB_E_HOST_PTE_BITS, &error);
	close_made(&made);
	made = make("memory=1G", &not_62);
	close_made(&made);
	made = make("memory=1G", &narrow);
	close_made(&made);
}

/* Plans can be made without a host; one that came out otherwise than this host is, is refused. */
static void a_plan_for_another_hypervisor_is_refused_before_anything_is_done(void **state)
{
	(void)state;
	const struct order other = {64, false, true, false, BIT(54)};
	const struct order usual = {64, false, true, false, BIT(52) | BIT(62)};
	const struct order legacy = {.guest_bits = 64};
	struct pvb_host_info free_to_pick = {
		.capabilities = "xen-3.0-x86_64", .page_shift = 12, .address_bits = 46};
	struct made made;
	struct pvb_error error;

	assert_ok(make_plan(&made, "memory=1G", &other, &free_to_pick, &error), &error);
	assert_fails_with(make_domain(&made, &error), PVB_E_HOST_PTE_BITS, &error);
	assert_string_equal(error.stage, "build");
	close_made(&made);

	/* It was planned without a mark for grants. */
	assert_ok(make_plan(&made, "memory=1G,debug", &usual, &free_to_pick, &error), &error);
	assert_fails_with(make_domain(&made, &error), PVB_E_ARG_INVALID, &error);
	close_made(&made);

	/* Who declares nothing was promised nothing. */
	assert_ok(make_plan(&made, "memory=1G,debug", &legacy, &free_to_pick, &error), &error);
	assert_ok(make_domain(&made, &error), &error);
	close_made(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_of_a_pinned_domain_is_as_predicted),
		cmocka_unit_test(a_wrong_prediction_is_seen),
		cmocka_unit_test(known_entries_become_known_ones),
		cmocka_unit_test(a_prediction_of_a_prediction_is_the_same),
		cmocka_unit_test(a_kernel_gets_bits_that_it_leaves_alone),
		cmocka_unit_test(a_kernel_that_leaves_too_few_is_refused),
		cmocka_unit_test(a_host_with_bits_wired_in_refuses_who_uses_them),
		cmocka_unit_test(a_plan_for_another_hypervisor_is_refused_before_anything_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
