/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bits of page-table entries on the simulated host: wired in as Xen's are, or each
 * domain's own; what is refused by them, and what a pin makes of entries with them.
 */
#include "test-sim.h"

#define NO PVB_GUEST_PTE_NO_BIT
#define BIT(n) (UINT64_C(1) << (n))

/* The tables of one page each, and pages that the L1 maps. */
enum { L4, L3, L2, L1, DATA, FRAMES = 16 };

struct guest {
	struct pvb_host *host;
	uint32_t domid;
	pvb_mfn_t frame[FRAMES];
};

static struct guest new_guest(const char *options, unsigned bits)
{
	struct guest guest = {.host = open_sim(options)};
	struct pvb_error error;

	guest.domid = new_domain(guest.host, GIB);
	assert_ok(pvb_host_set_guest_bits(guest.host, guest.domid, bits, &error), &error);
	return guest;
}

static int set(struct guest *guest, unsigned kernel_bit, unsigned grant_bit, bool keys,
	       struct pvb_error *error)
{
	const struct pvb_host_pte_bits bits = {kernel_bit, grant_bit, keys};

	return pvb_host_set_pte_bits(guest->host, guest->domid, &bits, error);
}

static uint64_t read_leaf(struct guest *guest, unsigned index)
{
	uint64_t value;

	assert_int_equal(
		pvb_sim_peek(guest->host, guest->frame[L1], index * 8, &value, sizeof value), 0);
	return value;
}

static uint64_t address(const struct guest *guest, unsigned frame)
{
	return guest->frame[frame].n << 12;
}

static void write_entry(struct guest *guest, unsigned table, unsigned index, uint64_t value)
{
	assert_int_equal(
		pvb_sim_poke(guest->host, guest->frame[table], index * 8, &value, sizeof value), 0);
}

/* Memory, and tables whose leaf "index" maps page DATA + index with these flags. */
static void give_tables(struct guest *guest, const uint64_t *flags, unsigned count)
{
	static const uint64_t zeros[512];

	assert_int_equal(give(guest->host, guest->domid, 0, 0, FRAMES, guest->frame), FRAMES);
	for (unsigned i = L4; i <= L1; i++)
		assert_int_equal(pvb_sim_poke(guest->host, guest->frame[i], 0, zeros, sizeof zeros),
				 0);
	write_entry(guest, L4, 0, address(guest, L3) | 0x67);
	write_entry(guest, L3, 0, address(guest, L2) | 0x67);
	write_entry(guest, L2, 0, address(guest, L1) | 0x67);
	for (unsigned i = 0; i < count; i++)
		write_entry(guest, L1, i, address(guest, DATA + i) | flags[i]);
}

static int pin(struct guest *guest, unsigned level, struct pvb_error *error)
{
	return pvb_host_pin_table(guest->host, guest->domid, level,
				  guest->frame[level == 4 ? L4 : L1], error);
}

static struct pvb_host_info info_of(const char *options)
{
	struct pvb_host *host = open_sim(options);
	struct pvb_host_info info;
	struct pvb_error error;

	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	close_sim(host);
	return info;
}

static void they_are_wired_in_as_xens_where_nothing_is_said(void **state)
{
	(void)state;
	static const char *const wired[] = {"", "pte-bits=xen", "pte-bits=xen,xen=4.21"};
	struct pvb_host_pte_bits bits;
	struct pvb_error error;

	for (size_t i = 0; i < 3; i++) {
		assert_true(info_of(wired[i]).pte_bits_fixed);
		assert_int_equal(info_of(wired[i]).pte_kernel_bit, 52);
		assert_int_equal(info_of(wired[i]).pte_grant_bit, NO);
	}
	assert_int_equal(info_of("debug").pte_grant_bit, 62);
	assert_false(info_of("pte-bits=domain").pte_bits_fixed);
	assert_int_equal(info_of("pte-bits=domain,debug").pte_grant_bit, 62);

	struct guest guest = new_guest("", 64);

	assert_fails_with(set(&guest, 52, NO, false, &error), PVB_E_HOST_PTE_BITS, &error);
	assert_fails_with(pvb_host_get_pte_bits(guest.host, guest.domid, &bits, &error),
			  PVB_E_HOST_PTE_BITS, &error);
	close_sim(guest.host);
	struct pvb_host *host;
	assert_fails_with(pvb_sim_open("pte-bits=guest", &host, &error), PVB_E_HOST_OPTION, &error);
	assert_fails_with(pvb_sim_open("pte-bits", &host, &error), PVB_E_HOST_OPTION, &error);
}

