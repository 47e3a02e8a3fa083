/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m of a domain, on a host and in a core of it: built, published, or neither. */
#include "support/test.h"

#include <fcntl.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "host/sim/sim.h"
#include "p2m/p2m.h"
#include "torture/scenario.h"

/* A domain on a host, and a folder of its own for cores. */
struct fixture {
	struct pvb_host *host;
	struct scenario_files files;
	const struct scenario *scenario;
	uint32_t domid;
	unsigned bits;
	struct pvb_p2m *built; /* as it was at first */
	char folder[32];
	char core[64];
};

static struct pvb_error error;

static void open_fixture(struct fixture *fixture, const struct scenario *scenario, const char *host)
{
	struct scenario_result result = {0};
	struct pvb_host_domain domain;

	*fixture = (struct fixture){.scenario = scenario, .folder = "/tmp/pvbuild-p2m-XXXXXX"};
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->core, sizeof fixture->core, "%s/core", fixture->folder);
	scenario_prepare(scenario, &fixture->files);
	assert_ok(pvb_host_open(host, &fixture->host, &error), &error);
	scenario_run(scenario, &fixture->files, fixture->host, false, &result);
	assert_int_equal(result.rc, 0);
	fixture->domid = result.domid;
	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	fixture->bits = domain.guest_bits;
	if (!domain.translated)
		assert_ok(pvb_p2m_domain(fixture->host, fixture->domid, NULL, &fixture->built,
					 &error),
			  &error);
}

static void close_fixture(struct fixture *fixture)
{
	uint64_t mapped, peak;

	pvb_host_mapped(fixture->host, &mapped, &peak);
	assert_int_equal(mapped, 0);
	pvb_p2m_free(fixture->built);
	pvb_host_close(fixture->host);
	scenario_forget(&fixture->files);
	(void)unlink(fixture->core);
	assert_int_equal(rmdir(fixture->folder), 0);
}

static int set_up(void **state)
{
	static struct fixture fixture;

	open_fixture(&fixture, &scenarios[0], "sim:memory=1G");
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	close_fixture(*state);
	return 0;
}

static struct pvb_p2m *read_domain(struct fixture *fixture, const struct pvb_p2m_options *options)
{
	struct pvb_p2m *p2m;

	assert_ok(pvb_p2m_domain(fixture->host, fixture->domid, options, &p2m, &error), &error);
	return p2m;
}

static void refused(struct fixture *fixture, const struct pvb_p2m_options *options,
		    enum pvb_code code)
{
	struct pvb_p2m *p2m = (struct pvb_p2m *)1;

	assert_fails_with(pvb_p2m_domain(fixture->host, fixture->domid, options, &p2m, &error),
			  code, &error);
	assert_null(p2m);
}

static void dump(struct fixture *fixture)
{
	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
		  &error);
}

static struct pvb_p2m *read_core(struct fixture *fixture, const struct pvb_p2m_options *options)
{
	struct pvb_p2m *p2m;

	assert_ok(pvb_p2m_core(fixture->core, options, &p2m, &error), &error);
	return p2m;
}

static void assert_same_extents(const struct pvb_p2m *p2m, const struct pvb_p2m *other)
{
	const struct pvb_p2m_info *a = pvb_p2m_info(p2m), *b = pvb_p2m_info(other);

	assert_int_equal(a->frames, b->frames);
	assert_int_equal(a->extent_count, b->extent_count);
	assert_memory_equal(a->extents, b->extents, a->extent_count * sizeof *a->extents);
}

/* ---- looking into the guest, and writing there as its kernel would ---- */

static struct pvb_host_vcpu registers_of(struct fixture *fixture)
{
	struct pvb_host_vcpu vcpu;

	assert_ok(pvb_host_get_vcpu(fixture->host, fixture->domid, 0, &vcpu, &error), &error);
	return vcpu;
}

/* The frame behind a PFN. */
static pvb_mfn_t frame_of(struct fixture *fixture, uint64_t pfn)
{
	return PVB_MFN(pvb_p2m_find(fixture->built, pfn));
}

