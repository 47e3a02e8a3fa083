/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list: what the two may differ in, each with the kind of file in which they may. */
#include "differential/judge.h"

#include <pvbuild/error.h>

#include "differential/kinds.h"

#define BIT(difference) (UINT32_C(1) << (difference))

/* What notes and the legacy string say, and what follows from that. */
#define SAYINGS (BIT(DIFFER_NOT_BUILT) - 1 - BIT(DIFFER_REFUSED))

const struct excuse excuses[] = {
	{
		.name = "class",
		.applies = has_a_class_of_no_meaning,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_HEADER},
		.what = "an ELF whose class is neither 1 nor 2",
		.ours = "refused (`elf.header`)",
		.theirs = "read as one of 32 bits",
		.reason = "The class decides how everything else is read.",
	},
	{
		.name = "i386-64",
		.applies = is_i386_in_64_bits,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_CLASS},
		.what = "an ELF of 64 bits for i386",
		.ours = "refused (`elf.class`)",
		.theirs = "taken for a 32-bit kernel",
		.reason = "The processor's ABI has no such files: the class or the machine is "
			  "wrong, and a guest of "
			  "the wrong width starts in the wrong mode.",
	},
	{
		.name = "headers",
		.applies = has_headers_that_overlap,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_HEADER},
		.what = "program or section headers of fewer bytes than such a header has",
		.ours = "refused (`elf.header`)",
		.theirs = "read over each other's beginning",
		.reason = "What the headers say is then the accident of what stands behind them.",
	},
	{
		.name = "many-segments",
		.applies = has_very_many_segments,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_HEADER},
		.what = "more than 128 program headers",
		.ours = "refused (`elf.header`)",
		.theirs = "read, up to 65535",
		.reason = "A budget: kernels have fewer than ten.",
	},
	{
		.name = "sections-wrap",
		.applies = has_sections_that_wrap,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_TABLE, PVB_E_IMAGE_RATIO, PVB_E_IMAGE_TOO_LARGE},
		.what = "a table of section headers beyond the file, whose end wraps around to "
			"within it",
		.ours = "refused (`elf.table`)",
		.theirs = "not read, where one that does not wrap is refused",
		.reason = "The sum of offset and size overflows in libelf's check.",
	},
	{
		.name = "gzip-end",
		.applies = has_a_table_that_ends_just_beyond,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_TABLE},
		.what = "a table of headers that ends up to 16 bytes beyond the end of a kernel in "
			"gzip",
		.ours = "refused (`elf.table`)",
		.theirs = "read: a kernel in gzip is taken to be 16 bytes longer than it is",
		.reason = "Nobody wrote these bytes.",
	},
	{
		.name = "section-0",
		.applies = has_numbers_in_section_0,
		.differences = BIT(DIFFER_REFUSED) | BIT(DIFFER_END),
		.codes = {PVB_E_ELF_TABLE, PVB_E_ELF_HEADER, PVB_E_ELF_SYMTAB, PVB_E_NOTE_SIZE,
			  PVB_E_NOTE_ABSURD},
		.what = "the number of sections, or the section of their names, in section 0, "
			"where it goes if it "
			"does not fit the ELF header",
		.ours = "followed, and refused where it is wrong (`elf.table`)",
		.theirs = "not known: no sections are seen",
		.reason = "The ELF specification has it so. A symbol table that the kernel asks "
			  "for is found and "
			  "loaded.",
	},
	{
		.name = "segment-file",
		.applies = has_a_segment_outside_of_the_file,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_SEGMENT_FILE, PVB_E_IMAGE_RATIO, PVB_E_IMAGE_TOO_LARGE},
		.what = "a segment that lies outside of the file",
		.ours = "refused (`elf.segment-file`; `image.too-large` or `image.ratio` while it "
			"is unpacked)",
		.theirs = "left out; the build succeeds",
		.reason = "The guest would start without a part of itself.",
	},
	{
		.name = "segment-size",
		.applies = has_a_segment_larger_in_the_file,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_SEGMENT_SIZE},
		.what = "a segment with more bytes in the file than in memory",
		.ours = "refused (`elf.segment-size`)",
		.theirs = "written beyond its end, or left out",
		.reason = "The bytes would lie over whatever follows the segment in memory.",
	},
	{
		.name = "segment-wrap",
		.applies = has_a_segment_that_wraps,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_SEGMENT_WRAP},
		.what = "a segment that wraps around the end of the address space (of 4 GiB in 32 "
			"bits)",
		.ours = "refused (`elf.segment-wrap`)",
		.theirs = "the kernel is taken to end before that segment does",
		.reason = "The guest would start without a part of itself.",
	},
	{
		.name = "nothing",
		.applies = has_nothing_to_load,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_NO_SEGMENTS, PVB_E_PV_ADDRESSES, PVB_E_MULTIBOOT_HEADER},
		.what = "a kernel of no bytes",
		.ours = "refused (`elf.no-segments`, `multiboot.header`)",
		.theirs = "accepted, if its entry is where it ends",
		.reason = "There is nothing to run.",
	},
	{
		.name = "entry-end",
		.applies = is_entered_at_its_end,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_ADDRESSES},
		.what = "an entry right behind the kernel's last byte",
		.ours = "refused (`pv.addresses`)",
		.theirs = "accepted",
		.reason = "What is there is not the kernel's: libelf's check is off by one.",
	},
	{
		.name = "unaligned",
		.applies = begins_within_a_page,
		.refused_later = true,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_ADDRESSES},
		.what = "a kernel, or a `VIRT_BASE`, that does not begin with a page",
		.ours = "refused (`pv.addresses`)",
		.theirs = "read, and refused once memory is allocated for it",
		.reason = "A refusal should cost nothing, and be possible without a hypervisor.",
	},
	{
		.name = "beyond-4-gib",
		.applies = ends_beyond_4_gib,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_ADDRESSES},
		.what = "a 32-bit kernel that ends beyond 4 GiB",
		.ours = "refused (`pv.addresses`)",
		.theirs = "read",
		.reason = "The guest cannot address its own end.",
	},
	{
		.name = "symtab",
		.applies = has_a_symbol_table_that_is_broken,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_SYMTAB},
		.what = "a symbol table that the kernel asks for and that is broken",
		.ours = "refused (`elf.symtab`)",
		.theirs = "room for it is left empty, or there is none",
		.reason = "The guest would start without a part of itself that it asked for.",
	},
	{
		.name = "symtab-32",
		.applies = has_a_symbol_table_of_32_bits,
		.differences = BIT(DIFFER_DOMAIN),
		.what = "a symbol table that an ELF of 32 bits has, and the kernel asks for",
		.ours = "in the room that is reserved for it",
		.theirs = "behind headers of the 64-bit size, so that it ends up to 72 bytes "
			  "behind that room, and "
			  "is "
			  "cut where a page ends",
		.reason = "libelf reckons the room with 32-bit headers and writes with 64-bit "
			  "ones. A guest finds "
			  "its "
			  "symbols by what the headers say, which is right in both.",
	},
	{
		.name = "twice-over",
		.applies = is_loaded_more_than_twice,
		.differences = BIT(DIFFER_DOMAIN),
		.what = "segments that overlap and come to more than twice the kernel's memory",
		.ours = "all are loaded, in the order of their headers",
		.theirs = "from the one on that exceeds it they are left out; the build succeeds",
		.reason = "The guest would start without a part of itself. What a segment costs "
			  "here does not "
			  "depend "
			  "on what it covers.",
	},
	{
		.name = "hypercall-page",
		.applies = has_a_hypercall_page_elsewhere,
		.differences = BIT(DIFFER_NOT_BUILT),
		.codes = {PVB_E_PLAN_HYPERCALL_PAGE},
		.what = "a hypercall page that does not begin with a page, or is behind the kernel",
		.ours = "refused by the plan (`plan.hypercall-page`)",
		.theirs = "written over whatever is in that frame",
		.reason = "Calls would go to the wrong stubs; or the ramdisk, the p2m, a page "
			  "table are lost.",
	},
	{
		.name = "notes-file",
		.applies = has_notes_outside_of_the_file,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_ELF_SEGMENT_FILE, PVB_E_ELF_SECTION, PVB_E_IMAGE_RATIO,
			  PVB_E_IMAGE_TOO_LARGE},
		.what = "a segment or section of notes that lies outside of the file",
		.ours = "refused (`elf.segment-file`, `elf.section`)",
		.theirs = "read as far as the file goes",
		.reason =
			"The file is cut, and what is lost may be what the kernel says of itself.",
	},
	{
		.name = "note-cut",
		.applies = has_a_note_that_is_cut,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_MALFORMED},
		.what = "a note of Xen's, or of what could be Xen, that its segment, section or "
			"file ends within",
		.ours = "refused (`note.malformed`), unless it is a string that is whole by then",
		.theirs = "read on beyond the end, or as nothing",
		.reason = "What is lost may be what the kernel says of itself.",
	},
	{
		.name = "number-size",
		.applies = has_a_number_of_an_odd_size,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_VALUE},
		.what = "a number in a note of other than 1, 2, 4 or 8 bytes",
		.ours = "refused (`note.value`)",
		.theirs = "read as 0",
		.reason = "We would rather not run a kernel at an address that nobody wrote down. "
			  "Where the number "
			  "is nothing to a builder (`SUSPEND_CANCEL`, `SUPPORTED_FEATURES`) it is "
			  "passed over.",
	},
	{
		.name = "string-end",
		.applies = has_a_note_without_an_end,
		.differences = BIT(DIFFER_REFUSED) | BIT(DIFFER_REQUIRED) | BIT(DIFFER_SUPPORTED) |
			       BIT(DIFFER_PAE),
		.codes = {PVB_E_PV_LOADER, PVB_E_PV_XEN_VERSION, PVB_E_PV_FEATURE,
			  PVB_E_PV_NON_PAE},
		.what = "a string in a note that has no zero in its descriptor",
		.ours = "ends with the descriptor",
		.theirs = "goes on to the next zero, which is another note's",
		.reason = "Linux and others leave the zero out where the size tells as much.",
	},
	{
		.name = "string-long",
		.applies = has_a_very_long_string,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_VALUE},
		.what = "a string of more than 4096 bytes in a note",
		.ours = "refused (`note.value`)",
		.theirs = "passed over",
		.reason = "Nobody knows what it would have said.",
	},
	{
		.name = "many-notes",
		.applies = has_very_many_notes,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_TOO_MANY},
		.what = "more than 65536 notes",
		.ours = "refused (`note.too-many`)",
		.theirs = "the rest of them is not read",
		.reason = "What is not read may be what the kernel says of itself.",
	},
	{
		.name = "note-19",
		.applies = has_note_19,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_VALUE, PVB_E_NOTE_SIZE, PVB_E_NOTE_ABSURD, PVB_E_NOTE_TWICE,
			  PVB_E_NOTE_CONTRADICTION},
		.what = "a Xen note of number 19 that says nothing sensible, or another thing than "
			"a second one",
		.ours = "refused (`note.value`, `note.size`, `note.absurd`, `note.twice`, "
			"`note.contradiction`)",
		.theirs = "not known, and passed over",
		.reason = "The number has had two meanings; one of them limits where the guest's "
			  "memory may be.",
	},
	{
		.name = "own-notes",
		.applies = has_notes_of_our_own,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_SIZE, PVB_E_NOTE_ABSURD, PVB_E_NOTE_TWICE,
			  PVB_E_NOTE_CONTRADICTION, PVB_E_NOTE_MALFORMED},
		.what = "a note of the owner \"pvbuild\" that is wrong",
		.ours = "refused (`note.size`, `note.absurd`, `note.twice`, `note.contradiction`)",
		.theirs = "not known, and passed over",
		.reason = "The kernel speaks to us in it, and means something that it could not "
			  "live without.",
	},
	{
		.name = "own-published",
		.applies = has_notes_of_our_own,
		.differences = BIT(DIFFER_NOT_BUILT) | BIT(DIFFER_DOMAIN),
		.codes = {PVB_E_PLAN_GRANULE, PVB_E_PLAN_PTE_BITS},
		.what = "a note of the owner \"pvbuild\"",
		.ours = "what is granted is published in the shared info page; what cannot be, is "
			"refused by the "
			"plan (`plan.granule`, `plan.pte-bits`)",
		.theirs = "not known",
		.reason = "[guest-abi.md](guest-abi.md) has it so.",
	},
	{
		.name = "init-p2m",
		.applies = has_an_init_p2m_of_no_use,
		.differences = BIT(DIFFER_DOMAIN),
		.what = "an `INIT_P2M` that is not page aligned, not canonical, in the "
			"hypervisor's part, not "
			"below "
			"`VIRT_BASE`, in the same L4 slot as that, or in Linux's first one",
		.ours = "the p2m list is in the initial mapping",
		.theirs = "the p2m list is mapped there",
		.reason = "A guest would lose its list, or what the list is mapped over, as soon "
			  "as it makes page "
			  "tables of its own.",
	},
	{
		.name = "hv-start-low",
		.applies = has_the_hypervisor_low,
		.differences = BIT(DIFFER_NOT_BUILT),
		.codes = {PVB_E_PLAN_ADDRESS_SPACE},
		.what = "a 32-bit kernel whose `HV_START_LOW` lets the hypervisor have what the "
			"initial mapping "
			"needs",
		.ours = "refused by the plan (`plan.address-space`)",
		.theirs = "built",
		.reason = "The kernel says that it would not use these addresses.",
	},
	{
		.name = "pvh-only",
		.applies = is_pvh_only,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_PVH_ONLY},
		.what = "a kernel with the note `PHYS32_ENTRY` and no `ENTRY`",
		.ours = "refused (`pv.pvh-only`)",
		.theirs = "entered where the ELF header says",
		.reason = "That is the entry of the machine's own boot, and the kernel dies there "
			  "at once.",
	},
	{
		.name = "pvh-wide",
		.applies = has_a_wide_pvh_entry,
		.differences = BIT(DIFFER_PVH_ENTRY),
		.what = "a `PHYS32_ENTRY` beyond 4 GiB",
		.ours = "shown as it is",
		.theirs = "its lower 32 bits",
		.reason = "It is nothing to a PV domain.",
	},
	{
		.name = "features",
		.applies = requires_what_is_not_there,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_FEATURE},
		.what = "a kernel that requires `auto_translated_physmap`, "
			"`supervisor_mode_kernel` or "
			"`hvm_callback_vector`",
		.ours = "refused (`pv.feature`)",
		.theirs = "accepted",
		.reason = "No PV guest has these features on any Xen of today.",
	},
	{
		.name = "legacy-feature",
		.applies = has_a_legacy_feature_that_is_unknown,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {EXCUSE_ANY},
		.what = "a `__xen_guest` string that requires a feature of an unknown name",
		.ours = "refused (`pv.feature`), as it is in a note",
		.theirs = "noticed and forgotten, with the rest of the string",
		.reason = "The kernel says that it cannot do without. libelf drops its own error.",
	},
	{
		.name = "legacy-number",
		.applies = has_a_legacy_number_that_is_none,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_NOTE_VALUE},
		.what = "a number in a `__xen_guest` string that is none",
		.ours = "refused (`note.value`)",
		.theirs = "what `strtoull()` understands of it, or 0",
		.reason = "We would rather not run a kernel at an address that nobody wrote down.",
	},
	{
		.name = "legacy-long",
		.applies = has_a_long_legacy_value,
		.differences = BIT(DIFFER_REFUSED) | SAYINGS,
		.codes = {PVB_E_PV_FEATURE, PVB_E_PV_LOADER, PVB_E_PV_XEN_VERSION, PVB_E_PV_NON_PAE,
			  PVB_E_PV_ADDRESSES},
		.what = "a key of more than 30, or a value of more than 126 letters, in a "
			"`__xen_guest` string",
		.ours = "read whole",
		.theirs = "cut, and its rest read as another key",
		.reason = "Nothing says that there is a limit.",
	},
	{
		.name = "legacy-end",
		.applies = has_a_legacy_string_without_an_end,
		.differences = BIT(DIFFER_REFUSED) | SAYINGS,
		.codes = {EXCUSE_ANY},
		.what = "a `__xen_guest` string that has no zero in its section",
		.ours = "ends with the section",
		.theirs = "goes on to the next zero of the file",
		.reason = "What follows is another section's.",
	},
	{
		.name = "legacy-name",
		.applies = has_a_legacy_name_outside,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_NO_NOTES},
		.what = "a section whose name is `__xen_guest` only if one reads beyond the end of "
			"the section of names",
		.ours = "not found, so that there are no notes (`pv.no-notes`)",
		.theirs = "found",
		.reason = "What follows is another section's. Of a kernel in the hundreds of MiB "
			  "only what sections say to be theirs is kept.",
	},
	{
		.name = "flat-end",
		.applies = is_flat_and_ends_before_it_begins,
		.refused_later = true,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_MULTIBOOT_HEADER},
		.what = "a flat binary whose end is below its beginning",
		.ours = "refused (`multiboot.header`)",
		.theirs = "read, and refused once memory is allocated for it",
		.reason = "A refusal should cost nothing, and be possible without a hypervisor.",
	},
	{
		.name = "flat-below",
		.applies = is_flat_and_begins_below_0,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_MULTIBOOT_HEADER},
		.what = "a flat binary whose first byte would be at an address below 0",
		.ours = "refused (`multiboot.header`)",
		.theirs = "the address wraps around",
		.reason = "No such address exists.",
	},
	{
		.name = "flat-entry",
		.applies = is_flat_and_entered_outside,
		.differences = BIT(DIFFER_REFUSED),
		.codes = {PVB_E_PV_ADDRESSES},
		.what = "a flat binary whose entry is outside of it",
		.ours = "refused (`pv.addresses`)",
		.theirs = "accepted",
		.reason =
			"libxenguest checks this of ELF files; what is there is not the kernel's.",
	},
};

const size_t excuse_count = sizeof excuses / sizeof excuses[0];

void excuses_write(FILE *to)
{
	fputs("| what | pvbuild | libxenguest 4.17 | why |\n|---|---|---|---|\n", to);
	for (size_t i = 0; i < excuse_count; i++)
		fprintf(to, "| %s | %s | %s | %s |\n", excuses[i].what, excuses[i].ours,
			excuses[i].theirs, excuses[i].reason);
}
