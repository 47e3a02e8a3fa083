/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each spoil makes a domain that is another than the good one, or none at all. */
#include "support/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "host/sim/sim.h"
#include "lab/dump.h"
#include "lab/facts.h"
#include "lab/spoils.h"
#include "lab/trace.h"
#include "torture/scenario.h"

#define HOST "sim:memory=256M,xen=4.17"

/* A kernel and a ramdisk that can be opened by name. */
struct files {
	struct scenario_files scenario;
	int kernel;
	char kernel_path[40];
	char ramdisk_path[40];
	struct guest guest;
};

static int set_up(void **state)
{
	static struct files files;
	struct pvb_error error;

	scenario_prepare(&scenarios[0], &files.scenario);
	files.kernel = memfd_create("kernel", MFD_CLOEXEC);
	assert_true(files.kernel >= 0);
	assert_int_equal(
		write(files.kernel, files.scenario.kernel.bytes, files.scenario.kernel.size),
		files.scenario.kernel.size);
	snprintf(files.kernel_path, sizeof files.kernel_path, "/proc/self/fd/%d", files.kernel);
	snprintf(files.ramdisk_path, sizeof files.ramdisk_path, "/proc/self/fd/%d",
		 files.scenario.ramdisk);
	files.guest = (struct guest)GUEST_INIT;
	files.guest.kernel = files.kernel_path;
	files.guest.ramdisk = files.ramdisk_path;
	files.guest.command_line = "console=hvc0";
	files.guest.memory = UINT64_C(33) << 20;
	assert_ok(guest_open(&files.guest, NULL, &error), &error);
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;

	guest_close(&files->guest);
	assert_int_equal(close(files->kernel), 0);
	scenario_forget(&files->scenario);
	return 0;
}

/* Whether the audit has anything to say of a domain: contents are no part of a dump. */
static bool audit_objects(const struct files *files, struct pvb_host *host, uint32_t domid)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;

	options.image = files->guest.image;
	options.module_fds = &files->guest.ramdisk_fd;
	options.module_fd_count = 1;
	assert_ok(pvb_audit_domain(host, domid, &options, &audit, &error), &error);
	bool objects = pvb_audit_report(audit)->total_findings > 0;

	pvb_audit_free(audit);
	return objects;
}

/* Build with a spoil (or none), all that can be seen of it into facts. */
static int build(struct files *files, const struct spoil_set *set, struct facts *facts,
		 bool *objects, struct pvb_error *error)
{
	struct trace trace = {.facts = facts};
	struct relay relay;
	struct spoiling spoiling;
	struct pvb_host *host;
	uint32_t domid;
	const char *fault;
	char why[300];

	assert_ok(pvb_host_open(HOST, &host, error), error);
	relay_open(&relay, host, trace_watcher(&trace));
	int rc = spoil_build(&spoiling, set, &files->guest, &relay.host, &domid, error);
	relay_close(&relay);
	if (rc == 0) {
		/* What is wrong enough cannot even be read back. */
		if (dump_domain(host, domid, PVB_NONE, facts, why, sizeof why))
			facts_add(facts, "dump", "%s", why);
		*objects = audit_objects(files, host, domid);
	}
	fault = pvb_sim_check(host);
	if (fault)
		fail_msg("the host's books: %s", fault);
	pvb_host_close(host);
	return rc;
}

static void note(void *opaque, const char *place, const char *a, const char *b)
{
	(void)place;
	(void)a;
	(void)b;
	++*(unsigned *)opaque;
}

/*
 * The kernel of the probe has symbols and declarations, which this one lacks; and the simulated
 * host has no store.
 */
static bool cannot_be_done_here(const struct spoil *spoil)
{
	static const char *const names[] = {"kernel-data", "kernel-bss", "node-absent",
					    "undeclared"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(spoil->name, names[i]) == 0)
			return true;
	return false;
}

static void each_spoil_makes_another_domain_or_is_refused(void **state)
{
	struct files *files = *state;
	const struct spoil *spoil;
	struct facts good = {0}, good_tree = {0};
	struct pvb_error error;
	bool objects;
	unsigned wrong = 0;

	const struct spoil_set nothing = {.n = 0};

	assert_ok(build(files, &nothing, &good, &objects, &error), &error);
	assert_false(objects);
	files->guest.p2m = PVB_P2M_WANT_TREE;
	files->guest.p2m_levels = 4;
	assert_ok(build(files, &nothing, &good_tree, &objects, &error), &error);
	assert_false(objects);
	files->guest.p2m = PVB_P2M_AS_GUEST_ASKS;
	files->guest.p2m_levels = 0;
	for (size_t i = 0; (spoil = spoil_at(i)); i++) {
		int wanted = cannot_be_done_here(spoil) ? PVB_E_ARG_UNSUPPORTED : spoil->refused;
		const struct spoil_set set = {.v = {spoil}, .n = 1};
		struct facts facts = {0};
		unsigned differences = 0;
		int rc = build(files, &set, &facts, &objects, &error);
		bool right = rc == -wanted;

		if (rc == 0 && right) {
			facts_compare(spoil->tree ? &good_tree : &good, &facts, note, &differences);
			right = objects || differences > 0;
		}
		if (!right)
			print_error("%s: %s, %u differences, audit %s: %s\n", spoil->name,
				    pvb_code_name(-rc), differences, objects ? "objects" : "silent",
				    rc ? error.message : "");
		wrong += !right;
		facts_free(&facts);
	}
	facts_free(&good);
	facts_free(&good_tree);
	assert_int_equal(wrong, 0);
}

static void spoils_have_names_of_their_own_and_say_who_finds_them(void **state)
{
	const struct spoil *spoil;
	size_t i;

	(void)state;
	for (i = 0; (spoil = spoil_at(i)); i++) {
		assert_ptr_equal(spoil_find(spoil->name), spoil);
		assert_true(!!spoil->checks != !!spoil->refused);
		assert_true(strlen(spoil->what) > 10);
	}
	assert_true(i > 60);
	assert_null(spoil_find("nothing of the kind"));
}

static void spoils_of_a_group_can_be_told_apart(void **state)
{
	const struct spoil *a, *b;

	(void)state;
	for (size_t i = 0; (a = spoil_at(i)); i++) {
		unsigned others = 0;

		/* What cannot be built is no part of a domain. */
		assert_true(!a->refused || !a->group);
		for (size_t k = i + 1; a->group && (b = spoil_at(k)); k++) {
			if (b->group != a->group || b->kernel != a->kernel)
				continue;
			others++;
			if (strcmp(a->checks, b->checks) == 0)
				fail_msg("%s and %s are both found by %s", a->name, b->name,
					 a->checks);
		}
		assert_true(others < SPOILS_TOGETHER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_spoil_makes_another_domain_or_is_refused),
		cmocka_unit_test(spoils_have_names_of_their_own_and_say_who_finds_them),
		cmocka_unit_test(spoils_of_a_group_can_be_told_apart),
	};

	return cmocka_run_group_tests_name("lab: spoils", tests, set_up, tear_down);
}
