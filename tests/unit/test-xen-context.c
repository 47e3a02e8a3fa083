/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers in Xen's structures, and runs in a table that looks like Xen's M2P. */
#include "support/test.h"

#include "host/xen/context.h"
#include "host/xen/m2p.h"

/* Each member another number, none of which is more than bits wide. */
static struct pvb_host_vcpu numbered(unsigned bits)
{
	struct pvb_host_vcpu v;
	uint64_t random = bits;
	uint64_t *number = (uint64_t *)(void *)&v;

	for (size_t i = 0; i < sizeof v / sizeof *number; i++)
		number[i] = test_random(&random) >> (64 - bits);
	/* What lies between members is nobody's. */
	size_t gap = offsetof(struct pvb_host_vcpu, gs) + sizeof v.gs;
	memset((char *)&v + gap, 0, offsetof(struct pvb_host_vcpu, kernel_ss) - gap);
	return v;
}

/* vcpu_guest_context of the public xen.h, by the offsets that a guest's kernel was built with. */
static uint64_t number_at(const void *context, size_t at, size_t size)
{
	uint64_t number = 0;

	memcpy(&number, (const char *)context + at, size);
	return number;
}

static void a_64_bit_context_has_each_register_in_its_place(void **state)
{
	struct pvb_host_vcpu v = numbered(64);
	vcpu_guest_context_x86_64_t context;
	const struct {
		size_t at;
		uint64_t value;
	} places[] = {
		{512, v.flags},
		{520, v.r15},
		{584, v.r9},
		{600, v.rax},
		{624, v.rsi},
		{648, v.rip},
		{664, v.rflags},
		{672, v.rsp},
		{4816, v.ldt_base},
		{4824, v.ldt_entries},
		{4960, v.gdt_entries},
		{4968, v.kernel_ss},
		{4976, v.kernel_sp},
		{4984, v.cr[0]},
		{5008, v.cr[3]},
		{5096, v.debugreg[6]},
		{5112, v.event_callback_eip},
		{5120, v.failsafe_callback_eip},
		{5128, v.syscall_callback_eip},
		{5136, v.vm_assist},
		{5144, v.fs_base},
		{5152, v.gs_base_kernel},
		{5160, v.gs_base_user},
	};

	(void)state;
	assert_int_equal(sizeof context, 5168);
	xen_context_put_64(&v, &context);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		assert_int_equal(number_at(&context, places[i].at, 8), places[i].value);
	assert_int_equal(number_at(&context, 656, 2), v.cs);
	assert_int_equal(number_at(&context, 680, 2), v.ss);
	assert_int_equal(number_at(&context, 688, 2), v.es);
	assert_int_equal(number_at(&context, 696, 2), v.ds);
	assert_int_equal(number_at(&context, 704, 2), v.fs);
	assert_int_equal(number_at(&context, 712, 2), v.gs);
}

static void a_32_bit_context_has_each_register_in_its_place(void **state)
{
	struct pvb_host_vcpu v = numbered(32);
	vcpu_guest_context_x86_32_t context;
	const struct {
		size_t at;
		uint64_t value;
	} places[] = {
		{512, v.flags},
		{516, v.rbx},
		{528, v.rsi},
		{536, v.rbp},
		{540, v.rax},
		{548, v.rip},
		{556, v.rflags},
		{560, v.rsp},
		{2632, v.ldt_base},
		{2636, v.ldt_entries},
		{2704, v.gdt_entries},
		{2708, v.kernel_ss},
		{2712, v.kernel_sp},
		{2728, v.cr[3]},
		{2776, v.debugreg[7]},
		{2780, v.event_callback_cs},
		{2784, v.event_callback_eip},
		{2788, v.failsafe_callback_cs},
		{2792, v.failsafe_callback_eip},
		{2796, v.vm_assist},
	};

	(void)state;
	assert_int_equal(sizeof context, 2800);
	assert_null(xen_context_put_32(&v, &context));
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		assert_int_equal(number_at(&context, places[i].at, 4), places[i].value);
	assert_int_equal(number_at(&context, 552, 2), v.cs);
	assert_int_equal(number_at(&context, 564, 2), v.ss);
	assert_int_equal(number_at(&context, 568, 2), v.es);
	assert_int_equal(number_at(&context, 572, 2), v.ds);
	assert_int_equal(number_at(&context, 576, 2), v.fs);
	assert_int_equal(number_at(&context, 580, 2), v.gs);
}

