/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The builder's table of offsets against Xen's own public headers. */
#include <config.h>

#include "support/test.h"

#include "build/abi.h"

#ifdef HAVE_XEN
#include <xenctrl.h>

#include <xen/foreign/x86_32.h>
#include <xen/foreign/x86_64.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/vcpu.h>

#define SAME_START_INFO(ours, theirs)                                                              \
	do {                                                                                       \
		assert_int_equal((ours)->size, sizeof(theirs));                                    \
		assert_int_equal((ours)->word, sizeof(((theirs *)0)->nr_pages));                   \
		assert_int_equal((ours)->magic, offsetof(theirs, magic));                          \
		assert_int_equal(PVB_ABI_MAGIC_SIZE, sizeof(((theirs *)0)->magic));                \
		assert_int_equal((ours)->nr_pages, offsetof(theirs, nr_pages));                    \
		assert_int_equal((ours)->shared_info, offsetof(theirs, shared_info));              \
		assert_int_equal((ours)->flags, offsetof(theirs, flags));                          \
		assert_int_equal((ours)->store_mfn, offsetof(theirs, store_mfn));                  \
		assert_int_equal((ours)->store_evtchn, offsetof(theirs, store_evtchn));            \
		assert_int_equal((ours)->console_mfn, offsetof(theirs, console.domU.mfn));         \
		assert_int_equal((ours)->console_evtchn, offsetof(theirs, console.domU.evtchn));   \
		assert_int_equal((ours)->pt_base, offsetof(theirs, pt_base));                      \
		assert_int_equal((ours)->nr_pt_frames, offsetof(theirs, nr_pt_frames));            \
		assert_int_equal((ours)->mfn_list, offsetof(theirs, mfn_list));                    \
		assert_int_equal((ours)->mod_start, offsetof(theirs, mod_start));                  \
		assert_int_equal((ours)->mod_len, offsetof(theirs, mod_len));                      \
		assert_int_equal((ours)->cmd_line, offsetof(theirs, cmd_line));                    \
		assert_int_equal(PVB_ABI_COMMAND_LINE_SIZE, sizeof(((theirs *)0)->cmd_line));      \
		assert_int_equal((ours)->first_p2m_pfn, offsetof(theirs, first_p2m_pfn));          \
		assert_int_equal((ours)->nr_p2m_frames, offsetof(theirs, nr_p2m_frames));          \
	} while (0)

static void start_info_is_where_xen_has_it(void **state)
{
	(void)state;
	SAME_START_INFO(&pvb_abi_start_info_64, struct start_info_x86_64);
	SAME_START_INFO(&pvb_abi_start_info_32, struct start_info_x86_32);
	assert_int_equal(PVB_ABI_SIF_MOD_START_PFN, SIF_MOD_START_PFN);
	assert_int_equal(PVB_ABI_SIF_VIRT_P2M_4TOOLS, SIF_VIRT_P2M_4TOOLS);
}

#define SAME_SHARED_INFO(ours, theirs)                                                             \
	do {                                                                                       \
		assert_int_equal((ours)->word, sizeof(((theirs *)0)->arch.max_pfn));               \
		assert_int_equal((ours)->max_pfn, offsetof(theirs, arch.max_pfn));                 \
		assert_int_equal((ours)->frame_list_list,                                          \
				 offsetof(theirs, arch.pfn_to_mfn_frame_list_list));               \
	} while (0)

static void shared_info_is_what_xen_has(void **state)
{
	(void)state;
	assert_int_equal(PVB_ABI_SHARED_INFO_SIZE_64, sizeof(struct shared_info_x86_64));
	assert_int_equal(PVB_ABI_SHARED_INFO_SIZE_32, sizeof(struct shared_info_x86_32));
	assert_int_equal(PVB_ABI_LEGACY_VCPUS, XEN_LEGACY_MAX_VCPUS);
	assert_int_equal(PVB_ABI_VCPU_INFO_SIZE, sizeof(struct vcpu_info_x86_64));
	assert_int_equal(PVB_ABI_VCPU_INFO_SIZE, sizeof(struct vcpu_info_x86_32));
	assert_int_equal(offsetof(struct shared_info_x86_64, vcpu_info), 0);
	assert_int_equal(offsetof(struct shared_info_x86_32, vcpu_info), 0);
	assert_int_equal(PVB_ABI_VCPU_UPCALL_MASK,
			 offsetof(struct vcpu_info_x86_64, evtchn_upcall_mask));
	assert_int_equal(PVB_ABI_VCPU_UPCALL_MASK,
			 offsetof(struct vcpu_info_x86_32, evtchn_upcall_mask));
	SAME_SHARED_INFO(&pvb_abi_shared_info_64, struct shared_info_x86_64);
	SAME_SHARED_INFO(&pvb_abi_shared_info_32, struct shared_info_x86_32);
}

static void the_rest_is_what_xen_has(void **state)
{
	(void)state;
	/* "connection" was added behind the last member of 4.17's structure */
	assert_true(sizeof(struct xencons_interface) >= PVB_ABI_CONSOLE_CONNECTION);
	assert_int_equal(offsetof(struct xencons_interface, out_prod) + 4,
			 PVB_ABI_CONSOLE_CONNECTION);
	assert_int_equal(PVB_ABI_KERNEL_CS_64, FLAT_KERNEL_CS_X86_64);
	assert_int_equal(PVB_ABI_KERNEL_SS_64, FLAT_KERNEL_SS_X86_64);
	assert_int_equal(PVB_ABI_KERNEL_CS_32, FLAT_KERNEL_CS_X86_32);
	assert_int_equal(PVB_ABI_KERNEL_DS_32, FLAT_KERNEL_DS_X86_32);
	assert_int_equal(PVB_ABI_KERNEL_DS_32, FLAT_KERNEL_SS_X86_32);
	assert_int_equal(PVB_ABI_VGCF_IN_KERNEL, VGCF_in_kernel_X86_64);
	assert_int_equal(PVB_ABI_VGCF_ONLINE, VGCF_online_X86_64);
	assert_int_equal(PVB_ABI_VMASST_PAE_EXTENDED_CR3, 1u << VMASST_TYPE_pae_extended_cr3);
	assert_int_equal(PVB_ABI_GRANT_CONSOLE, GNTTAB_RESERVED_CONSOLE);
	assert_int_equal(PVB_ABI_GRANT_XENSTORE, GNTTAB_RESERVED_XENSTORE);
	assert_int_equal(PVB_ABI_GTF_PERMIT_ACCESS, GTF_permit_access);
	assert_int_equal(PVB_ABI_GRANT_FRAME_BITS, 8 * sizeof(((grant_entry_v1_t *)0)->frame));
}
#else
static void start_info_is_where_xen_has_it(void **state)
{
	(void)state;
	print_message("Xen's headers are not installed\n");
	skip();
}
#define shared_info_is_what_xen_has start_info_is_where_xen_has_it
#define the_rest_is_what_xen_has start_info_is_where_xen_has_it
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_info_is_where_xen_has_it),
		cmocka_unit_test(shared_info_is_what_xen_has),
		cmocka_unit_test(the_rest_is_what_xen_has),
	};

	return cmocka_run_group_tests_name("build: ABI", tests, NULL, NULL);
}
