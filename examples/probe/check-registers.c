/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the processor held when the kernel was entered. */
#include "check.h"

/* The processor's, and behind it those of gs, in use and in wait. */
#define MSR_FS_BASE 0xc0000100u

#define FLAG_ALWAYS (UINT64_C(1) << 1)
#define FLAG_INTERRUPTS (UINT64_C(1) << 9)

void check_registers_rsi(void)
{
	if (entry_registers.rsi != (uint64_t)facts.start_info)
		fail("rsi is %lx, and start_info is at %lx", entry_registers.rsi,
		     (uint64_t)facts.start_info);
}

/* xen.h: the boot stack is the page behind the page tables. */
void check_registers_rsp(void)
{
	uint64_t end = (uint64_t)direct(m2p(facts.root) + facts.region_tables + 1);

	if (entry_registers.rsp != end)
		fail("rsp is %lx; the page behind the page tables ends at %lx", entry_registers.rsp,
		     end);
}

void check_registers_segments(void)
{
	const struct entry_registers *r = &entry_registers;

	if (r->cs != KERNEL_CS || r->ss != KERNEL_SS)
		fail("cs is %lx and ss %lx, not %x and %x", r->cs, r->ss, KERNEL_CS, KERNEL_SS);
	if (r->ds || r->es || r->fs || r->gs)
		fail("ds, es, fs, gs are %lx, %lx, %lx, %lx and should be null", r->ds, r->es,
		     r->fs, r->gs);
}

void check_registers_rflags(void)
{
	if (entry_registers.rflags != (FLAG_ALWAYS | FLAG_INTERRUPTS))
		fail("rflags is %lx, not %lx: interrupts on, strings upwards, and no more",
		     entry_registers.rflags, FLAG_ALWAYS | FLAG_INTERRUPTS);
}

void check_registers_general(void)
{
	static const char *const name[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
					   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
	uint64_t value[16];

	memcpy(value, &entry_registers, sizeof value);
	for (unsigned i = 0; i < 16; i++)
		if (value[i] && i != 4 && i != 7)
			odd("%s is %lx and not zero", name[i], value[i]);
}

/* Xen carries RDMSR out for us. */
static uint64_t read_msr(uint32_t number)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return (uint64_t)high << 32 | low;
}

void check_registers_bases(void)
{
	static const char *const name[] = {"fs", "gs", "gs of user space"};

	for (unsigned i = 0; i < 3; i++) {
		uint64_t base = read_msr(MSR_FS_BASE + i);

		if (base)
			odd("the base of %s is %lx", name[i], base);
	}
}

void check_registers_debug(void)
{
	static const uint64_t expected[] = {0, 0, 0, 0, 0xffff0ff0, 0x400};

	for (unsigned i = 0; i < 6; i++) {
		unsigned number = i < 4 ? i : i + 2;
		uint64_t value = (uint64_t)hypercall_get_debugreg(number);

		if (value != expected[i])
			odd("dr%u is %lx, not %lx", number, value, expected[i]);
	}
}

void check_registers_stack(void)
{
	uint64_t at = first_nonzero(&boot_stack_page, PAGE_SIZE);

	if (at < PAGE_SIZE)
		odd("byte %lu of the boot stack is not zero", at);
}
