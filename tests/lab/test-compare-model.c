/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The comparing of two domains: it finds nothing between two that are alike, and each way in
 * which one of them is made different, in its place.
 */
#include "support/test.h"

#include <pvbuild/guest-abi.h>

#include "host/sim/sim.h"
#include "lab/dump.h"
#include "lab/facts.h"
#include "lab/refusals.h"
#include "lab/relay.h"
#include "lab/trace.h"
#include "lab/xl-differences.h"
#include "torture/scenario.h"

#define GRANT_READ_ONLY 4

/* A domain on a host of its own, and the calls that made it. */
struct side {
	struct pvb_host *host;
	struct relay relay;
	struct trace trace;
	struct facts facts;
	uint32_t domid;
	struct pvb_host_vcpu vcpu;
	struct pvb_host_domain domain;
};

struct fixture {
	struct scenario_files files;
	struct side a, b;
};

static void build(struct side *side, const char *host, const struct scenario *scenario,
		  const struct scenario_files *files, struct relay_watcher watcher)
{
	struct scenario_result result = {0};
	struct pvb_error error;

	assert_ok(pvb_host_open(host, &side->host, &error), &error);
	relay_open(&side->relay, side->host, watcher);
	scenario_run(scenario, files, &side->relay.host, false, &result);
	assert_int_equal(result.rc, 0);
	side->domid = result.domid;
	assert_ok(pvb_host_get_vcpu(side->host, side->domid, 0, &side->vcpu, &error), &error);
	assert_ok(pvb_host_get_domain(side->host, side->domid, &side->domain, &error), &error);
}

static void traced(struct side *side, const char *host, const struct scenario *scenario,
		   const struct scenario_files *files)
{
	side->trace.facts = &side->facts;
	build(side, host, scenario, files, trace_watcher(&side->trace));
}

/* What the hosts have in common may be in other places, and come in other pieces. */
#define HOST_A "sim:memory=256M,xen=4.17"
#define HOST_B "sim:memory=1G,xen=4.17,scramble"

static void set_up(struct fixture *fixture, const struct scenario *scenario)
{
	memset(fixture, 0, sizeof *fixture);
	scenario_prepare(scenario, &fixture->files);
	traced(&fixture->a, HOST_A, scenario, &fixture->files);
	traced(&fixture->b, HOST_B, scenario, &fixture->files);
}

static void close_side(struct side *side)
{
	facts_free(&side->facts);
	relay_close(&side->relay);
	pvb_host_close(side->host);
}

static void tear_down(struct fixture *fixture)
{
	close_side(&fixture->a);
	close_side(&fixture->b);
	scenario_forget(&fixture->files);
}

/* The places that differ, a line each. */
struct places {
	char text[4000];
};

static void note(void *opaque, const char *place, const char *a, const char *b)
{
	struct places *places = opaque;
	size_t used = strlen(places->text);

	snprintf(places->text + used, sizeof places->text - used, "%s: %s | %s\n", place,
		 a ? a : "-", b ? b : "-");
}

static size_t compare_sides(struct fixture *fixture, struct places *places)
{
	char why[300];

	memset(places, 0, sizeof *places);
	if (dump_domain(fixture->a.host, fixture->a.domid, PVB_NONE, &fixture->a.facts, why,
			sizeof why) ||
	    dump_domain(fixture->b.host, fixture->b.domid, PVB_NONE, &fixture->b.facts, why,
			sizeof why))
		fail_msg("%s", why);
	return facts_compare(&fixture->a.facts, &fixture->b.facts, note, places);
}

static void two_builds_of_one_plan_are_alike_apart_from_machine_frames(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_count; i++) {
		struct fixture fixture;
		struct places places;

		set_up(&fixture, &scenarios[i]);
		size_t count = compare_sides(&fixture, &places);

		if (count)
			print_error("%s:\n%s", scenarios[i].name, places.text);
		assert_int_equal(count, 0);
		assert_true(fixture.a.facts.n > 500);
		assert_non_null(facts_find(&fixture.a.facts, "call 30"));
		assert_string_equal(facts_find(&fixture.a.facts, "shared_info.wall_clock"), "set");
		tear_down(&fixture);
	}
}

