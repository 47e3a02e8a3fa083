/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* start_info: found through rsi, read at the offsets of the guest's width (Xen public xen.h). */
#include <string.h>

#include "audit/check.h"
#include "core/checked.h"
#include "core/span.h"

/* Pages of an L4 slot, as a power of two: a list outside the initial region has one. */
#define L4_SLOT_PAGES 27u

static uint64_t word(struct pvb_span page, unsigned bits, uint64_t offset_64, uint64_t offset_32)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (bits == 64) {
		(void)pvb_span_u64(page, offset_64, &wide);
		return wide;
	}
	(void)pvb_span_u32(page, offset_32, &narrow);
	return narrow;
}

static uint32_t half(struct pvb_span page, unsigned bits, uint64_t offset_64, uint64_t offset_32)
{
	uint32_t value = 0;

	(void)pvb_span_u32(page, bits == 64 ? offset_64 : offset_32, &value);
	return value;
}

static void decode(struct pvb_span page, unsigned bits, struct start_info *start)
{
	*start = (struct start_info){
		.nr_pages = word(page, bits, 0x20, 0x20),
		.shared_info = word(page, bits, 0x28, 0x24),
		.flags = half(page, bits, 0x30, 0x28),
		.store_mfn = word(page, bits, 0x38, 0x2c),
		.store_evtchn = half(page, bits, 0x40, 0x30),
		.console_mfn = word(page, bits, 0x48, 0x34),
		.console_evtchn = half(page, bits, 0x50, 0x38),
		.pt_base = word(page, bits, 0x58, 0x3c),
		.nr_pt_frames = word(page, bits, 0x60, 0x40),
		.mfn_list = word(page, bits, 0x68, 0x44),
		.mod_start = word(page, bits, 0x70, 0x48),
		.mod_len = word(page, bits, 0x78, 0x4c),
		.first_p2m_pfn = word(page, bits, 0x480, 0x450),
		.nr_p2m_frames = word(page, bits, 0x488, 0x454),
	};
	const uint64_t cmd_line = bits == 64 ? 0x80 : 0x50;

	(void)pvb_span_copy(page, 0, start->magic, 32);
	(void)pvb_span_copy(page, cmd_line, start->cmd_line, 1024);
	start->cmd_line_terminated = memchr(start->cmd_line, 0, 1024) != NULL;
}

static void check_identity(struct check *check)
{
	const struct start_info *start = &check->start;
	const struct view *view = check->view;
	const char *magic = view->guest_bits == 64 ? "xen-3.0-x86_64" : "xen-3.0-x86_32p";

	/* The magic is the guest's bytes: shown only as far as it is harmless to print. */
	expect(check, RULE_START_MAGIC, strcmp(start->magic, magic) == 0, place("magic"),
	       "the magic is not \"%s\" (its first byte is 0x%02x)", magic,
	       (unsigned char)start->magic[0]);
	expect(check, RULE_START_NR_PAGES, start->nr_pages == view->pages, place("nr_pages"),
	       "nr_pages is %llu, and the domain owns %llu pages",
	       (unsigned long long)start->nr_pages, (unsigned long long)view->pages);
	if (view->shared_info_frame.n != PVB_NO_FRAME)
		expect(check, RULE_START_SHARED_INFO,
		       start->shared_info == view->shared_info_frame.n << VIEW_PAGE_SHIFT,
		       place("shared_info"), "shared_info is 0x%llx, and the page is at 0x%llx",
		       (unsigned long long)start->shared_info,
		       (unsigned long long)(view->shared_info_frame.n << VIEW_PAGE_SHIFT));
	else
		expect(check, RULE_START_SHARED_INFO,
		       start->shared_info && start->shared_info % VIEW_PAGE_SIZE == 0,
		       place("shared_info"), "shared_info is 0x%llx, which is no page's address",
		       (unsigned long long)start->shared_info);

	const uint32_t known = SIF_MULTIBOOT_MOD_ | SIF_MOD_START_PFN_ | SIF_VIRT_P2M_4TOOLS_;

	expect(check, RULE_START_FLAGS, (start->flags & ~known) == 0, place("flags"),
	       "flags is 0x%x, and an unprivileged domain has none but 0x%x", start->flags, known);
	expect(check, RULE_START_EVENT_CHANNELS,
	       start->store_evtchn && start->console_evtchn &&
		       start->store_evtchn != start->console_evtchn,
	       place("store_evtchn, console.domU.evtchn"),
	       "the event channels are %u (store) and %u (console), and should be two of them",
	       start->store_evtchn, start->console_evtchn);
	expect(check, RULE_START_CMD_LINE, start->cmd_line_terminated, place("cmd_line"),
	       "none of the 1024 bytes of the command line is zero");
}

