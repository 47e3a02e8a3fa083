/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/dump.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/image.h>

#include "peer/view.h"

#define PLACE_MAX 96

struct dump {
	struct view view;
	struct facts *facts;
};

/* ---- the domain and its vCPU ---- */

static void dump_counts(struct dump *dump)
{
	const struct pvb_host_domain *domain = &dump->view.domain;

	facts_add(dump->facts, "domain.guest_bits", "%u", domain->guest_bits);
	facts_add(dump->facts, "domain.hvm", "%d", domain->hvm);
	facts_add(dump->facts, "domain.paused", "%d", domain->paused);
	facts_add(dump->facts, "domain.shutdown", "%d", domain->shutdown);
	facts_add(dump->facts, "domain.dying", "%d", domain->dying);
	facts_add(dump->facts, "domain.vcpus", "%u", domain->vcpus);
	facts_add(dump->facts, "domain.pages", "%" PRIu64, domain->pages);
	facts_add(dump->facts, "domain.max_pages", "%" PRIu64, domain->max_pages);
	facts_add(dump->facts, "domain.claimed_pages", "%" PRIu64, domain->claimed_pages);
	facts_add(dump->facts, "domain.pool", "%u", domain->pool);
}

#define REGISTER(name)                                                                             \
	{                                                                                          \
		"vcpu." #name, offsetof(struct pvb_host_vcpu, name),                               \
			sizeof(((struct pvb_host_vcpu *)NULL)->name)                               \
	}

/* All but cr3, which is a machine address. */
static const struct {
	const char *place;
	size_t offset;
	size_t size;
} registers[] = {
	REGISTER(rax),
	REGISTER(rbx),
	REGISTER(rcx),
	REGISTER(rdx),
	REGISTER(rsi),
	REGISTER(rdi),
	REGISTER(rbp),
	REGISTER(rsp),
	REGISTER(r8),
	REGISTER(r9),
	REGISTER(r10),
	REGISTER(r11),
	REGISTER(r12),
	REGISTER(r13),
	REGISTER(r14),
	REGISTER(r15),
	REGISTER(rip),
	REGISTER(rflags),
	REGISTER(cs),
	REGISTER(ss),
	REGISTER(ds),
	REGISTER(es),
	REGISTER(fs),
	REGISTER(gs),
	REGISTER(kernel_ss),
	REGISTER(kernel_sp),
	REGISTER(cr[0]),
	REGISTER(cr[1]),
	REGISTER(cr[2]),
	REGISTER(cr[4]),
	REGISTER(cr[5]),
	REGISTER(cr[6]),
	REGISTER(cr[7]),
	REGISTER(debugreg[0]),
	REGISTER(debugreg[1]),
	REGISTER(debugreg[2]),
	REGISTER(debugreg[3]),
	REGISTER(debugreg[4]),
	REGISTER(debugreg[5]),
	REGISTER(debugreg[6]),
	REGISTER(debugreg[7]),
	REGISTER(event_callback_cs),
	REGISTER(event_callback_eip),
	REGISTER(failsafe_callback_cs),
	REGISTER(failsafe_callback_eip),
	REGISTER(syscall_callback_eip),
	REGISTER(fs_base),
	REGISTER(gs_base_kernel),
	REGISTER(gs_base_user),
	REGISTER(ldt_base),
	REGISTER(ldt_entries),
	REGISTER(gdt_entries),
	REGISTER(flags),
	REGISTER(vm_assist),
};

static void dump_registers(struct dump *dump)
{
	const uint8_t *vcpu = (const uint8_t *)&dump->view.vcpu;

	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
		uint64_t value = 0;

		memcpy(&value, vcpu + registers[i].offset, registers[i].size);
		facts_add(dump->facts, registers[i].place, "0x%" PRIx64, value);
	}
}

/* ---- frames ---- */

#define FRAME_MAX 40

/* What a frame is, without its number. */
static const char *frame_name(struct dump *dump, uint64_t mfn, char text[FRAME_MAX])
{
	uint64_t pfn;

	if (mfn == dump->view.domain.shared_info.n)
		return "the shared info page";
	pfn = peer_view_pfn(&dump->view, mfn);
	if (pfn >= dump->view.start_info.nr_pages || dump->view.p2m[pfn] != mfn)
		return "none of the domain's";
	(void)snprintf(text, FRAME_MAX, "PFN 0x%" PRIx64, pfn);
	return text;
}

