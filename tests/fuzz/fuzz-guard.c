/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a builder and its guard say to each other, from either side: the input is the other side.
 *
 * A guard destroys one domain at most, or has others forget it: the one that it was told to
 * expect, and only where the builder ended without letting go of it. A builder goes on only where
 * its guard said that it is ready, and keeps a domain only where the guard said that it lets go.
 */
#include "fuzz/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/check.h"
#include "fuzz/input.h"
#include "host/xen/guard.h"

#define WORDS_MOST 24u
#define DOMAINS 4u

/* Handles, of which few are different, so that they are the same often enough. */
static void take_handle(uint8_t handle[XEN_HANDLE_SIZE], struct fuzz_input *input)
{
	memset(handle, (int)take(input, 1) % 3, XEN_HANDLE_SIZE);
}

/* A message as it is sent: whole, or of another size. */
struct sent {
	struct xen_guard_message message;
	size_t size;
	uint8_t room[16]; /* behind it, for one that is too long */
};

static void take_message(struct sent *sent, struct fuzz_input *input)
{
	const unsigned choice = (unsigned)take(input, 1);
	struct xen_guard_message *message = &sent->message;

	*sent = (struct sent){.size = sizeof *message};
	message->word = (enum xen_guard_word)(choice % 9);
	if (choice >> 4 == 15)
		sent->size = take(input, 1) % 2 ? sizeof *message + 1 : take(input, 2) % sent->size;
	message->domid = (uint32_t)take(input, 1) % (DOMAINS + 1);
	take_handle(message->birth, input);
	take_handle(message->uuid, input);
	message->error.code = (int)take(input, 2);
	memset(message->error.message, choice & 8 ? 'x' : '\0', sizeof message->error.message);
	memset(message->error.context, choice & 8 ? 'y' : '\0', sizeof message->error.context);
}

