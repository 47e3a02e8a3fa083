/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan refuses, each with its one code, and the widths that it settles on. */
#include "unit/plan-kernels.h"

static struct pvb_host_info host_of(unsigned bits)
{
	return (struct pvb_host_info){
		.name = "sim",
		.version = "4.17",
		.capabilities = "xen-3.0-x86_64 xen-3.0-x86_32p hvm-3.0-x86_32",
		.page_shift = 12,
		.address_bits = bits,
	};
}

/* ---- arguments -------------------------------------------------------------- */

static void command_lines_are_never_cut(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	char command_line[1025];

	memset(command_line, 'x', 1024);
	command_line[1024] = '\0';
	guest.spec.command_line = command_line;
	assert_refused(&guest, PVB_E_ARG_COMMAND_LINE);
	assert_non_null(strstr(error.message, "1024"));
	assert_non_null(strstr(error.hint, "by 1 bytes"));
}

static void a_guest_is_given_one_module(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan_module two[] = {{"a", 1}, {"b", 1}};
	struct pvb_plan_module empty = {"initrd.img", 0};
	struct pvb_plan_module nameless = {NULL, 0};

	guest.spec.modules = two;
	guest.spec.module_count = 2;
	assert_refused(&guest, PVB_E_ARG_MODULES);
	guest.spec.modules = NULL;
	guest.spec.module_count = 1;
	assert_refused(&guest, PVB_E_ARG_MODULES);
	guest.spec.modules = &empty;
	assert_refused(&guest, PVB_E_ARG_MODULES);
	assert_non_null(strstr(error.message, "initrd.img"));
	guest.spec.modules = &nameless;
	assert_refused(&guest, PVB_E_ARG_MODULES);
	assert_non_null(strstr(error.message, "module0"));
}

static void a_32_bit_guest_counts_its_ramdisk_in_32_bits(void **state)
{
	(void)state;
	struct guest guest = pae_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.image.pv.mod_start_pfn = true;
	guest.spec.memory = GIB(8);
	guest.module.bytes = UINT32_MAX;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->module.bytes, UINT32_MAX);
	pvb_plan_free(plan);
	guest.module.bytes++;
	assert_refused(&guest, PVB_E_ARG_MODULES);
}

static void vcpus_have_a_limit_that_is_xens(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.spec.vcpus = 33;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	guest.spec.vcpus = 8193;
	assert_refused(&guest, PVB_E_ARG_VCPUS);
	guest.spec.vcpus = 1;
	guest.spec.max_vcpus = 8193;
	assert_refused(&guest, PVB_E_ARG_VCPUS);
}

static void vcpus_can_be_offline_but_not_more_online_than_there_are(void **state)
{
	static const uint32_t spec[][4] = {
		{0, 0, 1, 1}, {2, 0, 2, 2}, {0, 4, 1, 4}, {2, 4, 2, 4}, {4, 4, 4, 4}};
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	(void)state;
	for (size_t i = 0; i < sizeof spec / sizeof spec[0]; i++) {
		guest.spec.vcpus = spec[i][0];
		guest.spec.max_vcpus = spec[i][1];
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(pvb_plan_info(plan)->vcpus, spec[i][2]);
		assert_int_equal(pvb_plan_info(plan)->max_vcpus, spec[i][3]);
		pvb_plan_free(plan);
	}
	guest.spec.vcpus = 5;
	assert_refused(&guest, PVB_E_ARG_VCPUS);
}

static void memory_is_whole_pages_within_the_abi(void **state)
{
	(void)state;
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	for (unsigned i = 0; i < 2; i++) {
		struct guest guest = i ? pae_guest() : linux_guest();
		uint64_t most = i ? GIB(128) : TIB(128);

		guest.spec.memory = MIB(512) + PAGE;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->pages, MIB(512) / PAGE + 1);
		pvb_plan_free(plan);
		guest.spec.memory = MIB(512) + PAGE - 1;
		assert_refused(&guest, PVB_E_ARG_INVALID);
		guest.spec.memory = most;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		pvb_plan_free(plan);
		guest.spec.memory = most + PAGE;
		assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
		guest.spec.memory = UINT64_MAX - PAGE + 1;
		assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
		guest.spec.memory = 0;
		assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
	}
}