static void what_went_into_a_context_comes_out_of_it(void **state)
{
	struct pvb_host_vcpu wide = numbered(64), narrow = numbered(32), back;
	vcpu_guest_context_any_t context;

	(void)state;
	/* Of another width's guests. */
	wide.event_callback_cs = wide.failsafe_callback_cs = 0;
	narrow.syscall_callback_eip = narrow.fs_base = 0;
	narrow.gs_base_kernel = narrow.gs_base_user = 0;
	for (unsigned i = 8; i < 16; i++)
		(&narrow.r8)[i - 8] = 0;

	xen_context_put_64(&wide, &context.x64);
	xen_context_get_64(&context.x64, &back);
	assert_memory_equal(&back, &wide, sizeof back);
	assert_null(xen_context_put_32(&narrow, &context.x32));
	xen_context_get_32(&context.x32, &back);
	assert_memory_equal(&back, &narrow, sizeof back);
}

static void a_register_that_a_32_bit_guest_cannot_have_is_named(void **state)
{
	const struct {
		size_t at;
		const char *name;
	} members[] = {
		{offsetof(struct pvb_host_vcpu, rsi), "esi"},
		{offsetof(struct pvb_host_vcpu, rip), "eip"},
		{offsetof(struct pvb_host_vcpu, kernel_sp), "kernel_sp"},
		{offsetof(struct pvb_host_vcpu, event_callback_eip), "event_callback_eip"},
		{offsetof(struct pvb_host_vcpu, cr[3]), "a control register"},
		{offsetof(struct pvb_host_vcpu, debugreg[7]), "a debug register"},
	};
	vcpu_guest_context_x86_32_t context;

	(void)state;
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		struct pvb_host_vcpu v = {0};

		memcpy((char *)&v + members[i].at, &(uint64_t){UINT32_MAX}, sizeof(uint64_t));
		assert_null(xen_context_put_32(&v, &context));
		memcpy((char *)&v + members[i].at, &(uint64_t){UINT64_C(1) << 32},
		       sizeof(uint64_t));
		const char *name = xen_context_put_32(&v, &context);
		assert_non_null(name);
		assert_string_equal(name, members[i].name);
	}
}

/* ---- the M2P --------------------------------------------------------------------------------- */

static void a_chunk_that_is_named_twice_is_a_hole(void **state)
{
	/* Two of them one after the other are two holes; frames that merely follow are none. */
	const uint64_t chunks[] = {0x1000, 0x1200, 0x1200, 0x1200, 0x5000, 0, 0x1200};
	const bool holes[] = {false, false, true, true, false, true, false};

	(void)state;
	for (uint64_t i = 0; i < sizeof holes / sizeof holes[0]; i++)
		assert_int_equal(xen_m2p_is_hole(chunks, i), holes[i]);
}

static void what_xen_marks_frames_of_nobody_with_is_no_pfn(void **state)
{
	/* Invalid, shared, and what the table is filled with where there is no memory. */
	const uint64_t marks[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(0x5555555555555555),
				  UINT64_C(0x7777777777777777), UINT64_C(1) << 40};

	(void)state;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		assert_int_equal(xen_m2p_pfn(marks[i]), PVB_NO_FRAME);
	assert_int_equal(xen_m2p_pfn(0), 0);
	assert_int_equal(xen_m2p_pfn((UINT64_C(1) << 40) - 1), (UINT64_C(1) << 40) - 1);
}

static void a_run_goes_on_for_as_long_as_pfns_count_up(void **state)
{
	const uint64_t up[] = {7, 8, 9, 11, 12};
	const uint64_t none[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(0x5555555555555555), 3};

	(void)state;
	assert_int_equal(xen_m2p_continue(up, 5, 7, 0), 3);
	assert_int_equal(xen_m2p_continue(up, 2, 7, 0), 2);
	/* As the second part of a run that began two frames earlier, and of one that did not. */
	assert_int_equal(xen_m2p_continue(up, 5, 5, 2), 3);
	assert_int_equal(xen_m2p_continue(up, 5, 6, 2), 0);
	/* Frames without a PFN are a run whatever they are marked with. */
	assert_int_equal(xen_m2p_continue(none, 4, PVB_NO_FRAME, 0), 3);
	assert_int_equal(xen_m2p_continue(none, 4, 2, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_64_bit_context_has_each_register_in_its_place),
		cmocka_unit_test(a_32_bit_context_has_each_register_in_its_place),
		cmocka_unit_test(what_went_into_a_context_comes_out_of_it),
		cmocka_unit_test(a_register_that_a_32_bit_guest_cannot_have_is_named),
		cmocka_unit_test(a_chunk_that_is_named_twice_is_a_hole),
		cmocka_unit_test(what_xen_marks_frames_of_nobody_with_is_no_pfn),
		cmocka_unit_test(a_run_goes_on_for_as_long_as_pfns_count_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