static void put(int channel, const struct sent *sent)
{
	/* What does not arrive is as good as not said. */
	(void)!send(channel, sent, sent->size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool get(int channel, struct xen_guard_message *message)
{
	ssize_t got = recv(channel, message, sizeof *message, MSG_DONTWAIT);

	/* Told before what was said, where the other side went without hearing everything. */
	if (got < 0 && errno == ECONNRESET)
		got = recv(channel, message, sizeof *message, MSG_DONTWAIT);
	return got == (ssize_t)sizeof *message;
}

/* ---- the guard's side ---------------------------------------------------------------------- */

/* A hypervisor with few domains, of which some calls fail. */
struct machine {
	bool there[DOMAINS];
	uint8_t handle[DOMAINS][XEN_HANDLE_SIZE];
	unsigned fails; /* a bit for each call */
	unsigned destroyed, forgotten, reported;
	uint32_t domid; /* that was destroyed or forgotten, and by which handle */
	uint8_t uuid[XEN_HANDLE_SIZE];
};

enum { FAIL_OPEN = 1, FAIL_FIND = 2, FAIL_GET = 4, FAIL_DESTROY = 8, FAIL_FORGET = 16 };

static int fail_as_told(const struct machine *machine, unsigned call, struct pvb_error *error)
{
	if (!(machine->fails & call))
		return 0;
	*error = (struct pvb_error){
		.code = PVB_E_HOST_DENIED, .stage = "fuzz", .message = "as it was told to"};
	return -PVB_E_HOST_DENIED;
}

static int machine_open(void *opaque, struct pvb_error *error)
{
	return fail_as_told(opaque, FAIL_OPEN, error);
}

static int machine_find(void *opaque, const uint8_t handle[XEN_HANDLE_SIZE], uint32_t *domid,
			bool *found, struct pvb_error *error)
{
	const struct machine *machine = opaque;

	*found = false;
	for (uint32_t i = 0; i < DOMAINS && !*found; i++) {
		*found = machine->there[i] &&
			 memcmp(machine->handle[i], handle, XEN_HANDLE_SIZE) == 0;
		*domid = i;
	}
	return fail_as_told(machine, FAIL_FIND, error);
}

static int machine_get(void *opaque, uint32_t domid, uint8_t handle[XEN_HANDLE_SIZE], bool *found,
		       struct pvb_error *error)
{
	const struct machine *machine = opaque;

	*found = domid < DOMAINS && machine->there[domid];
	if (*found)
		memcpy(handle, machine->handle[domid], XEN_HANDLE_SIZE);
	return fail_as_told(machine, FAIL_GET, error);
}

static int machine_destroy(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
			   struct pvb_error *error)
{
	struct machine *machine = opaque;

	must(domid < DOMAINS && machine->there[domid]);
	machine->destroyed++;
	machine->domid = domid;
	memcpy(machine->uuid, uuid, XEN_HANDLE_SIZE);
	return fail_as_told(machine, FAIL_DESTROY, error);
}

static int machine_forget(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
			  struct pvb_error *error)
{
	struct machine *machine = opaque;

	machine->forgotten++;
	machine->domid = domid;
	memcpy(machine->uuid, uuid, XEN_HANDLE_SIZE);
	return fail_as_told(machine, FAIL_FORGET, error);
}

static void machine_report(void *opaque, uint32_t domid, const struct pvb_error *error)
{
	struct machine *machine = opaque;

	(void)domid;
	machine->reported++;
	if (error)
		must_be_sound(-error->code, error);
}

/* What a guard must make of it, said once more. */
struct expected {
	bool expecting, created, let_go, ended;
	bool keeps; /* and says so */
	uint32_t domid;
	uint8_t birth[XEN_HANDLE_SIZE], uuid[XEN_HANDLE_SIZE];
};

static void expect(struct expected *expected, const struct sent *sent)
{
	const struct xen_guard_message *message = &sent->message;

	if (expected->let_go || expected->ended)
		return;
	if (sent->size != sizeof *message) {
		expected->ended = true;
		return;
	}
	if (message->word == XEN_GUARD_EXPECT) {
		expected->expecting = true;
		memcpy(expected->birth, message->birth, XEN_HANDLE_SIZE);
		memcpy(expected->uuid, message->uuid, XEN_HANDLE_SIZE);
	} else if (message->word == XEN_GUARD_CREATED) {
		expected->created = true;
		expected->domid = message->domid;
	} else if (message->word == XEN_GUARD_KEEP || message->word == XEN_GUARD_FORGET) {
		expected->let_go = true;
		expected->keeps = message->word == XEN_GUARD_KEEP;
	}
}

static bool is_the_one(const struct expected *expected, const struct machine *machine,
		       uint32_t domid)
{
	const uint8_t *handle = machine->handle[domid];

	if (!machine->there[domid])
		return false;
	if (expected->created && domid != expected->domid)
		return false;
	return memcmp(handle, expected->birth, XEN_HANDLE_SIZE) == 0 ||
	       (expected->created && memcmp(handle, expected->uuid, XEN_HANDLE_SIZE) == 0);
}

/* What it did to the one domain that it may touch. */
static void check_deeds(const struct expected *expected, const struct machine *machine, bool acts,
			bool found)
{
	const bool forgets = acts && expected->created && !found;

	must(machine->destroyed == (acts && found ? 1 : 0));
	must(machine->forgotten == (forgets ? 1 : 0));
	must(!machine->destroyed || is_the_one(expected, machine, machine->domid));
	must(!machine->forgotten || machine->domid == expected->domid);
	if (machine->destroyed || machine->forgotten)
		must(memcmp(machine->uuid, expected->uuid, XEN_HANDLE_SIZE) == 0);
}

static void check_answers(const struct expected *expected, int channel, bool speaks)
{
	struct xen_guard_message message;

	must(get(channel, &message));
	must(message.word == (speaks ? XEN_GUARD_READY : XEN_GUARD_UNABLE));
	if (!speaks)
		must_be_sound(-message.error.code, &message.error);
	must(get(channel, &message) == (speaks && expected->keeps));
	must(!expected->keeps || !speaks || message.word == XEN_GUARD_KEPT);
}

static void check_guard(const struct expected *expected, const struct machine *machine, int channel,
			int rc)
{
	const bool speaks = !(machine->fails & FAIL_OPEN);
	const bool acts = speaks && expected->expecting && !expected->let_go;
	const bool looks = !(machine->fails & (expected->created ? FAIL_GET : FAIL_FIND));
	bool found = false;

	for (uint32_t i = 0; i < DOMAINS; i++)
		found |= is_the_one(expected, machine, i);
	check_deeds(expected, machine, acts && looks, found);

	const bool fails = !looks || (machine->destroyed && machine->fails & FAIL_DESTROY) ||
			   (machine->forgotten && machine->fails & FAIL_FORGET);

	must((rc != 0) == (!speaks || (acts && fails)));
	must(machine->reported == (acts && (fails || found) ? 1 : 0));
	check_answers(expected, channel, speaks);
}

static void run_guard(struct fuzz_input *input)
{
	static const struct xen_guard_ops ops = {machine_open,    machine_find,   machine_get,
						 machine_destroy, machine_forget, machine_report};
	struct machine machine = {.fails = (unsigned)take(input, 1)};
	const unsigned there = (unsigned)take(input, 1);
	struct expected expected = {0};
	int pair[2], builder = eventfd(1, EFD_CLOEXEC);

	must(builder >= 0);
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	for (unsigned i = 0; i < DOMAINS; i++) {
		machine.there[i] = there >> i & 1;
		take_handle(machine.handle[i], input);
	}
	for (unsigned i = 0; i < WORDS_MOST && input->left; i++) {
		struct sent sent;

		take_message(&sent, input);
		put(pair[0], &sent);
		expect(&expected, &sent);
	}
	/* The builder has ended, and its end of the channel has, or lives on in another process. */
	if (there & 0x10)
		must(!shutdown(pair[0], SHUT_WR));

	const int rc = xen_guard_run(pair[1], builder, &ops, &machine);

	check_guard(&expected, &machine, pair[0], rc);
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)close(builder);
}

/* ---- the builder's side -------------------------------------------------------------------- */

/* The guard's end of the channel, which its program would have. */
static int guards_end = -1;
static struct fuzz_input *answers;
static bool starts;

int __wrap_posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int as);
int __real_posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int as);
int __wrap_posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const arguments[],
		       char *const environment[]);

