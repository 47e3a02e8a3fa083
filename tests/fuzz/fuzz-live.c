/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A live domain whose guest, or whoever had its memory before, wrote into shared info,
 * start_info, p2m, page tables and registers what the input says. Whoever reads it comes to an
 * end within a number of pages that the domain's size bounds, says the same twice, believes of a
 * frame only what the hypervisor confirms, and leaves nothing mapped.
 */
#include "fuzz/targets.h"

#include <string.h>
#include <unistd.h>

#include "fuzz/check.h"
#include "fuzz/report.h"
#include "fuzz/scratch.h"
#include "fuzz/small-guest.h"
#include "host/host.h"
#include "host/sim/sim.h"
#include "reach/core-file.h"

#define PAGE 4096u
#define CHANGES_MOST 4096u
#define CONTENTS_EVERY 64u

/* Pages that one reader maps: each page of the domain at each level, and some more. */
#define PAGES_READ (8u * SMALL_GUEST_PAGES)
#define READ_ATTEMPTS 3u

/* What stood there before, of a frame or, where mfn is a PFN's M2P entry, of that. */
struct change {
	bool is_m2p;
	uint64_t mfn;
	unsigned offset;
	uint64_t before;
};

struct world {
	struct small_guest guest;
	struct pvb_host_ops ops;
	const struct pvb_host_ops *true_ops;
	struct pvb_host_vcpu vcpu; /* as it was built */
	struct change changes[CHANGES_MOST];
	size_t change_count;
	uint64_t pages_mapped;
};

static struct world worlds[SMALL_GUESTS];
static struct world *world; /* the one that is in use */

static int map_counted(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       bool writable, void **at, struct pvb_error *error)
{
	must(!writable);
	world->pages_mapped += count;
	return world->true_ops->map_frames(host, domid, frames, count, writable, at, error);
}

static void make_world(enum small_guest_kind kind)
{
	struct pvb_error error;

	world = &worlds[kind];
	small_guest_make(&world->guest, kind);
	world->true_ops = world->guest.host->ops;
	world->ops = *world->true_ops;
	world->ops.map_frames = map_counted;
	world->guest.host->ops = &world->ops;
	must(!pvb_host_get_vcpu(world->guest.host, world->guest.domid, 0, &world->vcpu, &error));
}

static void make_worlds(void)
{
	for (unsigned kind = 0; kind < SMALL_GUESTS; kind++)
		make_world((enum small_guest_kind)kind);
	scratch_make();
}

static void free_worlds(void)
{
	for (unsigned kind = 0; kind < SMALL_GUESTS; kind++)
		small_guest_free(&worlds[kind].guest);
	scratch_remove();
}

/* ---- spoiling it, and mending it ----------------------------------------------------------- */

static void poke(const struct spoil *spoil, unsigned nth)
{
	struct small_guest *guest = &world->guest;
	const struct spoil_place place = spoil_place(guest, spoil, nth);
	const uint64_t mfn = place.pfn == PVB_P2M_NONE ? guest->shared_info
						       : guest->mfns[place.pfn % guest->pfns];
	struct change *change = &world->changes[world->change_count];
	uint64_t word;

	if (mfn == PVB_P2M_NONE || world->change_count == CHANGES_MOST)
		return;
	*change = (struct change){.mfn = mfn,
				  .offset = place.offset <= PAGE - 8 ? place.offset : PAGE - 8};
	must(!pvb_sim_peek(guest->host, PVB_MFN(mfn), change->offset, &change->before, 8));
	world->change_count++;
	word = spoilt_word(guest, spoil, nth, change->before);
	must(!pvb_sim_poke(guest->host, PVB_MFN(mfn), place.offset, &word, place.width));
}

static void spoil_m2p(const struct spoil *spoil, unsigned nth)
{
	struct small_guest *guest = &world->guest;
	const uint64_t mfn = guest->mfns[(spoil->index + nth) % guest->pfns];
	struct pvb_sim_frame frame;

	if (mfn == PVB_P2M_NONE || world->change_count == CHANGES_MOST)
		return;
	pvb_sim_look(guest->host, PVB_MFN(mfn), &frame);
	world->changes[world->change_count++] =
		(struct change){.is_m2p = true, .mfn = mfn, .before = frame.pfn};
	(void)pvb_sim_set_m2p(guest->host, PVB_MFN(mfn),
			      PVB_PFN(spoilt_word(guest, spoil, nth, frame.pfn)));
}

