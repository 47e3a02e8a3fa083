/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/spoils.h"

#include <string.h>

#include <xenctrl.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#include "core/error.h"
#include "plan/plan.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE UINT64_C(4096)

/* Entries of page tables (Intel SDM 3A, 4.5). */
#define PTE_P UINT64_C(0x1)
#define PTE_RW UINT64_C(0x2)
#define PTE_US UINT64_C(0x4)
#define PTE_PCD UINT64_C(0x10)
#define PTE_A UINT64_C(0x20)
#define PTE_PSE UINT64_C(0x80)
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)
#define LEAF (PTE_P | PTE_RW | PTE_A)

/* A frame that no domain has. */
#define NOBODYS_FRAME UINT64_C(0xfffffff)

/* ---- reaching guest memory --------------------------------------------------------- */

static int map_frame(struct spoiling *spoiling, uint64_t mfn, uint8_t **at, struct pvb_error *error)
{
	const struct relay *relay = &spoiling->relay;
	const pvb_mfn_t frame = PVB_MFN(mfn);
	void *mapped;
	int rc = pvb_host_map_frames(relay->inner, relay->domid, &frame, 1, true, &mapped, error);

	*at = rc ? NULL : mapped;
	return rc;
}

static uint64_t mfn_of(const struct spoiling *spoiling, uint64_t pfn)
{
	return relay_mfn(&spoiling->relay, pfn);
}

static int map_page(struct spoiling *spoiling, uint64_t pfn, uint8_t **at, struct pvb_error *error)
{
	return map_frame(spoiling, mfn_of(spoiling, pfn), at, error);
}

static void unmap_page(struct spoiling *spoiling, uint8_t *at)
{
	pvb_host_unmap_frames(spoiling->relay.inner, at, 1);
}

static int read_word(struct spoiling *spoiling, uint64_t pfn, size_t offset, uint64_t *word,
		     struct pvb_error *error)
{
	uint8_t *at;
	int rc = map_page(spoiling, pfn, &at, error);

	if (rc)
		return rc;
	memcpy(word, at + offset, sizeof *word);
	unmap_page(spoiling, at);
	return 0;
}

static int write_bytes(struct spoiling *spoiling, uint64_t mfn, size_t offset, const void *bytes,
		       size_t size, struct pvb_error *error)
{
	uint8_t *at;
	int rc = map_frame(spoiling, mfn, &at, error);

	if (rc)
		return rc;
	memcpy(at + offset, bytes, size);
	unmap_page(spoiling, at);
	return 0;
}

static int write_word(struct spoiling *spoiling, uint64_t pfn, size_t offset, uint64_t word,
		      struct pvb_error *error)
{
	return write_bytes(spoiling, mfn_of(spoiling, pfn), offset, &word, sizeof word, error);
}

static int flip_byte(struct spoiling *spoiling, uint64_t mfn, size_t offset,
		     struct pvb_error *error)
{
	uint8_t *at;
	int rc = map_frame(spoiling, mfn, &at, error);

	if (rc)
		return rc;
	at[offset] ^= 0x5a;
	unmap_page(spoiling, at);
	return 0;
}

/* ---- start_info -------------------------------------------------------------------- */

static int add_to_field(struct spoiling *spoiling, size_t offset, size_t size, uint64_t by,
			struct pvb_error *error)
{
	uint8_t *at;
	uint64_t value = 0;
	int rc = map_page(spoiling, spoiling->plan->start_info.first.n, &at, error);

	if (rc)
		return rc;
	memcpy(&value, at + offset, size);
	value += by;
	memcpy(at + offset, &value, size);
	unmap_page(spoiling, at);
	return 0;
}

#define FIELD(name) offsetof(start_info_x86_64_t, name)
#define FIELD_SIZE(name) sizeof(((start_info_x86_64_t *)NULL)->name)

/* A field of start_info is off by so much. */
#define FIELD_OFF(function, name, by)                                                              \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return add_to_field(spoiling, FIELD(name), FIELD_SIZE(name), (uint64_t)(by),       \
				    error);                                                        \
	}