static void no_memory_is_enough_for_a_ramdisk_beyond_the_abi(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	uint64_t least;

	guest.module.bytes = TIB(200);
	guest.spec.memory = TIB(100);
	assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
	assert_non_null(strstr(error.message, "module0"));
	assert_non_null(strstr(error.hint, "no amount of memory"));
	assert_fails_with(least_memory(&guest, &least, &error), PVB_E_ARG_MEMORY_LARGE, &error);

	/* The longest there can be overflows nothing. */
	guest.module.bytes = UINT64_MAX;
	assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
	guest.image.pv.mod_start_pfn = false;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	guest = small_guest(PVB_GUEST_X86_64);
	guest.module.bytes = UINT64_MAX;
	assert_refused(&guest, PVB_E_PLAN_HYPERVISOR_HOLE);
}

static void the_least_memory_lies_within_the_limit_that_was_set(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	uint64_t least;

	guest.image.pv.mod_start_pfn = true;
	guest.module.bytes = GIB(5);
	assert_ok(least_memory(&guest, &least, &error), &error);
	guest.spec.memory = least;
	guest.spec.max_address_bits = 32;
	assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
	assert_fails_with(least_memory(&guest, &least, &error), PVB_E_ARG_MEMORY_LARGE, &error);
	guest.spec.memory = GIB(4);
	assert_refused(&guest, PVB_E_ARG_MEMORY_SMALL);
	assert_non_null(strstr(error.hint, "no amount of memory"));
	guest.spec.max_address_bits = 33;
	assert_ok(least_memory(&guest, &least, &error), &error);
}

static void a_newer_spec_is_refused_and_an_absent_one_is_empty(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct {
		struct pvb_spec spec;
		uint64_t more;
	} newer = {.spec = guest.spec, .more = 1};
	struct pvb_plan *plan;
	uint64_t least;

	newer.spec.size = sizeof newer;
	assert_fails_with(pvb_plan_from_info(&guest.image, &newer.spec, NULL, &plan, &error),
			  PVB_E_ARG_VERSION, &error);
	assert_null(plan);
	assert_fails_with(
		pvb_plan_minimum_from_info(&guest.image, &newer.spec, NULL, &least, &error),
		PVB_E_ARG_VERSION, &error);
	assert_fails_with(pvb_plan_from_info(&guest.image, NULL, NULL, &plan, &error),
			  PVB_E_ARG_MEMORY_SMALL, &error);
}

/* ---- the kernel's addresses --------------------------------------------------- */

static void an_image_that_is_no_pv_kernel_says_why(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};

	guest.image.pv.supported = false;
	guest.image.pv.refusal = PVB_E_PV_PVH_ONLY;
	guest.image.pv.reason = "it has a PVH entry alone";
	guest.image.pv.hint = "boot it as PVH";
	assert_refused(&guest, PVB_E_PV_PVH_ONLY);
	assert_string_equal(error.message, "it has a PVH entry alone");
	assert_string_equal(error.hint, "boot it as PVH");

	guest.image.pv.reason = guest.image.pv.hint = NULL;
	assert_refused(&guest, PVB_E_PV_PVH_ONLY);
	assert_string_equal(error.message, pvb_code_meaning(PVB_E_PV_PVH_ONLY));
	assert_string_equal(error.hint, "");

	guest.image.pv.supported = true;
	guest.image.pv.guest_type = PVB_GUEST_NONE;
	assert_refused(&guest, PVB_E_PV_MACHINE);
}

static void a_kernel_that_contradicts_itself_is_refused(void **state)
{
	(void)state;
	const struct guest good = linux_guest();
	struct guest guest = good;
	struct pvb_error error = {0};

	guest.image.pv.virt_base += 1;
	assert_refused(&guest, PVB_E_PV_ADDRESSES);
	guest = good;
	guest.image.pv.kernel_start = guest.image.pv.virt_base - PAGE;
	assert_refused(&guest, PVB_E_PV_ADDRESSES);
	guest = good;
	guest.image.pv.kernel_end = guest.image.pv.kernel_start;
	assert_refused(&guest, PVB_E_PV_ADDRESSES);
	guest = good;
	guest.image.pv.entry = guest.image.pv.kernel_start - 1;
	assert_refused(&guest, PVB_E_PV_ADDRESSES);
	guest = good;
	guest.image.pv.entry = guest.image.pv.kernel_end;
	assert_refused(&guest, PVB_E_PV_ADDRESSES);
}

