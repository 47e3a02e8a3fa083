/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers of vCPUs on the simulated host. */
#include "test-sim.h"

#include <pvbuild/host.h>

#define IN_KERNEL 0x4u
#define ONLINE 0x20u
#define M2P_STRICT (1u << 5)

struct guest {
	struct pvb_host *host;
	uint32_t domid;
	pvb_mfn_t root;
	pvb_mfn_t other_root;
	pvb_mfn_t data;
	pvb_mfn_t shared_info;
	struct pvb_host_vcpu good;
};

static const uint64_t zeros[512];

static uint64_t folded(pvb_mfn_t mfn)
{
	return (uint32_t)(mfn.n << 12 | mfn.n >> 20);
}

/* Tables that map nothing are good ones; a PAE root needs an L2 for slot 3. */
static struct guest new_guest(unsigned bits)
{
	struct guest guest = {.host = open_sim("memory=8G")};
	struct pvb_host_domain domain;
	struct pvb_error error;
	pvb_mfn_t frame[5];

	guest.domid = new_domain(guest.host, GIB);
	assert_ok(pvb_host_set_guest_bits(guest.host, guest.domid, bits, &error), &error);
	assert_int_equal(give(guest.host, guest.domid, 0, 0, 5, frame), 5);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pvb_sim_poke(guest.host, frame[i], 0, zeros, sizeof zeros), 0);
	guest.root = frame[0];
	guest.other_root = frame[1];
	guest.data = frame[4];
	if (bits == 32) {
		for (unsigned i = 0; i < 2; i++) {
			uint64_t value = frame[2 + i].n << 12 | 1;

			assert_int_equal(pvb_sim_poke(guest.host, frame[i], 3 * 8, &value, 8), 0);
		}
	}
	assert_ok(pvb_host_get_domain(guest.host, guest.domid, &domain, &error), &error);
	guest.shared_info = domain.shared_info;

	guest.good = (struct pvb_host_vcpu){
		.rip = bits == 64 ? UINT64_C(0xffffffff81000000) : 0xc0100000,
		.rsp = bits == 64 ? UINT64_C(0xffffffff82000000) : 0xc0200000,
		.rsi = bits == 64 ? UINT64_C(0xffffffff82001000) : 0xc0201000,
		.rflags = 0x200,
		.cs = bits == 64 ? 0xe033 : 0xe019,
		.ss = bits == 64 ? 0xe02b : 0xe021,
		.kernel_ss = bits == 64 ? 0xe02b : 0xe021,
		.kernel_sp = bits == 64 ? UINT64_C(0xffffffff82000000) : 0xc0200000,
		.flags = IN_KERNEL | ONLINE,
	};
	guest.good.cr[3] = bits == 64 ? guest.root.n << 12 : folded(guest.root);
	guest.good.debugreg[6] = 0xffff0ff0;
	guest.good.debugreg[7] = 0x400;
	return guest;
}

static int set(struct guest *guest, uint32_t vcpu, const struct pvb_host_vcpu *registers,
	       struct pvb_error *error)
{
	return pvb_host_set_vcpu(guest->host, guest->domid, vcpu, registers, error);
}

static struct pvb_host_vcpu get(struct guest *guest, uint32_t vcpu)
{
	struct pvb_host_vcpu registers;
	struct pvb_error error;

	assert_ok(pvb_host_get_vcpu(guest->host, guest->domid, vcpu, &registers, &error), &error);
	return registers;
}

static struct pvb_sim_frame look(struct guest *guest, pvb_mfn_t frame)
{
	struct pvb_sim_frame out;

	pvb_sim_look(guest->host, frame, &out);
	return out;
}

static uint64_t slot(struct guest *guest, pvb_mfn_t table, unsigned index)
{
	uint64_t value;

	assert_int_equal(pvb_sim_peek(guest->host, table, index * 8, &value, 8), 0);
	return value;
}