FIELD_OFF(magic, magic[8], 1)
FIELD_OFF(nr_pages_more, nr_pages, 1)
FIELD_OFF(nr_pages_less, nr_pages, -1)
FIELD_OFF(flags_privileged, flags, SIF_PRIVILEGED)
FIELD_OFF(flags_without_p2m, flags, -SIF_VIRT_P2M_4TOOLS)
FIELD_OFF(flags_unknown, flags, 1u << 7)
FIELD_OFF(store_mfn, store_mfn, 1)
FIELD_OFF(store_evtchn, store_evtchn, 1000)
FIELD_OFF(console_mfn, console.domU.mfn, 1)
FIELD_OFF(console_evtchn, console.domU.evtchn, 1000)
FIELD_OFF(pt_base, pt_base, PAGE_SIZE)
FIELD_OFF(nr_pt_frames_more, nr_pt_frames, 1)
FIELD_OFF(nr_pt_frames_less, nr_pt_frames, -1)
FIELD_OFF(mfn_list, mfn_list, PAGE_SIZE)
FIELD_OFF(mod_start, mod_start, 1)
FIELD_OFF(mod_len, mod_len, -1)
FIELD_OFF(first_p2m_pfn, first_p2m_pfn, 1)
FIELD_OFF(nr_p2m_frames, nr_p2m_frames, 1)
FIELD_OFF(shared_info_address, shared_info, PAGE_SIZE)
FIELD_OFF(shared_info_unaligned, shared_info, 8)
FIELD_OFF(cmd_line, cmd_line[0], 1)

static int cmd_line_endless(struct spoiling *spoiling, struct relay_call *call,
			    struct pvb_error *error)
{
	char line[FIELD_SIZE(cmd_line)];

	(void)call;
	memset(line, 'x', sizeof line);
	return write_bytes(spoiling, mfn_of(spoiling, spoiling->plan->start_info.first.n),
			   FIELD(cmd_line), line, sizeof line, error);
}

static int start_info_tail(struct spoiling *spoiling, struct relay_call *call,
			   struct pvb_error *error)
{
	(void)call;
	return write_word(spoiling, spoiling->plan->start_info.first.n, PAGE_SIZE - 8, 1, error);
}

/* ---- the p2m list ------------------------------------------------------------------- */

static int p2m_entry(struct spoiling *spoiling, uint64_t pfn, uint64_t value,
		     struct pvb_error *error)
{
	uint64_t at = pfn * sizeof value;

	return write_word(spoiling, spoiling->plan->p2m.first.n + (at >> PAGE_SHIFT),
			  at % PAGE_SIZE, value, error);
}

static int p2m_swapped(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	uint64_t pfn = spoiling->plan->pages / 2;
	int rc = p2m_entry(spoiling, pfn, mfn_of(spoiling, pfn + 1), error);

	(void)call;
	return rc ? rc : p2m_entry(spoiling, pfn + 1, mfn_of(spoiling, pfn), error);
}

static int p2m_last_missing(struct spoiling *spoiling, struct relay_call *call,
			    struct pvb_error *error)
{
	(void)call;
	return p2m_entry(spoiling, spoiling->plan->pages - 1, UINT64_MAX, error);
}

static int p2m_first_doubled(struct spoiling *spoiling, struct relay_call *call,
			     struct pvb_error *error)
{
	(void)call;
	return p2m_entry(spoiling, 0, mfn_of(spoiling, 1), error);
}

static int p2m_foreign(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return p2m_entry(spoiling, spoiling->plan->pages / 3, 0, error);
}

/* ---- page tables --------------------------------------------------------------------- */

/* Where the entry for an address is: the table's PFN and the offset. level 1 is the leaf's. */
static int find_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t *table,
		      size_t *offset, struct pvb_error *error)
{
	*table = spoiling->plan->initial.level[spoiling->plan->levels - 1].first.n;
	for (unsigned at = spoiling->plan->levels;; at--) {
		uint64_t entry;

		*offset = (va >> (PAGE_SHIFT + 9 * (at - 1)) & 511) * sizeof entry;
		if (at == level)
			return 0;
		int rc = read_word(spoiling, *table, *offset, &entry, error);
		if (rc)
			return rc;
		*table = relay_pfn(&spoiling->relay, (entry & PTE_FRAME) >> PAGE_SHIFT);
		if (!(entry & PTE_P) || *table == PVB_NO_FRAME)
			return pvb_fail(error, PVB_E_ARG_INVALID, "spoil",
					"address %#llx is not mapped", (unsigned long long)va);
	}
}

