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

/*
 * xen.h: the range covers the list and the tables that map it, where the list is outside; and
 * the tree above it, where there is one.
 */
void check_start_info_first_p2m_pfn(void)
{
	uint64_t first = 0;

#ifdef PROBE_INIT_P2M
	first = m2p(entry_mfn(leaf_of(PROBE_INIT_P2M, NULL)));
#endif
	if (facts.start_info->first_p2m_pfn != first)
		fail("first_p2m_pfn is %lx, not %lx", facts.start_info->first_p2m_pfn, first);
}

void check_start_info_nr_p2m_frames(void)
{
	uint64_t frames = 0;

#ifdef PROBE_INIT_P2M
	frames = facts.list_pages + facts.list_tables + p2m_tree_pages();
#endif
	if (facts.start_info->nr_p2m_frames != frames)
		fail("nr_p2m_frames is %lu, not %lu: the list outside the initial mapping, its "
		     "tables and its tree",
		     facts.start_info->nr_p2m_frames, frames);
}

void check_start_info_tail(void)
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
	const struct memory_map_found *map = &facts.map;
	uint64_t size = facts.pages << PAGE_SHIFT, found = 0;
	bool from_0 = false;

	if (!map->count) {
		untested("this domain has no memory map");
		return;
	}
	for (unsigned i = 0; i < map->count; i++)
		if (map->entries[i].type == E820_RAM) {
			found += map->entries[i].size;
			from_0 |= map->entries[i].addr == 0;
		}
	if (!from_0 || found < size)
		fail("the %u entries have %lx bytes of memory%s, of %lx", map->count, found,
		     from_0 ? "" : ", none of them at 0", size);
}

void check_start_info_cmd_line(void)
{
	const char *line = facts.start_info->cmd_line;
	size_t length = text_length(command_line());
	uint64_t at = first_nonzero(line + length, COMMAND_LINE_SIZE - length);
	char unknown[64];
	uint32_t crc = 0;

	if (length == COMMAND_LINE_SIZE)
		fail("there is no zero byte in its %u bytes", COMMAND_LINE_SIZE);
	if (at < COMMAND_LINE_SIZE - length)
		odd("byte %lu, behind its end, is not zero", length + at);
	if (option_unknown(unknown, sizeof unknown))
		fail("\"%s\" is not an option of the probe", unknown);
	if (!option_crc_right(&crc))
		fail("the CRC-32 of what is before probe.command-line-crc is %x", crc);
}
