/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of malformed images. Each row names a function that assembles one;
 * the function's name is the sentence that the test goes by, and the row says
 * the one code that the image is to be refused with.
 */
#ifndef PVB_TESTS_MALFORMED_SUITE_H
#define PVB_TESTS_MALFORMED_SUITE_H

#include "support/test.h"

#include <pvbuild/image.h>

#include "malformed/specimen.h"

struct image_case {
	struct blob (*make)(void);
	int code;
	const struct pvb_image_options *options;
	void (*look)(const struct pvb_image_info *info);
};

void image_is_refused(void **state);
void image_opens_without_pv(void **state);
void image_is_sound(void **state);

#define IMAGE_CASE(test_, make_, ...)                                                              \
	{                                                                                          \
		.name = #make_, .test_func = (test_), .initial_state = &(struct image_case)        \
		{                                                                                  \
			.make = (make_), __VA_ARGS__                                               \
		}                                                                                  \
	}

/* Opening fails with this code. */
#define REFUSED(make_, id_) IMAGE_CASE(image_is_refused, make_, .code = PVB_E_##id_)
#define REFUSED_WITH(make_, id_, options_)                                                         \
	IMAGE_CASE(image_is_refused, make_, .code = PVB_E_##id_, .options = (options_))

/* The file is sound and opens, but pv.refusal is this code. */
#define NO_PV(make_, id_) IMAGE_CASE(image_opens_without_pv, make_, .code = PVB_E_##id_)

/* A PV domain can be built from it; look checks what was read (or is NULL). */
#define SOUND(make_, look_) IMAGE_CASE(image_is_sound, make_, .look = (look_))
#define SOUND_WITH(make_, look_, options_)                                                         \
	IMAGE_CASE(image_is_sound, make_, .look = (look_), .options = (options_))

/* A function that makes a sound image and then spoils it. */
#define SPOILT(name_, sound_, ...)                                                                 \
	static struct blob name_(void)                                                             \
	{                                                                                          \
		struct blob image = (sound_);                                                      \
                                                                                                   \
		__VA_ARGS__;                                                                       \
		return image;                                                                      \
	}

/* A sound kernel, "kernel", of which something is changed before it is assembled. */
#define KERNEL(bits_, name_, ...)                                                                  \
	static struct blob name_(void)                                                             \
	{                                                                                          \
		struct specimen kernel;                                                            \
                                                                                                   \
		specimen_##bits_(&kernel);                                                         \
		__VA_ARGS__;                                                                       \
		return specimen_assemble(&kernel);                                                 \
	}
#define KERNEL64(name_, ...) KERNEL(64, name_, __VA_ARGS__)
#define KERNEL32(name_, ...) KERNEL(32, name_, __VA_ARGS__)

#endif
