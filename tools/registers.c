/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registers.h"

#include <inttypes.h>
#include <stdio.h>

#include "fault.h"

bool registers_next(struct pvb_host *host, uint32_t domid, uint32_t *vcpu,
		    struct pvb_registers *registers)
{
	struct pvb_error error;

	for (;; (*vcpu)++) {
		*registers = (struct pvb_registers)PVB_REGISTERS_INIT;
		int rc = pvb_domain_registers(host, domid, *vcpu, registers, &error);

		/* One that was never set up; behind the last of them there is another error. */
		if (rc && rc != -PVB_E_HOST_STATE)
			return false;
		if (!rc && registers->online)
			return true;
	}
}

/* One register: as wide as the guest's words. */
static void say(const char *name, uint64_t value, unsigned bits)
{
	(void)fprintf(stderr, "  %-6s 0x%0*" PRIx64, name, (int)(bits / 4), value);
}

/* Four a line, as many as there are. */
static void say_all(const struct pvb_registers *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{"rip", r->rip},    {"rflags", r->rflags},
		{"rsp", r->rsp},    {"rbp", r->rbp},
		{"rax", r->rax},    {"rbx", r->rbx},
		{"rcx", r->rcx},    {"rdx", r->rdx},
		{"rsi", r->rsi},    {"rdi", r->rdi},
		{"cr2", r->cr2},    {"cr3", r->cr3},
		{"r8", r->r8},      {"r9", r->r9},
		{"r10", r->r10},    {"r11", r->r11},
		{"r12", r->r12},    {"r13", r->r13},
		{"r14", r->r14},    {"r15", r->r15},
		{"fs", r->fs_base}, {"gs", r->gs_base_kernel},
	};
	size_t count = r->bits == 64 ? sizeof all / sizeof all[0] : 12;

	for (size_t i = 0; i < count; i++) {
		say(all[i].name, all[i].value, r->bits);
		if (i % 3 == 2 || i + 1 == count)
			(void)putc('\n', stderr);
	}
	(void)fprintf(stderr,
		      "  cs 0x%04x  ss 0x%04x  ds 0x%04x  es 0x%04x  fs 0x%04x  gs 0x%04x\n", r->cs,
		      r->ss, r->ds, r->es, r->fs, r->gs);
}

void registers_say(struct pvb_host *host, uint32_t domid)
{
	struct pvb_registers registers;

	for (uint32_t vcpu = 0; registers_next(host, domid, &vcpu, &registers); vcpu++) {
		note("vCPU %" PRIu32 " of domain %" PRIu32 " was in %s", vcpu, domid,
		     registers.in_kernel ? "the guest's kernel" : "a process of the guest");
		say_all(&registers);
	}
}