static void spoil_register(const struct spoil *spoil)
{
	struct pvb_host_vcpu vcpu;
	struct pvb_error error;

	must(!pvb_host_get_vcpu(world->guest.host, world->guest.domid, 0, &vcpu, &error));

	uint64_t *const registers[] = {&vcpu.rsi,   &vcpu.rip,    &vcpu.rsp,
				       &vcpu.cr[3], &vcpu.rflags, &vcpu.cr[4]};
	uint64_t *reg = registers[spoil->index % (sizeof registers / sizeof registers[0])];

	*reg = spoilt_word(&world->guest, spoil, 0, *reg);
	must(!pvb_sim_set_registers(world->guest.host, world->guest.domid, 0, &vcpu));
}

static void spoil(const struct spoil *spoil)
{
	for (unsigned nth = 0; nth < spoil->count; nth++) {
		if (spoil->where == SPOIL_M2P)
			spoil_m2p(spoil, nth);
		else if (spoil->where != SPOIL_REGISTERS)
			poke(spoil, nth);
	}
	if (spoil->where == SPOIL_REGISTERS)
		spoil_register(spoil);
}

static void mend(void)
{
	struct pvb_host *host = world->guest.host;

	while (world->change_count) {
		const struct change *change = &world->changes[--world->change_count];

		if (change->is_m2p)
			must(!pvb_sim_set_m2p(host, PVB_MFN(change->mfn), PVB_PFN(change->before)));
		else
			must(!pvb_sim_poke(host, PVB_MFN(change->mfn), change->offset,
					   &change->before, 8));
	}
	must(!pvb_sim_set_registers(host, world->guest.domid, 0, &world->vcpu));
}

/* ---- reading it ---------------------------------------------------------------------------- */

static void must_have_ended(void)
{
	uint64_t now, peak;

	pvb_host_mapped(world->guest.host, &now, &peak);
	must(now == 0);
	must(world->pages_mapped <= PAGES_READ * READ_ATTEMPTS);
	world->pages_mapped = 0;
}

static struct pvb_p2m_options take_options(struct fuzz_input *input)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	const unsigned choices = (unsigned)take(input, 1);

	options.anchor = (enum pvb_p2m_anchor)(choices % 5);
	options.strict = choices & 0x20;
	options.confirmed = choices & 0x40;
	options.attempts = READ_ATTEMPTS;
	return options;
}

/* What is confirmed is what the hypervisor's own table says. */
static void must_be_confirmed(const struct pvb_p2m_info *info)
{
	for (size_t i = 0; i < info->extent_count; i++)
		for (uint64_t n = 0; n < info->extents[i].count; n++) {
			struct pvb_sim_frame frame;

			pvb_sim_look(world->guest.host, PVB_MFN(info->extents[i].mfn + n), &frame);
			must(frame.pfn == info->extents[i].pfn + n);
		}
}

static struct pvb_p2m *read_p2m(const struct pvb_p2m_options *options, int *rc)
{
	struct pvb_p2m *p2m = NULL;
	struct pvb_error error = {0};

	*rc = pvb_p2m_domain(world->guest.host, world->guest.domid, options, &p2m, &error);
	must_be_sound(*rc, &error);
	must((*rc == 0) == (p2m != NULL));
	must_have_ended();
	if (!p2m)
		return NULL;
	must_be_a_p2m(pvb_p2m_info(p2m));
	if (options->confirmed)
		must_be_confirmed(pvb_p2m_info(p2m));
	return p2m;
}

/* The way to one PFN leads where all of them were found to be. */
static void check_trace(const struct pvb_p2m_options *options, const struct pvb_p2m *p2m,
			uint64_t pfn)
{
	struct pvb_p2m_path path;
	struct pvb_error error = {0};
	int rc = pvb_p2m_domain_trace(world->guest.host, world->guest.domid, options, pfn, &path,
				      &error);

	must_be_sound(rc, &error);
	must_have_ended();
	if (!p2m || pfn >= pvb_p2m_info(p2m)->geometry.pfns)
		return;
	must_after(rc == 0, &error);
	must(path.step_count <= PVB_P2M_STEPS_MAX && path.pfn == pfn);
	if (!options->confirmed)
		must(pvb_p2m_find(p2m, pfn) ==
		     (path.kind == PVB_P2M_ENTRY_FRAME ? path.entry : PVB_P2M_NONE));
}

static void check_p2m(const struct pvb_p2m_options *options, uint64_t pfn)
{
	int rc, again;
	struct pvb_p2m *p2m = read_p2m(options, &rc), *other = read_p2m(options, &again);

	must(rc == again);
	if (p2m)
		must_be_same_memory(pvb_p2m_info(p2m), pvb_p2m_info(other));
	check_trace(options, p2m, 0);
	check_trace(options, p2m, pfn);
	if (p2m)
		check_trace(options, p2m, pvb_p2m_info(p2m)->geometry.pfns - 1);
	pvb_p2m_free(p2m);
	pvb_p2m_free(other);
}

/* ---- dumping it ---------------------------------------------------------------------------- */