static void good_registers_are_kept(void **state)
{
	(void)state;
	struct guest guest = new_guest(64);
	struct pvb_error error;
	struct pvb_host_vcpu got;

	assert_fails_with(pvb_host_get_vcpu(guest.host, guest.domid, 0, &got, &error),
			  PVB_E_HOST_STATE, &error);
	assert_ok(set(&guest, 0, &guest.good, &error), &error);
	got = get(&guest, 0);
	assert_true(got.rip == guest.good.rip);
	assert_true(got.rsp == guest.good.rsp);
	assert_true(got.rsi == guest.good.rsi);
	assert_true(got.cr[3] == guest.good.cr[3]);
	assert_true(got.cr[0] & 1);
	assert_true(got.cr[4] & 0x20);
	assert_int_equal(got.cs, 0xe033);
	assert_int_equal(got.flags, IN_KERNEL | ONLINE);
	assert_int_equal(got.debugreg[7], 0x400);

	/* Its page tables are in use as such, though nobody pinned them. */
	assert_int_equal(look(&guest, guest.root).use, PVB_SIM_L4);
	assert_int_equal(look(&guest, guest.root).references, 1);
	assert_false(look(&guest, guest.root).pinned);
	/* The way to the M2P is open to the guest, but not to be written or executed. */
	assert_true((slot(&guest, guest.root, 256) & 0xfff) == 0x25);
	assert_true(slot(&guest, guest.root, 256) >> 63);

	assert_fails_with(set(&guest, 2, &guest.good, &error), PVB_E_HOST_CONTEXT, &error);
	assert_fails_with(pvb_host_get_vcpu(guest.host, guest.domid, 2, &got, &error),
			  PVB_E_ARG_INVALID, &error);
	close_sim(guest.host);
}

static void registers_are_fixed_up_as_xen_does(void **state)
{
	(void)state;
	struct guest guest = new_guest(64);
	struct pvb_host_vcpu r = guest.good;
	struct pvb_error error;

	r.cs = 0xe030;
	r.ss = 0xe029;
	r.kernel_ss = 0xe028;
	r.rflags = 0x3000;
	r.cr[0] = 0x8;
	r.cr[4] = 0xffffffff;
	r.flags = ONLINE; /* user mode */
	r.cr[1] = guest.other_root.n << 12;
	r.event_callback_cs = 0xe033;
	assert_ok(set(&guest, 1, &r, &error), &error);
	r = get(&guest, 1);
	assert_int_equal(r.cs, 0xe033);
	assert_int_equal(r.ss, 0xe02b);
	assert_int_equal(r.kernel_ss, 0xe02b);
	assert_int_equal(r.rflags, 0x3200);
	assert_int_equal(r.cr[0], 0x8005003b);
	assert_int_equal(r.cr[4], 0x5066c);
	assert_int_equal(r.flags, ONLINE);
	assert_int_equal(r.event_callback_cs, 0);
	assert_int_equal(look(&guest, guest.other_root).references, 1);
	/* It is vCPU 0 that has to do with the clock. */
	assert_int_equal(slot(&guest, guest.shared_info, 0xc00 / 8), 0);
	close_sim(guest.host);

	guest = new_guest(32);
	r = guest.good;
	r.cs = 0xe018;
	r.ss = 0xe020;
	r.kernel_ss = 0xe023;
	r.event_callback_cs = 0xe018;
	r.failsafe_callback_cs = 0xe018;
	r.fs_base = 5;
	r.flags = 0;
	assert_ok(set(&guest, 0, &r, &error), &error);
	r = get(&guest, 0);
	assert_int_equal(r.cs, 0xe019);
	assert_int_equal(r.ss, 0xe021);
	assert_int_equal(r.kernel_ss, 0xe023);
	assert_int_equal(r.event_callback_cs, 0xe019);
	assert_int_equal(r.failsafe_callback_cs, 0xe019);
	assert_int_equal(r.fs_base, 0);
	assert_int_equal(r.flags, IN_KERNEL); /* by its ring */
	close_sim(guest.host);
}

/* Set one field of the good registers to a value, and have it refused by name. */
#define REFUSES(guest_, field_, value_, why_)                                                      \
	do {                                                                                       \
		struct pvb_host_vcpu registers_ = (guest_).good;                                   \
		registers_.field_ = (value_);                                                      \
		assert_fails_with(set(&(guest_), 0, &registers_, &error), PVB_E_HOST_CONTEXT,      \
				  &error);                                                         \
		if (!strstr(error.message, why_))                                                  \
			print_error("no \"%s\" in \"%s\"\n", why_, error.message);                 \
		assert_non_null(strstr(error.message, why_));                                      \
		assert_int_equal(look(&(guest_), (guest_).root).references, 0);                    \
	} while (0)

