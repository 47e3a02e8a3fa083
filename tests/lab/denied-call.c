/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call to the host that is denied, and what is left afterwards: nothing.
 *
 *   denied-call [--host HOST] [--state COMMAND] [guest options] KERNEL
 *
 * Builds once to learn which calls a build makes. Then, for each kind of call, the first of its
 * calls is denied in one build and the last one in another. Each such build has to fail with
 * host.denied, and to leave no domain, no claim, no mapping and as much free memory as there was;
 * and COMMAND, where one is given, has to print what it printed before. Speaks TAP.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "lab/guest.h"
#include "lab/relay.h"

static const char program[] = "denied-call";

enum { OPTION_HOST = 'h', OPTION_STATE = 's' };

static const struct option long_options[] = {
	{"host", required_argument, NULL, OPTION_HOST},
	{"state", required_argument, NULL, OPTION_STATE},
	GUEST_OPTIONS,
	{NULL, 0, NULL, 0},
};

/* What there is on a host. */
struct holdings {
	uint64_t free;
	uint64_t claimed;
	size_t domains;
	char *state; /* what COMMAND printed */
};

/* The number-th call of a kind is denied; 0: none is, they are counted. */
struct denial {
	enum pvb_host_call call;
	unsigned number;
	unsigned seen[PVB_CALL_COUNT];
};

struct trial {
	struct guest guest;
	const char *host_name;
	const char *command;
	struct pvb_host *host;
	unsigned cases;
	unsigned failures;
};

static int deny(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	struct denial *denial = relay->watcher.opaque;

	denial->seen[call->call]++;
	if (!denial->number || call->call != denial->call ||
	    denial->seen[call->call] != denial->number)
		return 0;
	return pvb_fail(error, PVB_E_HOST_DENIED, relay_call_name(relay, call->call),
			"this call was denied, as a trial");
}

/* ---- what there is ----------------------------------------------------------------- */

#define MOST_DOMAINS 64
#define MOST_STATE (UINT64_C(1) << 20)

static char *output_of(const char *command)
{
	char *text = calloc(1, MOST_STATE);
	FILE *stream = text ? popen(command, "re") : NULL;

	if (!stream) {
		free(text);
		return NULL;
	}
	(void)fread(text, 1, MOST_STATE - 1, stream);
	(void)pclose(stream);
	return text;
}

static int look(const struct trial *trial, struct holdings *holdings, struct pvb_error *error)
{
	struct pvb_host_domain domains[MOST_DOMAINS];
	struct pvb_host_info info;
	int rc = pvb_host_get_info(trial->host, &info, error);

	*holdings = (struct holdings){0};
	if (rc == 0)
		rc = pvb_host_list_domains(trial->host, 0, domains, MOST_DOMAINS,
					   &holdings->domains, error);
	if (rc)
		return rc;
	holdings->free = info.memory_free;
	holdings->claimed = info.memory_claimed;
	return 0;
}

static int look_at_state(const struct trial *trial, struct holdings *holdings,
			 struct pvb_error *error)
{
	holdings->state = trial->command ? output_of(trial->command) : NULL;
	if (trial->command && !holdings->state)
		return pvb_fail(error, PVB_E_ARG_FILE, program, "%s did not run", trial->command);
	return 0;
}

static bool counts_alike(const struct holdings *a, const struct holdings *b)
{
	return a->free == b->free && a->claimed == b->claimed && a->domains == b->domains;
}

static bool alike(const struct holdings *a, const struct holdings *b)
{
	return counts_alike(a, b) && (!a->state || strcmp(a->state, b->state) == 0);
}

/*
 * The hypervisor gives a dead domain's own pages back a moment later (call_rcu()), and the
 * store learns of a death by an event: wait for it, but not for ever. COMMAND, which takes far
 * longer than to ask the hypervisor, is run once that has what is wanted.
 */
#define MOST_SECONDS 20
#define BETWEEN_LOOKS_NS 10000000

static time_t seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int settle(const struct trial *trial, const struct holdings *wanted,
		  struct holdings *holdings, struct pvb_error *error)
{
	const struct timespec between = {.tv_nsec = BETWEEN_LOOKS_NS};
	time_t until = seconds() + MOST_SECONDS;

	for (;;) {
		bool last = seconds() >= until;
		int rc = look(trial, holdings, error);
		bool close = rc == 0 && counts_alike(wanted, holdings);

		if (rc == 0 && (last || close))
			rc = look_at_state(trial, holdings, error);
		if (rc || last || (close && alike(wanted, holdings)))
			return rc;
		free(holdings->state);
		(void)nanosleep(&between, NULL);
	}
}

/* ---- the cases ------------------------------------------------------------------------ */

static void result(struct trial *trial, bool ok, const char *format, ...) PVB_PRINTF(3, 4);

