/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Anchors that are written into a page of shared info are read there, and nothing else is changed.
 */
#include "support/test.h"

#include <pvbuild/guest-abi.h>
#include <pvbuild/p2m.h>

#define PAGE_BYTES 4096u

static void assert_same(const struct pvb_p2m_anchors *got, const struct pvb_p2m_anchors *wanted)
{
	assert_int_equal(got->guest_bits, wanted->guest_bits);
	assert_int_equal(got->max_pfn, wanted->max_pfn);
	assert_int_equal(got->frame_list_list, wanted->frame_list_list);
	assert_int_equal(got->p2m_cr3, wanted->p2m_cr3);
	assert_int_equal(got->p2m_vaddr, wanted->p2m_vaddr);
	assert_int_equal(got->p2m_generation, wanted->p2m_generation);
	assert_int_equal(got->has_tree, wanted->has_tree);
	assert_int_equal(got->p2m_levels, wanted->p2m_levels);
	assert_int_equal(got->p2m_root, wanted->p2m_root);
}

static void publish(const struct pvb_p2m_anchors *anchors, uint8_t page[PAGE_BYTES])
{
	struct pvb_p2m_anchors got;
	struct pvb_error error;

	assert_ok(pvb_p2m_write_anchors(anchors, page, PAGE_BYTES, &error), &error);
	assert_ok(pvb_p2m_read_anchors(page, PAGE_BYTES, anchors->guest_bits, &got, &error),
		  &error);
	assert_same(&got, anchors);
}

static void what_is_published_is_read(void **state)
{
	(void)state;
	uint64_t seed = 3;

	for (unsigned round = 0; round < 1000; round++) {
		const bool wide = test_random(&seed) % 2, tree = test_random(&seed) % 2;
		const uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
		const struct pvb_p2m_anchors anchors = {
			.guest_bits = wide ? 64 : 32,
			.max_pfn = test_random(&seed) & mask >> 1,
			.frame_list_list =
				round % 3 ? test_random(&seed) & mask >> 1 : PVB_P2M_NONE,
			.p2m_cr3 = test_random(&seed) & mask >> 1,
			.p2m_vaddr = test_random(&seed) & mask >> 1,
			.p2m_generation = test_random(&seed) & mask >> 1,
			.has_tree = tree,
			.p2m_levels = tree ? 1 + (uint32_t)(test_random(&seed) % 5) : 0,
			.p2m_root = tree ? test_random(&seed) : 0,
		};
		uint8_t page[PAGE_BYTES] = {0};

		publish(&anchors, page);
	}
}

/* Bytes of the anchors: five words less nmi_reason, and the last two fields of the extension. */
static bool is_anchor(size_t at, unsigned word)
{
	const size_t arch = word == 8 ? 3088 : 2316;
	const size_t abi = PVB_GUEST_ABI_OFFSET;

	if (at >= arch && at < arch + 6 * word)
		return (at - arch) / word != 2;
	return (at >= abi + offsetof(struct pvb_guest_abi, valid) &&
		at < abi + offsetof(struct pvb_guest_abi, valid) + 8) ||
	       (at >= abi + offsetof(struct pvb_guest_abi, p2m_levels) &&
		at < abi + offsetof(struct pvb_guest_abi, p2m_levels) + 4) ||
	       (at >= abi + offsetof(struct pvb_guest_abi, p2m_root) &&
		at < abi + offsetof(struct pvb_guest_abi, p2m_root) + 8);
}