static void registers_that_a_64_bit_guest_cannot_have(void **state)
{
	(void)state;
	struct guest guest = new_guest(64);
	struct pvb_error error;
	const uint64_t wild = UINT64_C(0x800000000000), xens = UINT64_C(0xffff800000000000);

	REFUSES(guest, rip, wild, "rip");
	REFUSES(guest, rsp, wild, "rsp");
	REFUSES(guest, kernel_sp, UINT64_C(0xffff7fffffffffff), "kernel_sp");
	REFUSES(guest, fs_base, wild, "fs_base");
	REFUSES(guest, gs_base_kernel, wild, "gs_base_kernel");
	REFUSES(guest, gs_base_user, wild, "gs_base_user");
	REFUSES(guest, event_callback_eip, wild, "event_callback_eip");
	REFUSES(guest, syscall_callback_eip, wild, "syscall_callback_eip");
	REFUSES(guest, failsafe_callback_eip, wild, "failsafe_callback_eip");
	REFUSES(guest, ldt_base, xens, "ldt_base");
	REFUSES(guest, ldt_base, 0x1001, "mid-page");
	REFUSES(guest, ldt_entries, 8193, "ldt_entries");
	REFUSES(guest, gdt_entries, 1, "gdt_entries");
	REFUSES(guest, gdt_entries, 7169, "7168");
	REFUSES(guest, debugreg[2], xens, "breakpoint");
	REFUSES(guest, debugreg[6], UINT64_C(1) << 32, "debugreg");
	REFUSES(guest, debugreg[7], UINT64_C(1) << 32, "debugreg");
	REFUSES(guest, vm_assist, 1u << 7, "vm_assist");
	REFUSES(guest, flags, ONLINE, "user mode");
	REFUSES(guest, cr[3], 0, "cr3");
	REFUSES(guest, cr[3], guest.shared_info.n << 12 | UINT64_C(1) << 40, "cr3");

	struct pvb_host_vcpu r = guest.good;
	r.ldt_entries = 1;
	r.ldt_base = wild;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_CONTEXT, &error);
	assert_non_null(strstr(error.message, "ldt_base"));

	/* Page tables that are none, are the toolstack's to write, or of others. */
	r = guest.good;
	r.cr[3] = guest.data.n << 12;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_CONTEXT, &error);
	assert_non_null(strstr(error.context, "cr3"));
	r.cr[3] = guest.shared_info.n << 12;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_CONTEXT, &error);
	r.cr[3] = guest.good.cr[3];
	r.cr[1] = guest.data.n << 12;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_CONTEXT, &error);
	assert_int_equal(look(&guest, guest.root).references, 0);
	r.cr[1] = 0x1000;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_CONTEXT, &error);
	assert_non_null(strstr(error.message, "cr1"));
	assert_int_equal(look(&guest, guest.root).references, 0);
	assert_books_balance(guest.host);

	/* Assists are looked at for vCPU 0 alone. */
	r = guest.good;
	r.vm_assist = 1u << 7;
	assert_ok(set(&guest, 1, &r, &error), &error);
	close_sim(guest.host);
}

static void registers_that_a_32_bit_guest_cannot_have(void **state)
{
	(void)state;
	struct guest guest = new_guest(32);
	struct pvb_error error;
	const uint64_t wide = UINT64_C(1) << 32;

	REFUSES(guest, rip, wide, "eip");
	REFUSES(guest, rsp, wide, "esp");
	REFUSES(guest, rsi, wide, "esi");
	REFUSES(guest, kernel_sp, wide, "kernel_sp");
	REFUSES(guest, cr[3], wide | guest.good.cr[3], "cr3");
	REFUSES(guest, event_callback_eip, wide, "event_callback_eip");
	REFUSES(guest, ldt_base, 1, "mid-page");
	REFUSES(guest, vm_assist, M2P_STRICT, "vm_assist");
	REFUSES(guest, cr[3], guest.root.n << 12, "cr3");
	assert_ok(set(&guest, 0, &guest.good, &error), &error);
	assert_int_equal(look(&guest, guest.root).use, PVB_SIM_L3);
	assert_true(get(&guest, 0).cr[3] == guest.good.cr[3]);
	close_sim(guest.host);
}

static void a_vcpu_keeps_its_page_tables(void **state)
{
	(void)state;
	struct guest guest = new_guest(64);
	struct pvb_host_vcpu r = guest.good;
	struct pvb_error error;

	assert_ok(set(&guest, 0, &r, &error), &error);
	r.rip += 4;
	r.flags = IN_KERNEL;
	assert_ok(set(&guest, 0, &r, &error), &error);
	assert_true(get(&guest, 0).rip == r.rip);
	assert_int_equal(get(&guest, 0).flags, IN_KERNEL);
	assert_int_equal(look(&guest, guest.root).references, 1);

	r.cr[3] = guest.other_root.n << 12;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_STATE, &error);
	r.cr[3] = guest.good.cr[3];
	r.cr[1] = guest.other_root.n << 12;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_STATE, &error);
	r.cr[1] = 0;
	r.ldt_entries = 1;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_STATE, &error);
	assert_true(get(&guest, 0).cr[3] == guest.good.cr[3]);

	/* For those who break things there is a way round all checks. */
	r.cr[3] = 0x123;
	assert_int_equal(pvb_sim_set_registers(guest.host, guest.domid, 0, &r), 0);
	assert_int_equal(get(&guest, 0).cr[3], 0x123);
	assert_int_equal(pvb_sim_set_registers(guest.host, guest.domid, 1, &r), -1);
	assert_int_equal(pvb_sim_set_registers(guest.host, guest.domid, 9, &r), -1);
	close_sim(guest.host);
}

