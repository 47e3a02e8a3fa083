/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model against the truth: what one host makes of a plan beside what another one does.
 *
 *   compare-model [--host A] [--against B] [guest options] KERNEL
 *       plan once, for A; build on A and on B; and compare the two domains as they are read
 *       back, and the calls that made them. A is "xen" where nothing is said; B a
 *       simulated host like A. With --both, with the ramdisk, and then without. With
 *       --unintroduced, the rest of the host is not told of the domains, which takes much of the
 *       time and shows in nothing that is compared.
 *   compare-model [--host A] [--against B] --refusals
 *       try on both what a hypervisor must refuse
 *   compare-model [--host A] --domid X --domid Y
 *       compare two domains of A; with --xl, X is ours and Y is xl's of the same kernel,
 *       and they may differ as doc/libxl-differences.md says, and in nothing else
 *   compare-model [--host A] --print KERNEL | --print --refusals | --print --domid X
 *       what is so on A, and nothing to compare with
 *   compare-model --document
 *       print doc/libxl-differences.md
 *
 * Machine frames are compared as the PFNs that they are. Each difference is a line. Exit
 * status: 0 all alike, 1 something differs or was not refused, 2 usage, 3 a failure.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/dump.h"
#include "lab/facts.h"
#include "lab/guest.h"
#include "lab/refusals.h"
#include "lab/relay.h"
#include "lab/trace.h"
#include "lab/xl-differences.h"

static const char program[] = "compare-model";

enum {
	OPTION_HOST = 'h',
	OPTION_AGAINST = 'a',
	OPTION_REFUSALS = 'r',
	OPTION_DOMID = 'd',
	OPTION_PRINT = 'p',
	OPTION_VERBOSE = 'v',
	OPTION_XL = 'x',
	OPTION_DOCUMENT = 'D',
	OPTION_BOTH = 'b',
	OPTION_UNINTRODUCED = 'u'
};

static const struct option long_options[] = {
	{"host", required_argument, NULL, OPTION_HOST},
	{"against", required_argument, NULL, OPTION_AGAINST},
	{"refusals", no_argument, NULL, OPTION_REFUSALS},
	{"domid", required_argument, NULL, OPTION_DOMID},
	{"print", no_argument, NULL, OPTION_PRINT},
	{"verbose", no_argument, NULL, OPTION_VERBOSE},
	{"xl", no_argument, NULL, OPTION_XL},
	{"both", no_argument, NULL, OPTION_BOTH},
	{"unintroduced", no_argument, NULL, OPTION_UNINTRODUCED},
	{"document", no_argument, NULL, OPTION_DOCUMENT},
	GUEST_OPTIONS,
	{NULL, 0, NULL, 0},
};

struct side {
	const char *name; /* what the host was opened by */
	struct pvb_host *host;
	struct facts facts;
};

struct comparison {
	struct guest guest;
	struct side a, b;
	char like_a[200];
	bool refusals;
	bool print;
	bool verbose;
	bool xl;
	bool document;
	bool both;
	bool unintroduced;
	uint32_t domid[2];
	unsigned domids;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: %s [--host A] [--against B] [--print] [-v] [--both] [--unintroduced]\n"
		"       %s KERNEL\n"
		"       %s [--host A] [--against B] [--print] [-v] --refusals\n"
		"       %s [--host A] [--print] [--xl] --domid X [--domid Y]\n"
		"       %s --document\n",
		program, GUEST_USAGE, program, program, program);
	return 2;
}

static bool parse(struct comparison *comparison, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "v", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_HOST:
			comparison->a.name = optarg;
			break;
		case OPTION_AGAINST:
			comparison->b.name = optarg;
			break;
		case OPTION_REFUSALS:
			comparison->refusals = true;
			break;
		case OPTION_PRINT:
			comparison->print = true;
			break;
		case OPTION_VERBOSE:
			comparison->verbose = true;
			break;
		case OPTION_XL:
			comparison->xl = true;
			break;
		case OPTION_BOTH:
			comparison->both = true;
			break;
		case OPTION_UNINTRODUCED:
			comparison->unintroduced = true;
			break;
		case OPTION_DOCUMENT:
			comparison->document = true;
			break;
		case OPTION_DOMID:
			if (comparison->domids == 2)
				return false;
			comparison->domid[comparison->domids++] =
				(uint32_t)strtoul(optarg, NULL, 10);
			break;
		default:
			if (!guest_take(&comparison->guest, option, optarg))
				return false;
		}
	}
	if (comparison->document)
		return optind == argc;
	if (optind < argc)
		comparison->guest.kernel = argv[optind++];
	if (comparison->domids && comparison->domids != (comparison->print ? 1 : 2))
		return false;
	return optind == argc &&
	       !!comparison->guest.kernel + comparison->refusals + !!comparison->domids == 1;
}