static int change_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t clear,
			uint64_t set, struct pvb_error *error)
{
	uint64_t table, entry;
	size_t offset;
	int rc = find_entry(spoiling, va, level, &table, &offset, error);

	if (rc == 0)
		rc = read_word(spoiling, table, offset, &entry, error);
	if (rc == 0)
		rc = write_word(spoiling, table, offset, (entry & ~clear) | set, error);
	return rc;
}

static uint64_t frame_bits(const struct spoiling *spoiling, uint64_t pfn)
{
	return mfn_of(spoiling, pfn) << PAGE_SHIFT;
}

/* The last page of the initial mapping: padding, that nobody uses. */
static uint64_t spare_va(const struct spoiling *spoiling)
{
	return spoiling->plan->initial.to.a - PAGE_SIZE;
}

static uint64_t tables_va(const struct spoiling *spoiling)
{
	return spoiling->plan->page_tables.va.a;
}

static uint64_t root_pfn(const struct spoiling *spoiling)
{
	return spoiling->plan->page_tables.first.n;
}

/* A spoil of the entry of one address. */
#define ENTRY(function, va, level, clear, set)                                                     \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return change_entry(spoiling, va, level, clear, set, error);                       \
	}

ENTRY(padding_unmapped, spare_va(spoiling), 1, UINT64_MAX, 0)
ENTRY(padding_read_only, spare_va(spoiling), 1, PTE_RW, 0)
ENTRY(padding_to_user_space, spare_va(spoiling), 1, 0, PTE_US)
ENTRY(padding_other_page, spare_va(spoiling), 1, PTE_FRAME,
      frame_bits(spoiling, spoiling->plan->pages - 1))
ENTRY(padding_is_alias, spare_va(spoiling), 1, PTE_FRAME,
      frame_bits(spoiling, spoiling->plan->start_info.first.n))
ENTRY(padding_no_execute, spare_va(spoiling), 1, 0, PTE_NX)
ENTRY(stack_read_only, spoiling->plan->boot_stack.va.a, 1, PTE_RW, 0)
ENTRY(console_read_only, spoiling->plan->console.va.a, 1, PTE_RW, 0)
ENTRY(table_unmapped, tables_va(spoiling) + PAGE_SIZE, 1, UINT64_MAX, 0)
ENTRY(table_other_page, tables_va(spoiling) + PAGE_SIZE, 1, PTE_FRAME,
      frame_bits(spoiling, spoiling->plan->pages - 1))
ENTRY(upper_read_only, spare_va(spoiling), 2, PTE_RW, 0)
ENTRY(upper_no_execute, spare_va(spoiling), 2, 0, PTE_NX)
ENTRY(spare_l4_slot, UINT64_C(300) << 39, 4, 0,
      frame_bits(spoiling, spoiling->plan->initial.level[2].first.n) | LEAF | PTE_US)
ENTRY(table_writable, tables_va(spoiling), 1, 0, PTE_RW)
ENTRY(table_alias, spare_va(spoiling), 1, PTE_FRAME, frame_bits(spoiling, root_pfn(spoiling)))
ENTRY(leaf_nobodys, spare_va(spoiling), 1, PTE_FRAME, NOBODYS_FRAME << PAGE_SHIFT)
ENTRY(leaf_uncached, spare_va(spoiling), 1, 0, PTE_PCD)
ENTRY(superpage, spare_va(spoiling), 2, 0, PTE_PSE)

/* ---- contents ------------------------------------------------------------------------- */

/* A page of a region has one byte that it should not have. */
#define BYTE(function, pfn, offset)                                                                \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return flip_byte(spoiling, mfn_of(spoiling, pfn), offset, error);                  \
	}

