/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong in pages: start_info, the p2m list, the rings, the kernel and its ramdisk. */
#include "lab/spoil-pages.h"

#include <string.h>

#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include <xenctrl.h>

#include "core/error.h"
#include "plan/plan.h"

/* ---- start_info -------------------------------------------------------------------- */

#define FIELD(name) offsetof(start_info_x86_64_t, name)
#define FIELD_SIZE(name) sizeof(((start_info_x86_64_t *)NULL)->name)

static uint64_t start_info_pfn(const struct spoiling *spoiling)
{
	return spoiling->plan->start_info.first.n;
}

static int add_to_field(struct spoiling *spoiling, size_t offset, size_t size, uint64_t by,
			struct pvb_error *error)
{
	uint64_t value = 0;
	int rc = spoil_read(spoiling, start_info_pfn(spoiling), offset, &value, size, error);

	value += by;
	return rc ? rc
		  : spoil_write(spoiling, start_info_pfn(spoiling), offset, &value, size, error);
}

/* A field of start_info is off by so much. */
#define FIELD_OFF(function, name, by)                                                              \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return add_to_field(spoiling, FIELD(name), FIELD_SIZE(name), (uint64_t)(by),       \
				    error);                                                        \
	}

FIELD_OFF(nr_pages_more, nr_pages, 1)
FIELD_OFF(nr_pages_less, nr_pages, -1)
FIELD_OFF(flags_privileged, flags, SIF_PRIVILEGED)
FIELD_OFF(flags_without_p2m, flags, -SIF_VIRT_P2M_4TOOLS)
FIELD_OFF(flags_unknown, flags, 1u << 7)
FIELD_OFF(store_evtchn, store_evtchn, 1000)
FIELD_OFF(console_evtchn, console.domU.evtchn, 1000)
FIELD_OFF(pt_base, pt_base, PAGE_SIZE)
FIELD_OFF(nr_pt_frames_more, nr_pt_frames, 1)
FIELD_OFF(nr_pt_frames_less, nr_pt_frames, -1)
FIELD_OFF(mfn_list, mfn_list, PAGE_SIZE)
FIELD_OFF(mod_start, mod_start, PAGE_SIZE)
FIELD_OFF(mod_len, mod_len, -1)
FIELD_OFF(first_p2m_pfn, first_p2m_pfn, 1)
FIELD_OFF(nr_p2m_frames, nr_p2m_frames, 1)
FIELD_OFF(shared_info_address, shared_info, PAGE_SIZE)

/* A field of start_info is this. */
#define FIELD_IS(function, name, ...)                                                              \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		const __typeof__(((start_info_x86_64_t *)NULL)->name) value = __VA_ARGS__;         \
                                                                                                   \
		(void)call;                                                                        \
		return spoil_write(spoiling, start_info_pfn(spoiling), FIELD(name), &value,        \
				   sizeof value, error);                                           \
	}

FIELD_IS(magic, magic, "xen-3.0-x86_32p")
FIELD_IS(store_mfn, store_mfn, spoil_mfn(spoiling, spoiling->plan->boot_stack.first.n))
FIELD_IS(console_mfn, console.domU.mfn, spoil_mfn(spoiling, spoiling->plan->boot_stack.first.n))

static int start_info_tail(struct spoiling *spoiling, struct relay_call *call,
			   struct pvb_error *error)
{
	const uint8_t one = 1;

	(void)call;
	return spoil_write(spoiling, start_info_pfn(spoiling), 0x800, &one, 1, error);
}

/* ---- the command line ------------------------------------------------------------------- */

static int change_command_line(struct spoiling *spoiling, void (*change)(char *line),
			       struct pvb_error *error)
{
	char line[FIELD_SIZE(cmd_line)];
	int rc = spoil_read(spoiling, start_info_pfn(spoiling), FIELD(cmd_line), line, sizeof line,
			    error);

	if (rc)
		return rc;
	change(line);
	return spoil_write(spoiling, start_info_pfn(spoiling), FIELD(cmd_line), line, sizeof line,
			   error);
}

static void fill_behind(char *line)
{
	size_t length = strnlen(line, FIELD_SIZE(cmd_line));

	if (length < FIELD_SIZE(cmd_line))
		line[length++] = ' ';
	memset(line + length, 'x', FIELD_SIZE(cmd_line) - length);
}

static void change_a_letter(char *line)
{
	line[strlen("probe.")] ^= 1;
}

static void write_last(char *line)
{
	line[FIELD_SIZE(cmd_line) - 1] = 'x';
}

#define COMMAND_LINE(function, change)                                                             \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return change_command_line(spoiling, change, error);                               \
	}

COMMAND_LINE(cmd_line_endless, fill_behind)
COMMAND_LINE(cmd_line_letter, change_a_letter)
COMMAND_LINE(cmd_line_tail, write_last)

/* ---- the p2m list ------------------------------------------------------------------- */

