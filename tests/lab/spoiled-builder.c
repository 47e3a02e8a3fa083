/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that are wrong in one thing, for those who have to notice.
 *
 *   spoiled-builder --list
 *       what there is: the name, who has to notice, and what is wrong
 *   spoiled-builder [--host HOST] [--paused] [guest options] SPOIL KERNEL
 *       build the domain so, start it, and print its number; or say how it was refused
 *   spoiled-builder [--host HOST] --all|--together [guest options] KERNEL
 *       KERNEL is the probe guest, beside which its variants lie. Build it well: it has to pass.
 *       Then build it with each spoil in turn: the probe has to name the check that finds it,
 *       and no other; or the hypervisor refuses, as foreseen. --together has several in one
 *       domain, which takes a fraction of the time. Speaks TAP.
 *
 * Exit status: 0 as it should be, 1 not so, 2 usage, 3 a failure.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "lab/guest.h"
#include "lab/run.h"
#include "lab/spoils.h"

static const char program[] = "spoiled-builder";

enum {
	OPTION_HOST = 'h',
	OPTION_LIST = 'l',
	OPTION_PAUSED = 'p',
	OPTION_ALL = 'a',
	OPTION_TOGETHER = 't'
};

static const struct option long_options[] = {
	{"host", required_argument, NULL, OPTION_HOST},
	{"list", no_argument, NULL, OPTION_LIST},
	{"paused", no_argument, NULL, OPTION_PAUSED},
	{"all", no_argument, NULL, OPTION_ALL},
	{"together", no_argument, NULL, OPTION_TOGETHER},
	GUEST_OPTIONS,
	{NULL, 0, NULL, 0},
};

struct session {
	struct guest guest;
	const char *host_name;
	struct pvb_host *host;
	const struct spoil *spoil;
	bool list, paused, all, together;
	unsigned cases, failures;
};

/* ---- the probe ------------------------------------------------------------------------ */

/*
 * Its kernels lie beside each other. A guest of an odd number of MiB has a p2m list that does not
 * fill its pages.
 */
static const char *const variants[] = {
	[SPOIL_PROBE] = "",
	[SPOIL_PROBE_P2M] = "-p2m",
	[SPOIL_PROBE_LEGACY] = "-legacy",
	[SPOIL_PROBE_DECLARES] = "-declares",
	[SPOIL_PROBE_TREE] = "-tree",
};

#define VARIANTS (sizeof variants / sizeof variants[0])

/* Longer than the probe takes anywhere, emulated or not. */
#define MOST_SECONDS 60

/* The last line that it prints: "PASS, ...", or "FAIL" and the names of checks. */
#define VERDICT "probe: verdict "

static const char *verdict(const char *text)
{
	const char *line = strstr(text, VERDICT);

	return line && strchr(line, '\n') ? line + strlen(VERDICT) : NULL;
}

static bool has_verdict(const char *text)
{
	return verdict(text);
}

/* Whether a word is among others, which end at the end of a line. */
static bool has_word(const char *words, const char *word, size_t length)
{
	for (;;) {
		size_t size = strcspn(words, " \n");

		if (size == length && strncmp(words, word, length) == 0)
			return true;
		words += size;
		if (*words != ' ')
			return false;
		words++;
	}
}

/* All words of a are among those of b. */
static bool has_words(const char *b, const char *a)
{
	for (;;) {
		size_t size = strcspn(a, " \n");

		if (size && !has_word(b, a, size))
			return false;
		a += size;
		if (*a != ' ')
			return true;
		a++;
	}
}

/* The verdict is PASS where no checks are wanted, else FAIL with exactly these. */
static bool is_verdict(const char *text, const char *checks)
{
	static const char failed[] = "FAIL ";
	const char *line = verdict(text);

	if (!line)
		return false;
	if (!*checks)
		return strncmp(line, "PASS", 4) == 0;
	if (strncmp(line, failed, strlen(failed)) != 0)
		return false;
	line += strlen(failed);
	return has_words(line, checks) && has_words(checks, line);
}

/* ---- all of them ------------------------------------------------------------------------ */

static void result(struct session *session, bool ok, const char *format, ...) PVB_PRINTF(3, 4);

static void result(struct session *session, bool ok, const char *format, ...)
{
	va_list arguments;

	printf("%sok %u - ", ok ? "" : "not ", ++session->cases);
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	(void)fflush(stdout);
	session->failures += !ok;
}