/* A simulated host that is what the other one says of itself. */
static int describe_like(struct pvb_host *host, const struct pvb_host_info *info, char *text,
			 size_t size, struct pvb_error *error)
{
	struct pvb_host_pool pool;
	struct pvb_cpus cpus;
	int rc = pvb_host_get_cpus(host, PVB_HOST_ANY_NODE, &cpus, error);

	if (rc == 0)
		rc = pvb_host_get_pool(host, 0, &pool, error);
	if (rc)
		return rc;

	const char *extent = info->max_extent_order >= 18  ? "1G"
			     : info->max_extent_order >= 9 ? "2M"
							   : "4K";

	(void)snprintf(text, size,
		       "sim:xen=%u.%u,memory=%" PRIu64
		       "K,width=%u,cpus=%u,sched=%s,extent=%s%s%s%s",
		       info->xen_major, info->xen_minor, info->memory_total >> 12 << 2,
		       info->address_bits, pvb_cpus_end(&cpus), pool.scheduler, extent,
		       info->debug ? ",debug" : "", info->claims ? "" : ",noclaim",
		       strstr(info->capabilities, "xen-3.0-x86_32p") ? "" : ",no-pv32");
	return 0;
}

static int introduce_nobody(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	(void)relay;
	(void)error;
	return call->call == PVB_CALL_INTRODUCE_DOMAIN ? RELAY_DONE : 0;
}

static int build_and_dump(struct comparison *comparison, struct side *side, struct pvb_error *error)
{
	uint64_t hypercall_page = pvb_plan_info(comparison->guest.plan)->hypercall_page;
	struct trace trace = {.facts = &side->facts};
	struct pvb_domain *domain = NULL;
	struct relay relay;
	char why[300];

	struct relay_watcher watcher = trace_watcher(&trace);

	if (comparison->unintroduced)
		watcher.before = introduce_nobody;
	relay_open(&relay, side->host, watcher);
	int rc = guest_build(&comparison->guest, &relay.host, true, &domain, error);
	relay_close(&relay);
	if (rc)
		return rc;

	uint32_t domid = pvb_domain_info(domain)->domid;

	if (dump_domain(side->host, domid, hypercall_page, &side->facts, why, sizeof why))
		rc = pvb_fail(error, PVB_E_HOST_STATE, "dump", "%s", why);
	pvb_domain_free(domain);
	(void)pvb_host_destroy_domain(side->host, domid, rc ? NULL : error);
	return rc;
}

static int dump_only(struct pvb_host *host, uint32_t domid, struct facts *facts,
		     struct pvb_error *error)
{
	char why[300];

	if (dump_domain(host, domid, PVB_NONE, facts, why, sizeof why))
		return pvb_fail(error, PVB_E_HOST_STATE, "dump", "%s", why);
	return 0;
}

static int gather(struct comparison *comparison, struct side *side, unsigned *wrong,
		  struct pvb_error *error)
{
	if (comparison->refusals) {
		*wrong += try_refusals(side->host, &side->facts, comparison->verbose);
		return 0;
	}
	return build_and_dump(comparison, side, error);
}

struct said {
	const char *a, *b;
};

static void say(void *opaque, const char *place, const char *a, const char *b)
{
	const struct said *said = opaque;

	printf("differs: %s: %s on %s, %s on %s\n", place, a ? a : "nothing", said->a,
	       b ? b : "nothing", said->b);
}

static void print_facts(const struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		printf("%s: %s\n", facts->v[i].place, facts->v[i].value);
}