/* The frame of the list's page that has a PFN's entry, by what the M2P has of frames' contents. */
static pvb_mfn_t list_page_of(struct fixture *fixture, uint64_t pfn)
{
	const struct pvb_p2m_info *info = pvb_p2m_info(fixture->built);
	uint64_t per_page = 4096 / (fixture->bits / 8), first = pfn / per_page * per_page;
	uint64_t wanted = pvb_p2m_find(fixture->built, first);

	/* It is the one page that begins with the MFNs that it must have. */
	for (uint64_t at = 0; at < info->geometry.pfns; at++) {
		uint64_t words[2] = {0};
		pvb_mfn_t frame = frame_of(fixture, at);

		assert_int_equal(
			pvb_sim_peek(fixture->host, frame, 0, words, 2 * fixture->bits / 8), 0);
		if (fixture->bits == 32) {
			words[1] = words[0] >> 32;
			words[0] = (uint32_t)words[0];
		}
		if (words[0] == wanted && words[1] == pvb_p2m_find(fixture->built, first + 1))
			return frame;
	}
	fail_msg("no page of the list has PFN 0x%llx", (unsigned long long)pfn);
	return PVB_MFN(PVB_NO_FRAME);
}

static void set_entry(struct fixture *fixture, uint64_t pfn, uint64_t entry)
{
	unsigned size = fixture->bits / 8;

	assert_int_equal(pvb_sim_poke(fixture->host, list_page_of(fixture, pfn),
				      size * (pfn % (4096 / size)), &entry, size),
			 0);
}

/* Xen public arch-x86/xen.h: struct arch_shared_info, in words of the guest's. */
enum { MAX_PFN, FRAME_LIST_LIST, NMI_REASON, P2M_CR3, P2M_VADDR, P2M_GENERATION };

static void publish(struct fixture *fixture, unsigned word, uint64_t value)
{
	struct pvb_host_domain domain;
	unsigned size = fixture->bits / 8;

	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	assert_int_equal(pvb_sim_poke(fixture->host, domain.shared_info,
				      (fixture->bits == 64 ? 3088 : 2316) + size * word, &value,
				      size),
			 0);
}

/* As a kernel does that keeps the list which it was given. */
static void publish_list(struct fixture *fixture)
{
	const struct pvb_p2m_info *info = pvb_p2m_info(fixture->built);

	publish(fixture, MAX_PFN, info->geometry.pfns);
	publish(fixture, FRAME_LIST_LIST, UINT64_MAX);
	publish(fixture, P2M_CR3, registers_of(fixture).cr[3]);
	publish(fixture, P2M_VADDR, info->vaddr);
}

/* vCPU 0 is on its way, far from start_info. */
static void run_away(struct fixture *fixture)
{
	struct pvb_host_vcpu vcpu = registers_of(fixture);

	vcpu.rsi = 0x1234;
	assert_int_equal(pvb_sim_set_registers(fixture->host, fixture->domid, 0, &vcpu), 0);
}

/* A word of a page of the guest's. */
static void write_word(struct fixture *fixture, uint64_t pfn, unsigned index, uint64_t value)
{
	assert_int_equal(pvb_sim_poke(fixture->host, frame_of(fixture, pfn), 8 * index, &value, 8),
			 0);
}

/* Three levels, of leaves from page 102 on, in which no entry continues the one before. */
static void publish_scattered(struct fixture *fixture, uint64_t entries)
{
	for (uint64_t i = 0; i < 512; i++) {
		write_word(fixture, 100, (unsigned)i, i ? UINT64_MAX : frame_of(fixture, 101).n);
		write_word(fixture, 101, (unsigned)i,
			   i * 512 < entries ? frame_of(fixture, 102 + i).n : UINT64_MAX);
	}
	for (uint64_t i = 0; i < entries; i++)
		write_word(fixture, 102 + i / 512, (unsigned)(i % 512), 2 * i + 1);
	publish(fixture, MAX_PFN, entries);
	publish(fixture, FRAME_LIST_LIST, frame_of(fixture, 100).n);
}