int __wrap_posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int as)
{
	if (as == XEN_GUARD_CHANNEL && guards_end < 0)
		guards_end = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return __real_posix_spawn_file_actions_adddup2(actions, fd, as);
}

/* A guard that says all that it will ever say, and listens on. */
int __wrap_posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const arguments[],
		       char *const environment[])
{
	(void)path;
	(void)actions;
	(void)attributes;
	(void)arguments;
	(void)environment;
	must(guards_end >= 0);
	if (!starts) {
		/* Then nobody has its end of the channel. */
		(void)close(guards_end);
		return ENOENT;
	}
	*child = INT_MAX; /* nobody's */
	for (unsigned i = 0; i < WORDS_MOST && answers->left; i++) {
		struct sent sent;

		take_message(&sent, answers);
		put(guards_end, &sent);
	}
	must(!shutdown(guards_end, SHUT_WR));
	return 0;
}

/* Words of the guard that a builder hears, one a question. */
static bool is_whole(const struct sent *sent, enum xen_guard_word word)
{
	return sent->size == sizeof sent->message && sent->message.word == word;
}

static void must_be_a_refusal(int rc, const struct pvb_error *error)
{
	must_after(rc < 0 && error->code == -rc, error);
	must(strnlen(error->message, sizeof error->message) < sizeof error->message);
	must(strnlen(error->context, sizeof error->context) < sizeof error->context);
	must(error->message[0]);
}

static void must_have_heard(enum xen_guard_word word)
{
	struct xen_guard_message message;

	must(get(guards_end, &message) && message.word == word);
}

static void keep_or_dismiss(struct xen_guard *guard, bool keep, const struct sent *answer)
{
	struct pvb_error error = {0};
	int rc;

	must(!xen_guard_created(guard, 3, &error));
	must_have_heard(XEN_GUARD_CREATED);
	if (!keep) {
		xen_guard_dismiss(guard);
		must_have_heard(XEN_GUARD_FORGET);
		return;
	}
	rc = xen_guard_keep(guard, &error);
	must_have_heard(XEN_GUARD_KEEP);
	must((rc == 0) == is_whole(answer, XEN_GUARD_KEPT));
	if (rc == 0)
		return;
	must_be_a_refusal(rc, &error);
	xen_guard_dismiss(guard);
}

static void run_builder(struct fuzz_input *input)
{
	const uint8_t birth[XEN_HANDLE_SIZE] = {1}, uuid[XEN_HANDLE_SIZE] = {2};
	const unsigned choices = (unsigned)take(input, 1);
	struct xen_guard *guard = NULL;
	struct pvb_error error = {0};
	struct fuzz_input ahead = *input;
	struct sent first = {0}, second = {0};

	if (ahead.left)
		take_message(&first, &ahead);
	if (ahead.left)
		take_message(&second, &ahead);
	answers = input;
	starts = choices & 1;

	int rc = xen_guard_start("/nowhere/guard", birth, uuid, &guard, &error);

	must((rc == 0) == (guard != NULL));
	must((rc == 0) == (starts && is_whole(&first, XEN_GUARD_READY)));
	if (guard) {
		must_have_heard(XEN_GUARD_EXPECT);
		keep_or_dismiss(guard, choices & 2, &second);
	} else {
		must_be_a_refusal(rc, &error);
	}
	if (starts)
		(void)close(guards_end);
	guards_end = -1;
}

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	if (take(&input, 1) & 1)
		run_builder(&input);
	else
		run_guard(&input);
}

/* ---- what it begins with ------------------------------------------------------------------- */

static void add(struct blob *input, unsigned word, unsigned domid, unsigned birth, unsigned uuid,
		unsigned code)
{
	blob_append_number(input, word, 1);
	blob_append_number(input, domid, 1);
	blob_append_number(input, birth, 1);
	blob_append_number(input, uuid, 1);
	blob_append_number(input, code, 2);
}