/* The first of the torture's, with a tree: as deep as there are, and one that xl would find. */
static struct scenario with_tree(uint32_t levels)
{
	struct scenario scenario = scenarios[0];

	scenario.tree = levels;
	return scenario;
}

static void two_builds_with_a_p2m_tree_are_alike_and_its_frames_are_told_as_pages(void **state)
{
	const uint32_t levels[] = {3, 5};

	(void)state;
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		const struct scenario scenario = with_tree(levels[i]);
		struct fixture fixture;
		struct places places;
		char top[60];

		set_up(&fixture, &scenario);
		size_t count = compare_sides(&fixture, &places);

		if (count)
			print_error("%u levels:\n%s", levels[i], places.text);
		assert_int_equal(count, 0);
		snprintf(top, sizeof top, "p2m tree, page 0 of level %u", levels[i] - 1);
		const struct facts *facts = &fixture.a.facts;
		const char *root = facts_find(facts, "shared_info.p2m_root");
		const char *list = facts_find(facts, "shared_info.pfn_to_mfn_frame_list_list");

		assert_non_null(root);
		assert_true(strncmp(root, "PFN ", 4) == 0);
		assert_non_null(facts_find(facts, top));
		assert_non_null(facts_find(facts, "p2m tree, page 0 of level 1"));
		if (levels[i] == 3)
			assert_string_equal(list, root);
		else
			assert_null(list);
		tear_down(&fixture);
	}
}

static void an_entry_of_a_p2m_tree_that_leads_elsewhere_is_found(void **state)
{
	const struct scenario scenario = with_tree(4);
	struct fixture fixture;
	struct places places;
	struct pvb_guest_abi abi;

	(void)state;
	set_up(&fixture, &scenario);
	struct side *b = &fixture.b;

	assert_int_equal(pvb_sim_peek(b->host, b->domain.shared_info, PVB_GUEST_ABI_OFFSET, &abi,
				      sizeof abi),
			 0);
	uint64_t elsewhere = relay_mfn(&b->relay, 7);

	assert_int_equal(pvb_sim_poke(b->host, PVB_MFN(abi.p2m_root), 0, &elsewhere, 8), 0);
	assert_true(compare_sides(&fixture, &places) > 0);
	assert_non_null(strstr(places.text, "p2m tree, page 0 of level 3: "));
	assert_non_null(strstr(places.text, "| PFN 0x7\n"));
	tear_down(&fixture);
}

/* ---- one domain is made different -------------------------------------------------- */

static pvb_mfn_t frame_of(const struct side *side, uint64_t pfn)
{
	uint64_t mfn = relay_mfn(&side->relay, pfn);

	assert_true(mfn != PVB_NO_FRAME);
	return PVB_MFN(mfn);
}

static uint64_t root_pfn(const struct side *side)
{
	return relay_pfn(&side->relay, side->vcpu.cr[3] >> 12);
}

/* Turn bits of a word round. */
static void flip(struct side *side, pvb_mfn_t frame, size_t offset, uint64_t bits)
{
	uint64_t word;

	assert_int_equal(pvb_sim_peek(side->host, frame, offset, &word, sizeof word), 0);
	word ^= bits;
	assert_int_equal(pvb_sim_poke(side->host, frame, offset, &word, sizeof word), 0);
}

static void in_a_register(struct side *side)
{
	side->vcpu.rsp += 8;
	assert_int_equal(pvb_sim_set_registers(side->host, side->domid, 0, &side->vcpu), 0);
}

static void in_an_upper_entry(struct side *side)
{
	flip(side, PVB_MFN(side->vcpu.cr[3] >> 12), 511 * 8, 0x2);
}

static void in_a_hypervisor_slot(struct side *side)
{
	flip(side, PVB_MFN(side->vcpu.cr[3] >> 12), 256 * 8, 0x2);
}