static void pieces_lie_within_the_kernel(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	const struct pvb_image_pv *pv = &guest.image.pv;
	uint64_t size = pv->kernel_end - pv->kernel_start;
	const struct pvb_image_piece good = {pv->kernel_start, 0, 100, size};
	const struct pvb_image_piece bad[] = {
		{pv->kernel_start - 1, 0, 100, 100},  {pv->kernel_start, 0, 100, size + 1},
		{pv->kernel_start, 0, 101, 100},      {pv->kernel_end, 0, 1, 1},
		{pv->kernel_start, 0, 0, UINT64_MAX},
	};
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.image.pieces = &good;
	guest.image.piece_count = 1;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const struct pvb_image_piece pieces[] = {good, bad[i]};

		guest.image.pieces = pieces;
		guest.image.piece_count = 2;
		assert_refused(&guest, PVB_E_PV_ADDRESSES);
		assert_non_null(strstr(error.message, "piece 1 "));
	}
}

static void the_hypercall_page_is_a_page_of_the_kernel(void **state)
{
	(void)state;
	const struct guest good = linux_guest();
	const struct pvb_image_pv *pv = &good.image.pv;
	const uint64_t bad[] = {pv->virt_base - PAGE, pv->kernel_end, pv->kernel_start + 8, 0};
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct guest guest = good;

		guest.image.pv.hypercall_page = bad[i];
		assert_refused(&guest, PVB_E_PLAN_HYPERCALL_PAGE);
	}

	/* The kernel's last page is one, however little of it is used, and its first. */
	struct guest guest = good;
	guest.image.pv.kernel_end += 1;
	guest.image.pv.hypercall_page = pv->kernel_end;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	guest.image.pv.kernel_start += 8;
	guest.image.pv.hypercall_page = pv->kernel_start;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->kernel.va.a, pv->kernel_start);
	assert_int_equal(plan->kernel.bytes, guest.image.pv.kernel_end - pv->kernel_start);
	pvb_plan_free(plan);

	/* So are those between the start of its memory and its own: nothing else is there. */
	guest = good;
	assert_true(pv->virt_base < pv->kernel_start);
	guest.image.pv.hypercall_page = pv->virt_base;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
}

/* ---- the address space ---------------------------------------------------------- */

static struct guest guest_at(enum pvb_guest_type type, uint64_t base, uint64_t kernel_bytes)
{
	struct guest guest = small_guest(type);

	guest.image.pv.virt_base = guest.image.pv.kernel_start = guest.image.pv.entry = base;
	guest.image.pv.kernel_end = base + kernel_bytes;
	guest.spec.memory = type == PVB_GUEST_X86_64 ? GIB(8) : GIB(1);
	return guest;
}

static void nothing_lies_in_the_hypervisors_slots(void **state)
{
	(void)state;
	static const uint64_t bases[] = {
		0x0000800000000000, 0x0100000000000000, 0xffff7ffffffff000,
		0xffff800000000000, 0xffff804000000000, 0xffff87fffffff000,
	};
	struct pvb_error error = {0};
	struct guest guest;
	struct pvb_plan *plan;

	for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
		guest = guest_at(PVB_GUEST_X86_64, bases[i], MIB(1));
		assert_refused(&guest, PVB_E_PLAN_HYPERVISOR_HOLE);
		assert_non_null(strstr(error.message, "VIRT_BASE"));
	}

	guest = guest_at(PVB_GUEST_X86_64, UINT64_C(0xffff880000000000), MIB(1));
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);

	/* From below: up to the very end of the lower half, and not a page more. */
	guest = guest_at(PVB_GUEST_X86_64, UINT64_C(0x800000000000) - MIB(8), MIB(1));
	guest.spec.memory = MIB(64);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.map_to, UINT64_C(0x800000000000) - MIB(4));
	pvb_plan_free(plan);
	guest = guest_at(PVB_GUEST_X86_64, UINT64_C(0x800000000000) - MIB(4), MIB(1));
	guest.spec.memory = MIB(64);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.map_to, UINT64_C(0x800000000000));
	pvb_plan_free(plan);
	guest.image.pv.kernel_end += MIB(3);
	assert_refused(&guest, PVB_E_PLAN_HYPERVISOR_HOLE);
	assert_non_null(strstr(error.message, "4096 KiB more"));
}