/* A ring's frame: the domain's, and mapped in the initial region. */
static int find_ring(struct check *check, enum audit_rule rule, const char *field, uint64_t mfn,
		     pvb_pfn_t *page, struct pvb_error *error)
{
	struct view_frame info;
	pvb_pfn_t pfn;
	int rc = view_own(check->view, PVB_MFN(mfn), &info, &pfn, error);

	if (rc)
		return rc;

	const uint64_t room = check->layout.end - check->layout.base;
	const struct walk_region *region =
		pfn.n < room ? walk_region_of(&check->walk, check->layout.base + pfn.n) : NULL;

	*page = region ? pfn : PVB_PFN(PVB_NO_FRAME);
	expect(check, rule, region, place("%s", field), "%s is 0x%llx, which is %s", field,
	       (unsigned long long)mfn,
	       pfn.n == PVB_NO_FRAME ? "no frame of the domain" : "not in the initial region");
	return 0;
}

/* The region that maps the first PFNs one to one, holes and strangers in it included. */
static void find_region(struct check *check)
{
	struct layout *layout = &check->layout;

	layout->end = layout->base;
	for (size_t i = 0; i < check->walk.region_count; i++) {
		const struct walk_region *region = &check->walk.regions[i];

		if (region->page >= layout->base && region->pfn.n == region->page - layout->base)
			layout->end = region->page + region->count;
	}
}

/*
 * How many pages the list can have. nr_pages counts those with memory, and says nothing of
 * holes between them; nobody has told the guest's end yet. So it is where the list ends: outside
 * the initial region nothing is mapped behind it (its tables are not), and within it start_info
 * follows. What of its last page is used is for who reads it.
 */
static uint64_t room_of_list(const struct check *check)
{
	const struct layout *layout = &check->layout;
	const struct walk_region *first = walk_region_of(&check->walk, layout->list);
	const uint64_t start_info = layout->base + layout->start_info_page.n;
	uint64_t end = layout->list;

	if (layout->list_inside)
		return start_info > layout->list ? start_info - layout->list : 0;
	for (const struct walk_region *region = first;
	     region < check->walk.regions + check->walk.region_count; region++) {
		if (region->page >> L4_SLOT_PAGES != layout->list >> L4_SLOT_PAGES)
			break;
		if (region->page - first->page == region->pfn.n - first->pfn.n)
			end = region->page + region->count;
	}
	return end - layout->list;
}

static void find_list(struct check *check)
{
	struct layout *layout = &check->layout;
	const uint64_t width = check->view->guest_bits / 8;
	bool sound = page_of_address(check, check->start.mfn_list, &layout->list) &&
		     check->start.mfn_list % VIEW_PAGE_SIZE == 0;

	layout->list_pages = pvb_div_round_up(check->view->pages, VIEW_PAGE_SIZE / width);
	layout->list_usable = sound && walk_region_of(&check->walk, layout->list);
	layout->list_inside =
		layout->list_usable && layout->list >= layout->base && layout->list < layout->end;
	if (layout->list_usable)
		layout->list_pages = pvb_max(layout->list_pages, room_of_list(check));
	expect(check, RULE_START_MFN_LIST, layout->list_usable, place("mfn_list"),
	       "mfn_list is 0x%llx, which is %s", (unsigned long long)check->start.mfn_list,
	       sound ? "not mapped" : "no page's address");
}