static void dump_frame(struct dump *dump, const char *place, uint64_t mfn)
{
	char name[FRAME_MAX];

	facts_add(dump->facts, place, "%s", frame_name(dump, mfn, name));
}

/* ---- start_info and the pages around it ---- */

#define NUMBER(name) facts_add(dump->facts, "start_info." #name, "0x%" PRIx64, (uint64_t)info->name)

static void dump_start_info(struct dump *dump)
{
	const struct view_start_info *info = &dump->view.start_info;

	facts_add(dump->facts, "start_info.magic", "%.32s", info->magic);
	facts_add(dump->facts, "start_info.cmd_line", "%.400s", (const char *)info->cmd_line);
	NUMBER(nr_pages);
	NUMBER(flags);
	NUMBER(store_pfn);
	NUMBER(store_port);
	NUMBER(console_pfn);
	NUMBER(console_port);
	NUMBER(pt_base);
	NUMBER(nr_pt_frames);
	NUMBER(mfn_list);
	NUMBER(mod_start);
	NUMBER(mod_len);
	NUMBER(first_p2m_pfn);
	NUMBER(nr_p2m_frames);
	dump_frame(dump, "start_info.shared_info", info->shared_info >> VIEW_PAGE_SHIFT);
	dump_frame(dump, "vcpu.cr[3]", dump->view.root_mfn);
}

/* The words of a page from an offset on that are not zero. */
static void dump_words(struct dump *dump, const char *what, const uint8_t *page, size_t from)
{
	for (size_t at = from; at < VIEW_PAGE_SIZE; at += 8) {
		char place[PLACE_MAX];
		uint64_t word;

		memcpy(&word, page + at, sizeof word);
		if (!word)
			continue;
		(void)snprintf(place, sizeof place, "%s+0x%03zx", what, at);
		facts_add(dump->facts, place, "0x%016" PRIx64, word);
	}
}

static int dump_page(struct dump *dump, const char *what, uint64_t mfn, size_t from)
{
	const uint8_t *page = peer_view_frame(&dump->view, mfn);

	if (!page)
		return -1;
	dump_words(dump, what, page, from);
	return 0;
}

static int dump_pages(struct dump *dump, uint64_t hypercall_va)
{
	const struct view_start_info *info = &dump->view.start_info;
	size_t size = (info->size + 7) / 8 * 8;
	uint64_t mfn;

	if (peer_view_walk(&dump->view, dump->view.vcpu.rsi, &mfn) &&
	    dump_page(dump, "start_info.tail", mfn, size))
		return -1;
	if (info->console_pfn < info->nr_pages &&
	    dump_page(dump, "console", dump->view.p2m[info->console_pfn], 0))
		return -1;
	if (info->store_pfn < info->nr_pages &&
	    dump_page(dump, "store", dump->view.p2m[info->store_pfn], 0))
		return -1;
	if (hypercall_va != PVB_NONE && peer_view_walk(&dump->view, hypercall_va, &mfn))
		return dump_page(dump, "hypercall_page", mfn, 0);
	return 0;
}

/* ---- the p2m tree ---- */

#define ALL_ONES(dump) ((dump)->view.levels == 4 ? UINT64_MAX : UINT32_MAX)

static uint64_t tree_entry(const struct dump *dump, const void *page, unsigned index)
{
	if (dump->view.levels == 4)
		return ((const uint64_t *)page)[index];
	return ((const uint32_t *)page)[index];
}

/* The pages above the leaves, entry by entry, as the tree leads there. */
static int dump_tree_page(struct dump *dump, unsigned level, uint64_t number, uint64_t mfn)
{
	unsigned entries = VIEW_PAGE_SIZE / (dump->view.levels == 4 ? 8u : 4u), missing = 0;
	const void *page = peer_view_frame(&dump->view, mfn);
	char place[PLACE_MAX];

	if (!page)
		return -1;
	for (unsigned i = 0; i < entries; i++) {
		uint64_t entry = tree_entry(dump, page, i), below = number * entries + i;

		if (entry == ALL_ONES(dump)) {
			missing++;
			continue;
		}
		(void)snprintf(place, sizeof place, "p2m tree, page %" PRIu64 " of level %u", below,
			       level - 1);
		dump_frame(dump, place, entry);
		if (level > 2 && entry != mfn &&
		    peer_view_pfn(&dump->view, entry) != PVB_NO_FRAME &&
		    dump_tree_page(dump, level - 1, below, entry))
			return -1;
	}
	(void)snprintf(place, sizeof place, "p2m tree, nothing below page %" PRIu64 " of level %u",
		       number, level);
	facts_add(dump->facts, place, "%u times", missing);
	return 0;
}