/* Domain 2 has handle 1. */
static struct blob guard(unsigned fails, unsigned there)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 0, 1);
	blob_append_number(&input, fails, 1);
	blob_append_number(&input, there, 1);
	blob_append(&input, "\0\0\1\0", 4);
	return input;
}

static struct blob builder_that_is_killed(void)
{
	struct blob input = guard(0, 0x1f);

	add(&input, XEN_GUARD_EXPECT, 0, 1, 2, 0);
	add(&input, XEN_GUARD_CREATED, 2, 0, 0, 0);
	return input;
}

static struct blob builder_that_is_killed_early(void)
{
	struct blob input = guard(0, 0xf);

	add(&input, XEN_GUARD_EXPECT, 0, 1, 2, 0);
	return input;
}

static struct blob builder_that_keeps(void)
{
	struct blob input = guard(0, 0xf);

	add(&input, XEN_GUARD_EXPECT, 0, 1, 2, 0);
	add(&input, XEN_GUARD_CREATED, 2, 0, 0, 0);
	add(&input, XEN_GUARD_KEEP, 0, 0, 0, 0);
	return input;
}

/* Was forgotten as domain 0. */
static struct blob number_of_what_was_not_expected(void)
{
	struct blob input = guard(0, 0x1f);

	add(&input, XEN_GUARD_CREATED, 2, 0, 0, 0);
	return input;
}

static struct blob number_of_another(void)
{
	struct blob input = guard(0, 0x1f);

	add(&input, XEN_GUARD_EXPECT, 0, 1, 2, 0);
	add(&input, XEN_GUARD_CREATED, 1, 0, 0, 0);
	return input;
}

static struct blob calls_that_fail(void)
{
	struct blob input = guard(FAIL_DESTROY, 0x1f);

	add(&input, XEN_GUARD_EXPECT, 0, 1, 2, 0);
	return input;
}

static struct blob half_a_word(void)
{
	struct blob input = guard(0, 0x1f);

	add(&input, XEN_GUARD_EXPECT, 0, 1, 2, 0);
	blob_append_number(&input, 0xf0, 1);
	blob_append_number(&input, 0, 1);
	blob_append_number(&input, 99, 2);
	return input;
}

static struct blob builder(unsigned choices)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, 1, 1);
	blob_append_number(&input, choices, 1);
	return input;
}

static struct blob guard_that_keeps(void)
{
	struct blob input = builder(3);

	add(&input, XEN_GUARD_READY, 0, 0, 0, 0);
	add(&input, XEN_GUARD_KEPT, 0, 0, 0, 0);
	return input;
}

static struct blob guard_that_ends(void)
{
	struct blob input = builder(3);

	add(&input, XEN_GUARD_READY, 0, 0, 0, 0);
	return input;
}

static struct blob guard_that_is_unable(void)
{
	struct blob input = builder(1);

	add(&input, XEN_GUARD_UNABLE | 0x20, 0, 0, 0, PVB_E_HOST_STORE);
	return input;
}

/* Was taken for one that is ready: the code of no error is 0. */
static struct blob guard_that_is_unable_for_no_reason(void)
{
	struct blob input = builder(3);

	add(&input, XEN_GUARD_UNABLE, 0, 0, 0, 0);
	return input;
}

/* Was taken for what its beginning says. */
static struct blob guard_whose_word_is_too_long(void)
{
	struct blob input = builder(3);

	blob_append_number(&input, 0xf4, 1); /* READY: 244 is 1 above a multiple of 9 */
	blob_append_number(&input, 1, 1);
	blob_append(&input, NULL, 5);
	return input;
}

static struct blob guard_that_does_not_start(void)
{
	return builder(0);
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(builder_that_is_killed),
	FUZZ_SEED(builder_that_is_killed_early),
	FUZZ_SEED(builder_that_keeps),
	FUZZ_SEED(number_of_what_was_not_expected),
	FUZZ_SEED(number_of_another),
	FUZZ_SEED(calls_that_fail),
	FUZZ_SEED(half_a_word),
	FUZZ_SEED(guard_that_keeps),
	FUZZ_SEED(guard_that_ends),
	FUZZ_SEED(guard_that_is_unable),
	FUZZ_SEED(guard_that_is_unable_for_no_reason),
	FUZZ_SEED(guard_whose_word_is_too_long),
	FUZZ_SEED(guard_that_does_not_start),
	{.name = NULL},
};

const struct fuzz_target fuzz_guard = {
	.name = "guard", .max_size = 256, .run = run, .seeds = seeds};