/* ---- as built ---- */

static void a_domain_that_has_not_run_is_read_as_built(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_count; i++) {
		struct pvb_p2m_options strict = PVB_P2M_OPTIONS_INIT;
		struct fixture fixture;

		open_fixture(&fixture, &scenarios[i], "sim:memory=1G,scramble");
		strict.strict = true;

		struct pvb_p2m *live = read_domain(&fixture, &strict);
		const struct pvb_p2m_info *info = pvb_p2m_info(live);

		/* A tree is published from the start, and the list is there all the same. */
		assert_int_equal(info->anchor, scenarios[i].tree ? PVB_P2M_ANCHOR_ROOT
								 : PVB_P2M_ANCHOR_START_INFO);
		assert_int_equal(info->levels, scenarios[i].tree);
		assert_int_equal(info->frames * 4096, scenarios[i].memory);
		/* Where memory has holes the list goes up to the last page, and no further. */
		if (scenarios[i].range_count)
			assert_true(info->holes > 0);
		else
			assert_int_equal(info->holes, 0);
		assert_int_equal(pvb_p2m_find(live, info->geometry.pfns - 1) == PVB_P2M_NONE, 0);
		assert_int_equal(info->geometry.entry_size, fixture.bits / 8);
		assert_int_equal(info->total_disagreements, 0);
		assert_true(info->m2p_known);

		dump(&fixture);
		struct pvb_p2m *core = read_core(&fixture, &strict);

		assert_same_extents(core, live);
		assert_int_equal(pvb_p2m_info(core)->anchor, info->anchor);
		assert_int_equal(pvb_p2m_info(core)->total_disagreements, 0);
		pvb_p2m_free(core);

		strict.anchor = PVB_P2M_ANCHOR_START_INFO;
		core = read_core(&fixture, &strict);
		assert_same_extents(core, live);
		assert_int_equal(pvb_p2m_info(core)->levels, 0);
		pvb_p2m_free(core);
		pvb_p2m_free(live);
		close_fixture(&fixture);
	}
}

static uint64_t calls_of(struct fixture *fixture, const char *wanted)
{
	uint64_t count;
	const char *name;

	for (size_t i = 0; (name = pvb_host_call_count(fixture->host, i, &count)); i++)
		if (strcmp(name, wanted) == 0)
			return count;
	fail_msg("no call %s", wanted);
	return 0;
}

static void a_read_takes_few_calls(void **state)
{
	struct fixture *fixture = *state;

	publish_list(fixture);

	uint64_t maps = calls_of(fixture, "map_frames"), m2p = calls_of(fixture, "get_m2p_run");
	uint64_t owners = calls_of(fixture, "get_owned_run");
	struct pvb_p2m *p2m = read_domain(fixture, NULL);

	maps = calls_of(fixture, "map_frames") - maps;
	m2p = calls_of(fixture, "get_m2p_run") - m2p;
	print_message("%llu maps and %llu questions about the M2P for %llu PFNs\n",
		      (unsigned long long)maps, (unsigned long long)m2p,
		      (unsigned long long)pvb_p2m_info(p2m)->geometry.pfns);
	/* Shared info, four tables, and one window of 16 pages. */
	assert_int_equal(maps, 6);
	assert_int_equal(m2p, pvb_p2m_info(p2m)->extent_count);
	assert_int_equal(calls_of(fixture, "get_owned_run") - owners, 1);
	pvb_p2m_free(p2m);
}

