/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel itself: that all of it came, and came where it belongs. */
#include "check.h"

#define STRIDE 0x9e3779b1u

/* image.S: never written, so that they are as the builder made them. */
extern const uint32_t image_pattern[], image_pattern_end[];
extern const uint8_t image_bss[], image_bss_end[];

void check_kernel_data(void)
{
	uint64_t size = (uint64_t)image_pattern_end - (uint64_t)image_pattern;
	uint32_t expected = 0;

	for (uint64_t i = 0; i < size / sizeof image_pattern[0]; i++) {
		expected += STRIDE;
		if (image_pattern[i] != expected)
			fail("the word at %lx is %x, not %x", (uint64_t)&image_pattern[i],
			     image_pattern[i], expected);
	}
}

void check_kernel_bss(void)
{
	uint64_t size = (uint64_t)image_bss_end - (uint64_t)image_bss;
	uint64_t at = first_nonzero(image_bss, size);

	if (at < size)
		fail("the byte at %lx is not zero", (uint64_t)image_bss + at);
	size = (uint64_t)kernel_end - (uint64_t)bss_end;
	at = first_nonzero(bss_end, size);
	if (at < size)
		odd("the byte at %lx, in the last page behind the kernel, is not zero",
		    (uint64_t)bss_end + at);
}

void check_kernel_hypercall_page(void)
{
#ifdef PROBE_LEGACY_STRING
	extern const volatile uint8_t hypercall_page[];
	const volatile uint8_t *entry = hypercall_page + (uint64_t)HYPERCALL_XEN_VERSION * 32;
	uint64_t version;

	if (*entry == 0xcc) {
		fail("the page was not filled");
		return;
	}
	__asm__ volatile("call *%1"
			 : "=a"(version)
			 : "r"(entry), "D"(0), "S"(0)
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
	if (version != facts.xen_version)
		fail("called through the page, Xen says version %lx, else %lx", version,
		     facts.xen_version);
#else
	untested("this kernel asks for none");
#endif
}