static int ramdisk_byte(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	const struct pvb_plan_region *module = &spoiling->plan->module;

	(void)call;
	if (!module->count)
		return pvb_fail(error, PVB_E_ARG_INVALID, "spoil", "there is no ramdisk");
	return flip_byte(spoiling,
			 mfn_of(spoiling, module->first.n + module->bytes / 2 / PAGE_SIZE),
			 module->bytes / 2 % PAGE_SIZE, error);
}

BYTE(console_page, spoiling->plan->console.first.n, offsetof(struct xencons_interface, out_prod))
BYTE(console_page_input, spoiling->plan->console.first.n,
     offsetof(struct xencons_interface, in_prod))
BYTE(store_page, spoiling->plan->xenstore.first.n,
     offsetof(struct xenstore_domain_interface, req_cons))
BYTE(kernel_last_byte, spoiling->plan->kernel.first.n + spoiling->plan->kernel.count - 1,
     PAGE_SIZE - 1)
BYTE(boot_stack, spoiling->plan->boot_stack.first.n, 64)

/* ---- the shared info page -------------------------------------------------------------- */

static int shared_info_word(struct spoiling *spoiling, size_t offset, uint64_t word,
			    struct pvb_error *error)
{
	const struct relay *relay = &spoiling->relay;
	struct pvb_host_domain domain;
	int rc = pvb_host_get_domain(relay->inner, relay->domid, &domain, error);

	if (rc)
		return rc;
	return write_bytes(spoiling, domain.shared_info.n, offset, &word, sizeof word, error);
}

#define SHARED(name) offsetof(shared_info_x86_64_t, name)
#define SHARED_WORD(function, name, word)                                                          \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return shared_info_word(spoiling, SHARED(name), word, error);                      \
	}

SHARED_WORD(upcalls_unmasked, vcpu_info[0], 0)
SHARED_WORD(upcalls_unmasked_of_31, vcpu_info[31], 0)
SHARED_WORD(event_pending, evtchn_pending[3], 1)
SHARED_WORD(event_masked, evtchn_mask[3], 1)
SHARED_WORD(max_pfn_set, arch.max_pfn, 77)
SHARED_WORD(wall_clock_unset, wc_version, 0)

/* ---- registers ---------------------------------------------------------------------------- */

#define REGISTER(function, assignment)                                                             \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)spoiling;                                                                    \
		(void)error;                                                                       \
		call->vcpu->assignment;                                                            \
		return 0;                                                                          \
	}

REGISTER(rsp_lower, rsp -= 64)
REGISTER(rsp_elsewhere, rsp = spoiling->plan->console.va.a)
REGISTER(rsi_elsewhere, rsi += PAGE_SIZE)
REGISTER(rflags_carry, rflags |= 1)
REGISTER(rflags_direction, rflags |= 1u << 10)
REGISTER(rax_set, rax = 1)
REGISTER(r15_set, r15 = 1)
REGISTER(ds_set, ds = 0xe02b)
REGISTER(fs_base_set, fs_base = PAGE_SIZE)
REGISTER(gs_base_set, gs_base_kernel = PAGE_SIZE)
REGISTER(dr7_set, debugreg[7] = 0x401)
REGISTER(cr3_other, cr[3] = frame_bits(spoiling, spoiling->plan->pages - 1))
REGISTER(cr3_nobodys, cr[3] = NOBODYS_FRAME << PAGE_SHIFT)
REGISTER(rip_not_canonical, rip = UINT64_C(0x800000000000))

/* ---- grants, event channels, memory ---------------------------------------------------------- */

#define GRANT(function, number, assignment)                                                        \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)spoiling;                                                                    \
		(void)error;                                                                       \
		for (size_t i = 0; i < call->count; i++)                                           \
			if (call->grants[i].index == (number))                                     \
				call->grants[i].assignment;                                        \
		return 0;                                                                          \
	}

GRANT(grant_console_absent, 0, flags = 0)
GRANT(grant_console_frame, 0, frame = PVB_MFN(mfn_of(spoiling, spoiling->plan->pages - 1)))
GRANT(grant_console_domid, 0, domid = 5)
GRANT(grant_store_absent, 1, flags = 0)
GRANT(grant_store_read_only, 1, flags |= 4)
GRANT(grant_store_elsewhere, 1, index = 9)

