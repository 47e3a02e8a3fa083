/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How what comes of a kernel's declarations can be wrong: its answer, and the width. */
#include "support/test.h"
#include "unit/audit-mutations.h"

#define ANSWER 0xe00

static void nothing(struct paper_domain *d)
{
	(void)d;
}

/* ---- the width ---- */

static void shared_info_high(struct paper_domain *d)
{
	d->shared_frame = 0x50000;
	paper_set(d, SI_SHARED_INFO, d->shared_frame * 4096);
}

static void grant_table_high(struct paper_domain *d)
{
	d->grant_frames[1] = PVB_MFN(0x50000);
	d->grant_frame_count = 2;
}

static void narrow_record(struct paper_domain *d)
{
	d->record = (struct pvb_host_record){.known = true, .address_bits = 26};
}

static void narrow_answer(struct paper_domain *d)
{
	d->record = (struct pvb_host_record){0};
	d->shared_info[ANSWER + 24] = 26;
}

/* Within what is on record, and not within what the kernel declares. */
static void record_beyond_the_kernel(struct paper_domain *d)
{
	d->record.address_bits = 46;
	d->shared_frame = UINT64_C(1) << 29;
	paper_set(d, SI_SHARED_INFO, d->shared_frame * 4096);
}

/* ---- the answer ---- */

static void no_answer(struct paper_domain *d)
{
	memset(d->shared_info + ANSWER, 0, 32);
}

static void other_version(struct paper_domain *d)
{
	d->shared_info[ANSWER + 8] = 2;
}

static void too_short(struct paper_domain *d)
{
	d->shared_info[ANSWER + 12] = 31;
}

static void past_the_page(struct paper_domain *d)
{
	d->shared_info[ANSWER + 12] = 1;
	d->shared_info[ANSWER + 13] = 2;
}

static void field_of_the_future(struct paper_domain *d)
{
	d->shared_info[ANSWER + 16] |= 16;
}

/* One that there is, behind the end of the answer. */
static void field_past_its_end(struct paper_domain *d)
{
	d->shared_info[ANSWER + 12] = 32;
	d->shared_info[ANSWER + 16] |= 8;
}

static void reserved_byte(struct paper_domain *d)
{
	d->shared_info[ANSWER + 31] = 1;
}

/* Still one that a machine could have, and that the record would agree with. */
static void wider_than_declared(struct paper_domain *d)
{
	d->shared_info[ANSWER + 24] = d->record.address_bits = 41;
}

static void other_than_recorded(struct paper_domain *d)
{
	d->shared_info[ANSWER + 24] = 39;
}

static void width_of_no_machine(struct paper_domain *d)
{
	d->shared_info[ANSWER + 24] = d->record.address_bits = 53;
}

static void other_kernel_bit(struct paper_domain *d)
{
	d->shared_info[ANSWER + 25] = 53;
}

static void other_grant_bit(struct paper_domain *d)
{
	d->shared_info[ANSWER + 26] = 62;
}

static void keys_unasked(struct paper_domain *d)
{
	d->shared_info[ANSWER + 27] = 1;
}

static void kernel_bit_of_32(struct paper_domain *d)
{
	d->shared_info[ANSWER + 25] = d->record.pte_kernel_bit = 52;
}

/* The answer and the record agree, and the hypervisor with neither. */
static void all_say_53(struct paper_domain *d)
{
	d->shared_info[ANSWER + 25] = d->record.pte_kernel_bit = 53;
}

static void other_kernel_bit_without_a_record(struct paper_domain *d)
{
	other_kernel_bit(d);
	d->record = (struct pvb_host_record){0};
}

static void grants_marked_in_secret(struct paper_domain *d)
{
	d->grant_bit = 62;
}

static void keys_for_all(struct paper_domain *d)
{
	d->shared_info[ANSWER + 27] = d->record.pte_flags = 1;
}

static void other_granule(struct paper_domain *d)
{
	d->shared_info[ANSWER + 28] = 14;
}

static void answer_unasked(struct paper_domain *d)
{
	memcpy(d->shared_info + ANSWER, "pvbguest\1\0\0\0\x20", 13);
}

static void dirt_in_its_place(struct paper_domain *d)
{
	d->shared_info[ANSWER + 31] = 1;
}

static void undeclared_by_record(struct paper_domain *d)
{
	d->record = (struct pvb_host_record){.known = true, .address_bits = 46};
	answer_unasked(d);
}

static void unanswered_by_record(struct paper_domain *d)
{
	d->record = (struct pvb_host_record){.known = true, .guest_abi = true, .address_bits = 46};
}

static void dirt_behind_it(struct paper_domain *d)
{
	d->shared_info[ANSWER + d->shared_info[ANSWER + 12]] = 1;
}

