/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest wrote, what came through of it, and what its ring still has. */
#include "support/test.h"

#include "heard.h"

enum { MOST = 6000 };

/* A guest that has written "written" bytes of text, of which the daemon has taken "taken". */
static struct pvb_console_ring ring_after(const char *text, uint32_t written, uint32_t taken)
{
	struct pvb_console_ring ring = PVB_CONSOLE_RING_INIT;

	ring.written = written;
	ring.taken = taken;
	ring.count = written < sizeof ring.last ? written : sizeof ring.last;
	memcpy(ring.last, text + written - ring.count, ring.count);
	return ring;
}

static struct heard heard_of(const char *text, uint32_t from, uint32_t to)
{
	struct heard heard = {.from_start = from == 0};

	heard_add(&heard, text + from, to - from);
	return heard;
}

/* No two places in it are alike. */
static void write_text(char text[MOST])
{
	for (size_t i = 0; i < MOST; i++)
		text[i] = (char)(i % 3 == 0 ? i / 3 % 251 : i % 3 == 1 ? i / 753 : 255);
}

/* With every count of bytes written and heard, from the start or not. */
static void what_is_missing_is_known_to_the_byte(void **state)
{
	(void)state;
	char text[MOST];

	write_text(text);
	for (uint32_t written = 0; written <= MOST; written += written % 1000 < 8 ? 1 : 97) {
		for (uint32_t to = 0; to <= written; to += to % 1000 < 8 ? 1 : 61) {
			uint32_t least = written - to < 2048 ? to : written - 2048;
			struct pvb_console_ring ring = ring_after(text, written, least);
			struct heard heard = heard_of(text, 0, to);
			struct heard_rest rest = heard_compare(&heard, &ring);
			uint32_t missing = written - to;

			assert_int_equal(rest.whole, missing == 0);
			assert_int_equal(rest.rest, missing < 2048 ? missing : 2048);
			assert_int_equal(rest.gap, missing > 2048);
			assert_int_equal(rest.lost, missing > 2048 ? missing - 2048 : 0);
			/* Who came later has contents to go by: six bytes are enough here. */
			heard = heard_of(text, to > 6 ? to - 6 : 1, to > 6 ? to : 1);
			if (to <= 6 || missing >= 2042)
				continue;
			rest = heard_compare(&heard, &ring);
			assert_int_equal(rest.rest, missing);
			assert_false(rest.whole || rest.gap);
		}
	}
}

static void bytes_that_are_all_alike_are_counted(void **state)
{
	(void)state;
	char text[MOST];

	memset(text, 'x', sizeof text);
	struct pvb_console_ring ring = ring_after(text, 5000, 5000);
	struct heard heard = heard_of(text, 0, 4990);

	assert_int_equal(heard_compare(&heard, &ring).rest, 10);
	heard = heard_of(text, 0, 5000);
	assert_true(heard_compare(&heard, &ring).whole);
	/* Without a count, what has not been taken from the ring has not come through at least. */
	heard = heard_of(text, 1, 5000);
	ring.taken -= 7;
	assert_int_equal(heard_compare(&heard, &ring).rest, 7);
}

static void who_has_heard_nothing_has_what_nobody_took(void **state)
{
	(void)state;
	char text[MOST];

	write_text(text);
	struct pvb_console_ring ring = ring_after(text, 3000, 2990);
	struct heard heard = heard_of(text, 1, 1);

	assert_int_equal(heard_compare(&heard, &ring).rest, 10);
	assert_false(heard_compare(&heard, &ring).gap);
}

static void what_does_not_fit_may_have_a_gap_before_it(void **state)
{
	(void)state;
	char text[MOST];

	write_text(text);
	struct pvb_console_ring ring = ring_after(text, 6000, 6000);
	struct heard heard = heard_of(text, 1, 500);
	struct heard_rest rest = heard_compare(&heard, &ring);

	assert_int_equal(rest.rest, 2048);
	assert_true(rest.gap);
	assert_int_equal(rest.lost, 0);
}

static void what_another_reader_took_is_no_reason_to_say_it_twice(void **state)
{
	(void)state;
	char text[MOST];
	struct heard heard = {.from_start = true};

	write_text(text);
	struct pvb_console_ring ring = ring_after(text, 4000, 4000);

	heard_add(&heard, text, 100);
	heard_add(&heard, text + 200, 3800);
	struct heard_rest rest = heard_compare(&heard, &ring);

	assert_int_equal(rest.rest, 0);
	assert_true(rest.owed && !rest.whole);
}

static void a_ring_that_was_begun_anew_owes_nothing(void **state)
{
	(void)state;
	char text[MOST];
	struct heard heard = {.from_start = true};

	write_text(text);
	struct pvb_console_ring ring = ring_after(text, 500, 500);

	heard_add(&heard, text + 3000, 2000);
	heard_add(&heard, text, 500);
	struct heard_rest rest = heard_compare(&heard, &ring);

	assert_int_equal(rest.rest, 0);
	assert_false(rest.owed || rest.whole || rest.gap);
}

static void numbers_come_round(void **state)
{
	(void)state;
	char text[MOST];

	write_text(text);
	struct pvb_console_ring ring = ring_after(text, 4000, 4000);
	struct heard heard = heard_of(text, 0, 3900);

	ring.written = ring.taken = 50;
	heard.total += (UINT64_C(7) << 32) - 3950;
	/* The place of its last bytes moves with the count. */
	memset(heard.last, 0, sizeof heard.last);
	for (uint32_t i = 1; i <= sizeof heard.last; i++)
		heard.last[(heard.total - i) % sizeof heard.last] = (uint8_t)text[3900 - i];
	assert_int_equal(heard_compare(&heard, &ring).rest, 100);
	heard_add(&heard, text + 3900, 100);
	assert_true(heard_compare(&heard, &ring).whole);
}

/* Nothing that a guest says makes more of it than the ring holds. */
static void what_a_guest_makes_up_does_no_harm(void **state)
{
	(void)state;
	static const uint32_t numbers[] = {0,    1,          2047,       2048,       2049,
					   4000, 0x7fffffff, 0x80000000, 0x80000001, UINT32_MAX};
	char text[MOST];

	write_text(text);
	for (size_t w = 0; w < 10; w++) {
		for (size_t t = 0; t < 10; t++) {
			for (size_t h = 0; h < 6; h++) {
				struct pvb_console_ring ring = ring_after(text, 4000, 4000);
				struct heard heard = heard_of(text, 0, numbers[h]);

				ring.written = numbers[w];
				ring.taken = numbers[t];
				if (ring.written < ring.count)
					ring.count = ring.written;
				assert_true(heard_compare(&heard, &ring).rest <= ring.count);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_known_to_the_byte),
		cmocka_unit_test(bytes_that_are_all_alike_are_counted),
		cmocka_unit_test(who_has_heard_nothing_has_what_nobody_took),
		cmocka_unit_test(what_does_not_fit_may_have_a_gap_before_it),
		cmocka_unit_test(what_another_reader_took_is_no_reason_to_say_it_twice),
		cmocka_unit_test(a_ring_that_was_begun_anew_owes_nothing),
		cmocka_unit_test(numbers_come_round),
		cmocka_unit_test(what_a_guest_makes_up_does_no_harm),
	};

	return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}
