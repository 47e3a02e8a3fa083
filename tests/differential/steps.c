/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps for any file, for flat binaries and for the bzImage header. */
#include "differential/steps.h"

#include <stdarg.h>
#include <stdio.h>

#include "support/elf-builder.h"
#include "support/test.h"

uint64_t step_random(struct step *step, uint64_t below)
{
	return below ? test_random(step->random) % below : 0;
}

uint64_t step_get(const struct step *step, uint64_t offset, unsigned width)
{
	const struct blob *file = step->file;

	if (offset > file->size || width > file->size - offset)
		return 0;
	return blob_get(file, (size_t)offset, width);
}

void step_put(struct step *step, uint64_t offset, uint64_t value, unsigned width)
{
	struct blob *file = step->file;

	if (offset <= file->size && width <= file->size - offset)
		blob_put(file, (size_t)offset, value, width);
}

void step_say(struct step *step, const char *format, ...)
{
	va_list arguments;
	size_t used = strlen(step->what);

	va_start(arguments, format);
	(void)vsnprintf(step->what + used, step->what_size - used, format, arguments);
	va_end(arguments);
}

uint64_t step_value(struct step *step, uint64_t old, unsigned width)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		3,
		4,
		5,
		7,
		8,
		11,
		12,
		0x20,
		0x28,
		0x38,
		0x40,
		0x48,
		0x7f,
		0xff,
		0x100,
		0xfff,
		0x1000,
		0x1001,
		0x7fff,
		0x8000,
		0xffff,
		0x10000,
		0x100000,
		0x101000,
		0x1000000,
		0x1200000,
		0x7fffffff,
		0x80000000,
		0xc0000000,
		0xfffff000,
		0xffffffff,
		UINT64_C(0x100000000),
		UINT64_C(0x8000000000),
		UINT64_C(0x7fffffffffffffff),
		UINT64_C(0xffffffff80000000),
		UINT64_C(0xffffffff81000000),
		UINT64_C(0xfffffffffffff000),
		UINT64_MAX,
	};
	uint64_t size = step->file->size;

	switch (step_random(step, 12)) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return old + 0x1000;
	case 3:
		return old - 0x1000;
	case 4:
		return old ^ UINT64_C(1) << step_random(step, UINT64_C(8) * width);
	case 5:
		return size + step_random(step, 3) - 1;
	case 6:
		return test_random(step->random);
	case 7:
		return old + 4 * step_random(step, 9) - 16;
	default:
		return values[step_random(step, sizeof values / sizeof values[0])];
	}
}

/* ---- any file ----------------------------------------------------------------- */

static void flip(struct step *step)
{
	/* What there is to find is mostly in the beginning. */
	uint64_t size = step->file->size, within = step_random(step, 2) ? size : 4096;
	uint64_t at = step_random(step, within < size ? within : size);
	uint8_t mask = (uint8_t)(1u << step_random(step, 8));

	if (step_random(step, 3) == 0)
		mask = (uint8_t)step_random(step, 256);
	step_put(step, at, step_get(step, at, 1) ^ mask, 1);
	step_say(step, "byte 0x%llx ^= 0x%02x", (unsigned long long)at, mask);
}

static void put_word(struct step *step)
{
	uint64_t size = step->file->size, within = size < 4096 ? size : 4096;
	unsigned width = step_random(step, 2) ? 4 : 8;
	uint64_t at = step_random(step, within) & ~UINT64_C(3);
	uint64_t value = step_value(step, step_get(step, at, width), width);

	step_put(step, at, value, width);
	step_say(step, "%u bytes at 0x%llx = 0x%llx", width, (unsigned long long)at,
		 (unsigned long long)value);
}

static void cut(struct step *step)
{
	uint64_t size = step->file->size;
	uint64_t less = step_random(step, 2) ? step_random(step, size)
					     : step_random(step, size < 256 ? size : 256);

	if (size - less < 1)
		return;
	blob_cut(step->file, (size_t)(size - less));
	step_say(step, "cut to 0x%llx", (unsigned long long)(size - less));
}

