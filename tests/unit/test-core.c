/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ground that everything stands on: errors, options, spans, runs. */
#include "support/test.h"

#include <errno.h>

#include <pvbuild/pvbuild.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/runs.h"
#include "core/span.h"

static void codes_are_ordered_and_described(void **state)
{
	(void)state;
	int previous = 0;

	for (size_t i = 0; i < pvb_code_count(); i++) {
		int code = pvb_code_at(i);

		assert_true(code > previous);
		assert_non_null(strchr(pvb_code_name(code), '.'));
		assert_true(strlen(pvb_code_meaning(code)) > 10);
		assert_int_equal(pvb_code_fault(code), code / 100);
		previous = code;
	}
	assert_int_equal(pvb_code_at(pvb_code_count()), PVB_OK);
	assert_string_equal(pvb_code_name(12345), "unknown");
	assert_string_equal(pvb_code_meaning(12345), "an unknown error code");
	assert_int_equal(pvb_code_fault(12345), PVB_FAULT_NONE);
	assert_string_equal(pvb_version(), "0.1.0");
}

static void an_error_keeps_its_root_cause(void **state)
{
	(void)state;
	struct pvb_error error = {0};

	assert_int_equal(pvb_fail(&error, PVB_E_HOST_PIN, "pin", "frame %d", 7), -PVB_E_HOST_PIN);
	pvb_hint(&error, "turn it off");
	pvb_context(&error, "building %s", "a");
	pvb_context(&error, "in %s", "b");
	assert_string_equal(error.message, "frame 7");
	assert_string_equal(error.stage, "pin");
	assert_string_equal(error.hint, "turn it off");
	assert_string_equal(error.context, "building a; in b");

	for (int i = 0; i < 100; i++)
		pvb_context(&error, "and again, however long it gets");
	assert_true(strlen(error.context) < sizeof error.context);

	assert_int_equal(pvb_fail(NULL, PVB_E_BUG, "x", "y"), -PVB_E_BUG);
	pvb_hint(NULL, "nothing");
	pvb_context(NULL, "nothing");
	assert_fails_with(pvb_fail_memory(&error, "plan", "a thing"), PVB_E_ARG_NO_MEMORY, &error);
}

static void options_grow_and_refuse_what_they_do_not_know(void **state)
{
	(void)state;
	struct pvb_error error = {0};
	struct {
		size_t size;
		uint64_t a;
	} known;
	struct {
		size_t size;
		uint64_t a;
		uint64_t b;
	} newer = {.size = sizeof newer, .a = 5};
	size_t older = sizeof older;
	size_t absurd = 3;

	assert_ok(pvb_options(&known, sizeof known, &newer, "x", &error), &error);
	assert_int_equal(known.a, 5);
	newer.b = 1;
	assert_fails_with(pvb_options(&known, sizeof known, &newer, "x", &error), PVB_E_ARG_VERSION,
			  &error);
	assert_ok(pvb_options(&known, sizeof known, &older, "x", &error), &error);
	assert_int_equal(known.a, 0);
	assert_ok(pvb_options(&known, sizeof known, NULL, "x", &error), &error);
	assert_int_equal(known.size, 0);
	assert_fails_with(pvb_options(&known, sizeof known, &absurd, "x", &error),
			  PVB_E_ARG_INVALID, &error);
}

static void spans_never_read_outside(void **state)
{
	(void)state;
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 'a', 0};
	struct pvb_span span = pvb_span(bytes, sizeof bytes);
	struct pvb_span part;
	uint64_t v64, length;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	assert_true(pvb_span_u64(span, 0, &v64));
	assert_int_equal(v64, UINT64_C(0x0807060504030201));
	assert_false(pvb_span_u64(span, 3, &v64));
	assert_true(pvb_span_u32(span, 6, &v32));
	assert_false(pvb_span_u32(span, 7, &v32));
	assert_true(pvb_span_u16(span, 8, &v16));
	assert_int_equal(v16, 'a');
	assert_false(pvb_span_u16(span, 9, &v16));
	assert_true(pvb_span_u8(span, 9, &v8));
	assert_false(pvb_span_u8(span, 10, &v8));
	assert_false(pvb_span_u8(span, UINT64_MAX, &v8));
	assert_true(pvb_span_part(span, 10, 0, &part));
	assert_false(pvb_span_part(span, 11, 0, &part));
	assert_false(pvb_span_part(span, 1, UINT64_MAX, &part));
	assert_true(pvb_span_string(span, 8, &length));
	assert_int_equal(length, 1);
	assert_true(pvb_span_part(span, 0, 8, &part));
	assert_false(pvb_span_string(part, 0, &length));
	assert_false(pvb_span_string(part, 8, &length));
}