/* Where the linear list begins: its first entry, as the guest reads it. */
static void in_the_p2m_list(struct side *side)
{
	uint64_t pfn = 1, first = frame_of(side, 0).n, word;

	for (;; pfn++)
		if (pvb_sim_peek(side->host, frame_of(side, pfn), 0, &word, 8) == 0 &&
		    word == first)
			break;
	word = frame_of(side, 1).n;
	assert_int_equal(pvb_sim_poke(side->host, frame_of(side, pfn), 0, &word, 8), 0);
}

static void in_the_m2p(struct side *side)
{
	assert_int_equal(pvb_sim_set_m2p(side->host, frame_of(side, 5), PVB_PFN(6)), 0);
}

static void in_what_a_page_is_in_use_as(struct side *side)
{
	assert_int_equal(pvb_sim_set_use(side->host, frame_of(side, 5), PVB_SIM_L2, true), 0);
}

static void in_a_pin(struct side *side)
{
	assert_int_equal(
		pvb_sim_set_use(side->host, frame_of(side, root_pfn(side)), PVB_SIM_L4, false), 0);
}

static void in_shared_info(struct side *side)
{
	flip(side, side->domain.shared_info, 0x40, 0x100);
}

static void in_the_wall_clock(struct side *side)
{
	const uint32_t never[3] = {0};

	assert_int_equal(
		pvb_sim_poke(side->host, side->domain.shared_info, 0xc00, never, sizeof never), 0);
}

static void in_the_grants(struct side *side)
{
	struct pvb_host_grant grants[8];
	struct pvb_error error;
	size_t count;

	assert_ok(pvb_host_get_grants(side->host, side->domid, grants, 8, &count, &error), &error);
	assert_true(count > 0);
	grants[0].flags |= GRANT_READ_ONLY;
	assert_ok(pvb_host_set_grants(side->host, side->domid, grants, 1, &error), &error);
}

static void in_the_memory_limit(struct side *side)
{
	struct pvb_error error;

	assert_ok(pvb_host_set_max_memory(side->host, side->domid, UINT64_C(1) << 30, &error),
		  &error);
}

/* Offsets of a 64-bit guest's: public xen.h. */
#define START_INFO_FLAGS 48
#define START_INFO_MOD_LEN 120

static pvb_mfn_t start_info_of(const struct side *side)
{
	uint64_t pfn = 0;
	char magic[16] = "";

	for (; strcmp(magic, "xen-3.0-x86_64") != 0; pfn++)
		assert_int_equal(
			pvb_sim_peek(side->host, frame_of(side, pfn), 0, magic, sizeof magic - 1),
			0);
	return frame_of(side, pfn - 1);
}

static void in_a_start_info_field(struct side *side)
{
	flip(side, start_info_of(side), START_INFO_FLAGS, 2);
}

static void in_the_cpus(struct side *side)
{
	struct pvb_cpus cpus = {{0}};
	struct pvb_error error;

	pvb_cpus_put(&cpus, 1, true);
	assert_ok(pvb_host_set_affinity(side->host, side->domid, 0, &cpus, NULL, &error), &error);
}

static void in_the_soft_cpus(struct side *side)
{
	struct pvb_cpus cpus = {{0}};
	struct pvb_error error;

	pvb_cpus_put(&cpus, 2, true);
	assert_ok(pvb_host_set_affinity(side->host, side->domid, 1, NULL, &cpus, &error), &error);
}

static void in_the_weight(struct side *side)
{
	const struct pvb_host_share share = {.weight = 257};
	struct pvb_error error;

	assert_ok(pvb_host_set_share(side->host, side->domid, &share, &error), &error);
}

static void in_the_event_channels(struct side *side)
{
	struct pvb_error error;
	uint32_t port;

	assert_ok(pvb_host_alloc_event_channel(side->host, side->domid, 0, &port, &error), &error);
}