static void extend(struct step *step)
{
	uint64_t more = 1 + step_random(step, 600), at = step->file->size;
	bool zeros = step_random(step, 2);

	blob_append(step->file, NULL, (size_t)more);
	for (uint64_t i = 0; !zeros && i < more; i++)
		step->file->bytes[at + i] = (uint8_t)test_random(step->random);
	step_say(step, "0x%llx %s more", (unsigned long long)more, zeros ? "zeros" : "bytes");
}

static void any(struct step *step)
{
	static step_fn *const steps[] = {flip, flip, put_word, put_word, cut, extend};

	steps[step_random(step, sizeof steps / sizeof steps[0])](step);
}

/* ---- flat binaries -------------------------------------------------------------- */

static void flat(struct step *step)
{
	static const char *const fields[] = {
		"magic",     "flags",         "checksum",     "header_addr",
		"load_addr", "load_end_addr", "bss_end_addr", "entry_addr",
	};
	enum { TABLE = 0x20, CHECKSUM = 2, HEADER_ADDR = 3, LOAD_ADDR = 4 };
	unsigned field = (unsigned)step_random(step, sizeof fields / sizeof fields[0]);
	uint64_t at = TABLE + 4 * field, value;

	if (step_random(step, 6) == 0) {
		any(step);
		return;
	}
	value = step_value(step, step_get(step, at, 4), 4);
	step_put(step, at, value, 4);
	step_say(step, "%s = 0x%x", fields[field], (unsigned)value);
	/* The table that is loaded with the rest. */
	if (field == LOAD_ADDR && step_random(step, 2)) {
		value += step_random(step, TABLE + UINT64_C(1));
		step_put(step, TABLE + 4 * HEADER_ADDR, value, 4);
		step_say(step, ", header_addr = 0x%x", (unsigned)value);
	}
	/* Mostly so that the table is still found. */
	if (field != CHECKSUM && step_random(step, 8))
		step_put(step, TABLE + 4 * CHECKSUM,
			 0 - step_get(step, TABLE, 4) - step_get(step, TABLE + 4, 4), 4);
}

/* ---- the bzImage header ---------------------------------------------------------- */

static void bzimage(struct step *step)
{
	static const struct {
		unsigned offset, width;
		const char *name;
	} header[] = {
		{BZ_SETUP_SECTS, 1, "setup_sects"},
		{BZ_SYSSIZE, 4, "syssize"},
		{BZ_BOOT_FLAG, 2, "boot_flag"},
		{BZ_JUMP, 1, "jump"},
		{BZ_MAGIC, 4, "magic"},
		{BZ_PROTOCOL, 2, "protocol"},
		{BZ_VERSION_PTR, 2, "version"},
		{BZ_PAYLOAD_OFFSET, 4, "payload_offset"},
		{BZ_PAYLOAD_LENGTH, 4, "payload_length"},
	};
	unsigned i = (unsigned)step_random(step, sizeof header / sizeof header[0]);

	if (step_random(step, 5) == 0) {
		/* Not within what is packed: what a codec makes of that is another test's matter.
		 */
		if (step_random(step, 2))
			extend(step);
		else
			cut(step);
		return;
	}
	uint64_t value = step_value(step, step_get(step, header[i].offset, header[i].width),
				    header[i].width);

	step_put(step, header[i].offset, value, header[i].width);
	step_say(step, "%s = 0x%llx", header[i].name, (unsigned long long)value);
}

void step(enum step_kind kind, struct blob *file, uint64_t *random, char *what, size_t size)
{
	struct step step = {.file = file, .random = random, .what = what, .what_size = size};

	what[0] = '\0';
	switch (kind) {
	case STEPS_FLAT:
		flat(&step);
		break;
	case STEPS_BZIMAGE:
		bzimage(&step);
		break;
	case STEPS_ELF:
		switch (step_random(&step, 10)) {
		case 0:
			any(&step);
			break;
		case 1:
		case 2:
		case 3:
			step_notes(&step);
			break;
		case 4:
		case 5:
			step_legacy(&step);
			break;
		default:
			step_elf(&step);
		}
	}
	if (!what[0])
		step_say(&step, "nothing");
}
