/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes of a kernel's declarations (doc/guest-abi.md): the answer in shared info, and the
 * width that machine addresses keep to.
 */
#include "audit/check.h"
#include "core/checked.h"
#include "core/span.h"

/*
 * The answer, in bytes of the shared info page, as version 1 has it: it ended behind the
 * page size at first, and then got the p2m's tree.
 */
#define ANSWER 0xe00u
#define ANSWER_LEAST 32u
#define ANSWER_SIZE 48u
#define MAGIC UINT64_C(0x7473657567627670) /* "pvbguest" */
#define ANSWER_VERSION 1u

#define MOST_BITS 52u

/* Machine addresses that the M2P of a guest covers. */
#define M2P_BITS_64 47u
#define M2P_BITS_32 37u

void read_answer(struct check *check)
{
	struct pvb_span page = pvb_span(check->view->shared_info, VIEW_PAGE_SIZE);
	struct answer *answer = &check->answer;
	uint64_t magic = 0;
	uint32_t version = 0;

	*answer = (struct answer){0};
	if (!check->view->has_shared_info)
		return;
	(void)pvb_span_u64(page, ANSWER, &magic);
	answer->present = magic == MAGIC;
	if (!answer->present)
		return;
	(void)pvb_span_u32(page, ANSWER + 8, &version);
	(void)pvb_span_u32(page, ANSWER + 12, &answer->size);
	(void)pvb_span_u64(page, ANSWER + 16, &answer->valid);
	(void)pvb_span_u8(page, ANSWER + 24, &answer->address_bits);
	(void)pvb_span_u8(page, ANSWER + 25, &answer->pte_kernel_bit);
	(void)pvb_span_u8(page, ANSWER + 26, &answer->pte_grant_bit);
	(void)pvb_span_u8(page, ANSWER + 27, &answer->pte_flags);
	(void)pvb_span_u8(page, ANSWER + 28, &answer->granule_shift);
	answer->whole = version == ANSWER_VERSION && answer->size >= ANSWER_LEAST &&
			answer->size <= VIEW_PAGE_SIZE - ANSWER;
	if (answer->size < ANSWER_SIZE)
		return;
	(void)pvb_span_u32(page, ANSWER + 32, &answer->p2m_levels);
	(void)pvb_span_u64(page, ANSWER + 40, &answer->p2m_root);
	answer->has_tree = answer->whole && answer->valid & HAS_P2M_TREE;
}

/*
 * Whoever audits may say; then whoever made the domain does, on record or, in a core, to the
 * guest; and then the kernel. None of them can allow more than the kernel declares.
 */
void find_address_bits(struct check *check)
{
	const struct answer *answer = &check->answer;

	const unsigned kernel = check->image ? check->image->declares.address_bits : 0;
	const bool noted = kernel && check->image->declares.address_bits_source == PVB_BITS_NOTE;

	check->address_bits = check->options->address_bits;
	if (!check->address_bits)
		check->address_bits = check->view->record.address_bits;
	if (!check->address_bits && answer->whole && answer->valid & HAS_ADDRESS_BITS)
		check->address_bits = answer->address_bits;
	/* What a note declares holds whatever others say; a version is only an assumption. */
	if (kernel && (!check->address_bits || (noted && kernel < check->address_bits)))
		check->address_bits = kernel;
	if (check->address_bits <= VIEW_PAGE_SHIFT || check->address_bits > 63)
		check->address_bits = 0;
}

/* ---- the answer ---- */

/*
 * Whether there is to be an answer, as the kernel declares something or has been given a p2m tree;
 * false in *known where nobody can tell.
 */
static bool is_answered(const struct check *check, bool *known)
{
	const struct pvb_host_record *record = &check->view->record;

	*known = check->image || record->known;
	if (record->known ? record->p2m_levels != 0 : check->tree.told)
		return true;
	return check->image ? check->image->declares.guest_abi : record->guest_abi;
}