static void a_domain_has_the_usual_ones_until_others_are_set(void **state)
{
	(void)state;
	struct guest guest = new_guest("pte-bits=domain,debug", 64);
	struct pvb_host_pte_bits bits;
	struct pvb_error error;

	assert_ok(pvb_host_get_pte_bits(guest.host, guest.domid, &bits, &error), &error);
	assert_int_equal(bits.kernel_bit, 52);
	assert_int_equal(bits.grant_bit, 62);
	assert_ok(set(&guest, 57, 9, true, &error), &error);
	assert_ok(pvb_host_get_pte_bits(guest.host, guest.domid, &bits, &error), &error);
	assert_int_equal(bits.kernel_bit, 57);
	assert_int_equal(bits.grant_bit, 9);
	assert_true(bits.keys);
	/* A domain that becomes narrow starts anew. */
	assert_ok(pvb_host_set_guest_bits(guest.host, guest.domid, 32, &error), &error);
	assert_ok(pvb_host_get_pte_bits(guest.host, guest.domid, &bits, &error), &error);
	assert_int_equal(bits.kernel_bit, NO);
	assert_int_equal(bits.grant_bit, 62);
	close_sim(guest.host);
}

static void impossible_ones_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		unsigned guest_bits, kernel, grant;
		bool keys;
		const char *why;
	} cases[] = {
		{"pte-bits=domain", 64, NO, NO, false, "needs a bit"},
		{"pte-bits=domain", 32, 52, NO, false, "32-bit"},
		{"pte-bits=domain", 64, 12, NO, false, "software's"},
		{"pte-bits=domain", 64, 8, NO, false, "software's"},
		{"pte-bits=domain", 64, 63, NO, false, "software's"},
		{"pte-bits=domain", 64, 64, NO, false, "software's"},
		{"pte-bits=domain,debug", 64, 52, 51, false, "software's"},
		{"pte-bits=domain,debug", 64, 53, 53, false, "same bit"},
		{"pte-bits=domain", 64, 52, 62, false, "release build"},
		{"pte-bits=domain", 64, 59, NO, true, "protection keys"},
		{"pte-bits=domain,debug", 64, 52, 62, true, "protection keys"},
		{"pte-bits=domain,debug", 32, NO, 60, true, "protection keys"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = new_guest(cases[i].options, cases[i].guest_bits);
		struct pvb_error error;

		assert_fails_with(
			set(&guest, cases[i].kernel, cases[i].grant, cases[i].keys, &error),
			PVB_E_HOST_PTE_BITS, &error);
		assert_non_null(strstr(error.message, cases[i].why));
		close_sim(guest.host);
	}
}

static void they_stay_as_they_are_once_there_is_memory(void **state)
{
	(void)state;
	struct guest guest = new_guest("pte-bits=domain", 64);
	struct pvb_error error;

	assert_int_equal(give(guest.host, guest.domid, 0, 0, 1, guest.frame), 1);
	assert_fails_with(set(&guest, 53, NO, false, &error), PVB_E_HOST_STATE, &error);
	close_sim(guest.host);
}

/* Xen's three rules for a leaf that is present, whatever the bit (pv/mm.h, adjust_guest_l1e()). */
static void a_pin_marks_kernel_mappings_by_the_domains_bit(void **state)
{
	(void)state;
	static const unsigned bits[] = {52, 53, 58, 60, 62, 9, 11};

	for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
		const uint64_t mark = BIT(bits[i]);
		const uint64_t before[] = {0x23,        0x21,  0x27,  0x23 | mark,
					   0x27 | mark, 0x123, 0x125, 0x127 | mark};
		const uint64_t after[] = {0x27 | mark, 0x25 | mark,  0x127, 0x27 | mark,
					  0x27 | mark, 0x127 | mark, 0x125, 0x127 | mark};
		struct guest guest = new_guest("pte-bits=domain", 64);
		struct pvb_error error;

		assert_ok(set(&guest, bits[i], NO, false, &error), &error);
		give_tables(&guest, before, 8);
		assert_ok(pin(&guest, 4, &error), &error);
		for (unsigned k = 0; k < 8; k++)
			assert_true(read_leaf(&guest, k) == (address(&guest, DATA + k) | after[k]));
		assert_true(read_leaf(&guest, 8) == 0);
		close_sim(guest.host);
	}
}