static void vcpu_0_starts_the_wallclock(void **state)
{
	(void)state;
	struct pvb_error error;

	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct guest guest = new_guest(bits);
		uint32_t clock[3], high;
		size_t at = bits == 64 ? 0xc00 : 0x900, high_at = bits == 64 ? 0xc0c : 0x924;
		uint32_t before = 0xffffffff;

		/* What the builder wrote elsewhere stays. */
		assert_int_equal(pvb_sim_poke(guest.host, guest.shared_info, at - 4, &before, 4),
				 0);
		for (unsigned round = 1; round <= 2; round++) {
			assert_ok(set(&guest, 0, &guest.good, &error), &error);
			assert_int_equal(pvb_sim_peek(guest.host, guest.shared_info, at, clock,
						      sizeof clock),
					 0);
			assert_int_equal(pvb_sim_peek(guest.host, guest.shared_info, high_at, &high,
						      sizeof high),
					 0);
			assert_int_equal(clock[0], 2);
			assert_true(clock[1] > 1500000000);
			assert_int_equal(high, 0);
		}
		assert_int_equal(pvb_sim_peek(guest.host, guest.shared_info, at - 4, &before, 4),
				 0);
		assert_int_equal(before, 0xffffffff);
		close_sim(guest.host);
	}
}

static void the_m2p_is_shown_as_the_assist_wants_it(void **state)
{
	(void)state;
	struct guest guest = new_guest(64);
	struct pvb_host_vcpu r = guest.good;
	struct pvb_error error;

	/* Pinned before it was known: all L4 tables get it. */
	assert_ok(pvb_host_pin_table(guest.host, guest.domid, 4, guest.root, &error), &error);
	assert_ok(pvb_host_pin_table(guest.host, guest.domid, 4, guest.other_root, &error), &error);
	assert_int_equal(slot(&guest, guest.root, 256), 0);
	assert_int_equal(slot(&guest, guest.other_root, 256), 0);
	r.vm_assist = M2P_STRICT;
	r.cr[1] = guest.other_root.n << 12;
	assert_ok(set(&guest, 0, &r, &error), &error);
	assert_true(slot(&guest, guest.root, 256) & 1);
	/* But user space must not see it. */
	assert_int_equal(slot(&guest, guest.other_root, 256), 0);
	assert_int_equal(get(&guest, 0).vm_assist, M2P_STRICT);
	assert_int_equal(look(&guest, guest.root).references, 2);
	close_sim(guest.host);

	/* Known before: the tables have it from the start. */
	guest = new_guest(64);
	r = guest.good;
	r.vm_assist = M2P_STRICT;
	assert_ok(set(&guest, 0, &r, &error), &error);
	assert_true(slot(&guest, guest.root, 256) & 1);
	assert_ok(pvb_host_pin_table(guest.host, guest.domid, 4, guest.other_root, &error), &error);
	assert_true(slot(&guest, guest.other_root, 256) & 1);
	close_sim(guest.host);

	/* A refusal leaves the assists as they were. */
	guest = new_guest(64);
	r = guest.good;
	r.vm_assist = M2P_STRICT;
	r.cr[3] = guest.data.n << 12;
	assert_fails_with(set(&guest, 0, &r, &error), PVB_E_HOST_CONTEXT, &error);
	assert_ok(pvb_host_pin_table(guest.host, guest.domid, 4, guest.root, &error), &error);
	assert_int_equal(slot(&guest, guest.root, 256), 0);
	close_sim(guest.host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_registers_are_kept),
		cmocka_unit_test(registers_are_fixed_up_as_xen_does),
		cmocka_unit_test(registers_that_a_64_bit_guest_cannot_have),
		cmocka_unit_test(registers_that_a_32_bit_guest_cannot_have),
		cmocka_unit_test(a_vcpu_keeps_its_page_tables),
		cmocka_unit_test(vcpu_0_starts_the_wallclock),
		cmocka_unit_test(the_m2p_is_shown_as_the_assist_wants_it),
	};

	return cmocka_run_group_tests_name("sim-vcpu", tests, NULL, NULL);
}