static const struct {
	const char *name;
	void (*change)(struct side *side);
	const char *place; /* begins the line of the only place that differs */
	bool only;
} changes[] = {
	{"register", in_a_register, "vcpu.rsp: ", true},
	{"upper entry", in_an_upper_entry, "L4 entry of VA 0xffffff8000000000: ", true},
	{"hypervisor slot", in_a_hypervisor_slot, "L4 entry of VA 0xffff800000000000: ", true},
	{"p2m list", in_the_p2m_list, "M2P entry of PFN 0x0 to 0x0: ", false},
	{"M2P", in_the_m2p, "M2P entry of PFN 0x5 to 0x5: ", false},
	{"use", in_what_a_page_is_in_use_as, "use of PFN 0x5 to 0x5: ", false},
	{"pin", in_a_pin, "use of PFN ", true},
	{"shared info", in_shared_info, "shared_info+0x040: ", true},
	{"wall clock", in_the_wall_clock, "shared_info.wc_version: ", false},
	{"grant", in_the_grants, "grant ", true},
	{"memory limit", in_the_memory_limit, "domain.max_pages: ", true},
	{"start_info", in_a_start_info_field, "start_info.flags: ", true},
	{"hard affinity", in_the_cpus, "cpu.hard of vCPU 0: ", true},
	{"soft affinity", in_the_soft_cpus, "cpu.soft of vCPU 1: ", true},
	{"weight", in_the_weight, "cpu.weight: ", true},
	{"event channels", in_the_event_channels, "limit.free_event_channels: ", true},
};

static void each_way_in_which_one_domain_is_made_different_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct fixture fixture;
		struct places places;

		set_up(&fixture, &scenarios[0]);
		changes[i].change(&fixture.b);
		size_t count = compare_sides(&fixture, &places);
		bool found = strncmp(places.text, changes[i].place, strlen(changes[i].place)) == 0;
		char line[200];

		snprintf(line, sizeof line, "\n%s", changes[i].place);
		found |= strstr(places.text, line) != NULL;
		if (!found || (changes[i].only && count != 1))
			print_error("%s: wanted \"%s\", %zu places:\n%s", changes[i].name,
				    changes[i].place, count, places.text);
		assert_true(found);
		assert_true(count == 1 || !changes[i].only);
		tear_down(&fixture);
	}
}

/* ---- calls -------------------------------------------------------------------------- */

static int lower_rsp(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	(void)relay;
	(void)error;
	if (call->call == PVB_CALL_SET_VCPU)
		call->vcpu->rsp -= 16;
	return 0;
}

static void a_call_with_another_argument_is_found(void **state)
{
	struct fixture fixture = {.a = {.domid = 0}};
	struct relay outer;
	struct scenario_result result = {0};
	struct pvb_error error;
	struct places places = {""};

	(void)state;
	/* The builder's calls go through one that changes them, and then one that notes them. */
	scenario_prepare(&scenarios[0], &fixture.files);
	traced(&fixture.a, HOST_A, &scenarios[0], &fixture.files);
	assert_ok(pvb_host_open(HOST_A, &fixture.b.host, &error), &error);
	fixture.b.trace.facts = &fixture.b.facts;
	relay_open(&fixture.b.relay, fixture.b.host, trace_watcher(&fixture.b.trace));
	relay_open(&outer, &fixture.b.relay.host, (struct relay_watcher){.before = lower_rsp});
	scenario_run(&scenarios[0], &fixture.files, &outer.host, false, &result);
	assert_int_equal(result.rc, 0);
	size_t count = facts_compare(&fixture.a.facts, &fixture.b.facts, note, &places);

	assert_int_equal(count, 1);
	assert_non_null(strstr(places.text, "set_vcpu"));
	assert_non_null(strstr(places.text, "root PFN 0x"));
	relay_close(&outer);
	tear_down(&fixture);
}

static int widen_limits(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	(void)relay;
	(void)error;
	if (call->call == PVB_CALL_CREATE_DOMAIN) {
		call->config->max_grant_frames++;
		call->config->max_grant_version++;
		call->config->max_event_channel++;
	}
	if (call->call == PVB_CALL_SET_SHARE)
		call->share->cap++;
	return 0;
}