static int p2m_entry(struct spoiling *spoiling, uint64_t pfn, uint64_t value,
		     struct pvb_error *error)
{
	uint64_t at = pfn * sizeof value;

	return spoil_write_word(spoiling, spoiling->plan->p2m.first.n + (at >> PAGE_SHIFT),
				at % PAGE_SIZE, value, error);
}

static int p2m_swapped(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	uint64_t pfn = spoiling->plan->pages / 2;
	int rc = p2m_entry(spoiling, pfn, spoil_mfn(spoiling, pfn + 1), error);

	(void)call;
	return rc ? rc : p2m_entry(spoiling, pfn + 1, spoil_mfn(spoiling, pfn), error);
}

#define P2M_ENTRY(function, pfn, value)                                                            \
	static int function(struct spoiling *spoiling, struct relay_call *call,                    \
			    struct pvb_error *error)                                               \
	{                                                                                          \
		(void)call;                                                                        \
		return p2m_entry(spoiling, pfn, value, error);                                     \
	}

P2M_ENTRY(p2m_last_missing, spoiling->plan->pages - 1, UINT64_MAX)
P2M_ENTRY(p2m_foreign, spoiling->plan->pages / 3, 0)

static int p2m_tail(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	if (spoiling->plan->pages * sizeof(uint64_t) % PAGE_SIZE == 0)
		return pvb_fail(error, PVB_E_ARG_INVALID, "spoil", "the list fills its pages");
	return p2m_entry(spoiling, spoiling->plan->pages, 0, error);
}

/* ---- rings, ramdisk, kernel, stack -------------------------------------------------------- */

/* As if something had been typed and been taken. */
static int console_ring(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	const uint32_t one = 1;
	uint64_t pfn = spoiling->plan->console.first.n;
	int rc = spoil_write(spoiling, pfn, offsetof(struct xencons_interface, in_cons), &one,
			     sizeof one, error);

	(void)call;
	return rc ? rc
		  : spoil_write(spoiling, pfn, offsetof(struct xencons_interface, in_prod), &one,
				sizeof one, error);
}

/* Not its indices: xenstored sets those that it does not believe. */
static int store_page(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return spoil_byte(spoiling, spoiling->plan->xenstore.first.n,
			  offsetof(struct xenstore_domain_interface, rsp[7]), error);
}

static int ramdisk_byte(struct spoiling *spoiling, uint64_t at, struct pvb_error *error)
{
	const struct pvb_plan_region *module = &spoiling->plan->module;

	if (!module->count || at >= module->count * PAGE_SIZE)
		return pvb_fail(error, PVB_E_ARG_INVALID, "spoil",
				"there is no ramdisk, or it fills its pages");
	return spoil_byte(spoiling, module->first.n + at / PAGE_SIZE, at % PAGE_SIZE, error);
}

static int ramdisk_contents(struct spoiling *spoiling, struct relay_call *call,
			    struct pvb_error *error)
{
	(void)call;
	return ramdisk_byte(spoiling, spoiling->plan->module.bytes - 1, error);
}

static int ramdisk_rest(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return ramdisk_byte(spoiling, spoiling->plan->module.bytes, error);
}

static int at_symbol(struct spoiling *spoiling, const char *name, struct pvb_error *error)
{
	uint64_t pfn;
	size_t offset;
	int rc = spoil_symbol(spoiling, name, &pfn, &offset, error);

	return rc ? rc : spoil_byte(spoiling, pfn, offset, error);
}

static int image_data(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return at_symbol(spoiling, "image_pattern", error);
}

static int image_bss(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return at_symbol(spoiling, "image_bss", error);
}

static int boot_stack(struct spoiling *spoiling, struct relay_call *call, struct pvb_error *error)
{
	(void)call;
	return spoil_byte(spoiling, spoiling->plan->boot_stack.first.n, 64, error);
}

/* As it was before the hypervisor filled it: breakpoints. */
static int hypercall_page(struct spoiling *spoiling, struct relay_call *call,
			  struct pvb_error *error)
{
	uint8_t page[PAGE_SIZE];

	(void)call;
	if (!spoiling->plan->has_hypercall_page)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "spoil",
				"the kernel asks for no hypercall page");
	memset(page, 0xcc, sizeof page);
	return spoil_write(spoiling, spoiling->plan->hypercall_page.n, 0, page, sizeof page, error);
}

/* ---- all of them ------------------------------------------------------------------------- */

#define PIN .at = PVB_CALL_PIN_TABLE