/* A frame in shared info: as what it is, and then it is not told of as a word. */
static void dump_shared_frame(struct dump *dump, const char *place, uint8_t *at, size_t size)
{
	uint64_t mfn = 0;

	memcpy(&mfn, at, size);
	if (!mfn || mfn == (size == 8 ? UINT64_MAX : UINT32_MAX))
		return;
	dump_frame(dump, place, mfn);
	memset(at, 0, size);
}

static int dump_tree(struct dump *dump, uint8_t *shared_info)
{
	bool wide = dump->view.levels == 4;
	uint8_t *at = shared_info + PVB_GUEST_ABI_OFFSET;
	struct pvb_guest_abi abi;

	memcpy(&abi, at, sizeof abi);
	dump_shared_frame(dump, "shared_info.pfn_to_mfn_frame_list_list",
			  shared_info + (wide ? 0xc18 : 0x910), wide ? 8 : 4);
	dump_shared_frame(dump, "shared_info.p2m_root",
			  at + offsetof(struct pvb_guest_abi, p2m_root), sizeof abi.p2m_root);
	if (!(abi.valid & PVB_GUEST_ABI_HAS_P2M_TREE) || abi.p2m_levels < 2 ||
	    abi.p2m_levels > PVB_GUEST_P2M_LEVELS_MOST ||
	    peer_view_pfn(&dump->view, abi.p2m_root) == PVB_NO_FRAME)
		return 0;
	return dump_tree_page(dump, abi.p2m_levels, 0, abi.p2m_root);
}

/*
 * The wall clock is the hypervisor's, of the moment when vCPU 0 was set: that it is there is
 * what can be compared. wc_version, wc_sec, wc_nsec; wc_sec_hi lies apart.
 */
static int dump_shared_info(struct dump *dump)
{
	bool wide = dump->view.levels == 4;
	const uint8_t *page = peer_view_frame(&dump->view, dump->view.domain.shared_info.n);
	uint8_t copy[VIEW_PAGE_SIZE];
	uint32_t clock[3];

	if (!page)
		return -1;
	memcpy(copy, page, sizeof copy);
	memcpy(clock, copy + (wide ? 0xc00 : 0x900), sizeof clock);
	memset(copy + (wide ? 0xc00 : 0x900), 0, sizeof clock);
	memset(copy + (wide ? 0xc0c : 0x924), 0, 4);
	facts_add(dump->facts, "shared_info.wc_version", "%u", clock[0]);
	facts_add(dump->facts, "shared_info.wall_clock", "%s",
		  clock[1] && clock[2] < 1000000000u ? "set" : "not set");
	if (dump_tree(dump, copy))
		return -1;
	dump_words(dump, "shared_info", copy, 0);
	return 0;
}

/* ---- page tables ---- */

/* Slots that the hypervisor fills: see xen.h, "Start-of-day memory layout". */
static bool is_hypervisors(const struct dump *dump, unsigned level, unsigned index)
{
	if (dump->view.levels == 4)
		return level == 4 && index >= 256 && index < 272;
	return level == 3 && index >= 4;
}

static int dump_table(struct dump *dump, unsigned level, uint64_t mfn, uint64_t va)
{
	const uint64_t *table = peer_view_frame(&dump->view, mfn);
	unsigned shift = VIEW_PAGE_SHIFT + 9 * (level - 1);

	if (!table)
		return -1;
	for (unsigned i = 0; i < 512; i++) {
		uint64_t entry = table[i], at = va | (uint64_t)i << shift;
		uint64_t next = VIEW_ENTRY_FRAME(entry);
		char place[PLACE_MAX], name[FRAME_MAX];
		const char *frame;

		if (!entry)
			continue;
		if (level == 4 && i >= 256)
			at |= UINT64_C(0xffff) << 48;
		(void)snprintf(place, sizeof place, "L%u entry of VA 0x%" PRIx64, level, at);
		frame = next == mfn ? "the table itself" : frame_name(dump, next, name);
		facts_add(dump->facts, place, "%s, flags 0x%" PRIx64, frame,
			  VIEW_ENTRY_FLAGS(entry));
		/* A frame without a PFN is the hypervisor's: its M2P, in a PAE guest's last L2. */
		if (level > 1 && entry & 1 && frame == name && !is_hypervisors(dump, level, i) &&
		    dump_table(dump, level - 1, next, at))
			return -1;
	}
	return 0;
}