/* The version shows in no fact but the call. */
static void limits_and_shares_of_another_size_are_found(void **state)
{
	static const char *const wanted[] = {
		"create_domain 3 vCPUs, 64 event channels, 8 grant frames, 4294967295 maptrack "
		"frames, grants of version 1, pool 0: 0 | create_domain 3 vCPUs, 65 event "
		"channels, 9 grant frames, 4294967295 maptrack frames, grants of version 2",
		"limit.grant_frames: 8 | 9",
		"limit.free_event_channels: 62 | 63",
		"set_share weight 512 cap 150",
		"cpu.cap: 150 | 151",
	};
	const struct scenario *scenario = &scenarios[2];
	struct fixture fixture = {.a = {.domid = 0}};
	struct scenario_result result = {0};
	struct pvb_error error;
	struct places places;
	struct relay outer;

	(void)state;
	assert_true(scenario->confined);
	scenario_prepare(scenario, &fixture.files);
	traced(&fixture.a, HOST_A, scenario, &fixture.files);
	assert_ok(pvb_host_open(HOST_A, &fixture.b.host, &error), &error);
	fixture.b.trace.facts = &fixture.b.facts;
	relay_open(&fixture.b.relay, fixture.b.host, trace_watcher(&fixture.b.trace));
	relay_open(&outer, &fixture.b.relay.host, (struct relay_watcher){.before = widen_limits});
	scenario_run(scenario, &fixture.files, &outer.host, false, &result);
	assert_int_equal(result.rc, 0);
	fixture.b.domid = result.domid;
	size_t count = compare_sides(&fixture, &places);

	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if (!strstr(places.text, wanted[i]))
			fail_msg("\"%s\" is not among\n%s", wanted[i], places.text);
	assert_int_equal(count, sizeof wanted / sizeof wanted[0]);
	relay_close(&outer);
	tear_down(&fixture);
}

static int deny_pin(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	if (call->call != PVB_CALL_PIN_TABLE)
		return 0;
	return pvb_fail(error, PVB_E_HOST_DENIED, relay_call_name(relay, call->call), "no");
}

static void a_call_that_is_refused_on_the_way_fails_the_build_and_goes_nowhere(void **state)
{
	struct scenario_files files;
	struct scenario_result result = {0};
	struct pvb_host *host;
	struct relay relay;
	struct pvb_error error;

	(void)state;
	scenario_prepare(&scenarios[0], &files);
	assert_ok(pvb_host_open(HOST_A, &host, &error), &error);
	relay_open(&relay, host, (struct relay_watcher){.before = deny_pin});
	scenario_run(&scenarios[0], &files, &relay.host, false, &result);
	assert_int_equal(result.rc, -PVB_E_HOST_DENIED);
	assert_host_is_clean(host, &result);
	relay_close(&relay);
	pvb_host_close(host);
	scenario_forget(&files);
}

/* ---- refusals ------------------------------------------------------------------------- */

static void hosts_of_different_versions_refuse_the_same(void **state)
{
	static const char *const hosts[] = {"sim:memory=1G,xen=4.17,no-pv32",
					    "sim:memory=4G,xen=4.20,no-pv32,scramble"};
	struct facts facts[2] = {{0}};
	struct places places = {""};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct pvb_host *host;
		struct pvb_error error;
		const char *fault;

		assert_ok(pvb_host_open(hosts[i], &host, &error), &error);
		assert_int_equal(try_refusals(host, &facts[i], false), 0);
		fault = pvb_sim_check(host);
		if (fault)
			fail_msg("the host's books: %s", fault);
		pvb_host_close(host);
	}
	if (facts_compare(&facts[0], &facts[1], note, &places))
		fail_msg("%s", places.text);
	assert_true(facts[0].n > 40);
	facts_free(&facts[0]);
	facts_free(&facts[1]);
}

/* Pins whatever it is asked to. */
static int pin_anything(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
			struct pvb_error *error)
{
	(void)host;
	(void)domid;
	(void)level;
	(void)frame;
	(void)error;
	return 0;
}