static void a_list_with_holes_ends_with_its_last_page(void **state)
{
	struct fixture *fixture = *state;
	const struct pvb_p2m_info *info = pvb_p2m_info(fixture->built);
	uint64_t last = info->geometry.pfns - 1;

	/* start_info counts pages that have memory: one is gone, and so is that page. */
	set_entry(fixture, last - 300, UINT64_MAX);

	uint64_t pages = info->frames - 1;
	pvb_mfn_t start_info = PVB_MFN(PVB_NO_FRAME);
	char magic[4];

	for (uint64_t pfn = 0; pfn <= last && start_info.n == PVB_NO_FRAME; pfn++) {
		assert_int_equal(pvb_sim_peek(fixture->host, frame_of(fixture, pfn), 0, magic, 4),
				 0);
		if (memcmp(magic, "xen-", 4) == 0)
			start_info = frame_of(fixture, pfn);
	}
	assert_int_equal(pvb_sim_poke(fixture->host, start_info, 32, &pages, 8), 0);

	struct pvb_p2m *p2m = read_domain(fixture, NULL);

	assert_int_equal(pvb_p2m_info(p2m)->holes, 1);
	assert_int_equal(pvb_p2m_info(p2m)->frames, pages);
	assert_int_equal(pvb_p2m_info(p2m)->geometry.pfns, last + 1);
	assert_int_equal(pvb_p2m_find(p2m, last - 300), PVB_P2M_NONE);
	assert_int_equal(pvb_p2m_find(p2m, last), frame_of(fixture, last).n);
	pvb_p2m_free(p2m);

	/* So many as the domain cannot have. */
	pages = UINT64_C(1) << 50;
	assert_int_equal(pvb_sim_poke(fixture->host, start_info, 32, &pages, 8), 0);
	refused(fixture, NULL, PVB_E_P2M_SHAPE);
	assert_non_null(strstr(error.message, "start_info speaks of 1125899906842624 pages"));
}

/*
 * How many pieces its memory is in, a guest chooses: it costs the reader no more than the pages
 * that it can have are worth, whatever its p2m claims.
 */
static void a_p2m_of_more_pieces_than_the_domain_has_pages_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct pvb_host_domain domain;

	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	uint64_t most = (domain.pages > domain.max_pages ? domain.pages : domain.max_pages) + 1024;

	publish_scattered(fixture, most);
	struct pvb_p2m *p2m = read_domain(fixture, NULL);

	assert_int_equal(pvb_p2m_info(p2m)->extent_count, most);
	pvb_p2m_free(p2m);
	publish_scattered(fixture, most + 1);
	refused(fixture, NULL, PVB_E_P2M_SCATTERED);
	/* A core does without it: the memory is the hypervisor's to tell. */
	assert_ok(pvb_dump_core(fixture->host, fixture->domid, fixture->core, NULL, &error),
		  &error);

	/* Whoever trusts it can say so. */
	options.max_extents = most + 1;
	p2m = read_domain(fixture, &options);
	assert_int_equal(pvb_p2m_info(p2m)->extent_count, most + 1);
	pvb_p2m_free(p2m);
}

static void a_domain_that_says_nothing_is_asked_for_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;

	run_away(fixture);
	refused(fixture, NULL, PVB_E_P2M_NONE);
	assert_non_null(strstr(error.message, "pfn_to_mfn_frame_list_list is 0"));
	assert_non_null(strstr(error.context, "nor does vCPU 0 of domain"));
	assert_non_null(strstr(error.context, "rsi is 0x1234"));
	publish(fixture, FRAME_LIST_LIST, UINT64_MAX);
	refused(fixture, NULL, PVB_E_P2M_ANCHOR);
	options.anchor = PVB_P2M_ANCHOR_START_INFO;
	refused(fixture, &options, PVB_E_P2M_NONE);
	assert_non_null(strstr(error.message, "does not point at a start_info"));
	options.anchor = PVB_P2M_ANCHOR_ROOT;
	refused(fixture, &options, PVB_E_P2M_NONE);
	assert_non_null(strstr(error.message, "p2m_levels is 0"));
}

/* ---- published ---- */