static void the_mapping_ends_before_the_address_space_does(void **state)
{
	(void)state;
	const uint64_t base = UINT64_C(0xffffffff80000000);
	struct pvb_error error = {0};
	struct guest guest;
	struct pvb_plan *plan;

	/* 2 GiB are left there; the last 4 MiB would end where addresses do. */
	guest = guest_at(PVB_GUEST_X86_64, base, GIB(2) - MIB(4) - KIB(512) - MIB(21));
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.map_to, UINT64_C(0xffffffffffc00000));
	pvb_plan_free(plan);
	guest.image.pv.kernel_end += MIB(4);
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
	/* The list, 16 MiB, is what could be smaller. */
	assert_non_null(strstr(error.message, ": p2m "));
	guest.image.pv.kernel_end = UINT64_MAX;
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
	assert_non_null(strstr(error.message, ": kernel,"));
}

static void a_32_bit_mapping_ends_before_the_hypervisor(void **state)
{
	(void)state;
	struct pvb_error error = {0};
	struct guest guest;
	struct pvb_plan *plan;

	guest = guest_at(PVB_GUEST_X86_32P, 0xf5000000, MIB(5));
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.map_to, 0xf5800000);
	pvb_plan_free(plan);
	guest.image.pv.kernel_end += MIB(2);
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);

	guest = guest_at(PVB_GUEST_X86_32P, 0xf4000000, MIB(5));
	guest.image.pv.hv_start_low = 0xf4800000;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.map_to, 0xf4800000);
	pvb_plan_free(plan);
	guest.image.pv.hv_start_low = 0xf4400000;
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
	assert_non_null(strstr(error.message, "HV_START_LOW"));
	guest.image.pv.hv_start_low = 0xf6000000;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);

	guest = guest_at(PVB_GUEST_X86_32P, 0xfffff000, MIB(1));
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
	guest = guest_at(PVB_GUEST_X86_32P, UINT64_C(0xffffffff80000000), MIB(1));
	assert_refused(&guest, PVB_E_PLAN_ADDRESS_SPACE);
}

static void linux_takes_over_one_gibibyte(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	/* The kernel itself: exactly to the end, and 4 MiB past it. */
	guest.image.pv.kernel_end = guest.image.pv.virt_base + GIB(1) - MIB(4);
	guest.spec.memory = GIB(4);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.map_to, UINT64_C(0xffffffffc0000000));
	pvb_plan_free(plan);
	guest.image.pv.kernel_end += MIB(4);
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	assert_non_null(strstr(error.message, ": start_info,"));
	assert_non_null(strstr(error.message, "4096 KiB more"));
	guest.image.pv.is_linux = false;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);

	/* The ramdisk, where it is mapped. */
	guest = linux_guest();
	guest.spec.memory = GIB(4);
	guest.module.bytes = GIB(1);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	guest.image.pv.mod_start_pfn = false;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	assert_non_null(strstr(error.message, ": module0,"));
	assert_non_null(strstr(error.hint, "MOD_START_PFN"));

	/* The list, where nothing takes it elsewhere; it grows with the guest. */
	guest = linux_guest();
	guest.spec.memory = GIB(512);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	guest.image.pv.init_p2m = PVB_NONE;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	assert_non_null(strstr(error.message, ": p2m "));
	assert_non_null(strstr(error.message, "INIT_P2M"));
	assert_non_null(strstr(error.hint, "no INIT_P2M note"));
	guest.image.pv.init_p2m = UINT64_C(0x8000000001);
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
	assert_non_null(strstr(error.hint, "not page aligned"));
	guest.spec.memory = GIB(256);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
}