/* Bit 52 is the guest's own then, like any other. */
static void the_usual_bit_means_nothing_to_a_domain_with_another(void **state)
{
	(void)state;
	const uint64_t before[] = {0x27 | BIT(52), 0x23 | BIT(52)};
	struct guest guest = new_guest("pte-bits=domain", 64);
	struct pvb_error error;

	assert_ok(set(&guest, 55, NO, false, &error), &error);
	give_tables(&guest, before, 2);
	assert_ok(pin(&guest, 4, &error), &error);
	assert_true(read_leaf(&guest, 0) == (address(&guest, DATA) | 0x127 | BIT(52)));
	assert_true(read_leaf(&guest, 1) == (address(&guest, DATA + 1) | 0x27 | BIT(52) | BIT(55)));
	close_sim(guest.host);
}

static void a_debug_build_refuses_the_domains_grant_bit_and_no_other(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		unsigned grant; /* set, where it is not 0 */
		unsigned used;
		bool fine;
	} cases[] = {
		{"debug", 0, 62, false},
		{"debug", 0, 61, true},
		{"", 0, 62, true},
		{"pte-bits=domain,debug", 0, 62, false},
		{"pte-bits=domain,debug", 10, 62, true},
		{"pte-bits=domain,debug", 10, 10, false},
		{"pte-bits=domain,debug", NO, 62, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const uint64_t flags[] = {0x23, 0x23 | BIT(cases[i].used)};
		struct guest guest = new_guest(cases[i].options, 64);
		struct pvb_error error;

		if (cases[i].grant)
			assert_ok(set(&guest, 52, cases[i].grant, false, &error), &error);
		give_tables(&guest, flags, 2);
		/* Grants are mapped by leaves: above them the bit is like any other. */
		write_entry(&guest, L2, 0, address(&guest, L1) | 0x67 | BIT(cases[i].used));
		if (cases[i].fine) {
			assert_ok(pin(&guest, 4, &error), &error);
		} else {
			char bit[24];

			assert_fails_with(pin(&guest, 4, &error), PVB_E_HOST_PIN, &error);
			assert_non_null(strstr(error.message, "L1 table"));
			assert_non_null(strstr(error.message, "entry 1,"));
			(void)snprintf(bit, sizeof bit, "bit %u for grant", cases[i].used);
			assert_non_null(strstr(error.hint, bit));
		}
		close_sim(guest.host);
	}
}

static void entries_of_32_bit_domains_are_left_alone(void **state)
{
	(void)state;
	const uint64_t flags[] = {0x23, 0x21, 0x27, 0x123, 0x23 | BIT(52)};
	struct guest guest = new_guest("pte-bits=domain,debug", 32);
	struct pvb_error error;

	assert_ok(set(&guest, NO, 9, false, &error), &error);
	give_tables(&guest, flags, 5);
	assert_ok(pin(&guest, 1, &error), &error);
	for (unsigned i = 0; i < 5; i++)
		assert_true(read_leaf(&guest, i) == (address(&guest, DATA + i) | flags[i]));
	close_sim(guest.host);

	const uint64_t grant[] = {0x23 | BIT(9)};

	guest = new_guest("pte-bits=domain,debug", 32);
	assert_ok(set(&guest, NO, 9, false, &error), &error);
	give_tables(&guest, grant, 1);
	assert_fails_with(pin(&guest, 1, &error), PVB_E_HOST_PIN, &error);
	close_sim(guest.host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_wired_in_as_xens_where_nothing_is_said),
		cmocka_unit_test(a_domain_has_the_usual_ones_until_others_are_set),
		cmocka_unit_test(impossible_ones_are_refused),
		cmocka_unit_test(they_stay_as_they_are_once_there_is_memory),
		cmocka_unit_test(a_pin_marks_kernel_mappings_by_the_domains_bit),
		cmocka_unit_test(the_usual_bit_means_nothing_to_a_domain_with_another),
		cmocka_unit_test(a_debug_build_refuses_the_domains_grant_bit_and_no_other),
		cmocka_unit_test(entries_of_32_bit_domains_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