/* The lines that tell more than that a check has passed. */
static void quote(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (strncmp(text, "probe: ok ", 10) != 0)
			printf("# %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* What the spoils of a set are and who has to find them, in one line each. */
struct account {
	char names[1024];
	char checks[1024];
	int refused;
};

static void append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s%s", used ? " " : "", more);
}

static struct account account_of(const struct spoil_set *set)
{
	struct account account = {.refused = 0};

	for (size_t i = 0; i < set->n; i++) {
		append(account.names, sizeof account.names, set->v[i]->name);
		if (set->v[i]->checks)
			append(account.checks, sizeof account.checks, set->v[i]->checks);
		else
			account.refused = set->v[i]->refused;
	}
	return account;
}

static int run_and_judge(struct session *session, const struct account *account, uint32_t domid,
			 struct pvb_error *error)
{
	static struct run run;
	unsigned reason = *account->checks ? PVB_SHUTDOWN_CRASH : PVB_SHUTDOWN_POWEROFF;
	int rc = run_domain(session->host, domid, MOST_SECONDS, has_verdict, &run, error);

	if (rc)
		return rc;

	bool right = run.ended && run.reason == reason && is_verdict(run.text, account->checks);

	if (!right) {
		printf("# wanted: %s\n# it %s, for reason %u; it said:\n", account->checks,
		       run.ended ? "shut down" : "had not ended", run.reason);
		quote(run.text);
	}
	if (*account->checks)
		result(session, right, "%s: the probe names %s", account->names, account->checks);
	else
		result(session, right, "the probe passes where nothing is wrong");
	return 0;
}

/* Where there is no memory above the width, a builder that does not heed it makes no mistake. */
static bool shows_here(struct session *session, const struct guest *guest,
		       const struct spoil_set *set)
{
	unsigned bits = pvb_image_info(guest->image)->declares.address_bits;
	struct pvb_host_info info;
	uint64_t below;

	for (size_t i = 0; i < set->n; i++)
		if (set->v[i]->undeclared &&
		    pvb_host_get_free_below(session->host, bits, &below, NULL) == 0 &&
		    pvb_host_get_info(session->host, &info, NULL) == 0 && info.memory_free <= below)
			return false;
	return true;
}

static int try_set(struct session *session, struct guest *guest, const struct spoil_set *set,
		   struct pvb_error *error)
{
	const struct account account = account_of(set);
	struct spoiling spoiling;
	uint32_t domid;

	if (!shows_here(session, guest, set)) {
		result(session, true, "%s # SKIP there is no free memory above the width",
		       account.names);
		return 0;
	}
	int rc = spoil_build(&spoiling, set, guest, session->host, &domid, error);

	if (account.refused || rc) {
		bool right = rc && rc == -account.refused;

		if (!right)
			printf("# %s: %s\n", pvb_code_name(-rc), rc ? error->message : "");
		result(session, right, "%s: the hypervisor refuses, with %s", account.names,
		       pvb_code_name(account.refused));
		if (rc == 0)
			(void)pvb_domain_destroy(session->host, domid, NULL);
		return 0;
	}
	rc = run_and_judge(session, &account, domid, error);
	(void)pvb_domain_destroy(session->host, domid, rc ? NULL : error);
	return rc;
}

/* Each spoil by itself. */
static int try_each(struct session *session, struct guest *guest, enum spoil_kernel kernel,
		    struct pvb_error *error)
{
	const struct spoil *spoil;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (spoil = spoil_at(i)); i++) {
		const struct spoil_set set = {.v = {spoil}, .n = 1};

		if (spoil->kernel == kernel)
			rc = try_set(session, guest, &set, error);
	}
	return rc;
}

/* Those of a group in one domain. */
static int try_groups(struct session *session, struct guest *guest, enum spoil_kernel kernel,
		      struct pvb_error *error)
{
	const struct spoil *spoil;
	struct spoil_set set;
	unsigned last = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (spoil = spoil_at(i)); i++) {
		set = (struct spoil_set){.v = {spoil}, .n = 1};
		if (spoil->kernel == kernel && !spoil->group)
			rc = try_set(session, guest, &set, error);
		if (spoil->kernel == kernel && spoil->group > last)
			last = spoil->group;
	}
	for (unsigned group = 1; rc == 0 && group <= last; group++) {
		set.n = 0;
		for (size_t i = 0; (spoil = spoil_at(i)) && set.n < SPOILS_TOGETHER; i++)
			if (spoil->kernel == kernel && spoil->group == group)
				set.v[set.n++] = spoil;
		if (set.n)
			rc = try_set(session, guest, &set, error);
	}
	return rc;
}