void answer_place(const struct check *check, size_t *from, size_t *to)
{
	bool known;

	(void)is_answered(check, &known);
	*from = *to = ANSWER;
	if (known || check->answer.present)
		*to += check->answer.whole ? check->answer.size : ANSWER_SIZE;
}

static struct place field(const char *name)
{
	return place("shared_info, guest ABI: %s", name);
}

/* Fields that an answer of so many bytes can have. */
static uint64_t valid_of(uint32_t size)
{
	uint64_t fields = HAS_ADDRESS_BITS | HAS_PTE_BITS | HAS_GRANULE;

	return size < ANSWER_SIZE ? fields : fields | HAS_P2M_TREE;
}

static void check_form(struct check *check)
{
	const uint8_t *page = check->view->shared_info;
	const struct answer *answer = &check->answer;
	struct pvb_span span = pvb_span(page, VIEW_PAGE_SIZE);
	uint64_t magic = 0;
	uint32_t version = 0;

	(void)pvb_span_u64(span, ANSWER, &magic);
	(void)pvb_span_u32(span, ANSWER + 8, &version);
	expect(check, RULE_SHARED_ABI, answer->present, field("magic"),
	       "the kernel is to be answered, and where the answer should be, the magic is 0x%llx",
	       (unsigned long long)magic);
	if (!answer->present)
		return;
	expect(check, RULE_SHARED_ABI, answer->whole, field("version, size"),
	       "the answer is of version %u and has %u bytes, and should be of version %u with %u "
	       "or more that fit into the page",
	       version, answer->size, ANSWER_VERSION, ANSWER_SIZE);
	if (!answer->whole)
		return;
	expect(check, RULE_SHARED_ABI,
	       answer->size > ANSWER_SIZE || !(answer->valid & ~valid_of(answer->size)),
	       field("valid"), "fields that nobody knows are said to be valid: 0x%llx",
	       (unsigned long long)answer->valid);
	expect(check, RULE_SHARED_ABI, first_nonzero(page, ANSWER + 29, ANSWER + 32) == ANSWER + 32,
	       field("reserved"), "the reserved bytes are not zero");
	if (answer->size < ANSWER_SIZE)
		return;
	expect(check, RULE_SHARED_ABI, first_nonzero(page, ANSWER + 36, ANSWER + 40) == ANSWER + 40,
	       field("reserved_p2m"), "the reserved bytes are not zero");
	expect(check, RULE_SHARED_ABI,
	       check->tree.told || (!answer->p2m_levels && !answer->p2m_root),
	       field("p2m_levels, p2m_root"),
	       "no tree is told of, and yet one of %u levels at MFN 0x%llx", answer->p2m_levels,
	       (unsigned long long)answer->p2m_root);
}

static void check_told_bits(struct check *check)
{
	const struct pvb_host_record *record = &check->view->record;
	const unsigned bits = check->answer.address_bits;
	const unsigned declared =
		check->image && check->image->declares.address_bits_source == PVB_BITS_NOTE
			? check->image->declares.address_bits
			: 0;

	expect(check, RULE_SHARED_ABI_VALUES, bits > VIEW_PAGE_SHIFT && bits <= MOST_BITS,
	       field("address_bits"), "the guest is told of %u address bits, which no machine has",
	       bits);
	expect(check, RULE_SHARED_ABI_VALUES, !record->known || bits == record->address_bits,
	       field("address_bits"), "the guest is told of %u address bits, and %u are on record",
	       bits, record->address_bits);
	expect(check, RULE_SHARED_ABI_VALUES, !declared || bits <= declared, field("address_bits"),
	       "the guest is told of %u address bits, and copes with %u", bits, declared);
}