static void find_tables(struct check *check)
{
	struct layout *layout = &check->layout;
	const struct walk *walk = &check->walk;
	const uint64_t room = layout->end - layout->base;
	uint64_t page = 0;

	for (size_t i = 0; i < walk->table_count; i++)
		*(walk->tables[i].pfn.n < room ? &layout->initial_tables : &layout->p2m_tables) +=
			1;

	const struct walk_table *root = walk_table_of(walk, check->root);
	const struct walk_region *region = page_of_address(check, check->start.pt_base, &page)
						   ? walk_region_of(walk, page)
						   : NULL;

	expect(check, RULE_START_PT_BASE,
	       region && root && check->start.pt_base % VIEW_PAGE_SIZE == 0 &&
		       region->pfn.n + (page - region->page) == root->pfn.n,
	       place("pt_base"), "pt_base is 0x%llx, where the root in cr3 is not mapped",
	       (unsigned long long)check->start.pt_base);
	expect(check, RULE_START_NR_PT_FRAMES, check->start.nr_pt_frames == layout->initial_tables,
	       place("nr_pt_frames"),
	       "nr_pt_frames is %llu, and the initial region has %llu tables",
	       (unsigned long long)check->start.nr_pt_frames,
	       (unsigned long long)layout->initial_tables);
}

static void check_p2m_range(struct check *check)
{
	const struct layout *layout = &check->layout;
	const struct start_info *start = &check->start;

	if (!layout->list_usable)
		return;
	if (layout->list_inside) {
		expect(check, RULE_START_P2M_RANGE, !start->first_p2m_pfn && !start->nr_p2m_frames,
		       place("first_p2m_pfn, nr_p2m_frames"),
		       "the list is in the initial region, yet %llu frames from PFN 0x%llx are "
		       "said to hold it",
		       (unsigned long long)start->nr_p2m_frames,
		       (unsigned long long)start->first_p2m_pfn);
		return;
	}
	const struct walk_region *region = walk_region_of(&check->walk, layout->list);
	const uint64_t first = region->pfn.n + (layout->list - region->page);
	const uint64_t tree = tree_pages(check);
	const uint64_t frames = layout->list_pages + layout->p2m_tables + tree;

	expect(check, RULE_START_P2M_RANGE,
	       start->first_p2m_pfn == first && start->nr_p2m_frames == frames,
	       place("first_p2m_pfn, nr_p2m_frames"),
	       "%llu frames from PFN 0x%llx are said to hold the list%s its tables%s, which are "
	       "%llu frames from PFN 0x%llx",
	       (unsigned long long)start->nr_p2m_frames, (unsigned long long)start->first_p2m_pfn,
	       tree ? "," : " and", tree ? " and the tree above it" : "",
	       (unsigned long long)frames, (unsigned long long)first);
}

static bool overlap(uint64_t a, uint64_t a_count, uint64_t b, uint64_t b_count)
{
	return a < b + b_count && b < a + a_count;
}

static void find_module(struct check *check)
{
	const struct start_info *start = &check->start;
	struct layout *layout = &check->layout;
	const uint64_t pages = pvb_div_round_up(start->mod_len, VIEW_PAGE_SIZE);
	uint64_t page = 0;
	const char *wrong = NULL;

	applies(check, RULE_START_MODULE);
	if (!start->mod_len) {
		if (start->mod_start)
			wrong = "has no length";
	} else if (pages > check->view->pages) {
		wrong = "is larger than the guest";
	} else if (start->flags & SIF_MOD_START_PFN_) {
		const uint64_t p2m = layout->list_usable && !layout->list_inside
					     ? walk_region_of(&check->walk, layout->list)->pfn.n
					     : 0;

		if (start->mod_start > check->view->pages - pages)
			wrong = "ends past the guest's last PFN";
		else if (start->mod_start < layout->end - layout->base)
			wrong = "begins within the initial region";
		else if (p2m &&
			 overlap(start->mod_start, pages, p2m,
				 layout->list_pages + layout->p2m_tables + tree_pages(check)))
			wrong = "overlaps the p2m";
		page = start->mod_start;
	} else if (!page_of_address(check, start->mod_start, &page) ||
		   start->mod_start % VIEW_PAGE_SIZE != 0) {
		wrong = "does not begin at a page's address";
	} else if (page < layout->base || page >= layout->end || pages > layout->end - page) {
		wrong = "does not lie within the initial region";
	} else {
		page -= layout->base;
	}
	if (wrong)
		finding(check, RULE_START_MODULE, place("mod_start, mod_len"),
			"the ramdisk, %llu bytes at 0x%llx, %s", (unsigned long long)start->mod_len,
			(unsigned long long)start->mod_start, wrong);
	layout->has_module = start->mod_len && !wrong;
	layout->module_page = PVB_PFN(page);
	layout->module_pages = pages;
}