static void a_published_list_is_read_live_and_from_a_core(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct fixture fixture;

		open_fixture(&fixture, &scenarios[i], "sim:memory=1G");
		publish_list(&fixture);
		run_away(&fixture);

		struct pvb_p2m *live = read_domain(&fixture, NULL), *core;

		assert_same_extents(live, fixture.built);
		assert_int_equal(pvb_p2m_info(live)->anchor, PVB_P2M_ANCHOR_CR3);
		pvb_p2m_free(live);

		/* A page was given back without a word, two are no memory of the guest's. */
		uint64_t top = UINT64_C(1) << (fixture.bits - 1);

		set_entry(&fixture, 1000, 77 | top);
		set_entry(&fixture, 1001, 78 | top >> 1);
		assert_int_equal(pvb_sim_set_m2p(fixture.host, frame_of(&fixture, 1500),
						 PVB_PFN(PVB_NO_FRAME)),
				 0);
		dump(&fixture);
		live = read_domain(&fixture, NULL);
		core = read_core(&fixture, NULL);
		assert_same_extents(core, live);
		for (unsigned j = 0; j < 2; j++) {
			const struct pvb_p2m_info *info = pvb_p2m_info(j ? core : live);

			assert_int_equal(info->foreign, 1);
			assert_int_equal(info->identity, 1);
			assert_int_equal(info->total_disagreements, 1);
			assert_int_equal(info->disagreements[0].pfn, 1500);
			assert_int_equal(info->disagreements[0].m2p_pfn, PVB_P2M_NONE);
			assert_int_equal(info->anchor, PVB_P2M_ANCHOR_CR3);
		}
		pvb_p2m_free(live);
		pvb_p2m_free(core);
		close_fixture(&fixture);
	}
}

static void a_published_tree_is_read_live_and_from_a_core(void **state)
{
	struct fixture *fixture = *state;
	const struct pvb_p2m_info *built = pvb_p2m_info(fixture->built);
	uint64_t count = built->geometry.pfns, none = UINT64_MAX;
	pvb_mfn_t nodes[3];
	struct pvb_host_domain domain;

	/* Free pages of the guest's become a tree of four levels, above the pages of its list. */
	for (unsigned level = 0; level < 3; level++) {
		nodes[level] = frame_of(fixture, count - 1 - level);
		for (uint64_t i = 0; i < 512; i++) {
			uint64_t entry = none;

			if (level == 0 && i * 512 < count)
				entry = list_page_of(fixture, i * 512).n;
			else if (level && i == 0)
				entry = nodes[level - 1].n;
			assert_int_equal(
				pvb_sim_poke(fixture->host, nodes[level], 8 * i, &entry, 8), 0);
		}
	}

	const struct pvb_guest_abi abi = {
		.magic = PVB_GUEST_ABI_MAGIC,
		.version = PVB_GUEST_ABI_VERSION,
		.size = sizeof abi,
		.valid = PVB_GUEST_ABI_HAS_P2M_TREE,
		.p2m_levels = 4,
		.p2m_root = nodes[2].n,
	};

	assert_ok(pvb_host_get_domain(fixture->host, fixture->domid, &domain, &error), &error);
	assert_int_equal(pvb_sim_poke(fixture->host, domain.shared_info, PVB_GUEST_ABI_OFFSET, &abi,
				      sizeof abi),
			 0);
	publish(fixture, MAX_PFN, count);
	publish(fixture, FRAME_LIST_LIST, UINT64_MAX);
	run_away(fixture);

	struct pvb_p2m *live = read_domain(fixture, NULL), *core;

	assert_same_extents(live, fixture->built);
	assert_int_equal(pvb_p2m_info(live)->anchor, PVB_P2M_ANCHOR_ROOT);
	assert_int_equal(pvb_p2m_info(live)->levels, 4);
	dump(fixture);
	core = read_core(fixture, NULL);
	assert_same_extents(core, live);
	assert_int_equal(pvb_p2m_info(core)->levels, 4);
	pvb_p2m_free(live);
	pvb_p2m_free(core);

	/* What is no page of the guest's is told with its place, by the host or of the core. */
	uint64_t wild = 5;

	assert_int_equal(pvb_sim_poke(fixture->host, nodes[0], 8 * 3, &wild, 8), 0);
	refused(fixture, NULL, PVB_E_HOST_MAP);
	assert_non_null(strstr(error.context, "following p2m_root, level 2, index 3 of MFN"));
	assert_int_equal(pvb_sim_poke(fixture->host, nodes[0], 8 * 3, &none, 8), 0);
	dump(fixture);
	assert_int_equal(pvb_sim_poke(fixture->host, nodes[1], 8, &wild, 8), 0);
	publish(fixture, MAX_PFN, count);
	core = read_core(fixture, NULL);
	assert_int_equal(pvb_p2m_info(core)->missing_pages, 1);
	pvb_p2m_free(core);
}