/* A page of a core is the domain's own, with what is in it. */
static void check_page(const struct core_file *core, uint64_t number, pvb_mfn_t mfn, bool contents)
{
	uint8_t in_core[PAGE], in_domain[PAGE];
	struct pvb_sim_frame frame;
	struct pvb_error error;
	uint64_t run;
	bool touched;

	pvb_sim_look(world->guest.host, mfn, &frame);
	must(frame.owned && frame.domid == world->guest.domid);
	if (!contents)
		return;
	must(!pvb_host_get_touched_run(world->guest.host, mfn, 1, &touched, &run, &error));
	if (!touched)
		return;
	must(!core_file_read(core, core->page_data.offset + number * PAGE, in_core, PAGE, &error));
	must(!pvb_sim_peek(world->guest.host, mfn, 0, in_domain, PAGE));
	must(memcmp(in_core, in_domain, PAGE) == 0);
}

static void check_pages(const struct core_file *core, uint64_t pick)
{
	uint64_t entries[2 * SMALL_GUEST_PAGES]; /* PFN and MFN of each */
	struct pvb_error error;

	must(core->guest_bits == world->guest.bits);
	must(!core_file_read(core, core->p2m.offset, entries, core->pages * 16, &error));
	for (uint64_t i = 0; i < core->pages; i++)
		check_page(core, i, PVB_MFN(entries[2 * i + 1]),
			   i % CONTENTS_EVERY == pick % CONTENTS_EVERY);
}

static void check_core(const char *path, uint64_t pages, uint64_t pick)
{
	struct pvb_p2m *p2m = NULL;
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};
	struct core_file core;
	int rc = core_file_open(path, &core, &error);

	must_after(rc == 0 && core.pages == pages, &error);
	check_pages(&core, pick);
	core_file_close(&core);
	rc = pvb_audit_core(path, NULL, &audit, &error);
	must_after(rc == 0, &error);
	must_be_a_report(pvb_audit_report(audit));
	pvb_audit_free(audit);
	rc = pvb_p2m_core(path, NULL, &p2m, &error);
	must_be_sound(rc, &error);
	if (p2m)
		must_be_a_p2m(pvb_p2m_info(p2m));
	pvb_p2m_free(p2m);
}

/* Whatever is spoilt, a core has what the hypervisor confirms, and says what it lacks. */
static void check_dump(uint64_t pick)
{
	const char *path = scratch_path("core");
	struct pvb_dump_result result = PVB_DUMP_RESULT_INIT;
	struct pvb_dump_options options = PVB_DUMP_OPTIONS_INIT;
	struct pvb_error error = {0};

	options.result = &result;

	int rc = pvb_dump_core(world->guest.host, world->guest.domid, path, &options, &error);

	must_be_sound(rc, &error);
	must_have_ended();
	must_after(rc == (result.pages ? 0 : -PVB_E_HOST_STATE), &error);
	must(result.by_p2m + result.by_m2p == result.pages);
	must(result.pages + result.missing == result.domain_pages);
	must(result.domain_pages == SMALL_GUEST_PAGES);
	if (rc == 0)
		check_core(path, result.pages, pick);
	(void)unlink(path);
	scratch_must_be_empty();
}

/* ---- auditing it --------------------------------------------------------------------------- */

static struct pvb_audit *audit_domain(const struct pvb_audit_options *options, int *rc)
{
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};

	*rc = pvb_audit_domain(world->guest.host, world->guest.domid, options, &audit, &error);
	must_be_sound(*rc, &error);
	must((*rc == 0) == (audit != NULL));
	must_have_ended();
	if (audit)
		must_be_a_report(pvb_audit_report(audit));
	return audit;
}

static void check_audit(bool given, bool twice)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	int rc, again;

	if (given) {
		options.image = world->guest.image;
		options.memory = SMALL_GUEST_PAGES * PAGE;
		options.command_line = "";
	}

	struct pvb_audit *audit = audit_domain(&options, &rc);

	if (twice) {
		struct pvb_audit *other = audit_domain(&options, &again);

		must(rc == again);
		if (audit)
			must_agree(pvb_audit_report(audit), pvb_audit_report(other));
		pvb_audit_free(other);
	} else if (audit && given && !world->change_count) {
		must_pass(pvb_audit_report(audit));
	}
	pvb_audit_free(audit);
}

/* Which readers are tried: all of them take as long as many inputs. */
enum { READ_P2M = 1, READ_DUMP = 2, READ_AUDIT = 4, READ_ALL = 7, GIVEN = 8, TWICE = 16 };

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	world = &worlds[take(&input, 1) % SMALL_GUESTS];

	const unsigned choices = (unsigned)take(&input, 1);
	const struct pvb_p2m_options options = take_options(&input);
	const uint64_t pick = take(&input, 1);
	bool registers = false;

	while (input.left >= SPOIL_BYTES) {
		const struct spoil what = take_spoil(&input);

		registers |= what.where == SPOIL_REGISTERS;
		spoil(&what);
	}
	if (choices & READ_P2M)
		check_p2m(&options, pick);
	if (choices & READ_DUMP)
		check_dump(pick);
	if (choices & READ_AUDIT)
		check_audit(choices & GIVEN && !registers, choices & TWICE);
	mend();
}

