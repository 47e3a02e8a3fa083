/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A console's bytes, over pseudoterminals and pipes that stand for a guest, a person and a domain.
 */
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fault.h"
#include "relay.h"
#include "signals.h"
#include "terminal.h"

/*
 * guest is where a console daemon would be, console its other end; person and in/out likewise.
 * ended is written to where the domain ends.
 */
struct scene {
	int guest;
	int console;
	int in[2];
	int out[2];
	int ended[2];
	int stop[2];
	bool has_ended;
	bool fails;
	const char *last_words;
	const char *very_last_words;
	unsigned expected;
	struct pvb_console_ring ring;
	unsigned asked;
	struct relay_result result;
	struct relay relay;
};

static int has_ended(void *opaque, struct pvb_error *error)
{
	struct scene *scene = opaque;
	char word;

	(void)!read(scene->ended[0], &word, 1);
	if (scene->fails)
		return fault(error, PVB_E_HOST_DENIED, "test", "no");
	if (scene->last_words)
		(void)!write(scene->guest, scene->last_words, strlen(scene->last_words));
	return scene->has_ended;
}

/* ---- a guest's ring ---- */

/* What the guest has written, of which "untaken" is still to be taken by the console daemon. */
static void write_ring(struct scene *scene, const char *text, uint32_t untaken)
{
	struct pvb_console_ring *ring = &scene->ring;
	size_t length = strlen(text);

	ring->size = sizeof *ring;
	ring->written = (uint32_t)length;
	ring->taken = (uint32_t)length - untaken;
	ring->count = length < sizeof ring->last ? (uint32_t)length : sizeof ring->last;
	memcpy(ring->last, text + length - ring->count, ring->count);
}

/* The first time is before the relay begins; the console daemon sleeps for so many silences. */
static bool look_at_ring(void *opaque, struct pvb_console_ring *ring)
{
	struct scene *scene = opaque;

	if (scene->asked++ == 0)
		return true;
	if (scene->expected && --scene->expected == 0)
		(void)!write(scene->guest, scene->very_last_words, strlen(scene->very_last_words));
	*ring = scene->ring;
	return true;
}

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	struct termios raw;

	assert_non_null(scene);
	assert_int_equal(openpty(&scene->guest, &scene->console, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(scene->console, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(scene->console, TCSANOW, &raw), 0);
	assert_int_equal(pipe2(scene->in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(scene->out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(scene->ended, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(scene->stop, O_CLOEXEC), 0);
	scene->relay = (struct relay){
		.in = scene->in[0],
		.out = scene->out[1],
		.escape = true,
		.console = scene->console,
		.ended = scene->ended[0],
		.has_ended = has_ended,
		.opaque = scene,
		.silence_ms = 1,
		.stop = scene->stop[0],
	};
	*state = scene;
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	shut(&scene->guest);
	shut(&scene->console);
	for (unsigned i = 0; i < 2; i++) {
		shut(&scene->in[i]);
		shut(&scene->out[i]);
		shut(&scene->ended[i]);
		shut(&scene->stop[i]);
	}
	free(scene);
	return 0;
}

static void put(int fd, const char *bytes)
{
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
}

/* What has arrived at fd, all of it at once. */
static void assert_arrived(int fd, const char *bytes)
{
	char got[256] = "";
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	if (*bytes)
		assert_true(read(fd, got, sizeof got - 1) > 0);
	else
		assert_int_equal(poll(&ready, 1, 0), 0);
	assert_string_equal(got, bytes);
}

static enum relay_outcome outcome_of(struct scene *scene)
{
	struct pvb_error error;

	assert_ok(relay_run(&scene->relay, &scene->result, &error), &error);
	return scene->result.outcome;
}

static void what_the_guest_writes_arrives_before_its_end(void **state)
{
	struct scene *scene = *state;

	put(scene->guest, "login: ");
	scene->has_ended = true;
	put(scene->ended[1], "!");
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "login: ");
}

static void what_comes_after_the_end_arrives_too(void **state)
{
	struct scene *scene = *state;

	/* The console daemon is slower than the news that the domain has ended. */
	scene->last_words = "last words";
	scene->has_ended = true;
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "last words");
}

static void what_is_expected_is_waited_for(void **state)
{
	struct scene *scene = *state;

	/* Taken from the ring long ago, and not passed on yet: the ring's indices tell of nothing.
	 */
	scene->relay.ring = look_at_ring;
	write_ring(scene, "at last", 0);
	scene->expected = 15;
	scene->very_last_words = "at last";
	scene->has_ended = true;
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "at last");
	assert_int_equal(scene->result.rescued, 0);
	/* No silence is waited for once all has come. */
	assert_int_equal(scene->asked, 1 + 15 + 1);
}

static void what_has_all_come_is_not_waited_for(void **state)
{
	struct scene *scene = *state;

	scene->relay.ring = look_at_ring;
	write_ring(scene, "all of it", 0);
	put(scene->guest, "all of it");
	scene->has_ended = true;
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "all of it");
	assert_int_equal(scene->asked, 1 + 1);
	assert_false(scene->result.rescued || scene->result.gap || scene->result.lost);
}