static void check_entry(struct check *check)
{
	const struct pvb_host_vcpu *v = &check->view->vcpu;
	uint64_t page = 0;
	const struct walk_region *region =
		page_of_address(check, v->rip, &page) ? walk_region_of(&check->walk, page) : NULL;

	if (!region || region->no_execute)
		finding(check, RULE_REGISTERS_RIP, place("rip"), "rip is 0x%llx, which is %s",
			(unsigned long long)v->rip, region ? "not executable" : "not mapped");
	else
		expect(check, RULE_REGISTERS_RIP, !check->image || check->image->pv.entry == v->rip,
		       place("rip"), "rip is 0x%llx, and the kernel's entry is 0x%llx",
		       (unsigned long long)v->rip, (unsigned long long)check->image->pv.entry);

	/* The stack grows down from rsp: its page is the one below. */
	region = page_of_address(check, v->rsp - 1, &page) ? walk_region_of(&check->walk, page)
							   : NULL;
	expect(check, RULE_REGISTERS_RSP, region && v->rsp % VIEW_PAGE_SIZE == 0, place("rsp"),
	       "rsp is 0x%llx, which is %s", (unsigned long long)v->rsp,
	       region ? "not the top of a page" : "not the top of a mapped page");
}

int check_start_info(struct check *check, bool *go_on, struct pvb_error *error)
{
	const uint64_t rsi = check->view->vcpu.rsi;
	struct layout *layout = &check->layout;
	uint8_t bytes[VIEW_PAGE_SIZE];
	uint64_t page = 0, done = 0;
	const struct walk_region *region =
		page_of_address(check, rsi, &page) ? walk_region_of(&check->walk, page) : NULL;

	*go_on = false;
	check_entry(check);
	applies(check, RULE_REGISTERS_RSI);
	if (!region || rsi % VIEW_PAGE_SIZE != 0) {
		finding(check, RULE_REGISTERS_RSI, place("rsi"), "rsi is 0x%llx, which is %s",
			(unsigned long long)rsi, region ? "not page-aligned" : "not mapped");
		return 0;
	}
	int rc = read_virtual(check, page, 1, bytes, &done, error);

	if (rc)
		return rc;
	layout->start_info_page = PVB_PFN(region->pfn.n + (page - region->page));
	if (!done || layout->start_info_page.n > page) {
		finding(check, RULE_REGISTERS_RSI, place("rsi"),
			"rsi is 0x%llx, mapped to PFN 0x%llx, so that PFN 0 can have no address",
			(unsigned long long)rsi, (unsigned long long)layout->start_info_page.n);
		return 0;
	}
	layout->base = page - layout->start_info_page.n;
	decode(pvb_span(bytes, sizeof bytes), check->view->guest_bits, &check->start);

	check_identity(check);
	find_region(check);
	find_list(check);
	find_tables(check);
	check_p2m_range(check);
	find_module(check);
	rc = find_ring(check, RULE_START_STORE, "store_mfn", check->start.store_mfn,
		       &layout->store_page, error);
	if (!rc)
		rc = find_ring(check, RULE_START_CONSOLE, "console.domU.mfn",
			       check->start.console_mfn, &layout->console_page, error);
	*go_on = true;
	return rc;
}
