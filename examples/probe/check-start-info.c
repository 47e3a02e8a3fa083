/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* start_info, field by field. Those of the console, the store and the ramdisk are with them. */
#include "check.h"

void check_start_info_magic(void)
{
	const struct start_info *info = facts.start_info;

	if (memcmp(info->magic, START_INFO_MAGIC, sizeof START_INFO_MAGIC) != 0)
		fail("the magic is not \"%s\" but begins with bytes %x %x %x %x", START_INFO_MAGIC,
		     (unsigned)(uint8_t)info->magic[0], (unsigned)(uint8_t)info->magic[1],
		     (unsigned)(uint8_t)info->magic[2], (unsigned)(uint8_t)info->magic[3]);
}

void check_start_info_nr_pages(void)
{
	if (facts.start_info->nr_pages != facts.pages)
		fail("nr_pages is %lu, and Xen says %lu", facts.start_info->nr_pages, facts.pages);
}

void check_start_info_flags(void)
{
	uint32_t flags = facts.start_info->flags;
	uint32_t possible = SIF_MOD_START_PFN | SIF_VIRT_P2M_4TOOLS;

	if (flags & ~possible)
		fail("flags are %x; a guest may be given bits of %x only", flags, possible);
	if (!(flags & SIF_VIRT_P2M_4TOOLS))
		odd("flags do not have SIF_VIRT_P2M_4TOOLS: a guest would think that tools need "
		    "the p2m as a tree of three levels");
}

void check_start_info_pt_base(void)
{
	uint64_t root = (uint64_t)direct(m2p(facts.root));

	if (facts.start_info->pt_base != root)
		fail("pt_base is %lx, and the root that the processor uses is at %lx",
		     facts.start_info->pt_base, root);
}

void check_start_info_nr_pt_frames(void)
{
	if (facts.start_info->nr_pt_frames != facts.region_tables)
		fail("nr_pt_frames is %lu, and the initial mapping has %lu tables",
		     facts.start_info->nr_pt_frames, facts.region_tables);
}

/* xen.h: the range covers the list and the tables that map it, where the list is outside. */
void check_start_info_p2m_frames(void)
{
	const struct start_info *info = facts.start_info;

#ifdef PROBE_INIT_P2M
	uint64_t first = m2p(entry_mfn(leaf_of(PROBE_INIT_P2M, NULL)));
	uint64_t tables = facts.tables - facts.region_tables;

	if (info->first_p2m_pfn != first)
		fail("first_p2m_pfn is %lx; the list begins in PFN %lx", info->first_p2m_pfn,
		     first);
	if (info->nr_p2m_frames != facts.list_pages + tables)
		fail("nr_p2m_frames is %lu; the list takes %lu and its tables %lu",
		     info->nr_p2m_frames, facts.list_pages, tables);
#else
	if (info->first_p2m_pfn || info->nr_p2m_frames)
		fail("first_p2m_pfn is %lx and nr_p2m_frames %lu, but the list is in the initial "
		     "mapping",
		     info->first_p2m_pfn, info->nr_p2m_frames);
#endif
}

void check_start_info_rest(void)
{
	size_t size = sizeof *facts.start_info;
	uint64_t at = first_nonzero(facts.start_info + 1, PAGE_SIZE - size);

	if (at < PAGE_SIZE - size)
		odd("byte %lu of the page, behind start_info, is not zero", size + at);
}

void check_memory_size(void)
{
	uint64_t expected;

	if (facts.pages > facts.max_pages)
		fail("there are %lu pages, and there may be %lu", facts.pages, facts.max_pages);
	if (option_number("expect-pages", &expected) && facts.pages != expected)
		fail("there are %lu pages, and %lu were promised", facts.pages, expected);
}

void check_memory_map(void)
{
	static struct e820_entry entries[64];
	struct memory_map map = {.nr_entries = 64, .buffer = entries};
	uint64_t size = facts.pages << PAGE_SHIFT;

	if (hypercall_memory_op(XENMEM_MEMORY_MAP, &map)) {
		untested("this domain has no memory map");
		return;
	}
	for (unsigned i = 0; i < map.nr_entries; i++)
		if (entries[i].type == E820_RAM && entries[i].addr == 0 && entries[i].size >= size)
			return;
	fail("none of the %u entries is memory from 0 to %lx", map.nr_entries, size);
}

/* ---- the command line ---- */

static size_t command_line_length(void)
{
	size_t length = 0;

	while (length < COMMAND_LINE_SIZE && facts.start_info->cmd_line[length])
		length++;
	return length;
}

void check_command_line_ends(void)
{
	if (command_line_length() == COMMAND_LINE_SIZE)
		fail("there is no end in the %u bytes of the command line", COMMAND_LINE_SIZE);
}

void check_command_line_rest(void)
{
	size_t length = command_line_length();
	uint64_t left = COMMAND_LINE_SIZE - length;
	uint64_t at = first_nonzero(facts.start_info->cmd_line + length, left);

	if (at < left)
		odd("byte %lu, behind the end of the command line, is not zero", length + at);
}

void check_command_line_expected(void)
{
	uint64_t expected;
	char unknown[64];

	if (option_unknown(unknown, sizeof unknown))
		fail("\"%s\" is not an option of the probe", unknown);
	if (option_number("expect-command-line", &expected) && command_line_length() != expected)
		fail("it is %lu bytes long, and %lu were promised", command_line_length(),
		     expected);
}
