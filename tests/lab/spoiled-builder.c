/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that are wrong in one thing, for those who have to notice.
 *
 *   spoiled-builder --list
 *       what there is: the name, who has to notice, and what is wrong
 *   spoiled-builder [--host HOST] [--paused] [guest options] SPOIL KERNEL
 *       build the domain so, start it, and print its number; or say how it was refused
 *   spoiled-builder [--host HOST] --all [guest options] KERNEL
 *       KERNEL is the probe guest, beside which its variants lie. Build it well: it has to pass.
 *       Then build it with each spoil in turn: the probe has to name the check that finds it,
 *       and no other; or the hypervisor refuses, as foreseen. Speaks TAP.
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

/* ---- the probe ------------------------------------------------------------------------ */

/*
 * Its kernels lie beside each other. A guest of an odd number of MiB has a p2m list that does not
 * fill its pages.
 */
static const char *const variants[] = {
	[SPOIL_PROBE] = "",
	[SPOIL_PROBE_P2M] = "-p2m",
	[SPOIL_PROBE_LEGACY] = "-legacy",
};

#define VARIANTS (sizeof variants / sizeof variants[0])

/* Longer than the probe takes anywhere, emulated or not. */
#define MOST_SECONDS 60

/* The last line is "probe: verdict PASS, ..." or "probe: verdict FAIL CHECK CHECK...". */
#define VERDICT "probe: verdict "
#define PASSED VERDICT "PASS"
#define FAILED VERDICT "FAIL "

/* A whole line. */
static const char *verdict(const char *text)
{
	const char *line = strstr(text, VERDICT);

	return line && strchr(line, '\n') ? line : NULL;
}

static bool has_verdict(const char *text)
{
	return verdict(text);
}

/* The verdict is PASS where no checks are wanted, else FAIL with exactly these. */
static bool is_verdict(const char *text, const char *checks)
{
	const char *line = verdict(text);

	if (!line)
		return false;
	if (!checks)
		return strncmp(line, PASSED, strlen(PASSED)) == 0;
	if (strncmp(line, FAILED, strlen(FAILED)) != 0)
		return false;
	line += strlen(FAILED);
	return strncmp(line, checks, strlen(checks)) == 0 && line[strlen(checks)] == '\n';
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

static int run_and_judge(struct session *session, const struct spoil *spoil, const char *kernel,
			 uint32_t domid, struct pvb_error *error)
{
	static struct run run;
	const char *checks = spoil ? spoil->checks : NULL;
	unsigned reason = spoil ? PVB_SHUTDOWN_CRASH : PVB_SHUTDOWN_POWEROFF;
	int rc = run_domain(session->host, domid, MOST_SECONDS, has_verdict, &run, error);

	if (rc)
		return rc;

	bool right = run.ended && run.reason == reason && is_verdict(run.text, checks);

	if (!right) {
		printf("# it %s, for reason %u; it said:\n",
		       run.ended ? "shut down" : "had not ended", run.reason);
		quote(run.text);
	}
	if (spoil)
		result(session, right, "%s: %s: the probe names %s", spoil->name, spoil->what,
		       spoil->checks);
	else
		result(session, right, "probe%s, built as it should be, passes", kernel);
	return 0;
}

static int try_spoil(struct session *session, struct guest *guest, const char *kernel,
		     const struct spoil *spoil, struct pvb_error *error)
{
	struct spoiling spoiling;
	uint32_t domid;
	int rc = spoil_build(&spoiling, spoil, guest, session->host, &domid, error);

	if (rc) {
		bool right = spoil && rc == -spoil->refused;

		if (!right)
			printf("# %s: %s\n", pvb_code_name(-rc), error->message);
		result(session, right, "%s: %s: the hypervisor refuses, with %s",
		       spoil ? spoil->name : kernel, spoil ? spoil->what : "built as it should be",
		       pvb_code_name(-rc));
		return 0;
	}
	if (spoil && spoil->refused) {
		result(session, false, "%s: %s: the hypervisor refuses, with %s", spoil->name,
		       spoil->what, pvb_code_name(spoil->refused));
	} else {
		rc = run_and_judge(session, spoil, kernel, domid, error);
	}
	(void)pvb_domain_destroy(session->host, domid, rc ? NULL : error);
	return rc;
}

/* Each of the kernels well built, and then with the spoils that want it. */
static int try_kernel(struct session *session, enum spoil_kernel kernel, struct pvb_error *error)
{
	struct guest guest = session->guest;
	const struct spoil *spoil;
	struct pvb_host_info info;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s%s", session->guest.kernel, variants[kernel]);
	guest.kernel = path;
	int rc = pvb_host_get_info(session->host, &info, error);
	if (rc == 0)
		rc = guest_open(&guest, &info, error);
	if (rc == 0)
		rc = try_spoil(session, &guest, variants[kernel], NULL, error);
	for (size_t i = 0; rc == 0 && (spoil = spoil_at(i)); i++)
		if (spoil->kernel == kernel)
			rc = try_spoil(session, &guest, variants[kernel], spoil, error);
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
	rc = spoil_build(&spoiling, session->spoil, &session->guest, session->host, &domid, error);

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
			"       %s [--host HOST] --all %s KERNEL\n",
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