const struct spoil spoils_of_contents[] = {
	{"magic", "start_info.magic is a 32-bit guest's", "start_info.magic", PIN, .act = magic,
	 .group = 1},
	{"nr-pages-more", "start_info.nr_pages is one more", "start_info.nr_pages", PIN,
	 .act = nr_pages_more, .group = 1},
	{"nr-pages-less", "start_info.nr_pages is one less", "start_info.nr_pages", PIN,
	 .act = nr_pages_less, .group = 2},
	{"flags-privileged", "start_info.flags calls it privileged", "start_info.flags", PIN,
	 .act = flags_privileged, .group = 1},
	{"flags-unknown", "start_info.flags has a bit that nothing defines", "start_info.flags",
	 PIN, .act = flags_unknown, .group = 2},
	{"flags-without-p2m", "start_info.flags lacks SIF_VIRT_P2M_4TOOLS", "start_info.flags", PIN,
	 .act = flags_without_p2m, .group = 3},
	{"shared-info", "start_info.shared_info is the next frame", "start_info.shared_info", PIN,
	 .act = shared_info_address, .group = 5},
	{"store-mfn", "start_info.store_mfn is the boot stack's", "start_info.store_mfn", PIN,
	 .act = store_mfn, .group = 2},
	{"store-port", "start_info.store_evtchn is no port", "start_info.store_evtchn", PIN,
	 .act = store_evtchn, .group = 5},
	{"console-mfn", "start_info's console frame is the boot stack's", "start_info.console_mfn",
	 PIN, .act = console_mfn, .group = 2},
	{"console-port", "start_info's console port is none", "start_info.console_evtchn", PIN,
	 .act = console_evtchn, .group = 6},
	{"pt-base", "start_info.pt_base is a page off", "start_info.pt_base", PIN, .act = pt_base,
	 .group = 2},
	{"nr-pt-frames-more", "start_info.nr_pt_frames is one more", "start_info.nr_pt_frames", PIN,
	 .act = nr_pt_frames_more, .group = 2},
	{"nr-pt-frames-less", "start_info.nr_pt_frames is one less", "start_info.nr_pt_frames", PIN,
	 .act = nr_pt_frames_less, .group = 3},
	{"mfn-list", "start_info.mfn_list is a page off", "start_info.mfn_list", PIN,
	 .act = mfn_list, .group = 5},
	{"first-p2m-pfn", "start_info.first_p2m_pfn is one more", "start_info.first_p2m_pfn", PIN,
	 .act = first_p2m_pfn, .kernel = SPOIL_PROBE_P2M, .group = 1},
	{"nr-p2m-frames", "start_info.nr_p2m_frames is one more", "start_info.nr_p2m_frames", PIN,
	 .act = nr_p2m_frames, .group = 2},
	{"cmd-line-endless", "the command line has no end", "start_info.cmd_line", PIN,
	 .act = cmd_line_endless, .group = 3},
	{"cmd-line-tail", "something stands behind the command line", "start_info.cmd_line", PIN,
	 .act = cmd_line_tail, .group = 2},
	{"cmd-line-letter", "an option in the command line has another letter",
	 "start_info.cmd_line", PIN, .act = cmd_line_letter},
	{"start-info-tail", "start_info's page is not zero behind it", "start_info.tail", PIN,
	 .act = start_info_tail, .group = 2},

	{"p2m-swapped", "two entries of the p2m list are swapped", "p2m.list", PIN,
	 .act = p2m_swapped, .group = 4},
	{"p2m-last-missing", "the last entry of the p2m list is none", "p2m.list", PIN,
	 .act = p2m_last_missing, .group = 6},
	{"p2m-foreign", "an entry of the p2m list is another's frame", "p2m.list", PIN,
	 .act = p2m_foreign},
	{"p2m-tail", "the entry behind the last page is one", "p2m.tail", PIN, .act = p2m_tail,
	 .group = 3},

	{"console-page", "the console has been read from", "console.page", PIN, .act = console_ring,
	 .group = 4},
	{"store-page", "something stands in the store's ring", "store.page", PIN, .act = store_page,
	 .group = 4},
	{"mod-start", "start_info.mod_start is a page off", "module.place", PIN, .act = mod_start,
	 .group = 4},
	{"mod-len", "start_info.mod_len is a byte less", "module.length", PIN, .act = mod_len,
	 .group = 3},
	{"ramdisk", "a byte of the ramdisk is another", "module.checksum", PIN,
	 .act = ramdisk_contents, .group = 3},
	{"ramdisk-rest", "what is behind the ramdisk is not zero", "module.tail", PIN,
	 .act = ramdisk_rest, .group = 3},
	{"kernel-data", "a byte of the kernel's data is another", "kernel.data", PIN,
	 .act = image_data, .group = 3},
	{"kernel-bss", "the kernel's bss is not zero", "kernel.bss", PIN, .act = image_bss,
	 .group = 3},
	{"boot-stack", "the boot stack is not zero", "registers.stack", PIN, .act = boot_stack,
	 .group = 1},
	{"hypercall-page", "the hypercall page is not filled", "kernel.hypercall_page", PIN,
	 .act = hypercall_page, .kernel = SPOIL_PROBE_LEGACY, .group = 1},
	{"a-page-too-far", "everything is placed for a kernel that is a page longer",
	 "layout.order", .no_ramdisk = true},
};

const size_t spoils_of_contents_count = sizeof spoils_of_contents / sizeof spoils_of_contents[0];