static void result(struct trial *trial, bool ok, const char *format, ...)
{
	va_list arguments;

	printf("%sok %u - ", ok ? "" : "not ", ++trial->cases);
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	(void)fflush(stdout);
	trial->failures += !ok;
}

static void explain(const struct holdings *before, const struct holdings *after)
{
	if (before->free != after->free)
		printf("# %" PRIu64 " bytes were free, %" PRIu64 " are\n", before->free,
		       after->free);
	if (before->claimed != after->claimed)
		printf("# %" PRIu64 " bytes were claimed, %" PRIu64 " are\n", before->claimed,
		       after->claimed);
	if (before->domains != after->domains)
		printf("# there were %zu domains, there are %zu\n", before->domains,
		       after->domains);
	if (before->state && strcmp(before->state, after->state) != 0)
		printf("# the command printed other things:\n# before: %s\n# after: %s\n",
		       before->state, after->state);
}

static int build(const struct trial *trial, struct denial *denial, uint64_t *mapped,
		 uint32_t *domid, struct pvb_error *error)
{
	struct relay relay;
	struct pvb_domain *domain;
	uint64_t peak;

	relay_open(&relay, trial->host, (struct relay_watcher){.before = deny, .opaque = denial});
	int rc = guest_build(&trial->guest, &relay.host, false, &domain, error);
	pvb_host_mapped(&relay.host, mapped, &peak);
	relay_close(&relay);
	if (rc == 0)
		*domid = pvb_domain_info(domain)->domid;
	pvb_domain_free(domain);
	return rc;
}

static int try_denial(struct trial *trial, enum pvb_host_call call, unsigned number, unsigned of,
		      const struct holdings *before, struct pvb_error *error)
{
	struct denial denial = {.call = call, .number = number};
	struct holdings after;
	uint64_t mapped, count;
	uint32_t domid;
	const char *name = pvb_host_call_count(trial->host, call, &count);
	int denied = build(trial, &denial, &mapped, &domid, error);
	bool right = denied == -PVB_E_HOST_DENIED;

	if (denied == 0)
		(void)pvb_host_destroy_domain(trial->host, domid, NULL);
	if (!right)
		printf("# the build ended with %s: %s\n", pvb_code_name(-denied),
		       denied ? error->message : "");
	int rc = settle(trial, before, &after, error);
	if (rc)
		return rc;
	if (!alike(before, &after))
		explain(before, &after);
	result(trial, right && mapped == 0 && alike(before, &after),
	       "%s, call %u of %u, is denied, and nothing is left", name, number, of);
	free(after.state);
	return 0;
}

static int run(struct trial *trial, struct pvb_error *error)
{
	struct denial count = {.number = 0};
	struct pvb_host_info info;
	struct holdings before;
	uint64_t mapped;
	uint32_t domid;
	int rc = pvb_host_open(trial->host_name, &trial->host, error);

	if (rc == 0)
		rc = pvb_host_get_info(trial->host, &info, error);
	if (rc == 0)
		rc = guest_open(&trial->guest, &info, error);
	if (rc == 0)
		rc = look(trial, &before, error);
	if (rc == 0)
		rc = look_at_state(trial, &before, error);
	if (rc)
		return rc;

	struct holdings first = before;

	rc = build(trial, &count, &mapped, &domid, error);
	if (rc == 0)
		rc = pvb_domain_destroy(trial->host, domid, error);
	/* What the hypervisor keeps of its first domain, it keeps: from here on it is the measure.
	 */
	if (rc == 0)
		rc = settle(trial, &first, &before, error);
	free(first.state);
	for (int call = PVB_CALL_GET_INFO; rc == 0 && call < PVB_CALL_COUNT; call++) {
		unsigned calls = count.seen[call];

		/* What cannot fail cannot be denied. */
		if (!calls || call == PVB_CALL_UNMAP_FRAMES)
			continue;
		rc = try_denial(trial, (enum pvb_host_call)call, 1, calls, &before, error);
		if (rc == 0 && calls > 1)
			rc = try_denial(trial, (enum pvb_host_call)call, calls, calls, &before,
					error);
	}
	free(before.state);
	printf("1..%u\n", trial->cases);
	return rc;
}

int main(int argc, char **argv)
{
	struct trial trial = {.guest = GUEST_INIT, .host_name = "xen"};
	struct pvb_error error = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		bool known = true;

		if (option == OPTION_HOST)
			trial.host_name = optarg;
		else if (option == OPTION_STATE)
			trial.command = optarg;
		else
			known = guest_take(&trial.guest, option, optarg);
		if (!known)
			return 2;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: %s [--host HOST] [--state COMMAND] %s KERNEL\n", program,
			GUEST_USAGE);
		return 2;
	}
	trial.guest.kernel = argv[optind];

	int rc = run(&trial, &error);
	if (rc)
		print_failure(program, &error);
	guest_close(&trial.guest);
	pvb_host_close(trial.host);
	return rc ? 3 : trial.failures != 0;
}
