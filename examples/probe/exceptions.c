/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exceptions: a kernel that was given something wrong should die with a sentence. One address
 * may fault and go on, the read of peek_word().
 */
#include "hypercall.h"
#include "probe.h"

#define VECTORS 20
#define ENTRY_SIZE 16

extern const uint8_t exception_entries[], peek_read[];
const uint64_t *exception(const uint64_t *frame, unsigned vector, unsigned has_error);

void exceptions_start(void)
{
	struct trap_info traps[VECTORS + 1];

	for (unsigned i = 0; i < VECTORS; i++) {
		traps[i].vector = (uint8_t)i;
		traps[i].flags = 0;
		traps[i].cs = KERNEL_CS;
		traps[i].address = (uint64_t)exception_entries + (uint64_t)i * ENTRY_SIZE;
	}
	traps[VECTORS] = (struct trap_info){0};
	(void)hypercall_set_trap_table(traps);
}

/* rcx, r11, perhaps an error code, then rip, cs, rflags, rsp and ss. */
const uint64_t *exception(const uint64_t *frame, unsigned vector, unsigned has_error)
{
	static unsigned depth;
	const uint64_t *pushed = frame + 2 + has_error;
	uint64_t cr2 = 0;

	if (pushed[0] == (uint64_t)peek_read)
		return (const uint64_t *)pushed[3];
	if (depth++)
		end(SHUTDOWN_CRASH);
	if (vector == 14)
		__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	say("probe: FAIL %s: exception %u at %lx, address %lx\n", current_check(), vector,
	    pushed[0], cr2);
	say("probe: verdict FAIL %s\n", current_check());
	console_drain();
	end(SHUTDOWN_CRASH);
}