/* ---- what holds for each page, told for as many as it holds for ---- */

struct run {
	const char *what;
	uint64_t from;
	uint64_t count;
	char value[FRAME_MAX];
};

static void end_run(struct dump *dump, struct run *run)
{
	char place[PLACE_MAX];

	if (run->count) {
		(void)snprintf(place, sizeof place, "%s of PFN 0x%" PRIx64 " to 0x%" PRIx64,
			       run->what, run->from, run->from + run->count - 1);
		facts_add(dump->facts, place, "%s", run->value);
	}
	run->count = 0;
}

static void extend_run(struct dump *dump, struct run *run, uint64_t pfn, const char *value)
{
	if (run->count && strcmp(run->value, value) != 0)
		end_run(dump, run);
	if (!run->count) {
		run->from = pfn;
		(void)snprintf(run->value, sizeof run->value, "%s", value);
	}
	run->count++;
}

static void dump_m2p(struct dump *dump)
{
	struct run run = {.what = "M2P entry"};

	for (uint64_t pfn = 0; pfn < dump->view.start_info.nr_pages; pfn++) {
		uint64_t back = peer_view_pfn(&dump->view, dump->view.p2m[pfn]);
		char value[FRAME_MAX];

		if (back == PVB_NO_FRAME)
			(void)snprintf(value, sizeof value, "none");
		else
			(void)snprintf(value, sizeof value, "PFN + %" PRId64,
				       (int64_t)(back - pfn));
		extend_run(dump, &run, pfn, value);
	}
	end_run(dump, &run);
}

#define BATCH 1024

static int dump_types(struct dump *dump)
{
	static const char *const names[] = {
		[PVB_FRAME_FOREIGN] = "foreign", [PVB_FRAME_PLAIN] = "plain",
		[PVB_FRAME_L1] = "an L1 table",  [PVB_FRAME_L2] = "an L2 table",
		[PVB_FRAME_L3] = "an L3 table",  [PVB_FRAME_L4] = "an L4 table",
	};
	struct view *view = &dump->view;
	uint64_t pages = view->start_info.nr_pages;
	struct run run = {.what = "use"};

	for (uint64_t pfn = 0; pfn < pages; pfn += BATCH) {
		struct pvb_host_frame_info info[BATCH];
		pvb_mfn_t frames[BATCH];
		size_t count = pages - pfn < BATCH ? pages - pfn : BATCH;
		struct pvb_error error;

		for (size_t i = 0; i < count; i++)
			frames[i] = PVB_MFN(view->p2m[pfn + i]);
		if (pvb_host_get_frame_info(view->host, view->domid, frames, count, info, &error)) {
			(void)snprintf(view->why, sizeof view->why, "%.*s", VIEW_WHY_MAX - 1,
				       error.message);
			return -1;
		}
		for (size_t i = 0; i < count; i++) {
			char value[FRAME_MAX];

			(void)snprintf(value, sizeof value, "%s%s", names[info[i].type],
				       info[i].pinned ? ", pinned" : "");
			extend_run(dump, &run, pfn + i, value);
		}
	}
	end_run(dump, &run);
	return 0;
}

/* ---- grants ---- */

#define GRANTS_MAX 512

/* GTF_reading, GTF_writing: somebody has it mapped now, which is no part of the grant. */
#define GRANT_IN_USE 0x18u