/* No size of a guest helps a kernel that fits nowhere; asking for the least says so too. */
static void the_least_memory_of_what_fits_nowhere_is_an_error(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	uint64_t least = 5;

	guest.image.pv.kernel_end = guest.image.pv.virt_base + GIB(1);
	assert_fails_with(least_memory(&guest, &least, &error), PVB_E_PLAN_LINUX_1G, &error);
	assert_int_equal(least, 5);
	guest.spec.memory = PAGE;
	assert_refused(&guest, PVB_E_PLAN_LINUX_1G);
}

/* ---- INIT_P2M ------------------------------------------------------------------- */

static void the_list_lies_at_init_p2m_only_where_it_may(void **state)
{
	(void)state;
	static const struct {
		uint64_t init_p2m;
		const char *why;
	} cases[] = {
		{0x8000000800, "not page aligned"},
		{0x0000800000000000, "canonical"},
		{0x1000000000000000, "canonical"},
		{0xffff7ffffffff000, "canonical"},
		{0xffff800000000000, "hypervisor"},
		{0xffff87fffffff000, "hypervisor"},
		{0xffffffff80000000, "below VIRT_BASE"},
		{0xfffffffff0000000, "below VIRT_BASE"},
		{0xffffff8000000000, "shares an L4 slot"},
		{0, "Linux"},
		{0x7fffff0000, "Linux"},
		{0xffffff000, "Linux"},
		{0xfffffff000, "one L4 slot"},
		{0xfffffff000 - MIB(1), "one L4 slot"},
		{0x7ffffffff000, "one L4 slot"},
		{0xffff8ffffffff000, "one L4 slot"},
	};
	static const uint64_t good[] = {0x8000000000,   0x8000001000,       0xffffe00000,
					0x7fffffe00000, 0xffff880000000000, 0xffffff7fffe00000};
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct guest guest = linux_guest();

		guest.image.pv.init_p2m = cases[i].init_p2m;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_false(plan->p2m_outside);
		assert_int_equal(plan->p2m.va.a, UINT64_C(0xffffffff84a00000));
		assert_non_null(plan->info.p2m_fallback);
		if (!strstr(plan->info.p2m_fallback, cases[i].why))
			print_error("%s: %s\n", cases[i].why, plan->info.p2m_fallback);
		assert_non_null(strstr(plan->info.p2m_fallback, cases[i].why));
		assert_int_equal(plan->info.p2m_table_pages, 0);
		assert_int_equal(plan->info.p2m_table_level_count, 0);
		pvb_plan_free(plan);

		guest.spec.strict_p2m = true;
		assert_refused(&guest, PVB_E_PLAN_P2M_BASE);
		assert_non_null(strstr(error.message, cases[i].why));
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct guest guest = linux_guest();

		guest.image.pv.init_p2m = good[i];
		guest.spec.strict_p2m = true;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_true(plan->p2m_outside);
		assert_null(plan->info.p2m_fallback);
		assert_int_equal(plan->p2m.va.a, good[i]);
		assert_int_equal(plan->p2m_mapping.from.a, good[i]);
		assert_int_equal(plan->p2m_mapping.to.a, good[i] + MIB(2));
		pvb_plan_free(plan);
	}
}

static void others_than_linux_may_have_the_list_in_the_first_slot(void **state)
{
	(void)state;
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.image.pv.is_linux = false;
	guest.image.pv.init_p2m = 0;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_true(plan->p2m_outside);
	assert_int_equal(plan->p2m.va.a, 0);
	assert_int_equal(plan->info.p2m_table_pages, 3);
	pvb_plan_free(plan);

	guest = pae_guest();
	guest.image.pv.init_p2m = 0x80000000;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_false(plan->p2m_outside);
	assert_non_null(strstr(plan->info.p2m_fallback, "64-bit"));
	pvb_plan_free(plan);
	guest.spec.strict_p2m = true;
	assert_refused(&guest, PVB_E_PLAN_P2M_BASE);
}