/* The two are told apart by their order: the store's comes first. */
static int channel_elsewhere(struct spoiling *spoiling, struct relay_call *call,
			     struct pvb_error *error)
{
	(void)spoiling;
	(void)error;
	call->value = 7;
	return 0;
}

static int map_smaller(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)spoiling;
	(void)error;
	call->value -= PAGE_SIZE * 256;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------- */

#define PIN PVB_CALL_PIN_TABLE
#define VCPU PVB_CALL_SET_VCPU
#define AFTER_VCPU PVB_CALL_SET_GRANTS

const struct spoil spoils[] = {
	{"magic", "start_info.magic has a wrong letter", "start_info.magic", 0, PIN, magic},
	{"nr-pages-more", "start_info.nr_pages is one more", "start_info.nr_pages", 0, PIN,
	 nr_pages_more},
	{"nr-pages-less", "start_info.nr_pages is one less", "start_info.nr_pages", 0, PIN,
	 nr_pages_less},
	{"flags-privileged", "start_info.flags calls it privileged", "start_info.flags", 0, PIN,
	 flags_privileged},
	{"flags-without-p2m", "start_info.flags lacks SIF_VIRT_P2M_4TOOLS", "start_info.flags", 0,
	 PIN, flags_without_p2m},
	{"flags-unknown", "start_info.flags has a bit that nothing defines", "start_info.flags", 0,
	 PIN, flags_unknown},
	{"store-mfn", "start_info.store_mfn is the next frame", "start_info.store_mfn", 0, PIN,
	 store_mfn},
	{"store-port", "start_info.store_evtchn is no port", "start_info.store_evtchn", 0, PIN,
	 store_evtchn},
	{"console-mfn", "start_info's console frame is the next one", "start_info.console_mfn", 0,
	 PIN, console_mfn},
	{"console-port", "start_info's console port is none", "start_info.console_evtchn", 0, PIN,
	 console_evtchn},
	{"pt-base", "start_info.pt_base is a page off", "start_info.pt_base", 0, PIN, pt_base},
	{"nr-pt-frames-more", "start_info.nr_pt_frames is one more", "start_info.nr_pt_frames", 0,
	 PIN, nr_pt_frames_more},
	{"nr-pt-frames-less", "start_info.nr_pt_frames is one less", "start_info.nr_pt_frames", 0,
	 PIN, nr_pt_frames_less},
	{"mfn-list", "start_info.mfn_list is a page off", "start_info.mfn_list", 0, PIN, mfn_list},
	{"mod-start", "start_info.mod_start is off by one", "module.place", 0, PIN, mod_start},
	{"mod-len", "start_info.mod_len is a byte less", "module.length", 0, PIN, mod_len},
	{"first-p2m-pfn", "start_info.first_p2m_pfn is one more", "start_info.first_p2m_pfn", 0,
	 PIN, first_p2m_pfn},
	{"nr-p2m-frames", "start_info.nr_p2m_frames is one more", "start_info.nr_p2m_frames", 0,
	 PIN, nr_p2m_frames},
	{"shared-info", "start_info.shared_info is the next frame", "start_info.shared_info", 0,
	 PIN, shared_info_address},
	{"shared-info-unaligned", "start_info.shared_info is no frame's address",
	 "start_info.shared_info", 0, PIN, shared_info_unaligned},
	{"cmd-line", "the command line has another first letter", "start_info.cmd_line", 0, PIN,
	 cmd_line},
	{"cmd-line-endless", "the command line has no end", "start_info.cmd_line", 0, PIN,
	 cmd_line_endless},
	{"start-info-tail", "start_info's page is not zero behind it", "start_info.tail", 0, PIN,
	 start_info_tail},

	{"p2m-swapped", "two entries of the p2m list are swapped", "p2m.list", 0, PIN, p2m_swapped},
	{"p2m-last-missing", "the last entry of the p2m list is none", "p2m.list", 0, PIN,
	 p2m_last_missing},
	{"p2m-first-doubled", "the first entry of the p2m list is the second's", "p2m.list", 0, PIN,
	 p2m_first_doubled},
	{"p2m-foreign", "an entry of the p2m list is another's frame", "p2m.list", 0, PIN,
	 p2m_foreign},

	{"padding-unmapped", "the last page of the initial mapping is not mapped", "tables.map", 0,
	 PIN, padding_unmapped},
	{"padding-read-only", "a page of the padding is read-only", "tables.flags", 0, PIN,
	 padding_read_only},
	{"padding-user", "user space can reach a page", "tables.flags", 0, PIN,
	 padding_to_user_space},
	{"padding-no-execute", "a page cannot be executed", "tables.flags", 0, PIN,
	 padding_no_execute},
	{"padding-other-page", "a page is mapped where another belongs", "tables.map", 0, PIN,
	 padding_other_page},
	{"alias", "start_info is mapped a second time", "tables.map", 0, PIN, padding_is_alias},
	{"stack-read-only", "the boot stack is read-only", "tables.flags", 0, PIN, stack_read_only},
	{"console-read-only", "the console page is read-only", "tables.flags", 0, PIN,
	 console_read_only},
	{"table-unmapped", "a page table is not mapped", "tables.map", 0, PIN, table_unmapped},
	{"table-other-page", "another page is mapped where a table belongs", "tables.map", 0, PIN,
	 table_other_page},
	{"upper-read-only", "an L2 entry is read-only", "tables.flags", 0, PIN, upper_read_only},
	{"upper-no-execute", "an L2 entry forbids execution", "tables.flags", 0, PIN,
	 upper_no_execute},
	{"spare-l4-slot", "an L4 entry behind the hypervisor's maps everything again",
	 "tables.stray", 0, PIN, spare_l4_slot},
	{"table-writable", "the root table is mapped writable where it belongs", NULL,
	 PVB_E_HOST_PIN, PIN, table_writable},
	{"table-alias", "the root table is mapped writable elsewhere", NULL, PVB_E_HOST_PIN, PIN,
	 table_alias},
	{"leaf-nobodys", "a page is mapped that is nobody's", NULL, PVB_E_HOST_PIN, PIN,
	 leaf_nobodys},
	{"leaf-uncached", "a page is mapped uncached", NULL, PVB_E_HOST_PIN, PIN, leaf_uncached},
	{"superpage", "an L2 entry maps a superpage", NULL, PVB_E_HOST_PIN, PIN, superpage},

	{"ramdisk", "a byte of the ramdisk is another", "module.checksum", 0, PIN, ramdisk_byte},
	{"console-page", "the console says that it was written to", "console.page", 0, PIN,
	 console_page},
	{"console-page-input", "the console has input that nobody gave", "console.page", 0, PIN,
	 console_page_input},
	{"store-page", "the store's ring is not empty", "store.page", 0, PIN, store_page},
	{"kernel-tail", "what lies behind the kernel is not zero", "kernel.bss", 0, PIN,
	 kernel_last_byte},
	{"boot-stack", "the boot stack is not empty", "registers.stack", 0, PIN, boot_stack},

	{"upcalls-unmasked", "vCPU 0 would take upcalls", "shared_info.mask", 0, VCPU,
	 upcalls_unmasked},
	{"upcalls-unmasked-31", "vCPU 31 would take upcalls", "shared_info.mask", 0, VCPU,
	 upcalls_unmasked_of_31},
	{"event-pending", "an event is pending", "shared_info.events", 0, VCPU, event_pending},
	{"event-masked", "an event is masked", "shared_info.events", 0, VCPU, event_masked},
	{"max-pfn", "arch.max_pfn is set, which is the guest's to do", "shared_info.arch", 0, VCPU,
	 max_pfn_set},
	{"wall-clock", "the wall clock is not set", "shared_info.clock", 0, AFTER_VCPU,
	 wall_clock_unset},

	{"rsp-lower", "rsp is not at the top of the boot stack", "registers.rsp", 0, VCPU,
	 rsp_lower},
	{"rsp-elsewhere", "rsp is in the store's page", "registers.rsp", 0, VCPU, rsp_elsewhere},
	{"rsi", "rsi leads to the page behind start_info", "registers.rsi", 0, VCPU, rsi_elsewhere},
	{"rflags-carry", "rflags has the carry bit", "registers.rflags", 0, VCPU, rflags_carry},
	{"rflags-direction", "rflags has the direction bit", "registers.rflags", 0, VCPU,
	 rflags_direction},
	{"rax", "rax is not 0", "registers.general", 0, VCPU, rax_set},
	{"r15", "r15 is not 0", "registers.general", 0, VCPU, r15_set},
	{"ds", "ds is not 0", "registers.segments", 0, VCPU, ds_set},
	{"fs-base", "fs has a base", "registers.bases", 0, VCPU, fs_base_set},
	{"gs-base", "gs has a base", "registers.bases", 0, VCPU, gs_base_set},
	{"dr7", "a breakpoint is armed", "registers.debug", 0, VCPU, dr7_set},
	{"cr3-other", "cr3 is an ordinary page", NULL, PVB_E_HOST_CONTEXT, VCPU, cr3_other},
	{"cr3-nobodys", "cr3 is nobody's frame", NULL, PVB_E_HOST_CONTEXT, VCPU, cr3_nobodys},
	{"rip-not-canonical", "rip is no address", NULL, PVB_E_HOST_CONTEXT, VCPU,
	 rip_not_canonical},

	{"grant-console-absent", "the console is granted to nobody", "grants.console", 0,
	 AFTER_VCPU, grant_console_absent},
	{"grant-console-frame", "another page is granted as the console", "grants.console", 0,
	 AFTER_VCPU, grant_console_frame},
	{"grant-console-domid", "the console is granted to another domain", "grants.console", 0,
	 AFTER_VCPU, grant_console_domid},
	{"grant-store-absent", "the store is granted to nobody", "grants.store", 0, AFTER_VCPU,
	 grant_store_absent},
	{"grant-store-read-only", "the store is granted read-only", "grants.store", 0, AFTER_VCPU,
	 grant_store_read_only},
	{"grant-store-elsewhere", "the store is granted by another entry", "grants.store", 0,
	 AFTER_VCPU, grant_store_elsewhere},
	{"channel", "an event channel leads to another domain", "events.remote", 0,
	 PVB_CALL_ALLOC_EVENT_CHANNEL, channel_elsewhere},
	{"memory-map", "the memory map ends before the memory", "memory.map", 0,
	 PVB_CALL_SET_MEMORY_MAP, map_smaller},
};