/* Say how the two differ; whether they do so where they should not, or were wrong. */
static bool judge(const struct comparison *comparison, const struct said *said, unsigned wrong)
{
	const struct facts *a = &comparison->a.facts, *b = &comparison->b.facts;
	size_t differences;

	if (comparison->xl)
		differences = explain_xl(a, b, stdout);
	else
		differences = facts_compare(a, b, say, (void *)(uintptr_t)said);
	printf("%s: ", program);
	if (comparison->guest.kernel)
		printf("%s%s, ", comparison->guest.kernel,
		       comparison->guest.has_ramdisk ? " with a ramdisk" : "");
	printf("%zu facts of %s, %zu of %s: %zu differ%s", a->n, said->a, b->n, said->b,
	       differences, comparison->xl ? " where they should not" : "");
	if (comparison->refusals)
		printf(", %u were not refused", wrong);
	printf("\n");
	return differences || wrong;
}

/* Two domains of one host. */
static int compare_domains(struct comparison *comparison, struct pvb_error *error)
{
	struct side *a = &comparison->a, *b = &comparison->b;
	char names[2][24];
	const struct said said = {.a = names[0], .b = names[1]};
	int rc = dump_only(a->host, comparison->domid[0], &a->facts, error);

	if (rc)
		return rc;
	if (comparison->print) {
		print_facts(&a->facts);
		return 0;
	}
	rc = dump_only(a->host, comparison->domid[1], &b->facts, error);
	if (rc)
		return rc;
	for (unsigned i = 0; i < 2; i++)
		(void)snprintf(names[i], sizeof names[i], "domain %u", comparison->domid[i]);
	return judge(comparison, &said, 0);
}

/* What two hosts make of one plan, or of what they must refuse. */
static int compare_hosts(struct comparison *comparison, struct pvb_error *error)
{
	struct side *a = &comparison->a, *b = &comparison->b;
	const struct said said = {.a = a->name, .b = b->name};
	unsigned wrong = 0;

	facts_free(&a->facts);
	facts_free(&b->facts);
	int rc = gather(comparison, a, &wrong, error);
	if (rc)
		return rc;
	if (comparison->print) {
		print_facts(&a->facts);
		return wrong != 0;
	}
	rc = gather(comparison, b, &wrong, error);
	return rc ? rc : judge(comparison, &said, wrong);
}

/* 0, 1 where something is wrong, or -code. */
static int run(struct comparison *comparison, struct pvb_error *error)
{
	struct side *a = &comparison->a, *b = &comparison->b;
	struct pvb_host_info info;
	int rc = pvb_host_open(a->name, &a->host, error);

	if (rc == 0)
		rc = pvb_host_get_info(a->host, &info, error);
	if (rc || comparison->domids)
		return rc ? rc : compare_domains(comparison, error);
	if (!b->name) {
		rc = describe_like(a->host, &info, comparison->like_a, sizeof comparison->like_a,
				   error);
		b->name = comparison->like_a;
	}
	if (rc == 0 && !comparison->print)
		rc = pvb_host_open(b->name, &b->host, error);
	if (rc == 0 && comparison->guest.kernel)
		rc = guest_open(&comparison->guest, &info, error);
	if (rc == 0)
		rc = compare_hosts(comparison, error);
	if (rc < 0 || !comparison->both)
		return rc;

	bool differed = rc;

	rc = guest_plan(&comparison->guest, &info, false, error);
	if (rc == 0)
		rc = compare_hosts(comparison, error);
	return rc < 0 ? rc : differed || rc;
}

int main(int argc, char **argv)
{
	struct comparison comparison = {.guest = GUEST_INIT, .a.name = "xen"};
	struct pvb_error error = {0};

	if (!parse(&comparison, argc, argv))
		return usage();
	if (comparison.document) {
		write_xl_document(stdout);
		return 0;
	}
	int rc = run(&comparison, &error);
	if (rc < 0)
		print_failure(program, &error);
	facts_free(&comparison.a.facts);
	facts_free(&comparison.b.facts);
	pvb_host_close(comparison.a.host);
	pvb_host_close(comparison.b.host);
	guest_close(&comparison.guest);
	return rc < 0 ? 3 : rc;
}
