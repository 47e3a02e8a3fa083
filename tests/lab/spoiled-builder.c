/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that are wrong in one thing, for those who have to notice.
 *
 *   spoiled-builder --list
 *       what there is: the name, who has to notice, and what is wrong
 *   spoiled-builder [--host HOST] [--paused] [guest options] SPOIL KERNEL
 *       build the domain so, start it, and print its number; or say how it was refused
 *   spoiled-builder [--host HOST] --all [guest options] KERNEL
 *       KERNEL is the probe guest. Build it well: it has to pass. Then build it with each
 *       spoil in turn: the probe has to name the check that finds it, and no other; or the
 *       hypervisor refuses, as foreseen. Speaks TAP.
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

enum { OPTION_HOST = 'h', OPTION_LIST = 'l', OPTION_PAUSED = 'p', OPTION_ALL = 'a' };

static const struct option long_options[] = {
	{"host", required_argument, NULL, OPTION_HOST},
	{"list", no_argument, NULL, OPTION_LIST},
	{"paused", no_argument, NULL, OPTION_PAUSED},
	{"all", no_argument, NULL, OPTION_ALL},
	GUEST_OPTIONS,
	{NULL, 0, NULL, 0},
};

struct session {
	struct guest guest;
	const char *host_name;
	struct pvb_host *host;
	const struct spoil *spoil;
	bool list, paused, all;
	unsigned cases, failures;
};

/* ---- what the probe says -------------------------------------------------------------- */

/* A finding is a line "probe: FAIL CHECK: ..."; the last line is a verdict. */
#define FINDING "probe: FAIL "
#define VERDICT "probe: verdict "
#define PASSED "probe: verdict PASS"

/* Longer than the probe takes anywhere, emulated or not. */
#define MOST_SECONDS 30

/* The checks that a probe named, each once, with blanks between. */
static void checks_named(const char *text, char *names, size_t size)
{
	size_t used = 0;

	names[0] = '\0';
	for (const char *at = text; (at = strstr(at, FINDING));) {
		char name[64], padded[70], known[2048];

		at += strlen(FINDING);
		(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ": \n"), at);
		(void)snprintf(padded, sizeof padded, " %s ", name);
		(void)snprintf(known, sizeof known, " %s ", names);
		if (strstr(known, padded) || used + strlen(name) + 2 > size)
			continue;
		used += (size_t)snprintf(names + used, size - used, "%s%s", used ? " " : "", name);
	}
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

/* Every line with '#' before it. */
static void quote(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		printf("# %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static int run_and_judge(struct session *session, const struct spoil *spoil, uint32_t domid,
			 struct pvb_error *error)
{
	static struct run run;
	char named[512];
	int rc = run_domain(session->host, domid, MOST_SECONDS, VERDICT, &run, error);

	if (rc)
		return rc;
	checks_named(run.text, named, sizeof named);

	bool passed = strstr(run.text, PASSED) != NULL;
	bool right = run.ended && passed == !spoil && strcmp(named, spoil ? spoil->check : "") == 0;

	if (!right) {
		printf("# named: %s; %s for reason %u\n", named[0] ? named : "nothing",
		       run.ended ? "it shut down" : "it had not ended", run.reason);
		quote(run.text);
	}
	if (spoil)
		result(session, right, "%s: %s: the probe names %s", spoil->name, spoil->what,
		       spoil->check);
	else
		result(session, right, "a good domain: the probe passes");
	return 0;
}

static int try_spoil(struct session *session, const struct spoil *spoil, struct pvb_error *error)
{
	struct spoiling spoiling;
	uint32_t domid;
	int rc = spoil_build(&spoiling, spoil, &session->guest, session->host, &domid, error);

	if (rc) {
		bool right = spoil && rc == -spoil->refused;

		if (!right)
			printf("# %s: %s\n", pvb_code_name(-rc), error->message);
		result(session, right, "%s: %s: the hypervisor refuses, with %s",
		       spoil ? spoil->name : "a good domain", spoil ? spoil->what : "nothing",
		       pvb_code_name(-rc));
		return 0;
	}
	if (spoil && spoil->refused) {
		result(session, false, "%s: %s: the hypervisor refuses, with %s", spoil->name,
		       spoil->what, pvb_code_name(spoil->refused));
		rc = 0;
	} else {
		rc = run_and_judge(session, spoil, domid, error);
	}
	(void)pvb_domain_destroy(session->host, domid, rc ? NULL : error);
	return rc;
}

static int try_all(struct session *session, struct pvb_error *error)
{
	int rc = try_spoil(session, NULL, error);

	for (size_t i = 0; rc == 0 && i < spoil_count; i++)
		rc = try_spoil(session, &spoils[i], error);
	printf("1..%u\n", session->cases);
	return rc;
}

/* ---- one of them ------------------------------------------------------------------------- */

static int build_one(struct session *session, struct pvb_error *error)
{
	struct spoiling spoiling;
	uint32_t domid;
	int rc = spoil_build(&spoiling, session->spoil, &session->guest, session->host, &domid,
			     error);

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
	for (size_t i = 0; i < spoil_count; i++)
		printf("%s\t%s %s\t%s\n", spoils[i].name, spoils[i].check ? "probe" : "refused",
		       spoils[i].check ? spoils[i].check : pvb_code_name(spoils[i].refused),
		       spoils[i].what);
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
	struct pvb_error error = {0};
	struct pvb_host_info info;

	if (!parse(&session, argc, argv)) {
		fprintf(stderr,
			"usage: %s --list\n"
			"       %s [--host HOST] [--paused] %s SPOIL KERNEL\n"
			"       %s [--host HOST] --all %s KERNEL\n",
			program, program, GUEST_USAGE, program, GUEST_USAGE);
		return 2;
	}
	if (session.list)
		return list();
	int rc = pvb_host_open(session.host_name, &session.host, &error);
	if (rc == 0)
		rc = pvb_host_get_info(session.host, &info, &error);
	if (rc == 0)
		rc = guest_open(&session.guest, &info, &error);
	if (rc == 0)
		rc = session.all ? try_all(&session, &error) : build_one(&session, &error);
	if (rc)
		print_failure(program, &error);
	guest_close(&session.guest);
	pvb_host_close(session.host);
	return rc ? 3 : session.failures != 0;
}