/* A kernel well built, and then with the spoils that want it. */
static int try_kernel(struct session *session, enum spoil_kernel kernel, struct pvb_error *error)
{
	const struct spoil_set nothing = {.n = 0};
	struct guest guest = session->guest;
	struct pvb_host_info info;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s%s", session->guest.kernel, variants[kernel]);
	guest.kernel = path;
	int rc = pvb_host_get_info(session->host, &info, error);
	if (rc == 0)
		rc = guest_open(&guest, &info, error);
	if (rc == 0)
		rc = try_set(session, &guest, &nothing, error);
	if (rc == 0)
		rc = session->together ? try_groups(session, &guest, kernel, error)
				       : try_each(session, &guest, kernel, error);
	guest_close(&guest);
	return rc;
}

static int try_all(struct session *session, struct pvb_error *error)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < VARIANTS; i++)
		rc = try_kernel(session, (enum spoil_kernel)i, error);
	printf("1..%u\n", session->cases);
	return rc;
}

/* ---- one of them ------------------------------------------------------------------------- */

static int build_one(struct session *session, struct pvb_error *error)
{
	struct spoiling spoiling;
	struct pvb_host_info info;
	uint32_t domid;
	int rc = pvb_host_get_info(session->host, &info, error);

	if (rc == 0)
		rc = guest_open(&session->guest, &info, error);
	if (rc)
		return rc;
	const struct spoil_set set = {.v = {session->spoil}, .n = 1};

	rc = spoil_build(&spoiling, &set, &session->guest, session->host, &domid, error);

	if (rc == 0)
		rc = pvb_domain_keep(session->host, domid, error);
	if (rc == 0 && !session->paused)
		rc = pvb_domain_unpause(session->host, domid, error);
	if (rc == 0) {
		printf("%u\n", domid);
		session->failures = session->spoil->refused != 0;
		return 0;
	}
	session->failures = rc != -session->spoil->refused;
	if (session->failures)
		return rc;
	printf("refused: %s: %s\n", pvb_code_name(-rc), error->message);
	return 0;
}

static int list(void)
{
	const struct spoil *spoil;

	for (size_t i = 0; (spoil = spoil_at(i)); i++)
		printf("%s\t%s\t%s\n", spoil->name,
		       spoil->checks ? spoil->checks : pvb_code_name(spoil->refused), spoil->what);
	return 0;
}

static bool parse(struct session *session, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HOST)
			session->host_name = optarg;
		else if (option == OPTION_LIST)
			session->list = true;
		else if (option == OPTION_PAUSED)
			session->paused = true;
		else if (option == OPTION_ALL)
			session->all = true;
		else if (option == OPTION_TOGETHER)
			session->all = session->together = true;
		else if (!guest_take(&session->guest, option, optarg))
			return false;
	}
	if (session->list)
		return optind == argc;
	if (optind + (session->all ? 1 : 2) != argc)
		return false;
	if (!session->all)
		session->spoil = spoil_find(argv[optind++]);
	session->guest.kernel = argv[optind];
	return session->all || session->spoil;
}

int main(int argc, char **argv)
{
	struct session session = {.guest = GUEST_INIT, .host_name = "xen"};

	session.guest.memory = UINT64_C(33) << 20;
	session.guest.command_line = "probe.strict";
	struct pvb_error error = {0};

	if (!parse(&session, argc, argv)) {
		fprintf(stderr,
			"usage: %s --list\n"
			"       %s [--host HOST] [--paused] %s SPOIL KERNEL\n"
			"       %s [--host HOST] --all|--together %s KERNEL\n",
			program, program, GUEST_USAGE, program, GUEST_USAGE);
		return 2;
	}
	if (session.list)
		return list();
	int rc = pvb_host_open(session.host_name, &session.host, &error);
	if (rc == 0)
		rc = session.all ? try_all(&session, &error) : build_one(&session, &error);
	if (rc)
		print_failure(program, &error);
	guest_close(&session.guest);
	pvb_host_close(session.host);
	return rc ? 3 : session.failures != 0;
}
