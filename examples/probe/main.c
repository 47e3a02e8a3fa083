/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the entry to the verdict. */
#include "hypercall.h"
#include "probe.h"

/* Of what one check has to say, this much is said. */
#define MANY 4
#define MAX_CHECKS 80

enum outcome { PASSED, FAILED, UNTESTED };

static struct {
	const struct check *now;
	enum outcome outcome;
	unsigned said;
	enum outcome outcomes[MAX_CHECKS];
	unsigned count[3], notes; /* notes: the checks that had any */
	uint64_t began;
} run;

void start(void);

_Noreturn void end(unsigned reason)
{
	struct sched_shutdown shutdown = {.reason = reason};

	for (;;)
		(void)hypercall_sched_op(SCHEDOP_SHUTDOWN, &shutdown);
}

const char *current_check(void)
{
	return run.now ? run.now->name : "start";
}

static void say_of_check(const char *what, const char *format, __builtin_va_list arguments)
{
	char text[384];
	size_t length = 0;

	if (++run.said > MANY)
		return;
	text_format(text, sizeof text - 1, &length, format, arguments);
	text[length] = 0;
	say("probe: %s %s: %s\n", what, run.now->name, text);
}

void fail(const char *format, ...)
{
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	run.outcome = FAILED;
	say_of_check("FAIL", format, arguments);
	__builtin_va_end(arguments);
}

void odd(const char *format, ...)
{
	__builtin_va_list arguments;
	bool strict = option("strict");

	__builtin_va_start(arguments, format);
	if (strict)
		run.outcome = FAILED;
	else if (run.said == 0)
		run.notes++;
	say_of_check(strict ? "FAIL" : "note", format, arguments);
	__builtin_va_end(arguments);
}

void untested(const char *format, ...)
{
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	if (run.outcome == PASSED)
		run.outcome = UNTESTED;
	say_of_check("untested", format, arguments);
	__builtin_va_end(arguments);
}

static bool has_passed(const char *name)
{
	for (unsigned i = 0; i < check_count; i++)
		if (text_equal(checks[i].name, name))
			return run.outcomes[i] == PASSED;
	return false;
}

static const char *missing(const struct check *check)
{
	for (unsigned i = 0; i < 2 && check->needs[i]; i++)
		if (!has_passed(check->needs[i]))
			return check->needs[i];
	return NULL;
}

static void run_checks(void)
{
	for (unsigned i = 0; i < check_count; i++) {
		const char *needed = missing(&checks[i]);

		run.now = &checks[i];
		run.outcome = PASSED;
		run.said = 0;
		if (needed)
			untested("it needs %s", needed);
		else
			checks[i].run();
		if (run.said > MANY)
			say("probe: and %u more like this\n", run.said - MANY);
		if (run.outcome == PASSED)
			say("probe: ok %s\n", checks[i].name);
		run.outcomes[i] = run.outcome;
		run.count[run.outcome]++;
	}
	run.now = NULL;
}

static void list_checks(void)
{
	for (unsigned i = 0; i < check_count; i++)
		say("probe: %s: %s\n", checks[i].name, checks[i].says);
}

/* One line, which is also left in xenstore where the guest may write. */
static void verdict(void)
{
	static char names[1024];
	size_t length = 0;
	const char *why;

	for (unsigned i = 0; i < check_count; i++) {
		if (run.outcomes[i] != FAILED)
			continue;
		for (const char *c = checks[i].name; *c && length < sizeof names - 2; c++)
			names[length++] = *c;
		names[length++] = ' ';
	}
	if (length)
		names[length - 1] = 0;
	if (run.count[FAILED])
		say("probe: verdict FAIL %s\n", names);
	else
		say("probe: verdict PASS, %u checks, %u not tested, %u with notes, %lu ms\n",
		    run.count[PASSED], run.count[UNTESTED], run.notes,
		    (time_now() - run.began) / 1000000);
	if (has_passed("store.answers"))
		(void)store_write("data/probe", run.count[FAILED] ? names : "PASS", &why);
}

/* Until it is destroyed. */
static void hold(void)
{
	struct sched_poll poll = {0};

	say("probe: holding\n");
	for (;;)
		(void)hypercall_sched_op(SCHEDOP_POLL, &poll);
}

void start(void)
{
	exceptions_start();
	if (!facts_find()) {
		say("probe: FAIL start: there is no start_info to be found, or the page tables "
		    "lead nowhere; rsi is %lx, cr3 holds frame %lx\n"
		    "probe: verdict FAIL start\n",
		    entry_registers.rsi, facts.root);
		console_drain();
		end(SHUTDOWN_CRASH);
	}
	options_start(facts.start_info->cmd_line, COMMAND_LINE_SIZE);
	console_start();
	say("probe: %s on Xen %lu.%lu, %lu pages, command line \"%s\"\n", PROBE_NAME,
	    facts.xen_version >> 16, facts.xen_version & 0xffff, facts.pages, command_line());
	if (option("list")) {
		list_checks();
		console_drain();
		end(SHUTDOWN_POWEROFF);
	}
	run.began = time_now();
	run_checks();
	verdict();
	if (option("hold") && !run.count[FAILED])
		hold();
	console_drain();
	end(run.count[FAILED] ? SHUTDOWN_CRASH : SHUTDOWN_POWEROFF);
}