/* ---- what it begins with ------------------------------------------------------------------- */

static struct blob begin(enum small_guest_kind kind, unsigned flags, enum pvb_p2m_anchor anchor)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, kind, 1);
	blob_append_number(&input, READ_ALL | flags, 1);
	blob_append_number(&input, anchor, 1);
	blob_append_number(&input, 77, 1);
	return input;
}

static struct blob nothing_spoilt_64(void)
{
	return begin(SMALL_64_TREE, GIVEN | TWICE, PVB_P2M_ANCHOR_BY_PREFERENCE);
}

static struct blob nothing_spoilt_with_a_hole(void)
{
	return begin(SMALL_64_HOLE, GIVEN, PVB_P2M_ANCHOR_BY_PREFERENCE);
}

static struct blob nothing_spoilt_32(void)
{
	return begin(SMALL_32_TREE, GIVEN, PVB_P2M_ANCHOR_ROOT);
}

/* As a kernel publishes a list: max_pfn, p2m_cr3 and p2m_vaddr. */
static struct blob list_published(void)
{
	struct blob input = begin(SMALL_64_TREE, 0, PVB_P2M_ANCHOR_CR3);

	add_spoil(&input, SPOIL_ANCHORS, 0, 0, SMALL_GUEST_PAGES);
	add_spoil(&input, SPOIL_ANCHORS, 7, 3, 0);
	add_spoil(&input, SPOIL_ANCHORS, 0, 4, UINT64_C(0x8000000000));
	return input;
}

static struct blob frame_list_published(void)
{
	struct blob input = begin(SMALL_64_TREE, 0, PVB_P2M_ANCHOR_FRAME_LIST);

	add_spoil(&input, SPOIL_ANCHORS, 0, 0, 5000);
	return input;
}

static struct blob entries_of_the_neighbour(void)
{
	struct blob input = begin(SMALL_64_TREE, TWICE, PVB_P2M_ANCHOR_BY_PREFERENCE);

	add_spoil(&input, SPOIL_LIST, 0x39, 100, 100);
	add_spoil(&input, SPOIL_TABLES, 9, 100, 100);
	return input;
}

static struct blob entries_all_over(void)
{
	struct blob input = begin(SMALL_32_TREE, TWICE, PVB_P2M_ANCHOR_ROOT);

	add_spoil(&input, SPOIL_LIST, 0xff, 0, 3);
	add_spoil(&input, SPOIL_LIST, 0x3a, 1000, 5);
	add_spoil(&input, SPOIL_LIST, 0x3b, 1200, 6);
	return input;
}

static struct blob tree_of_cycles(void)
{
	struct blob input = begin(SMALL_64_TREE, TWICE, PVB_P2M_ANCHOR_ROOT);

	add_spoil(&input, SPOIL_TREE, 0x34, 0, 2000);
	add_spoil(&input, SPOIL_ANCHORS, 0, 0, 1 << 27);
	return input;
}

static struct blob tables_of_tables(void)
{
	struct blob input = begin(SMALL_64_TREE, TWICE, PVB_P2M_ANCHOR_CR3);

	add_spoil(&input, SPOIL_TABLES, 0xf7, 0, 0);
	add_spoil(&input, SPOIL_REGISTERS, 5, 3, 7);
	return input;
}

static struct blob start_info_of_noise(void)
{
	struct blob input = begin(SMALL_64_HOLE, TWICE, PVB_P2M_ANCHOR_START_INFO);

	add_spoil(&input, SPOIL_START_INFO, 0x20, 8, UINT32_MAX);
	add_spoil(&input, SPOIL_M2P, 0x23, 5, 9);
	add_spoil(&input, SPOIL_SHARED_INFO, 1, 0, 0);
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(nothing_spoilt_64),
	FUZZ_SEED(nothing_spoilt_with_a_hole),
	FUZZ_SEED(nothing_spoilt_32),
	FUZZ_SEED(list_published),
	FUZZ_SEED(frame_list_published),
	FUZZ_SEED(entries_of_the_neighbour),
	FUZZ_SEED(entries_all_over),
	FUZZ_SEED(tree_of_cycles),
	FUZZ_SEED(tables_of_tables),
	FUZZ_SEED(start_info_of_noise),
	{.name = NULL},
};

const struct fuzz_target fuzz_live = {
	.name = "live",
	.max_size = 256,
	.begin = make_worlds,
	.run = run,
	.end = free_worlds,
	.seeds = seeds,
};