static void nothing_else_is_changed(void **state)
{
	(void)state;

	for (unsigned word = 4; word <= 8; word += 4) {
		struct pvb_p2m_anchors anchors = {
			.guest_bits = word * 8,
			.max_pfn = 0x10000,
			.has_tree = true,
			.p2m_levels = 4,
			.p2m_root = 0x1234,
		};
		const struct pvb_guest_abi answer = {
			.magic = PVB_GUEST_ABI_MAGIC,
			.version = PVB_GUEST_ABI_VERSION,
			.size = sizeof answer,
			.valid = PVB_GUEST_ABI_HAS_ADDRESS_BITS,
			.address_bits = 46,
		};
		uint8_t page[PAGE_BYTES], before[PAGE_BYTES];
		struct pvb_guest_abi after;

		memset(page, 0xa5, sizeof page);
		memcpy(page + PVB_GUEST_ABI_OFFSET, &answer, sizeof answer);
		memcpy(before, page, sizeof page);
		publish(&anchors, page);
		for (size_t i = 0; i < sizeof page; i++)
			if (!is_anchor(i, word))
				assert_int_equal(page[i], before[i]);
		memcpy(&after, page + PVB_GUEST_ABI_OFFSET, sizeof after);
		assert_int_equal(after.valid,
				 PVB_GUEST_ABI_HAS_ADDRESS_BITS | PVB_GUEST_ABI_HAS_P2M_TREE);

		/* Moved, then withdrawn: what else the answer says stays. */
		anchors.p2m_root = 0x4321;
		publish(&anchors, page);
		anchors.has_tree = false;
		anchors.p2m_levels = 0;
		anchors.p2m_root = 0;
		publish(&anchors, page);
		memcpy(&after, page + PVB_GUEST_ABI_OFFSET, sizeof after);
		assert_int_equal(after.valid, PVB_GUEST_ABI_HAS_ADDRESS_BITS);
		assert_int_equal(after.address_bits, 46);
		assert_int_equal(after.p2m_levels, 0);
		assert_int_equal(after.p2m_root, 0);
	}
}

static void a_page_without_our_part_gets_none_for_a_list(void **state)
{
	(void)state;
	const struct pvb_p2m_anchors anchors = {.guest_bits = 64, .max_pfn = 5, .p2m_cr3 = 0x1000};
	uint8_t page[PAGE_BYTES] = {0};

	publish(&anchors, page);
	for (size_t i = PVB_GUEST_ABI_OFFSET; i < sizeof page; i++)
		assert_int_equal(page[i], 0);
}

/* As a builder that knew of no trees has left it: shorter, with something else behind it. */
static void a_shorter_answer_grows_for_a_tree_alone(void **state)
{
	(void)state;
	struct pvb_p2m_anchors anchors = {.guest_bits = 64, .max_pfn = 5, .p2m_cr3 = 0x1000};
	const struct pvb_guest_abi answer = {
		.magic = PVB_GUEST_ABI_MAGIC,
		.version = PVB_GUEST_ABI_VERSION,
		.size = offsetof(struct pvb_guest_abi, p2m_levels),
		.valid = PVB_GUEST_ABI_HAS_GRANULE,
		.p2m_root = 77,
	};
	uint8_t page[PAGE_BYTES] = {0};
	struct pvb_guest_abi after;

	memcpy(page + PVB_GUEST_ABI_OFFSET, &answer, sizeof answer);
	publish(&anchors, page);
	assert_memory_equal(page + PVB_GUEST_ABI_OFFSET, &answer, sizeof answer);
	anchors.has_tree = true;
	anchors.p2m_levels = 1;
	anchors.p2m_root = 9;
	publish(&anchors, page);
	memcpy(&after, page + PVB_GUEST_ABI_OFFSET, sizeof after);
	assert_int_equal(after.size, sizeof after);
	assert_int_equal(after.valid, PVB_GUEST_ABI_HAS_GRANULE | PVB_GUEST_ABI_HAS_P2M_TREE);
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	struct pvb_p2m_anchors anchors = {.guest_bits = 32, .max_pfn = UINT64_C(1) << 32};
	uint8_t page[PAGE_BYTES] = {0}, empty[PAGE_BYTES] = {0};
	struct pvb_error error;

	assert_fails_with(pvb_p2m_write_anchors(&anchors, page, sizeof page, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_non_null(strstr(error.message, "max_pfn"));
	anchors.max_pfn = 1;
	anchors.p2m_vaddr = UINT64_C(0x100000000);
	assert_fails_with(pvb_p2m_write_anchors(&anchors, page, sizeof page, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_non_null(strstr(error.message, "p2m_vaddr"));
	anchors.p2m_vaddr = 0;
	anchors.guest_bits = 16;
	assert_fails_with(pvb_p2m_write_anchors(&anchors, page, sizeof page, &error),
			  PVB_E_ARG_INVALID, &error);
	anchors.guest_bits = 64;
	assert_fails_with(pvb_p2m_write_anchors(&anchors, page, 3072, &error), PVB_E_ARG_INVALID,
			  &error);
	assert_memory_equal(page, empty, sizeof page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_published_is_read),
		cmocka_unit_test(nothing_else_is_changed),
		cmocka_unit_test(a_page_without_our_part_gets_none_for_a_list),
		cmocka_unit_test(a_shorter_answer_grows_for_a_tree_alone),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests_name("p2m publish", tests, NULL, NULL);
}