const size_t spoil_count = sizeof spoils / sizeof spoils[0];

const struct spoil *spoil_find(const char *name)
{
	for (size_t i = 0; i < spoil_count; i++)
		if (strcmp(spoils[i].name, name) == 0)
			return &spoils[i];
	return NULL;
}

static int spoil_at(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	struct spoiling *spoiling = relay->watcher.opaque;

	if (!spoiling->spoil || spoiling->done || call->call != spoiling->spoil->at)
		return 0;
	spoiling->done = true;
	return spoiling->spoil->act(spoiling, call, error);
}

int spoil_build(struct spoiling *spoiling, const struct spoil *spoil, const struct guest *guest,
		struct pvb_host *host, uint32_t *domid, struct pvb_error *error)
{
	struct pvb_domain *domain = NULL;

	spoiling->spoil = spoil;
	spoiling->plan = guest->plan;
	spoiling->done = false;
	relay_open(&spoiling->relay, host,
		   (struct relay_watcher){.before = spoil_at, .opaque = spoiling});
	int rc = guest_build(guest, &spoiling->relay.host, true, &domain, error);
	relay_close(&spoiling->relay);
	if (rc == 0)
		*domid = pvb_domain_info(domain)->domid;
	pvb_domain_free(domain);
	if (rc == 0 && spoil && !spoiling->done) {
		(void)pvb_host_destroy_domain(host, *domid, NULL);
		rc = pvb_fail(error, PVB_E_ARG_INVALID, "spoil",
			      "the build never came to where it would have been spoiled");
	}
	return rc;
}
