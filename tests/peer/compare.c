/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two domains, field by field. */
#include "peer/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/image.h>

static void differ(struct comparison *comparison, const char *field, const char *where,
		   uint64_t ours, uint64_t theirs)
{
	for (size_t i = 0; i < comparison->difference_count; i++) {
		if (strcmp(comparison->differences[i].field, field) == 0) {
			comparison->differences[i].count++;
			return;
		}
	}
	if (comparison->difference_count == DIFFERENCE_MAX)
		return;

	struct difference *difference = &comparison->differences[comparison->difference_count++];

	*difference =
		(struct difference){.field = field, .count = 1, .ours = ours, .theirs = theirs};
	snprintf(difference->where, sizeof difference->where, "%s", where);
}

/* field has to live as long as the comparison: a literal, everywhere. */
static void same_at(struct comparison *comparison, const char *field, const char *where,
		    uint64_t ours, uint64_t theirs)
{
	comparison->compared++;
	if (ours != theirs)
		differ(comparison, field, where, ours, theirs);
}

static void same(struct comparison *comparison, const char *field, uint64_t ours, uint64_t theirs)
{
	same_at(comparison, field, "", ours, theirs);
}

/* ---- what the builders say, and the domain as the hypervisor knows it ---- */

#define SAME_SEGMENT(segment)                                                                      \
	do {                                                                                       \
		const struct peer_segment *x = &comparison->ours->layout.segment;                  \
		const struct peer_segment *y = &comparison->theirs->layout.segment;                \
                                                                                                   \
		same(comparison, "layout." #segment ".present", x->present, y->present);           \
		if (x->present && y->present) {                                                    \
			same(comparison, "layout." #segment ".pfn", x->pfn, y->pfn);               \
			same(comparison, "layout." #segment ".pages", x->pages, y->pages);         \
			same(comparison, "layout." #segment ".va", x->va, y->va);                  \
		}                                                                                  \
	} while (0)

static void compare_layout(struct comparison *comparison)
{
	SAME_SEGMENT(kernel);
	SAME_SEGMENT(module);
	SAME_SEGMENT(p2m);
	SAME_SEGMENT(start_info);
	SAME_SEGMENT(xenstore);
	SAME_SEGMENT(console);
	SAME_SEGMENT(page_tables);
	SAME_SEGMENT(boot_stack);
	same(comparison, "layout.end_pfn", comparison->ours->layout.end_pfn,
	     comparison->theirs->layout.end_pfn);
	same(comparison, "layout.map_end", comparison->ours->layout.map_end,
	     comparison->theirs->layout.map_end);
}

static void compare_domain(struct comparison *comparison)
{
	const struct pvb_host_domain *x = &comparison->a.domain, *y = &comparison->b.domain;

	same(comparison, "domain.guest_bits", x->guest_bits, y->guest_bits);
	same(comparison, "domain.vcpus", x->vcpus, y->vcpus);
	same(comparison, "domain.pages", x->pages, y->pages);
	same(comparison, "domain.max_pages", x->max_pages, y->max_pages);
	same(comparison, "domain.claimed_pages", x->claimed_pages, y->claimed_pages);
	same(comparison, "domain.paused", x->paused, y->paused);
}

#define SAME_REGISTER(name)                                                                        \
	same(comparison, "vcpu." #name, comparison->a.vcpu.name, comparison->b.vcpu.name)

static void compare_registers(struct comparison *comparison)
{
	SAME_REGISTER(rax);
	SAME_REGISTER(rbx);
	SAME_REGISTER(rcx);
	SAME_REGISTER(rdx);
	SAME_REGISTER(rsi);
	SAME_REGISTER(rdi);
	SAME_REGISTER(rbp);
	SAME_REGISTER(rsp);
	SAME_REGISTER(r8);
	SAME_REGISTER(r9);
	SAME_REGISTER(r10);
	SAME_REGISTER(r11);
	SAME_REGISTER(r12);
	SAME_REGISTER(r13);
	SAME_REGISTER(r14);
	SAME_REGISTER(r15);
	SAME_REGISTER(rip);
	SAME_REGISTER(rflags);
	SAME_REGISTER(cs);
	SAME_REGISTER(ss);
	SAME_REGISTER(ds);
	SAME_REGISTER(es);
	SAME_REGISTER(fs);
	SAME_REGISTER(gs);
	SAME_REGISTER(kernel_ss);
	SAME_REGISTER(kernel_sp);
	SAME_REGISTER(cr[0]);
	SAME_REGISTER(cr[1]);
	SAME_REGISTER(cr[2]);
	same(comparison, "vcpu.cr[3] (PFN)", peer_view_pfn(&comparison->a, comparison->a.root_mfn),
	     peer_view_pfn(&comparison->b, comparison->b.root_mfn));
	SAME_REGISTER(cr[4]);
	SAME_REGISTER(cr[5]);
	SAME_REGISTER(cr[6]);
	SAME_REGISTER(cr[7]);
	SAME_REGISTER(debugreg[0]);
	SAME_REGISTER(debugreg[1]);
	SAME_REGISTER(debugreg[2]);
	SAME_REGISTER(debugreg[3]);
	SAME_REGISTER(debugreg[4]);
	SAME_REGISTER(debugreg[5]);
	SAME_REGISTER(debugreg[6]);
	SAME_REGISTER(debugreg[7]);
	SAME_REGISTER(event_callback_cs);
	SAME_REGISTER(event_callback_eip);
	SAME_REGISTER(failsafe_callback_cs);
	SAME_REGISTER(failsafe_callback_eip);
	SAME_REGISTER(syscall_callback_eip);
	SAME_REGISTER(fs_base);
	SAME_REGISTER(gs_base_kernel);
	SAME_REGISTER(gs_base_user);
	SAME_REGISTER(ldt_base);
	SAME_REGISTER(ldt_entries);
	SAME_REGISTER(gdt_entries);
	SAME_REGISTER(flags);
	SAME_REGISTER(vm_assist);
}

/* ---- start_info and shared_info ---- */

static void compare_bytes(struct comparison *comparison, const char *field, const uint8_t *x,
			  const uint8_t *y, size_t size, uint64_t first_pfn)
{
	comparison->compared += size;
	if (memcmp(x, y, size) == 0)
		return;
	for (size_t i = 0; i < size; i++) {
		char where[64];

		if (x[i] == y[i])
			continue;
		snprintf(where, sizeof where, "PFN 0x%" PRIx64 ", byte 0x%zx",
			 first_pfn + i / VIEW_PAGE_SIZE, i % VIEW_PAGE_SIZE);
		differ(comparison, field, where, x[i], y[i]);
	}
}

#define SAME_START_INFO(name)                                                                      \
	same(comparison, "start_info." #name, comparison->a.start_info.name,                       \
	     comparison->b.start_info.name)

/* Whether start_info names the domain's shared info page; each domain has its own. */
static bool shared_info_is_right(const struct view *view)
{
	return view->start_info.shared_info == view->domain.shared_info.n << VIEW_PAGE_SHIFT;
}

static void compare_start_info(struct comparison *comparison)
{
	const struct view_start_info *x = &comparison->a.start_info;
	const struct view_start_info *y = &comparison->b.start_info;

	compare_bytes(comparison, "start_info.magic", (const uint8_t *)x->magic,
		      (const uint8_t *)y->magic, sizeof x->magic, 0);
	compare_bytes(comparison, "start_info.cmd_line", x->cmd_line, y->cmd_line,
		      sizeof x->cmd_line, 0);
	SAME_START_INFO(nr_pages);
	same(comparison, "start_info.shared_info", shared_info_is_right(&comparison->a),
	     shared_info_is_right(&comparison->b));
	SAME_START_INFO(flags);
	SAME_START_INFO(store_pfn);
	SAME_START_INFO(store_port);
	SAME_START_INFO(console_pfn);
	SAME_START_INFO(console_port);
	SAME_START_INFO(pt_base);
	SAME_START_INFO(nr_pt_frames);
	SAME_START_INFO(mfn_list);
	SAME_START_INFO(mod_start);
	SAME_START_INFO(mod_len);
	SAME_START_INFO(first_p2m_pfn);
	SAME_START_INFO(nr_p2m_frames);
}

/*
 * The wall clock in it is the hypervisor's, of the moment when vCPU 0 was set:
 * wc_version, wc_sec, wc_nsec, and wc_sec_hi.
 */
static void hide_wall_clock(uint8_t *page, unsigned guest_bits)
{
	memset(page + (guest_bits == 64 ? 0xc00 : 0x900), 0, 12);
	memset(page + (guest_bits == 64 ? 0xc0c : 0x924), 0, 4);
}

static int compare_shared_info(struct comparison *comparison)
{
	const void *x = peer_view_frame(&comparison->a, comparison->a.domain.shared_info.n);
	const void *y = peer_view_frame(&comparison->b, comparison->b.domain.shared_info.n);
	uint8_t copies[2][VIEW_PAGE_SIZE];

	if (!x || !y)
		return -1;
	memcpy(copies[0], x, VIEW_PAGE_SIZE);
	memcpy(copies[1], y, VIEW_PAGE_SIZE);
	hide_wall_clock(copies[0], comparison->a.domain.guest_bits);
	hide_wall_clock(copies[1], comparison->b.domain.guest_bits);
	compare_bytes(comparison, "shared_info", copies[0], copies[1], VIEW_PAGE_SIZE, 0);
	return 0;
}

/* ---- page tables ---- */

/* What the hypervisor puts into a guest's tables is its own business. */
static bool is_hypervisors(const struct view *view, unsigned level, unsigned index)
{
	if (view->levels == 4)
		return level == 4 && index >= 256 && index < 272;
	return level == 3 && index >= 4;
}

static int compare_tables(struct comparison *comparison, unsigned level, uint64_t x_mfn,
			  uint64_t y_mfn, uint64_t va)
{
	static const char *const frame_fields[] = {NULL, "page_tables.L1.frame",
						   "page_tables.L2.frame", "page_tables.L3.frame",
						   "page_tables.L4.frame"};
	static const char *const flag_fields[] = {NULL, "page_tables.L1.flags",
						  "page_tables.L2.flags", "page_tables.L3.flags",
						  "page_tables.L4.flags"};
	const uint64_t *x = peer_view_frame(&comparison->a, x_mfn);
	const uint64_t *y = peer_view_frame(&comparison->b, y_mfn);
	unsigned shift = VIEW_PAGE_SHIFT + 9 * (level - 1);

	if (!x || !y)
		return -1;
	for (unsigned i = 0; i < 512; i++) {
		uint64_t at = va | (uint64_t)i << shift;
		char where[64];

		if (is_hypervisors(&comparison->a, level, i))
			continue;
		snprintf(where, sizeof where, "VA 0x%" PRIx64, at);
		if (!(x[i] & 1) && !(y[i] & 1)) {
			same_at(comparison, flag_fields[level], where, x[i], y[i]);
			continue;
		}
		same_at(comparison, flag_fields[level], where, VIEW_ENTRY_FLAGS(x[i]),
			VIEW_ENTRY_FLAGS(y[i]));
		if (!(x[i] & y[i] & 1))
			continue;

		uint64_t x_next = VIEW_ENTRY_FRAME(x[i]), y_next = VIEW_ENTRY_FRAME(y[i]);
		uint64_t x_pfn = peer_view_pfn(&comparison->a, x_next);
		uint64_t y_pfn = peer_view_pfn(&comparison->b, y_next);

		same_at(comparison, frame_fields[level], where, x_pfn, y_pfn);
		/* A frame without a PFN is the hypervisor's: its M2P, in a PAE guest's last L2. */
		if (level > 1 && x_pfn != PVB_NO_FRAME && y_pfn != PVB_NO_FRAME &&
		    compare_tables(comparison, level - 1, x_next, y_next, at))
			return -1;
	}
	return 0;
}

/* ---- the p2m list ---- */

static void compare_p2m(struct comparison *comparison)
{
	struct view *a = &comparison->a, *b = &comparison->b;

	for (uint64_t pfn = 0; pfn < a->start_info.nr_pages && pfn < b->start_info.nr_pages;
	     pfn++) {
		uint64_t x = peer_view_pfn(a, a->p2m[pfn]), y = peer_view_pfn(b, b->p2m[pfn]);

		comparison->compared++;
		if (x != y || x != pfn) {
			char where[64];

			snprintf(where, sizeof where, "PFN 0x%" PRIx64, pfn);
			differ(comparison, "p2m.entry", where, x, y);
		}
	}
}

/* ---- contents ---- */

#define CHUNK 1024

/* Bytes [from, to), counted in bytes from PFN 0. */
static int compare_memory(struct comparison *comparison, const char *field, uint64_t from,
			  uint64_t to)
{
	while (from < to) {
		uint64_t pfn = from / VIEW_PAGE_SIZE, offset = from % VIEW_PAGE_SIZE;
		uint64_t pages = (to + VIEW_PAGE_SIZE - 1) / VIEW_PAGE_SIZE - pfn;

		if (pages > CHUNK)
			pages = CHUNK;

		uint64_t end =
			(pfn + pages) * VIEW_PAGE_SIZE < to ? (pfn + pages) * VIEW_PAGE_SIZE : to;
		const uint8_t *x = peer_view_map(&comparison->a, pfn, pages);
		const uint8_t *y = peer_view_map(&comparison->b, pfn, pages);

		if (x && y && offset == 0)
			compare_bytes(comparison, field, x, y, end - from, pfn);
		else if (x && y) /* a part of one page */
			for (uint64_t i = 0; i < end - from; i++) {
				char where[64];

				snprintf(where, sizeof where, "PFN 0x%" PRIx64 ", byte 0x%" PRIx64,
					 pfn + (offset + i) / VIEW_PAGE_SIZE,
					 (offset + i) % VIEW_PAGE_SIZE);
				same_at(comparison, field, where, x[offset + i], y[offset + i]);
			}
		peer_view_unmap(&comparison->a, x, pages);
		peer_view_unmap(&comparison->b, y, pages);
		if (!x || !y)
			return -1;
		from = end;
	}
	return 0;
}

static int compare_segment(struct comparison *comparison, const char *field,
			   const struct peer_segment *segment)
{
	if (!segment->present)
		return 0;
	return compare_memory(comparison, field, segment->pfn * VIEW_PAGE_SIZE,
			      (segment->pfn + segment->pages) * VIEW_PAGE_SIZE);
}

/* The list itself is compared by entries; what follows the last one on its page is here. */
static int compare_p2m_tail(struct comparison *comparison)
{
	uint64_t entry = comparison->a.levels == 4 ? 8 : 4;
	uint64_t from = comparison->theirs->layout.p2m.pfn * VIEW_PAGE_SIZE;
	uint64_t end = from + comparison->a.start_info.nr_pages * entry;

	return compare_memory(comparison, "contents.p2m.tail", end,
			      (end + VIEW_PAGE_SIZE - 1) / VIEW_PAGE_SIZE * VIEW_PAGE_SIZE);
}

static int compare_contents(struct comparison *comparison)
{
	const struct peer_layout *layout = &comparison->theirs->layout;
	uint64_t start_info = layout->start_info.pfn * VIEW_PAGE_SIZE;

	if (compare_segment(comparison, "contents.kernel", &layout->kernel) ||
	    compare_segment(comparison, "contents.module", &layout->module) ||
	    compare_segment(comparison, "contents.xenstore", &layout->xenstore) ||
	    compare_segment(comparison, "contents.console", &layout->console) ||
	    compare_segment(comparison, "contents.boot_stack", &layout->boot_stack) ||
	    compare_memory(comparison, "contents.start_info.tail",
			   start_info + comparison->b.start_info.size,
			   start_info + VIEW_PAGE_SIZE) ||
	    compare_p2m_tail(comparison))
		return -1;
	return 0;
}

/* ---- frames and grants ---- */

static int compare_frames(struct comparison *comparison)
{
	static struct pvb_host_frame_info x[CHUNK], y[CHUNK];
	struct pvb_error error;
	uint64_t end = comparison->theirs->layout.end_pfn;

	for (uint64_t pfn = 0; pfn < end; pfn += CHUNK) {
		uint64_t count = end - pfn < CHUNK ? end - pfn : CHUNK;
		pvb_mfn_t a[CHUNK], b[CHUNK];

		for (uint64_t i = 0; i < count; i++) {
			a[i] = PVB_MFN(comparison->a.p2m[pfn + i]);
			b[i] = PVB_MFN(comparison->b.p2m[pfn + i]);
		}
		if (pvb_host_get_frame_info(comparison->a.host, comparison->a.domid, a, count, x,
					    &error) ||
		    pvb_host_get_frame_info(comparison->b.host, comparison->b.domid, b, count, y,
					    &error)) {
			snprintf(comparison->why, sizeof comparison->why, "%.200s", error.message);
			return -1;
		}
		for (uint64_t i = 0; i < count; i++) {
			char where[64];

			snprintf(where, sizeof where, "PFN 0x%" PRIx64, pfn + i);
			same_at(comparison, "frame.type", where, x[i].type, y[i].type);
			same_at(comparison, "frame.pinned", where, x[i].pinned, y[i].pinned);
		}
	}
	return 0;
}

#define GRANTS 8

static int compare_grants(struct comparison *comparison)
{
	static const char *const fields[] = {"grants.index", "grants.flags", "grants.domid",
					     "grants.frame"};
	struct pvb_host_grant x[GRANTS], y[GRANTS];
	size_t x_count, y_count;
	struct pvb_error error;

	if (pvb_host_get_grants(comparison->a.host, comparison->a.domid, x, GRANTS, &x_count,
				&error) ||
	    pvb_host_get_grants(comparison->b.host, comparison->b.domid, y, GRANTS, &y_count,
				&error)) {
		snprintf(comparison->why, sizeof comparison->why, "%.200s", error.message);
		return -1;
	}
	same(comparison, "grants.count", x_count, y_count);
	for (size_t i = 0; i < x_count && i < y_count; i++) {
		char where[64];

		snprintf(where, sizeof where, "entry %u", x[i].index);
		same_at(comparison, fields[0], where, x[i].index, y[i].index);
		same_at(comparison, fields[1], where, x[i].flags, y[i].flags);
		same_at(comparison, fields[2], where, x[i].domid, y[i].domid);
		same_at(comparison, fields[3], where, peer_view_pfn(&comparison->a, x[i].frame.n),
			peer_view_pfn(&comparison->b, y[i].frame.n));
	}
	return 0;
}

/* Neither builder may leave guest memory mapped. */
static void compare_mapped(struct comparison *comparison)
{
	uint64_t x, y, peak;

	pvb_host_mapped(comparison->ours->host, &x, &peak);
	pvb_host_mapped(comparison->theirs->host, &y, &peak);
	same(comparison, "left mapped (ours, nothing)", x, 0);
	same(comparison, "left mapped (nothing, theirs)", 0, y);
}

static bool layouts_differ(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->difference_count; i++) {
		if (strncmp(comparison->differences[i].field, "layout.", 7) == 0)
			return true;
	}
	return false;
}

static int unreadable(struct comparison *comparison)
{
	const char *why = comparison->a.why[0] ? comparison->a.why : comparison->b.why;

	if (!comparison->why[0])
		snprintf(comparison->why, sizeof comparison->why, "%s", why);
	return -1;
}

int compare(struct comparison *comparison, const struct peer_case *which, struct peer_domain *ours,
	    struct peer_domain *theirs)
{
	memset(comparison, 0, sizeof *comparison);
	comparison->which = which;
	comparison->ours = ours;
	comparison->theirs = theirs;
	compare_mapped(comparison);
	if (peer_view_open(&comparison->a, ours->host, ours->domid) ||
	    peer_view_open(&comparison->b, theirs->host, theirs->domid))
		return unreadable(comparison);
	compare_layout(comparison);
	compare_domain(comparison);
	compare_registers(comparison);
	compare_start_info(comparison);
	compare_p2m(comparison);
	if (compare_shared_info(comparison) ||
	    compare_tables(comparison, comparison->a.levels, comparison->a.root_mfn,
			   comparison->b.root_mfn, 0) ||
	    compare_grants(comparison))
		return unreadable(comparison);
	/* Where the layouts differ every byte would, and say nothing. */
	if (!layouts_differ(comparison) &&
	    (compare_contents(comparison) || compare_frames(comparison)))
		return unreadable(comparison);
	return 0;
}

void comparison_close(struct comparison *comparison)
{
	peer_view_close(&comparison->a);
	peer_view_close(&comparison->b);
}
