/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page-table entries that must not reach the hypervisor: each is found, and named exactly. */
#include "support/test.h"

#include <inttypes.h>

#include <pvbuild/guest-abi.h>

#include "build/entries.h"

#define NO PVB_GUEST_PTE_NO_BIT
#define BIT(n) (UINT64_C(1) << (n))
#define HIGH UINT64_C(0xffffffff80000000)
#define TABLE_MFN UINT64_C(0x777)

static struct pvb_runs tables;

static int one_table(void **state)
{
	(void)state;
	return pvb_runs_add(&tables, TABLE_MFN, 5, 2);
}

static int no_table(void **state)
{
	(void)state;
	pvb_runs_free(&tables);
	return 0;
}

static struct pvb_entry_rules rules_of(unsigned guest_bits, unsigned kernel_bit)
{
	return (struct pvb_entry_rules){
		.guest_bits = guest_bits,
		.address_bits = 46,
		.kernel_bit = kernel_bit,
		.tables = &tables,
	};
}

static int check_at(const struct pvb_entry_rules *rules, unsigned level, uint64_t va,
		    unsigned index, uint64_t entry, struct pvb_error *error)
{
	const struct pvb_entry_table table = {level, 0xabc, va & (BIT(48) - 1)};
	uint64_t entries[512] = {0};

	entries[index] = entry;
	return pvb_entries_check(rules, &table, entries, "page_tables", error);
}

/* The message has level, index, value, address and bit, and the reason. */
static void assert_named(const struct pvb_error *error, unsigned level, unsigned index,
			 uint64_t entry, uint64_t address, unsigned bit, const char *why)
{
	char wanted[200];

	(void)snprintf(wanted, sizeof wanted,
		       "entry %u of the L%u table at PFN 0xabc, for address 0x%" PRIx64
		       ", is 0x%016" PRIx64 ": bit %u, ",
		       index, level, address, entry, bit);
	if (!strstr(error->message, wanted) || !strstr(error->message, why))
		print_error("wanted \"%s\" and \"%s\"\n   got \"%s\"\n", wanted, why,
			    error->message);
	assert_non_null(strstr(error->message, wanted));
	assert_non_null(strstr(error->message, why));
	assert_string_equal(error->stage, "page_tables");
}

static void what_the_builder_writes_passes(void **state)
{
	(void)state;
	const struct pvb_entry_rules wide = rules_of(64, 52), narrow = rules_of(32, NO);
	struct pvb_error error;

	for (unsigned level = 1; level <= 4; level++) {
		const uint64_t flags = level == 1 ? 0x23 : 0x67;

		assert_ok(check_at(&wide, level, 0, 511, 0x5000 | flags, &error), &error);
		assert_ok(check_at(&wide, level, 0, 0, 0, &error), &error);
		if (level < 4)
			assert_ok(check_at(&narrow, level, 0, 3, 0x5000 | flags, &error), &error);
	}
	assert_ok(check_at(&wide, 1, HIGH, 9, TABLE_MFN << 12 | 0x21, &error), &error);
	/* As the hypervisor leaves them: marked as the kernel's. */
	assert_ok(check_at(&wide, 1, HIGH, 9, TABLE_MFN << 12 | 0x25 | BIT(52), &error), &error);
	assert_ok(check_at(&wide, 1, HIGH, 9, 0x5027 | BIT(52), &error), &error);
	/* Not executable, and the highest address that there is. */
	assert_ok(check_at(&wide, 1, HIGH, 9, BIT(63) | (BIT(46) - 4096) | 0x63, &error), &error);
}