/* A mapping over several L4 slots shares each of them. */
static void every_slot_of_the_initial_mapping_is_taken(void **state)
{
	(void)state;
	struct guest guest =
		guest_at(PVB_GUEST_X86_64, UINT64_C(0xffffff0000000000) - GIB(1), GIB(2));
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	guest.spec.memory = GIB(8);
	guest.image.pv.init_p2m = UINT64_C(0xfffffe8000000000);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_non_null(strstr(plan->info.p2m_fallback, "shares an L4 slot"));
	assert_int_equal(plan->info.tables[1].count, 2);
	pvb_plan_free(plan);
	guest.image.pv.init_p2m = UINT64_C(0xfffffe0000000000);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_true(plan->p2m_outside);
	pvb_plan_free(plan);
}

/* ---- the host and machine addresses ------------------------------------------------ */

static void the_host_must_run_such_guests(void **state)
{
	(void)state;
	static const char *const without[] = {"", "xen-3.0-x86_32p", "xen-3.0-x86_64h",
					      "hvm-3.0-x86_64", " xen-3.0-x86_6"};
	static const char *const with[] = {"xen-3.0-x86_64", "a  xen-3.0-x86_64 ",
					   " xen-3.0-x86_64"};
	struct pvb_host_info host = host_of(46);
	struct pvb_error error = {0};
	struct guest guest = linux_guest();
	struct pvb_plan *plan;

	guest.host = &host;
	for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
		(void)snprintf(host.capabilities, sizeof host.capabilities, "%s", with[i]);
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		pvb_plan_free(plan);
	}
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
		(void)snprintf(host.capabilities, sizeof host.capabilities, "%s", without[i]);
		assert_refused(&guest, PVB_E_HOST_GUEST_TYPE);
		assert_non_null(strstr(error.hint, "CONFIG_PV"));
	}

	guest = pae_guest();
	guest.host = &host;
	(void)snprintf(host.capabilities, sizeof host.capabilities, "%s", "xen-3.0-x86_64");
	assert_refused(&guest, PVB_E_HOST_GUEST_TYPE);
	assert_non_null(strstr(error.hint, "PV32"));
}

static void an_x86_guest_has_pages_of_4_kib(void **state)
{
	(void)state;
	static const unsigned shifts[] = {0, 11, 14, 16, 200};

	for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
		struct pvb_host_info host = host_of(46);
		struct pvb_error error = {0};
		struct guest guest = linux_guest();

		host.page_shift = shifts[i];
		guest.host = &host;
		assert_refused(&guest, PVB_E_HOST_GUEST_TYPE);
		assert_non_null(strstr(error.message, "pages"));
	}
}

