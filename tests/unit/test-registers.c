/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registers of a domain's vCPUs. */
#include "test-sim.h"

#include <pvbuild/pvbuild.h>

#include "torture/scenario.h"

static void with_domain(const struct scenario *scenario,
			void (*act)(struct pvb_host *host, uint32_t domid))
{
	struct scenario_result result = {0};
	struct scenario_files files;
	struct pvb_host *host;
	struct pvb_error error;

	scenario_prepare(scenario, &files);
	assert_ok(pvb_host_open("sim:memory=1G", &host, &error), &error);
	scenario_run(scenario, &files, host, false, &result);
	assert_int_equal(result.rc, 0);
	act(host, result.domid);
	pvb_host_close(host);
	scenario_forget(&files);
}

/* Each field has a value of its own, so that none is taken for another. */
static void are_all_told(struct pvb_host *host, uint32_t domid)
{
	struct pvb_registers got = PVB_REGISTERS_INIT;
	struct pvb_host_vcpu vcpu;
	struct pvb_error error;

	assert_ok(pvb_host_get_vcpu(host, domid, 0, &vcpu, &error), &error);

	uint64_t *const wide[] = {&vcpu.rax, &vcpu.rbx, &vcpu.rcx,   &vcpu.rdx, &vcpu.rsi,
				  &vcpu.rdi, &vcpu.rbp, &vcpu.rsp,   &vcpu.r8,  &vcpu.r9,
				  &vcpu.r10, &vcpu.r11, &vcpu.r12,   &vcpu.r13, &vcpu.r14,
				  &vcpu.r15, &vcpu.rip, &vcpu.rflags};

	for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
		*wide[i] = UINT64_C(0xffffffff81000000) + i;
	vcpu.cs = 1, vcpu.ss = 2, vcpu.ds = 3, vcpu.es = 4, vcpu.fs = 5, vcpu.gs = 6;
	vcpu.fs_base = 7, vcpu.gs_base_kernel = 8, vcpu.gs_base_user = 9;
	vcpu.cr[0] = 10, vcpu.cr[2] = 12, vcpu.cr[4] = 14;
	assert_int_equal(pvb_sim_set_registers(host, domid, 0, &vcpu), 0);
	assert_ok(pvb_domain_registers(host, domid, 0, &got, &error), &error);

	const uint64_t told[] = {got.rax, got.rbx, got.rcx, got.rdx, got.rsi, got.rdi,
				 got.rbp, got.rsp, got.r8,  got.r9,  got.r10, got.r11,
				 got.r12, got.r13, got.r14, got.r15, got.rip, got.rflags};

	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		assert_true(told[i] == UINT64_C(0xffffffff81000000) + i);
	assert_true(got.cs == 1 && got.ss == 2 && got.ds == 3 && got.es == 4 && got.fs == 5 &&
		    got.gs == 6);
	assert_true(got.fs_base == 7 && got.gs_base_kernel == 8 && got.gs_base_user == 9);
	assert_true(got.cr0 == 10 && got.cr2 == 12 && got.cr3 == vcpu.cr[3] && got.cr4 == 14);
	assert_true(got.bits == 64 && got.online && got.in_kernel);
	assert_int_equal(got.size, sizeof got);
	vcpu.flags = 0;
	assert_int_equal(pvb_sim_set_registers(host, domid, 0, &vcpu), 0);
	assert_ok(pvb_domain_registers(host, domid, 0, &got, &error), &error);
	assert_false(got.in_kernel);
}

static void a_64_bit_guests_registers_are_all_told(void **state)
{
	(void)state;
	with_domain(&scenarios[0], are_all_told);
}

static void are_of_32_bits(struct pvb_host *host, uint32_t domid)
{
	struct pvb_registers got = PVB_REGISTERS_INIT;
	struct pvb_error error;

	assert_ok(pvb_domain_registers(host, domid, 0, &got, &error), &error);
	assert_int_equal(got.bits, 32);
	assert_true(got.online && got.rip && got.rip <= UINT32_MAX && !got.r15);
}

static void a_32_bit_guests_are_narrow(void **state)
{
	(void)state;
	with_domain(&scenarios[1], are_of_32_bits);
}

static void are_refused_by_number(struct pvb_host *host, uint32_t domid)
{
	struct pvb_registers got = PVB_REGISTERS_INIT;
	struct pvb_registers short_one = {.size = 1};
	struct pvb_domain_state domain;
	struct pvb_error error;

	assert_ok(pvb_domain_get(host, domid, &domain, &error), &error);
	for (uint32_t vcpu = 1; vcpu < domain.vcpus; vcpu++)
		assert_fails_with(pvb_domain_registers(host, domid, vcpu, &got, &error),
				  PVB_E_HOST_STATE, &error);
	assert_fails_with(pvb_domain_registers(host, domid, domain.vcpus, &got, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_domain_registers(host, domid, UINT32_MAX, &got, &error),
			  PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_domain_registers(host, domid + 1, 0, &got, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);
	assert_fails_with(pvb_domain_registers(host, domid, 0, &short_one, &error),
			  PVB_E_ARG_INVALID, &error);
}

static void what_there_is_not_is_an_error(void **state)
{
	(void)state;
	with_domain(&scenarios[0], are_refused_by_number);
}

static void a_translated_guest_has_others(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("arch=arm64,memory=4G");
	struct pvb_registers got = PVB_REGISTERS_INIT;
	struct pvb_error error;
	uint32_t domid = new_arm64(host, 4 * MIB);

	assert_fails_with(pvb_domain_registers(host, domid, 0, &got, &error), PVB_E_HOST_GUEST_TYPE,
			  &error);
	close_sim(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_64_bit_guests_registers_are_all_told),
		cmocka_unit_test(a_32_bit_guests_are_narrow),
		cmocka_unit_test(what_there_is_not_is_an_error),
		cmocka_unit_test(a_translated_guest_has_others),
	};

	return cmocka_run_group_tests_name("registers", tests, NULL, NULL);
}