static int dump_grants(struct dump *dump)
{
	struct view *view = &dump->view;
	struct pvb_host_grant grants[GRANTS_MAX];
	struct pvb_error error;
	size_t count;

	if (pvb_host_get_grants(view->host, view->domid, grants, GRANTS_MAX, &count, &error)) {
		(void)snprintf(view->why, sizeof view->why, "%.*s", VIEW_WHY_MAX - 1,
			       error.message);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		char place[PLACE_MAX], name[FRAME_MAX];

		if (!grants[i].flags && !grants[i].domid && !grants[i].frame.n)
			continue;
		(void)snprintf(place, sizeof place, "grant %u", grants[i].index);
		facts_add(dump->facts, place, "flags 0x%x, to domain %u, %s",
			  grants[i].flags & ~GRANT_IN_USE, grants[i].domid,
			  frame_name(dump, grants[i].frame.n, name));
	}
	return 0;
}

/* ---- CPUs and limits ---- */

static int dump_schedule(struct dump *dump, struct pvb_error *error)
{
	struct view *view = &dump->view;
	struct pvb_host_share share;
	int rc = pvb_host_get_share(view->host, view->domid, &share, error);

	if (rc)
		return rc;
	facts_add(dump->facts, "cpu.scheduler", "%s", share.scheduler);
	facts_add(dump->facts, "cpu.weight", "%u", share.weight);
	facts_add(dump->facts, "cpu.cap", "%u", share.cap);
	for (uint32_t vcpu = 0; vcpu < view->domain.vcpus; vcpu++) {
		struct pvb_cpus hard, soft;
		char place[PLACE_MAX];

		rc = pvb_host_get_affinity(view->host, view->domid, vcpu, &hard, &soft, error);
		if (rc)
			return rc;
		(void)snprintf(place, sizeof place, "cpu.hard of vCPU %u", vcpu);
		facts_add(dump->facts, place, "%s", pvb_cpus_format(&hard).text);
		(void)snprintf(place, sizeof place, "cpu.soft of vCPU %u", vcpu);
		facts_add(dump->facts, place, "%s", pvb_cpus_format(&soft).text);
	}
	return 0;
}

/* More than any domain whose events have two levels can have. */
#define CHANNELS_MAX 5000

/*
 * Nobody tells how many event channels a domain may have: those that are left are taken, which is
 * why this comes last. What maptrack frames and which grant version it may have shows to nobody
 * from outside.
 */
static int dump_limits(struct dump *dump, struct pvb_error *error)
{
	struct view *view = &dump->view;
	uint32_t frames, port, free_channels = 0;
	int rc = pvb_host_get_grant_limit(view->host, view->domid, &frames, error);

	if (rc)
		return rc;
	facts_add(dump->facts, "limit.grant_frames", "%u", frames);
	while (rc == 0 && free_channels < CHANNELS_MAX) {
		rc = pvb_host_alloc_event_channel(view->host, view->domid, 0, &port, error);
		free_channels += rc == 0;
	}
	if (rc && rc != -PVB_E_HOST_LIMIT)
		return rc;
	facts_add(dump->facts, "limit.free_event_channels", "%u", free_channels);
	return 0;
}

static int dump_confinement(struct dump *dump)
{
	struct pvb_error error;
	int rc = dump_schedule(dump, &error);

	if (rc == 0)
		rc = dump_limits(dump, &error);
	if (rc)
		(void)snprintf(dump->view.why, sizeof dump->view.why, "%.*s", VIEW_WHY_MAX - 1,
			       error.message);
	return rc ? -1 : 0;
}

static int dump_all(struct dump *dump, uint64_t hypercall_va)
{
	dump_counts(dump);
	dump_registers(dump);
	dump_start_info(dump);
	if (dump_pages(dump, hypercall_va) || dump_shared_info(dump) ||
	    dump_table(dump, dump->view.levels, dump->view.root_mfn, 0))
		return -1;
	dump_m2p(dump);
	return dump_types(dump) || dump_grants(dump) || dump_confinement(dump) ? -1 : 0;
}

int dump_domain(struct pvb_host *host, uint32_t domid, uint64_t hypercall_va, struct facts *facts,
		char *why, size_t size)
{
	struct dump *dump = calloc(1, sizeof *dump);

	if (!dump) {
		(void)snprintf(why, size, "no memory left");
		return -1;
	}
	dump->facts = facts;
	int rc = peer_view_open(&dump->view, host, domid);
	if (rc == 0)
		rc = dump_all(dump, hypercall_va);
	if (rc)
		(void)snprintf(why, size, "domain %u: %s", domid, dump->view.why);
	peer_view_close(&dump->view);
	free(dump);
	return rc;
}