static void the_narrowest_width_of_machine_addresses_holds(void **state)
{
	(void)state;
	static const struct {
		bool wide;
		unsigned admin, host, bits;
		enum pvb_bits_source source;
		bool binding;
		unsigned declared;
		enum pvb_bits_source by;
	} cases[] = {
		{true, 0, 0, 46, PVB_BITS_DEFAULT, true, 0, PVB_BITS_DEFAULT},
		{true, 0, 39, 39, PVB_BITS_HOST, false, 0, PVB_BITS_DEFAULT},
		{true, 0, 46, 46, PVB_BITS_DEFAULT, false, 0, PVB_BITS_DEFAULT},
		{true, 0, 52, 46, PVB_BITS_DEFAULT, true, 0, PVB_BITS_DEFAULT},
		{true, 40, 0, 40, PVB_BITS_ADMIN, true, 0, PVB_BITS_DEFAULT},
		{true, 40, 52, 40, PVB_BITS_ADMIN, true, 0, PVB_BITS_DEFAULT},
		{true, 40, 40, 40, PVB_BITS_ADMIN, false, 0, PVB_BITS_DEFAULT},
		{true, 40, 36, 36, PVB_BITS_HOST, false, 0, PVB_BITS_DEFAULT},
		{true, 46, 0, 46, PVB_BITS_ADMIN, true, 0, PVB_BITS_DEFAULT},
		{false, 0, 0, 37, PVB_BITS_DEFAULT, true, 0, PVB_BITS_DEFAULT},
		{false, 32, 46, 32, PVB_BITS_ADMIN, true, 0, PVB_BITS_DEFAULT},
		{false, 0, 36, 36, PVB_BITS_HOST, false, 0, PVB_BITS_DEFAULT},
		{false, 46, 46, 37, PVB_BITS_ABI, true, 0, PVB_BITS_DEFAULT},
		/* A default is what a silent kernel is taken for: who knows better may say so. */
		{true, 47, 52, 47, PVB_BITS_ADMIN, true, 0, PVB_BITS_DEFAULT},
		{true, 52, 52, 47, PVB_BITS_ABI, true, 0, PVB_BITS_DEFAULT},
		{true, 52, 46, 46, PVB_BITS_HOST, false, 0, PVB_BITS_DEFAULT},
		/* A note holds, whatever is asked for above it. */
		{true, 0, 52, 44, PVB_BITS_NOTE, true, 44, PVB_BITS_NOTE},
		{true, 0, 44, 44, PVB_BITS_NOTE, false, 44, PVB_BITS_NOTE},
		{true, 0, 40, 40, PVB_BITS_HOST, false, 44, PVB_BITS_NOTE},
		{true, 40, 52, 40, PVB_BITS_ADMIN, true, 44, PVB_BITS_NOTE},
		{true, 44, 52, 44, PVB_BITS_ADMIN, true, 44, PVB_BITS_NOTE},
		{true, 47, 52, 44, PVB_BITS_NOTE, true, 44, PVB_BITS_NOTE},
		{true, 52, 0, 32, PVB_BITS_NOTE, true, 32, PVB_BITS_NOTE},
		/* It may say more than the default does, but nothing reaches past the M2P. */
		{true, 0, 47, 47, PVB_BITS_NOTE, false, 47, PVB_BITS_NOTE},
		{true, 0, 47, 47, PVB_BITS_ABI, false, 52, PVB_BITS_NOTE},
		{true, 0, 52, 47, PVB_BITS_ABI, true, 52, PVB_BITS_NOTE},
		{true, 0, 0, 47, PVB_BITS_ABI, true, 52, PVB_BITS_NOTE},
		{false, 0, 46, 37, PVB_BITS_ABI, true, 52, PVB_BITS_NOTE},
		{false, 0, 46, 36, PVB_BITS_NOTE, true, 36, PVB_BITS_NOTE},
		/* So it is with a version that is known, but for the administrator. */
		{true, 0, 52, 47, PVB_BITS_ABI, true, 52, PVB_BITS_KERNEL},
		{true, 0, 52, 44, PVB_BITS_KERNEL, true, 44, PVB_BITS_KERNEL},
		{true, 40, 52, 40, PVB_BITS_ADMIN, true, 44, PVB_BITS_KERNEL},
		{true, 46, 52, 46, PVB_BITS_ADMIN, true, 44, PVB_BITS_KERNEL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pvb_host_info host = host_of(cases[i].host);
		struct guest guest = cases[i].wide ? linux_guest() : pae_guest();
		struct pvb_error error = {0};
		struct pvb_plan *plan;

		guest.host = cases[i].host ? &host : NULL;
		guest.spec.max_address_bits = cases[i].admin;
		guest.image.declares.address_bits = cases[i].declared;
		guest.image.declares.address_bits_source = cases[i].by;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.declared_address_bits, cases[i].declared);
		assert_int_equal(plan->info.declared_address_bits_source, cases[i].by);
		assert_int_equal(plan->info.address_bits, cases[i].bits);
		assert_int_equal(plan->info.address_bits_source, cases[i].source);
		assert_int_equal(plan->info.address_bits_binding, cases[i].binding);
		pvb_plan_free(plan);
	}
}

