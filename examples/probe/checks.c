/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All checks, in the order in which they are made. Their names are for others to rely on. */
#include "check.h"

/* What it needs comes last: names of others, before it, that must have been passed. */
#define CHECK(name, function, says, ...)                                                           \
	{                                                                                          \
		name, function, says,                                                              \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

const struct check checks[] = {
	CHECK("registers.rsi", check_registers_rsi, "rsi holds the address of start_info"),
	CHECK("registers.rsp", check_registers_rsp,
	      "rsp is the end of the boot stack, the page behind the page tables"),
	CHECK("registers.segments", check_registers_segments,
	      "cs and ss are Xen's flat ones, all others null"),
	CHECK("registers.rflags", check_registers_rflags, "rflags has IF set and nothing else"),
	CHECK("registers.general", check_registers_general, "all other registers are zero"),
	CHECK("registers.bases", check_registers_bases, "fs and gs have no base"),
	CHECK("registers.debug", check_registers_debug, "no breakpoint is set"),
	CHECK("registers.stack", check_registers_stack, "the boot stack is zero"),

	CHECK("start_info.magic", check_start_info_magic, "the magic is xen-3.0-x86_64"),
	CHECK("start_info.nr_pages", check_start_info_nr_pages,
	      "nr_pages is what Xen has given the domain"),
	CHECK("start_info.flags", check_start_info_flags,
	      "no flag but those that a guest may have; SIF_VIRT_P2M_4TOOLS"),
	CHECK("start_info.shared_info", check_start_info_shared_info,
	      "shared_info is the machine address of a page that we may map"),
	CHECK("start_info.store_mfn", check_start_info_store_mfn,
	      "store_mfn is the page behind start_info"),
	CHECK("start_info.store_evtchn", check_start_info_store_evtchn,
	      "store_evtchn is a channel to another domain"),
	CHECK("start_info.console_mfn", check_start_info_console_mfn,
	      "console.domU.mfn is the second page behind start_info"),
	CHECK("start_info.console_evtchn", check_start_info_console_evtchn,
	      "console.domU.evtchn is a channel to another domain"),
	CHECK("start_info.pt_base", check_start_info_pt_base,
	      "pt_base is the address of the root that cr3 holds"),
	CHECK("start_info.nr_pt_frames", check_start_info_nr_pt_frames,
	      "nr_pt_frames is the number of tables of the initial mapping"),
	CHECK("start_info.mfn_list", check_start_info_mfn_list,
	      "mfn_list is before start_info, or where INIT_P2M wants it"),
	CHECK("start_info.first_p2m_pfn", check_start_info_first_p2m_pfn,
	      "first_p2m_pfn is the list's where INIT_P2M wants it, else zero"),
	CHECK("start_info.nr_p2m_frames", check_start_info_nr_p2m_frames,
	      "nr_p2m_frames counts it and its tables there, else is zero"),
	CHECK("start_info.cmd_line", check_start_info_cmd_line,
	      "cmd_line ends with zeroes, and has the checksum and options it should"),
	CHECK("start_info.tail", check_start_info_tail, "the page of start_info is zero behind it"),
	CHECK("memory.size", check_memory_size,
	      "Xen counts no more pages than it allows, and as many as promised"),
	CHECK("memory.map", check_memory_map,
	      "the memory map, if there is one, has all of it from 0 on"),

	CHECK("tables.map", check_tables_map,
	      "PFN 0, 1, 2, ... from virt_base on, up to a multiple of 4 MiB"),
	CHECK("tables.stray", check_tables_stray,
	      "nothing else is mapped, but for a list that was asked for elsewhere"),
	CHECK("tables.place", check_tables_place,
	      "the tables of the initial mapping are the pages from the root on"),
	CHECK("tables.read_only", check_tables_read_only, "no address makes a table writable"),
	CHECK("tables.flags", check_tables_flags,
	      "all other pages are writable; no entry has a flag unasked"),
	CHECK("tables.xen_slots", check_tables_xen_slots,
	      "slots 256 to 271 of the root are Xen's, closed but for the M2P"),
	CHECK("layout.order", check_layout_order,
	      "kernel, ramdisk, list, start_info, store, console, tables, stack"),
	CHECK("layout.padding", check_layout_padding,
	      "512 KiB or more are mapped behind the stack"),

	CHECK("kernel.data", check_kernel_data, "the kernel's data is what it was linked with"),
	CHECK("kernel.bss", check_kernel_bss, "its bss is zero, and the rest of its last page"),
	CHECK("kernel.hypercall_page", check_kernel_hypercall_page,
	      "the hypercall page that it asked for works"),

	CHECK("p2m.mapped", check_p2m_mapped,
	      "all of the list is mapped, to pages that follow each other", "start_info.mfn_list"),
	CHECK("p2m.list", check_p2m_list,
	      "the M2P leads from the frame of each page back to the page", "p2m.mapped"),
	CHECK("p2m.tail", check_p2m_tail, "entries behind the last page are all ones",
	      "p2m.mapped"),
	CHECK("tables.update", check_tables_update,
	      "page-table entries can be changed by both hypercalls", "p2m.list"),

	CHECK("module.place", check_module_place,
	      "mod_start is behind the kernel, or a PFN behind the region"),
	CHECK("module.length", check_module_length, "mod_len is the ramdisk's length in bytes",
	      "module.place", "p2m.list"),
	CHECK("module.checksum", check_module_checksum, "its checksum is right", "module.place",
	      "p2m.list"),
	CHECK("module.tail", check_module_tail, "its last page is zero behind it", "module.place",
	      "p2m.list"),

	CHECK("shared_info.mask", check_shared_info_mask,
	      "the upcalls of all 32 legacy vCPUs are masked", "start_info.shared_info"),
	CHECK("shared_info.clock", check_shared_info_clock, "time and wall clock are set",
	      "start_info.shared_info"),
	CHECK("shared_info.events", check_shared_info_events,
	      "no event is masked, and none pending but the two channels'",
	      "start_info.shared_info"),
	CHECK("shared_info.arch", check_shared_info_arch, "what the guest is to fill is zero",
	      "start_info.shared_info"),
	CHECK("shared_info.tail", check_shared_info_tail, "the page is zero behind the structure",
	      "start_info.shared_info"),

	CHECK("console.page", check_console_page, "the console's ring is empty"),
	CHECK("store.page", check_store_page, "both rings of the store are empty"),
	CHECK("grants.console", check_grants_console, "grant 0 gives the console's page to dom0"),
	CHECK("grants.store", check_grants_store, "grant 1 gives the store's page to dom0"),
	CHECK("events.remote", check_events_remote, "both channels lead to dom0"),
	CHECK("store.answers", check_store_answers, "xenstore answers a request, with an event",
	      "start_info.store_evtchn", "events.remote"),
};

const unsigned check_count = sizeof checks / sizeof checks[0];