static void check_told_pte_bits(struct check *check)
{
	const struct pvb_host_record *record = &check->view->record;
	const struct answer *answer = &check->answer;

	expect(check, RULE_SHARED_ABI_VALUES,
	       check->view->guest_bits == 64 || answer->pte_kernel_bit == NO_BIT,
	       field("pte_kernel_bit"),
	       "bit %u is said to mark kernel mappings, and those of a 32-bit guest are not marked",
	       answer->pte_kernel_bit);
	expect(check, RULE_SHARED_ABI_VALUES,
	       !record->pte_bits || (answer->pte_kernel_bit == record->pte_kernel_bit &&
				     answer->pte_grant_bit == record->pte_grant_bit &&
				     answer->pte_flags == record->pte_flags),
	       field("pte_kernel_bit, pte_grant_bit, pte_flags"),
	       "the guest is told of bits %u and %u and flags 0x%x, and %u, %u and 0x%x are on "
	       "record (%u means none)",
	       answer->pte_kernel_bit, answer->pte_grant_bit, answer->pte_flags,
	       record->pte_kernel_bit, record->pte_grant_bit, record->pte_flags, NO_BIT);
}

static void check_values(struct check *check)
{
	const struct answer *answer = &check->answer;

	applies(check, RULE_SHARED_ABI_VALUES);
	if (answer->valid & HAS_ADDRESS_BITS)
		check_told_bits(check);
	if (answer->valid & HAS_PTE_BITS)
		check_told_pte_bits(check);
	if (answer->valid & HAS_GRANULE)
		expect(check, RULE_SHARED_ABI_VALUES, answer->granule_shift == VIEW_PAGE_SHIFT,
		       field("granule_shift"),
		       "the hypervisor's pages are said to have 2^%u bytes, and have 2^%u",
		       answer->granule_shift, VIEW_PAGE_SHIFT);
}

void check_answer(struct check *check)
{
	bool known, answered = is_answered(check, &known);

	if (!check->view->has_shared_info)
		return;
	if (known && !answered) {
		const uint8_t *page = check->view->shared_info;
		size_t at = first_nonzero(page, ANSWER, ANSWER + ANSWER_SIZE);

		expect(check, RULE_SHARED_ABI_ABSENT, at == ANSWER + ANSWER_SIZE,
		       place("shared_info, byte 0x%zx", at),
		       "the kernel was to be told nothing, and byte 0x%zx, where it would be, "
		       "is "
		       "0x%02x",
		       at, page[at]);
		return;
	}
	if (known || check->answer.present)
		check_form(check);
	if (check->answer.whole)
		check_values(check);
}

/* ---- the width ---- */

/* Memory as the p2m list has it is looked at there (rules-p2m.c); these are read elsewhere. */
static void check_frame(struct check *check, enum audit_rule rule, uint64_t frame,
			struct place where)
{
	const uint64_t limit = UINT64_C(1) << (check->address_bits - VIEW_PAGE_SHIFT);

	expect(check, rule, frame < limit, where, "MFN 0x%llx lies above the limit of %u bits",
	       (unsigned long long)frame, check->address_bits);
}

void check_address_bits(struct check *check)
{
	const struct view *view = check->view;
	uint64_t shared = view->shared_info_frame.n;

	if (!check->address_bits)
		return;
	for (size_t i = 0; i < check->walk.table_count; i++) {
		const struct walk_table *table = &check->walk.tables[i];

		check_frame(check, RULE_TABLES_ADDRESS_BITS, table->frame.n,
			    place("L%u table at PFN 0x%llx", table->level,
				  (unsigned long long)table->pfn.n));
	}
	/* A core has the page, and only start_info to say where it was. */
	if (shared == PVB_NO_FRAME && check->start.shared_info)
		shared = check->start.shared_info >> VIEW_PAGE_SHIFT;
	if (shared != PVB_NO_FRAME)
		check_frame(check, RULE_SHARED_ADDRESS_BITS, shared, place("shared_info"));
	if (view->grant_frame_count)
		applies(check, RULE_GRANTS_ADDRESS_BITS);
	/* A limit that is the M2P's end is none on pages that the M2P does not know. */
	if (check->address_bits >= (view->guest_bits == 64 ? M2P_BITS_64 : M2P_BITS_32))
		return;
	for (size_t i = 0; i < view->grant_frame_count; i++)
		check_frame(check, RULE_GRANTS_ADDRESS_BITS, view->grant_frames[i].n,
			    place("page %zu of the grant table", i));
}