static void a_host_that_refuses_too_little_is_found_out(void **state)
{
	struct pvb_host *host;
	struct pvb_host_ops lenient;
	struct facts facts = {0};
	struct pvb_error error;

	(void)state;
	assert_ok(pvb_host_open(HOST_A, &host, &error), &error);
	lenient = *host->ops;
	lenient.pin_table = pin_anything;
	host->ops = &lenient;
	assert_true(try_refusals(host, &facts, false) > 8);
	assert_string_equal(facts_find(&facts, "pin with a superpage"), "accepted");
	assert_string_equal(facts_find(&facts, "map another domain's frame"), "host.map");
	facts_free(&facts);
	pvb_host_close(host);
}

/* ---- xl's domains ---------------------------------------------------------------------- */

/* What xl makes different, made different by hand. */
static void as_xl_does(struct side *side)
{
	uint64_t length = (scenarios[0].ramdisk + 4095) / 4096 * 4096;
	pvb_mfn_t start_info = start_info_of(side);

	flip(side, start_info, START_INFO_FLAGS, 0x10);
	assert_int_equal(
		pvb_sim_poke(side->host, start_info, START_INFO_MOD_LEN, &length, sizeof length),
		0);
}

static unsigned explained(struct fixture *fixture, char **said)
{
	struct places places;
	size_t size;
	FILE *to = open_memstream(said, &size);
	unsigned wrong;

	assert_non_null(to);
	(void)compare_sides(fixture, &places);
	wrong = explain_xl(&fixture->a.facts, &fixture->b.facts, to);
	assert_int_equal(fclose(to), 0);
	return wrong;
}

static void what_xl_makes_different_is_explained_and_nothing_else(void **state)
{
	struct fixture fixture;
	char *said;

	(void)state;
	set_up(&fixture, &scenarios[0]);
	as_xl_does(&fixture.b);
	if (explained(&fixture, &said))
		fail_msg("%s", said);
	assert_non_null(strstr(said, "as expected: start_info.mod_len"));
	free(said);
	tear_down(&fixture);

	set_up(&fixture, &scenarios[0]);
	as_xl_does(&fixture.b);
	in_shared_info(&fixture.b);
	assert_int_equal(explained(&fixture, &said), 1);
	assert_non_null(strstr(said, "not explained: shared_info"));
	free(said);
	tear_down(&fixture);

	set_up(&fixture, &scenarios[0]);
	assert_true(explained(&fixture, &said) >= 2);
	assert_non_null(strstr(said, "not found: start_info.flags"));
	free(said);
	tear_down(&fixture);
}

static void the_document_of_xl_s_differences_is_what_is_tested(void **state)
{
	const char *source = getenv("PVB_SRCDIR");
	char path[4096], there[16384];
	char *written;
	size_t size;
	FILE *to = open_memstream(&written, &size);

	(void)state;
	assert_non_null(to);
	write_xl_document(to);
	assert_int_equal(fclose(to), 0);
	if (!source) {
		print_message("PVB_SRCDIR is set by make check\n");
		free(written);
		skip();
	}
	snprintf(path, sizeof path, "%s/doc/libxl-differences.md", source);
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	size_t length = fread(there, 1, sizeof there - 1, file);

	there[length] = '\0';
	assert_int_equal(fclose(file), 0);
	assert_string_equal(there, written);
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_builds_of_one_plan_are_alike_apart_from_machine_frames),
		cmocka_unit_test(
			two_builds_with_a_p2m_tree_are_alike_and_its_frames_are_told_as_pages),
		cmocka_unit_test(an_entry_of_a_p2m_tree_that_leads_elsewhere_is_found),
		cmocka_unit_test(each_way_in_which_one_domain_is_made_different_is_found),
		cmocka_unit_test(a_call_with_another_argument_is_found),
		cmocka_unit_test(limits_and_shares_of_another_size_are_found),
		cmocka_unit_test(
			a_call_that_is_refused_on_the_way_fails_the_build_and_goes_nowhere),
		cmocka_unit_test(hosts_of_different_versions_refuse_the_same),
		cmocka_unit_test(a_host_that_refuses_too_little_is_found_out),
		cmocka_unit_test(what_xl_makes_different_is_explained_and_nothing_else),
		cmocka_unit_test(the_document_of_xl_s_differences_is_what_is_tested),
	};

	return cmocka_run_group_tests_name("lab: comparing domains", tests, NULL, NULL);
}