static void a_page_that_a_core_does_not_have_is_told_with_its_place(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_p2m *p2m;
	uint64_t page = list_page_of(fixture, 512).n;

	/* The M2P says that the second page of the list is not there: so the dump has left it out.
	 */
	publish_list(fixture);
	run_away(fixture);
	assert_int_equal(pvb_sim_set_m2p(fixture->host, PVB_MFN(page), PVB_PFN(PVB_NO_FRAME)), 0);
	dump(fixture);
	assert_fails_with(pvb_p2m_core(fixture->core, NULL, &p2m, &error), PVB_E_P2M_RANGE, &error);
	assert_non_null(strstr(error.message, "is no page of the core"));
	assert_non_null(strstr(error.context, "following p2m_cr3, page table of level 1, index"));
	assert_null(p2m);
}

static void an_odd_generation_is_stuck_live_and_dumped_all_the_same(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_p2m *p2m;

	publish_list(fixture);
	run_away(fixture);
	publish(fixture, P2M_GENERATION, 41);
	refused(fixture, NULL, PVB_E_P2M_STUCK);
	/* It has crashed there, maybe: its core is wanted, with all that the M2P confirms. */
	dump(fixture);
	assert_fails_with(pvb_p2m_core(fixture->core, NULL, &p2m, &error), PVB_E_P2M_STUCK, &error);
	publish(fixture, P2M_GENERATION, 42);
	p2m = read_domain(fixture, NULL);
	assert_same_extents(p2m, fixture->built);
	pvb_p2m_free(p2m);
}

/* ---- what is no domain with a p2m ---- */

static void what_has_no_p2m_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct pvb_p2m *p2m;

	fixture->domid += 7;
	refused(fixture, NULL, PVB_E_HOST_NO_DOMAIN);
	assert_fails_with(pvb_p2m_core("/nowhere/at/all", NULL, &p2m, &error), PVB_E_ARG_FILE,
			  &error);
	assert_fails_with(pvb_p2m_core("/etc/passwd", NULL, &p2m, &error), PVB_E_CORE_FORMAT,
			  &error);
	assert_string_equal(error.stage, "core");
	if (!arm64_scenario_count)
		return;

	struct fixture translated;
	char host[64];

	(void)snprintf(host, sizeof host, "sim:%smemory=1G", arm64_scenarios[0].host);
	open_fixture(&translated, &arm64_scenarios[0], host);
	refused(&translated, NULL, PVB_E_HOST_GUEST_TYPE);
	close_fixture(&translated);
}

static void every_call_that_fails_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned published = 0; published < 2; published++) {
		unsigned tried = 0;
		int rc;

		do {
			struct pvb_p2m *p2m;

			pvb_sim_fail_after(fixture->host, ++tried);
			rc = pvb_p2m_domain(fixture->host, fixture->domid, NULL, &p2m, &error);
			pvb_sim_fail_after(fixture->host, 0);
			if (rc) {
				assert_int_equal(rc, -PVB_E_HOST_INJECTED);
				assert_null(p2m);
			}
			pvb_p2m_free(p2m);
		} while (rc && tried < 1000);
		assert_int_equal(rc, 0);
		assert_true(tried > 8);
		publish_list(fixture);
		run_away(fixture);
	}
}

/* ---- one PFN ---- */