static void arithmetic_says_when_it_does_not_fit(void **state)
{
	(void)state;
	uint64_t v;

	assert_true(pvb_add(1, 2, &v) && v == 3);
	assert_false(pvb_add(UINT64_MAX, 1, &v));
	assert_false(pvb_sub(1, 2, &v));
	assert_true(pvb_sub(2, 2, &v) && v == 0);
	assert_false(pvb_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &v));
	assert_true(pvb_round_up(4097, 4096, &v) && v == 8192);
	assert_false(pvb_round_up(UINT64_MAX - 1, 4096, &v));
	assert_int_equal(pvb_div_round_up(UINT64_MAX, 2), UINT64_C(1) << 63);
	assert_int_equal(pvb_round_down(8191, 4096), 4096);
}

/* Runs against a plain array, with random operations. */
static void runs_agree_with_an_array(void **state)
{
	(void)state;
	enum { KEYS = 300 };
	uint64_t seed = 42;

	for (unsigned round = 0; round < 60; round++) {
		struct pvb_runs runs = PVB_RUNS_INIT;
		uint64_t model[KEYS];

		memset(model, 0xff, sizeof model);
		for (unsigned step = 0; step < 200; step++) {
			uint64_t from = test_random(&seed) % KEYS;
			uint64_t count = 1 + test_random(&seed) % 20;
			uint64_t to =
				test_random(&seed) % 4 ? from + 1000 : test_random(&seed) % 5000;

			if (from + count > KEYS)
				count = KEYS - from;
			if (test_random(&seed) % 3 == 0) {
				assert_int_equal(pvb_runs_remove(&runs, from, count), 0);
				for (uint64_t i = 0; i < count; i++)
					model[from + i] = UINT64_MAX;
			} else {
				bool taken = false;

				for (uint64_t i = 0; i < count; i++)
					taken |= model[from + i] != UINT64_MAX;
				assert_int_equal(pvb_runs_add(&runs, from, to, count),
						 taken ? -EEXIST : 0);
				for (uint64_t i = 0; !taken && i < count; i++)
					model[from + i] = to + i;
			}
		}

		uint64_t total = 0;
		for (uint64_t key = 0; key < KEYS; key++) {
			uint64_t value, left;
			bool found = pvb_runs_find(&runs, key, &value, &left);

			assert_int_equal(found, model[key] != UINT64_MAX);
			if (!found)
				continue;
			total++;
			assert_int_equal(value, model[key]);
			for (uint64_t i = 0; i < left; i++)
				assert_int_equal(model[key + i], model[key] + i);
		}
		assert_int_equal(pvb_runs_total(&runs), total);
		for (size_t i = 1; i < runs.n; i++) {
			const struct pvb_run *a = &runs.v[i - 1], *b = &runs.v[i];

			assert_true(a->from + a->count <= b->from);
			assert_false(a->from + a->count == b->from && a->to + a->count == b->to);
		}
		pvb_runs_free(&runs);
	}
}

static void runs_refuse_what_wraps(void **state)
{
	(void)state;
	struct pvb_runs runs = PVB_RUNS_INIT;

	assert_int_equal(pvb_runs_add(&runs, 5, 5, 0), -EINVAL);
	assert_int_equal(pvb_runs_add(&runs, UINT64_MAX, 5, 2), -EINVAL);
	assert_int_equal(pvb_runs_add(&runs, 5, UINT64_MAX, 2), -EINVAL);
	assert_int_equal(pvb_runs_add(&runs, 10, 100, 10), 0);
	assert_int_equal(pvb_runs_remove(&runs, 5, UINT64_MAX), 0);
	assert_int_equal(pvb_runs_total(&runs), 0);
	pvb_runs_free(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_ordered_and_described),
		cmocka_unit_test(an_error_keeps_its_root_cause),
		cmocka_unit_test(options_grow_and_refuse_what_they_do_not_know),
		cmocka_unit_test(spans_never_read_outside),
		cmocka_unit_test(arithmetic_says_when_it_does_not_fit),
		cmocka_unit_test(runs_agree_with_an_array),
		cmocka_unit_test(runs_refuse_what_wraps),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