static void what_nobody_passes_on_comes_from_the_ring(void **state)
{
	struct scene *scene = *state;

	scene->relay.ring = look_at_ring;
	write_ring(scene, "heard, not heard", 8);
	put(scene->guest, "heard, ");
	scene->has_ended = true;
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "heard, not heard");
	assert_int_equal(scene->result.rescued, 9);
	assert_false(scene->result.closed || scene->result.gap);
}

static void a_daemon_that_ends_is_not_waited_for(void **state)
{
	struct scene *scene = *state;

	scene->relay.ring = look_at_ring;
	write_ring(scene, "all of it", 3);
	scene->has_ended = true;
	shut(&scene->guest);
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "all of it");
	assert_int_equal(scene->result.rescued, 9);
	assert_true(scene->result.closed);
	assert_int_equal(scene->asked, 1 + 1);
}

static void what_the_ring_has_lost_is_waited_for_longest(void **state)
{
	struct scene *scene = *state;
	char text[5001], got[5001];

	memset(text, 0, sizeof text);
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = (char)('a' + i % 26);
	scene->relay.ring = look_at_ring;
	write_ring(scene, text, 0);
	scene->has_ended = true;
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_int_equal(read(scene->out[0], got, sizeof got), PVB_CONSOLE_RING_BYTES);
	assert_memory_equal(got, text + 5000 - PVB_CONSOLE_RING_BYTES, PVB_CONSOLE_RING_BYTES);
	assert_int_equal(scene->result.rescued, PVB_CONSOLE_RING_BYTES);
	assert_int_equal(scene->result.lost, 5000 - PVB_CONSOLE_RING_BYTES);
	assert_true(scene->result.gap);
	assert_true(scene->asked > 100);
}

static void a_person_can_leave_a_daemon_that_is_silent(void **state)
{
	struct scene *scene = *state;

	scene->relay.ring = look_at_ring;
	write_ring(scene, "all of it", 0);
	scene->has_ended = true;
	put(scene->in[1], "\x1d");
	assert_int_equal(outcome_of(scene), RELAY_LEFT);
	assert_arrived(scene->out[0], "");
}

static void other_domains_may_come_and_go(void **state)
{
	struct scene *scene = *state;

	/* Two others' ends, and then the escape. */
	put(scene->ended[1], "!!");
	put(scene->in[1], "\x1d");
	assert_int_equal(outcome_of(scene), RELAY_LEFT);
}

static void a_question_that_fails_ends_it(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;

	scene->fails = true;
	assert_fails_with(relay_run(&scene->relay, &scene->result, &error), PVB_E_HOST_DENIED,
			  &error);
}

static void what_is_typed_before_the_escape_arrives(void **state)
{
	struct scene *scene = *state;

	put(scene->in[1], "ls\r\x1dnot this");
	assert_int_equal(outcome_of(scene), RELAY_LEFT);
	assert_arrived(scene->guest, "ls\r");
}

static void without_a_terminal_the_escape_is_a_byte(void **state)
{
	struct scene *scene = *state;

	scene->relay.escape = false;
	put(scene->in[1], "a\x1d"
			  "b");
	shut(&scene->in[1]);
	scene->relay.ended = -1;
	scene->relay.has_ended = NULL;

	/* The guest answers and ends. */
	pid_t guest = fork();

	assert_true(guest >= 0);
	if (guest == 0) {
		char got[4] = "";
		size_t size = 0;

		(void)close(scene->console);
		while (size < 3) {
			ssize_t n = read(scene->guest, got + size, 3 - size);

			if (n <= 0)
				_exit(1);
			size += (size_t)n;
		}
		_exit(memcmp(got,
			     "a\x1d"
			     "b",
			     3) != 0);
	}
	shut(&scene->guest);
	assert_int_equal(outcome_of(scene), RELAY_CLOSED);

	int status;

	assert_int_equal(waitpid(guest, &status, 0), guest);
	assert_int_equal(status, 0);
}

static void the_end_of_input_ends_nothing(void **state)
{
	struct scene *scene = *state;

	shut(&scene->in[1]);
	put(scene->guest, "still here");
	scene->has_ended = true;
	put(scene->ended[1], "!");
	assert_int_equal(outcome_of(scene), RELAY_ENDED);
	assert_arrived(scene->out[0], "still here");
}

static void a_console_that_closes_ends_it(void **state)
{
	struct scene *scene = *state;

	scene->relay.in = -1;
	shut(&scene->guest);
	assert_int_equal(outcome_of(scene), RELAY_CLOSED);
	assert_arrived(scene->out[0], "");
}

static void being_stopped_ends_it_at_once(void **state)
{
	struct scene *scene = *state;

	put(scene->guest, "chatter");
	put(scene->stop[1], "!");
	assert_int_equal(outcome_of(scene), RELAY_STOPPED);
}