static void assert_way(const struct fixture *fixture, const struct pvb_p2m_path *path)
{
	assert_int_equal(path->anchor, pvb_p2m_info(fixture->built)->anchor);
	assert_int_equal(path->entry, pvb_p2m_find(fixture->built, path->pfn));
	assert_int_equal(path->kind,
			 path->entry == PVB_P2M_NONE ? PVB_P2M_ENTRY_INVALID : PVB_P2M_ENTRY_FRAME);
	assert_int_equal(path->m2p_known, path->entry != PVB_P2M_NONE);
	if (path->m2p_known)
		assert_int_equal(path->m2p_pfn, path->pfn);
	assert_int_equal(path->steps[0].mfn, path->root);
	assert_int_equal(path->steps[path->step_count - 1].kind, PVB_P2M_STEP_LEAF);
	assert_int_equal(path->steps[path->step_count - 1].entry, path->entry);
}

static void look_up(struct fixture *fixture, uint64_t pfn)
{
	struct pvb_p2m_path live, dumped;

	assert_ok(pvb_p2m_domain_trace(fixture->host, fixture->domid, NULL, pfn, &live, &error),
		  &error);
	assert_ok(pvb_p2m_core_trace(fixture->core, NULL, pfn, &dumped, &error), &error);
	assert_way(fixture, &live);
	assert_way(fixture, &dumped);
	assert_int_equal(live.step_count, dumped.step_count);
	for (size_t i = 0; i < live.step_count; i++)
		assert_int_equal(live.steps[i].mfn, dumped.steps[i].mfn);
}

static void one_pfn_is_looked_up_live_and_in_a_core(void **state)
{
	(void)state;

	for (size_t i = 0; i < scenario_count; i++) {
		struct pvb_p2m_path path;
		struct fixture fixture;

		open_fixture(&fixture, &scenarios[i], "sim:memory=1G");
		dump(&fixture);
		look_up(&fixture, 0);
		look_up(&fixture, 0x123);
		look_up(&fixture, pvb_p2m_info(fixture.built)->geometry.pfns - 1);
		if (pvb_p2m_info(fixture.built)->holes)
			look_up(&fixture, scenarios[i].ranges[1].gpa / 4096 - 1);
		assert_fails_with(pvb_p2m_domain_trace(fixture.host, fixture.domid, NULL,
						       UINT64_C(1) << 40, &path, &error),
				  PVB_E_ARG_INVALID, &error);
		assert_fails_with(pvb_p2m_core_trace("/nonexistent/core", NULL, 0, &path, &error),
				  PVB_E_ARG_FILE, &error);
		close_fixture(&fixture);
	}
	if (!arm64_scenario_count)
		return;

	struct pvb_p2m_path path;
	struct fixture translated;
	char host[64];

	(void)snprintf(host, sizeof host, "sim:%smemory=1G", arm64_scenarios[0].host);
	open_fixture(&translated, &arm64_scenarios[0], host);
	assert_fails_with(
		pvb_p2m_domain_trace(translated.host, translated.domid, NULL, 0, &path, &error),
		PVB_E_HOST_GUEST_TYPE, &error);
	close_fixture(&translated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_that_has_not_run_is_read_as_built),
		cmocka_unit_test_setup_teardown(a_read_takes_few_calls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_p2m_of_more_pieces_than_the_domain_has_pages_is_refused, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_list_with_holes_ends_with_its_last_page, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_domain_that_says_nothing_is_asked_for_nothing_else, set_up, tear_down),
		cmocka_unit_test(a_published_list_is_read_live_and_from_a_core),
		cmocka_unit_test_setup_teardown(a_published_tree_is_read_live_and_from_a_core,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_page_that_a_core_does_not_have_is_told_with_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_odd_generation_is_stuck_live_and_dumped_all_the_same, set_up, tear_down),
		cmocka_unit_test(one_pfn_is_looked_up_live_and_in_a_core),
		cmocka_unit_test_setup_teardown(what_has_no_p2m_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_call_that_fails_leaves_nothing, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