static void each_offence_is_named_by_level_index_bit_and_address(void **state)
{
	(void)state;
	static const struct {
		unsigned guest_bits, level;
		uint64_t va; /* of the table */
		unsigned index;
		uint64_t entry;
		uint64_t at; /* address of the entry */
		unsigned bit;
		const char *why;
	} cases[] = {
		/* flags that Xen refuses, and where */
		{64, 1, HIGH, 3, 0x502b, HIGH + 0x3000, 3, "PWT"},
		{64, 1, HIGH, 511, 0x5033, HIGH + 0x1ff000, 4, "PCD"},
		{64, 1, 0x8000000000, 0, 0x50a3, 0x8000000000, 7, "PAT"},
		{64, 2, HIGH, 1, 0x50e7, HIGH + 0x200000, 7, "PS"},
		{64, 3, 0, 2, 0x50e7, 0x80000000, 7, "PS"},
		{64, 4, 0, 511, 0x50e7, UINT64_C(0xffffff8000000000), 7, "PS"},
		{64, 2, HIGH, 0, 0x5167, HIGH, 8, "G"},
		{64, 4, 0, 1, 0x506f, 0x8000000000, 3, "PWT"},
		/* a kernel mapping that would be global */
		{64, 1, HIGH, 0, 0x5123, HIGH, 8, "G"},
		{64, 1, HIGH, 0, 0x5127 | BIT(53), HIGH, 8, "G"},
		/* software bits, which are the guest's */
		{64, 1, HIGH, 4, 0x5223, HIGH + 0x4000, 9, "software's"},
		{64, 1, HIGH, 4, 0x5823, HIGH + 0x4000, 11, "software's"},
		{64, 1, HIGH, 4, 0x5023 | BIT(52), HIGH + 0x4000, 52, "software's"},
		{64, 1, HIGH, 4, 0x5023 | BIT(62), HIGH + 0x4000, 62, "software's"},
		/* ... and not by which the hypervisor marks leaves, elsewhere */
		{64, 2, HIGH, 4, 0x5067 | BIT(53), HIGH + 0x800000, 53, "software's"},
		{32, 1, 0xc0000000, 4, 0x5023 | BIT(53), 0xc0004000, 53, "software's"},
		/* a PAE root has flags of its own */
		{32, 3, 0, 3, 0x5067 | BIT(63), 0xc0000000, 63, "NX"},
		{32, 3, 0, 4, 0x5067, UINT64_C(0x100000000), 0, "four entries"},
		/* not present, but something: the lowest bit of it */
		{64, 1, HIGH, 7, 0x5000, HIGH + 0x7000, 12, "has to be zero"},
		{64, 2, HIGH, 7, 0x80, HIGH + 0xe00000, 7, "has to be zero"},
		{32, 2, 0, 7, BIT(62), 0xe00000, 62, "has to be zero"},
		/* an address that the guest does not cope with: the highest bit of it */
		{64, 1, HIGH, 0, BIT(46) | 0x23, HIGH, 46, "46 bits of address"},
		{64, 2, HIGH, 0, BIT(51) | BIT(46) | 0x67, HIGH, 51, "46 bits of address"},
		/* page tables are not the guest's to write */
		{64, 1, HIGH, 6, TABLE_MFN << 12 | 0x23, HIGH + 0x6000, 1, "write to a page table"},
		{32, 1, 0xc0000000, 6, (TABLE_MFN + 1) << 12 | 0x23, 0xc0006000, 1,
		 "write to a page table"},
		/* what the hypervisor overwrites */
		{64, 4, 0, 256, 0x5067, UINT64_C(0xffff800000000000), 0, "the hypervisor's"},
		{64, 4, 0, 271, 0x5067, UINT64_C(0xffff878000000000), 0, "the hypervisor's"},
		{32, 2, 0xc0000000, 428, 0x5067, 0xf5800000, 0, "the hypervisor's"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct pvb_entry_rules rules =
			rules_of(cases[i].guest_bits, cases[i].guest_bits == 64 ? 53 : NO);
		const uint64_t flags = cases[i].entry;
		struct pvb_error error;

		assert_fails_with(check_at(&rules, cases[i].level, cases[i].va, cases[i].index,
					   flags, &error),
				  PVB_E_BUG_TABLE_ENTRY, &error);
		assert_named(&error, cases[i].level, cases[i].index, flags, cases[i].at,
			     cases[i].bit, cases[i].why);
		assert_non_null(strstr(error.hint, "report"));
	}
}

static void neighbours_of_the_hypervisors_slots_are_the_guests(void **state)
{
	(void)state;
	const struct pvb_entry_rules wide = rules_of(64, 52), narrow = rules_of(32, NO);
	struct pvb_error error;

	assert_ok(check_at(&wide, 4, 0, 255, 0x5067, &error), &error);
	assert_ok(check_at(&wide, 4, 0, 272, 0x5067, &error), &error);
	assert_ok(check_at(&wide, 3, 0, 260, 0x5067, &error), &error);
	assert_ok(check_at(&narrow, 2, 0xc0000000, 427, 0x5067, &error), &error);
	assert_ok(check_at(&narrow, 2, 0x80000000, 428, 0x5067, &error), &error);
}

/* Every bit of every level, beside Xen's masks written down another way. */
static void every_single_bit_is_judged(void **state)
{
	(void)state;
	for (unsigned width = 32; width <= 64; width += 32) {
		const struct pvb_entry_rules rules = rules_of(width, width == 64 ? 58 : NO);

		for (unsigned level = 1; level <= (width == 64 ? 4u : 3u); level++) {
			for (unsigned bit = 1; bit < 64; bit++) {
				const bool address = bit >= 12 && bit < 46;
				const bool flag = bit == 1 || bit == 2 || bit == 5 || bit == 6;
				const bool nx = bit == 63 && !(width == 32 && level == 3);
				const bool mark = width == 64 && level == 1 && bit == 58;
				const bool global = width == 32 && level == 1 && bit == 8;
				struct pvb_error error = {0};
				int rc = check_at(&rules, level, 0, 2, 1 | BIT(bit), &error);

				assert_int_equal(rc, address || flag || nx || mark || global
							     ? 0
							     : -PVB_E_BUG_TABLE_ENTRY);
			}
		}
	}
}

static void an_offence_anywhere_in_the_table_is_found(void **state)
{
	(void)state;
	const struct pvb_entry_rules rules = rules_of(64, 52);

	for (unsigned index = 0; index < 512; index++) {
		struct pvb_error error;

		assert_fails_with(check_at(&rules, 1, HIGH, index, 0x50a3, &error),
				  PVB_E_BUG_TABLE_ENTRY, &error);
		assert_named(&error, 1, index, 0x50a3, HIGH + index * UINT64_C(4096), 7, "PAT");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_builder_writes_passes),
		cmocka_unit_test(each_offence_is_named_by_level_index_bit_and_address),
		cmocka_unit_test(neighbours_of_the_hypervisors_slots_are_the_guests),
		cmocka_unit_test(every_single_bit_is_judged),
		cmocka_unit_test(an_offence_anywhere_in_the_table_is_found),
	};

	return cmocka_run_group_tests_name("entries before the pin", tests, one_table, no_table);
}