static void dirt_before_it(struct paper_domain *d)
{
	d->shared_info[ANSWER - 1] = 1;
}

#define USES_52                                                                                    \
	{                                                                                          \
		.bits = 64, .declares = true, .pte_note = UINT64_C(0x7fe0000000000e00)             \
	}
#define LEAVES_52                                                                                  \
	{                                                                                          \
		.bits = 64, .declares = true, .pte_note = UINT64_C(0x0010000000000000)             \
	}

/* clang-format off */
static const struct mutation mutations[] = {
	{"tables.address-bits", "memory.address-bits", BITS_64, nothing, .address_bits = 26},
	{"tables.address-bits", "memory.address-bits", BITS_32, nothing, .address_bits = 26},
	{"tables.address-bits", "memory.address-bits", BITS_64, narrow_record, .where = LIVE, .by_record = true},
	{"tables.address-bits", "memory.address-bits", DECLARING, narrow_answer, .where = CORE, .by_record = true},
	{"shared_info.address-bits", "", BITS_64, shared_info_high, .address_bits = 30},
	{"shared_info.address-bits", "", BITS_32, shared_info_high, .address_bits = 30},
	{"shared_info.address-bits", "shared_info.guest-abi-values", DECLARING, record_beyond_the_kernel, .where = LIVE, .by_record = true},
	{"grants.address-bits", "", BITS_64, grant_table_high, .where = LIVE, .address_bits = 30},
	{"grants.address-bits", "", BITS_32, grant_table_high, .where = LIVE, .address_bits = 30},

	{"shared_info.guest-abi", "", DECLARING, no_answer, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING_32, no_answer, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, other_version, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, too_short, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, past_the_page, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, field_of_the_future, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, field_past_its_end, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, reserved_byte, .where = BOTH},
	{"shared_info.guest-abi", "", DECLARING, other_version, .where = BOTH, .no_image = true},
	{"shared_info.guest-abi", "", BITS_64, unanswered_by_record, .where = LIVE, .no_image = true},

	{"shared_info.guest-abi-values", "", DECLARING, wider_than_declared, .where = BOTH},
	{"shared_info.guest-abi-values", "", DECLARING, other_than_recorded, .where = LIVE},
	{"shared_info.guest-abi-values", "", DECLARING, width_of_no_machine, .where = BOTH},
	{"shared_info.guest-abi-values", "", DECLARING, other_kernel_bit, .where = LIVE},
	{"shared_info.guest-abi-values", "", DECLARING, other_grant_bit, .where = LIVE},
	{"shared_info.guest-abi-values", "", DECLARING, keys_unasked, .where = LIVE},
	{"shared_info.guest-abi-values", "", DECLARING, other_granule, .where = BOTH},
	{"shared_info.guest-abi-values", "tables.told-bits", DECLARING_32, kernel_bit_of_32, .where = LIVE},
	{"shared_info.guest-abi-values", "", DECLARING_32, kernel_bit_of_32, .where = CORE},

	{"tables.told-bits", "", DECLARING, all_say_53, .where = LIVE},
	{"tables.told-bits", "", DECLARING, other_kernel_bit_without_a_record, .where = LIVE},
	{"tables.told-bits", "", DECLARING, grants_marked_in_secret, .where = LIVE},
	{"tables.told-bits", "", DECLARING, keys_for_all, .where = LIVE},
	{"tables.told-bits", "", DECLARING_32, grants_marked_in_secret, .where = LIVE},
	{"kernel.pte-bits", "", USES_52, nothing, .where = BOTH},
	{"kernel.pte-bits", "tables.told-bits", LEAVES_52, grants_marked_in_secret, .where = LIVE},

	{"shared_info.guest-abi-absent", "", BITS_64, answer_unasked, .where = BOTH},
	{"shared_info.guest-abi-absent", "", BITS_32, answer_unasked, .where = BOTH},
	{"shared_info.guest-abi-absent", "", BITS_64, dirt_in_its_place, .where = BOTH},
	{"shared_info.guest-abi-absent", "", BITS_64, undeclared_by_record, .where = LIVE, .no_image = true},

	/* Where nobody knows of an answer, it is part of the page like the rest. */
	{"shared_info.spare", "", BITS_64, dirt_in_its_place, .where = BOTH, .no_image = true},
	{"shared_info.spare", "", DECLARING, dirt_behind_it, .where = BOTH},
	{"shared_info.spare", "", DECLARING, dirt_before_it, .where = BOTH},
};
/* clang-format on */

const struct mutations declared_mutations = {mutations, sizeof mutations / sizeof mutations[0]};