static void nobody_to_write_to_is_an_error(void **state)
{
	struct scene *scene = *state;
	struct pvb_error error;

	(void)signal(SIGPIPE, SIG_IGN);
	shut(&scene->out[0]);
	put(scene->guest, "hello");
	assert_fails_with(relay_run(&scene->relay, &scene->result, &error), PVB_E_ARG_FILE, &error);
}

/* Much in both directions at once, with pipes that are full most of the time. */
enum { FLOOD = 300000 };

static void *flood(void *opaque)
{
	const int *fd = opaque;
	char block[1000];

	for (unsigned i = 0; i < sizeof block; i++)
		block[i] = (char)('a' + i % 26);
	for (unsigned sent = 0; sent < FLOOD;) {
		ssize_t n =
			write(*fd, block + sent % sizeof block, sizeof block - sent % sizeof block);

		if (n < 0)
			return opaque;
		sent += (unsigned)n;
	}
	return NULL;
}

static void *swallow(void *opaque)
{
	const int *fd = opaque;
	char block[700];

	for (unsigned got = 0; got < FLOOD;) {
		ssize_t n = read(*fd, block, sizeof block);

		if (n <= 0)
			return opaque;
		for (ssize_t i = 0; i < n; i++, got++)
			if (block[i] != (char)('a' + got % 1000 % 26))
				return opaque;
	}
	return NULL;
}

static void *run_relay(void *opaque)
{
	struct relay_result result;
	struct pvb_error error;

	return relay_run(opaque, &result, &error) || result.outcome != RELAY_STOPPED ? opaque
										     : NULL;
}

static void nothing_is_lost_when_much_goes_both_ways(void **state)
{
	struct scene *scene = *state;
	pthread_t threads[5];
	void *wrong;

	scene->relay.escape = false;
	assert_int_equal(pthread_create(&threads[0], NULL, flood, &scene->guest), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, flood, &scene->in[1]), 0);
	assert_int_equal(pthread_create(&threads[2], NULL, swallow, &scene->guest), 0);
	assert_int_equal(pthread_create(&threads[3], NULL, swallow, &scene->out[0]), 0);
	assert_int_equal(pthread_create(&threads[4], NULL, run_relay, &scene->relay), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	put(scene->stop[1], "!");
	assert_int_equal(pthread_join(threads[4], &wrong), 0);
	assert_null(wrong);
}

static void a_terminal_is_raw_and_then_as_before(void **state)
{
	(void)state;
	struct terminal terminal = TERMINAL_INIT;
	struct termios before, during, after;
	int master, slave, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	terminal_restore(&terminal);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	assert_true(before.c_lflag & ICANON);
	assert_true(terminal_make_raw(&terminal, slave));
	assert_int_equal(tcgetattr(slave, &during), 0);
	assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
	assert_false(during.c_oflag & OPOST);
	terminal_restore(&terminal);
	terminal_restore(&terminal);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	assert_memory_equal(after.c_cc, before.c_cc, sizeof after.c_cc);
	assert_false(terminal_make_raw(&terminal, null));
	terminal_restore(&terminal);
	(void)close(null);
	(void)close(master);
	(void)close(slave);
}

static void a_signal_wakes_what_waits(void **state)
{
	(void)state;
	char byte;

	assert_int_equal(signals_caught(), 0);
	signals_catch();

	int fd = signals_watch();

	assert_true(fd >= 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(signals_caught(), SIGTERM);
	assert_int_equal(read(fd, &byte, 1), 1);
	/* One that came before somebody watched is not forgotten. */
	assert_int_equal(signals_watch(), fd);
	assert_int_equal(read(fd, &byte, 1), 1);
	signals_forget();
	assert_int_equal(signals_caught(), 0);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_SCENE(what_the_guest_writes_arrives_before_its_end),
		IN_SCENE(what_comes_after_the_end_arrives_too),
		IN_SCENE(what_is_expected_is_waited_for),
		IN_SCENE(what_has_all_come_is_not_waited_for),
		IN_SCENE(what_nobody_passes_on_comes_from_the_ring),
		IN_SCENE(a_daemon_that_ends_is_not_waited_for),
		IN_SCENE(what_the_ring_has_lost_is_waited_for_longest),
		IN_SCENE(a_person_can_leave_a_daemon_that_is_silent),
		IN_SCENE(other_domains_may_come_and_go),
		IN_SCENE(a_question_that_fails_ends_it),
		IN_SCENE(what_is_typed_before_the_escape_arrives),
		IN_SCENE(without_a_terminal_the_escape_is_a_byte),
		IN_SCENE(the_end_of_input_ends_nothing),
		IN_SCENE(a_console_that_closes_ends_it),
		IN_SCENE(being_stopped_ends_it_at_once),
		IN_SCENE(nobody_to_write_to_is_an_error),
		IN_SCENE(nothing_is_lost_when_much_goes_both_ways),
		cmocka_unit_test(a_terminal_is_raw_and_then_as_before),
		cmocka_unit_test(a_signal_wakes_what_waits),
	};
#undef IN_SCENE

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
