/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malformed/suite.h"

#include "malformed/invariants.h"

/* A copy that ends where the bytes do, so that a sanitizer sees one read too many. */
static struct blob assemble(const struct image_case *test)
{
	struct blob loose = test->make();
	struct blob tight = {.bytes = (uint8_t *)malloc(loose.size ? loose.size : 1),
			     .size = loose.size,
			     .capacity = loose.size};

	assert_non_null(tight.bytes);
	if (loose.size)
		memcpy(tight.bytes, loose.bytes, loose.size);
	blob_free(&loose);
	return tight;
}

void image_is_refused(void **state)
{
	const struct image_case *test = (const struct image_case *)*state;
	struct pvb_image *image = (struct pvb_image *)(uintptr_t)1;
	struct pvb_error error;
	struct blob bytes = assemble(test);

	const unsigned fds = count_open_fds();

	assert_fails_with(pvb_image_open_memory(bytes.bytes, bytes.size, "specimen", test->options,
						&image, &error),
			  test->code, &error);
	assert_null(image);
	assert_int_equal(count_open_fds(), fds);
	assert_true(error.stage[0] != '\0');
	blob_free(&bytes);
}

static struct pvb_image *open_specimen(const struct image_case *test)
{
	struct pvb_image *image = NULL;
	struct pvb_error error;
	struct blob bytes = assemble(test);
	assert_ok(pvb_image_open_memory(bytes.bytes, bytes.size, "specimen", test->options, &image,
					&error),
		  &error);
	assert_non_null(image);
	blob_free(&bytes); /* the image must not depend on it */

	const char *broken = broken_invariant(image);

	if (broken)
		fail_msg("does not hold: %s", broken);
	return image;
}

void image_opens_without_pv(void **state)
{
	const struct image_case *test = (const struct image_case *)*state;
	const unsigned fds = count_open_fds();
	struct pvb_image *image = open_specimen(test);
	const struct pvb_image_pv *pv = &pvb_image_info(image)->pv;

	assert_false(pv->supported);
	if (pv->refusal != test->code)
		print_error("wanted %s, got %s: %s\n", pvb_code_name(test->code),
			    pvb_code_name(pv->refusal), pv->reason);
	assert_int_equal(pv->refusal, test->code);
	pvb_image_free(image);
	assert_int_equal(count_open_fds(), fds);
}

void image_is_sound(void **state)
{
	const struct image_case *test = (const struct image_case *)*state;
	const unsigned fds = count_open_fds();
	struct pvb_image *image = open_specimen(test);
	const struct pvb_image_info *info = pvb_image_info(image);

	if (!info->pv.supported)
		print_error("%s: %s\n", pvb_code_name(info->pv.refusal), info->pv.reason);
	assert_true(info->pv.supported);
	if (test->look)
		test->look(info);
	pvb_image_free(image);
	assert_int_equal(count_open_fds(), fds);
}