static void a_width_that_no_machine_has_is_refused(void **state)
{
	(void)state;
	static const unsigned bad[] = {1, 12, 31, 53, 64, UINT32_MAX};
	struct guest guest = linux_guest();
	struct pvb_error error = {0};
	struct pvb_plan *plan;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		guest.spec.max_address_bits = bad[i];
		assert_refused(&guest, PVB_E_ARG_ADDRESS_BITS);
	}

	/* More memory than lies below a limit that was asked for cannot be had. */
	guest.spec.max_address_bits = 32;
	guest.spec.memory = GIB(4);
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
	guest.spec.memory += PAGE;
	assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
	assert_non_null(strstr(error.hint, "max_address_bits"));

	/* Nor below one that the kernel declares; and there nothing can be raised. */
	guest.spec.max_address_bits = 40;
	guest.image.declares.address_bits = 32;
	guest.image.declares.address_bits_source = PVB_BITS_NOTE;
	assert_refused(&guest, PVB_E_ARG_MEMORY_LARGE);
	assert_non_null(strstr(error.message, "declares"));
	assert_null(strstr(error.hint, "max_address_bits"));
	guest.spec.memory -= PAGE;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	assert_int_equal(plan->info.own_address_bits, 32);
	assert_int_equal(plan->info.own_address_bits_source, PVB_BITS_NOTE);
	pvb_plan_free(plan);

	/* Of what is known of a version, and of a default, the host has the last word. */
	guest.spec.memory = GIB(8);
	guest.spec.max_address_bits = 0;
	guest.image.declares.address_bits_source = PVB_BITS_KERNEL;
	assert_ok(plan_guest(&guest, &plan, &error), &error);
	pvb_plan_free(plan);
}

static void the_answer_is_for_those_who_asked(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct guest guest = linux_guest();
		struct pvb_error error = {0};
		struct pvb_plan *plan;

		guest.image.declares.guest_abi = i;
		assert_ok(plan_guest(&guest, &plan, &error), &error);
		assert_int_equal(plan->info.guest_abi, i);
		pvb_plan_free(plan);
	}
}

static void sources_have_names(void **state)
{
	(void)state;
	assert_string_equal(pvb_bits_source_name(PVB_BITS_DEFAULT), "default");
	assert_string_equal(pvb_bits_source_name(PVB_BITS_ADMIN), "admin");
	assert_string_equal(pvb_bits_source_name(PVB_BITS_ABI), "abi");
	assert_string_equal(pvb_bits_source_name(PVB_BITS_HOST), "host");
	assert_string_equal(pvb_bits_source_name((enum pvb_bits_source)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines_are_never_cut),
		cmocka_unit_test(a_guest_is_given_one_module),
		cmocka_unit_test(a_32_bit_guest_counts_its_ramdisk_in_32_bits),
		cmocka_unit_test(vcpus_have_a_limit_that_is_xens),
		cmocka_unit_test(vcpus_can_be_offline_but_not_more_online_than_there_are),
		cmocka_unit_test(memory_is_whole_pages_within_the_abi),
		cmocka_unit_test(no_memory_is_enough_for_a_ramdisk_beyond_the_abi),
		cmocka_unit_test(the_least_memory_lies_within_the_limit_that_was_set),
		cmocka_unit_test(a_newer_spec_is_refused_and_an_absent_one_is_empty),
		cmocka_unit_test(an_image_that_is_no_pv_kernel_says_why),
		cmocka_unit_test(a_kernel_that_contradicts_itself_is_refused),
		cmocka_unit_test(pieces_lie_within_the_kernel),
		cmocka_unit_test(the_hypercall_page_is_a_page_of_the_kernel),
		cmocka_unit_test(nothing_lies_in_the_hypervisors_slots),
		cmocka_unit_test(the_mapping_ends_before_the_address_space_does),
		cmocka_unit_test(a_32_bit_mapping_ends_before_the_hypervisor),
		cmocka_unit_test(linux_takes_over_one_gibibyte),
		cmocka_unit_test(the_least_memory_of_what_fits_nowhere_is_an_error),
		cmocka_unit_test(the_list_lies_at_init_p2m_only_where_it_may),
		cmocka_unit_test(others_than_linux_may_have_the_list_in_the_first_slot),
		cmocka_unit_test(every_slot_of_the_initial_mapping_is_taken),
		cmocka_unit_test(the_host_must_run_such_guests),
		cmocka_unit_test(an_x86_guest_has_pages_of_4_kib),
		cmocka_unit_test(the_narrowest_width_of_machine_addresses_holds),
		cmocka_unit_test(a_width_that_no_machine_has_is_refused),
		cmocka_unit_test(the_answer_is_for_those_who_asked),
		cmocka_unit_test(sources_have_names),
	};

	return cmocka_run_group_tests_name("plan limits", tests, NULL, NULL);
}
