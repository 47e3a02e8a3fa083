/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Digits at the start of text; the rest is left in *rest. */
static bool parse_digits(const char *text, const char **rest, uint64_t *number)
{
	uint64_t value = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*rest = text;
	*number = value;
	return true;
}

bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
	const char *rest;

	return parse_digits(text, &rest, number) && !*rest && *number <= most;
}

bool parse_frame_number(const char *text, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;

	if (strncasecmp(text, "0x", 2) != 0)
		return parse_number(text, UINT64_MAX, number);
	text += 2;
	if (!*text)
		return false;
	for (; *text; text++) {
		const char *digit =
			strchr(digits, *text >= 'A' && *text <= 'F' ? *text + 'a' - 'A' : *text);

		if (!digit || value >> 60)
			return false;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*number = value;
	return true;
}

bool parse_size(const char *text, uint64_t *bytes)
{
	static const char suffixes[] = "KMGT";
	const char *rest;
	uint64_t number;
	unsigned shift = 0;

	if (!parse_digits(text, &rest, &number))
		return false;
	for (unsigned i = 0; suffixes[i]; i++) {
		const char letter[] = {suffixes[i], '\0'};
		const char unit[] = {suffixes[i], 'i', 'B', '\0'};

		if (!strcasecmp(rest, letter) || !strcasecmp(rest, unit))
			shift = 10 * (i + 1);
	}
	if (!shift && *rest)
		return false;
	if (number > UINT64_MAX >> shift)
		return false;
	*bytes = number << shift;
	return true;
}

struct size_text format_size(uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct size_text result = {""};
	unsigned unit = 0;

	if (bytes < 8192 && bytes % 1024) {
		(void)snprintf(result.text, sizeof result.text, "%" PRIu64 " byte%s", bytes,
			       bytes == 1 ? "" : "s");
		return result;
	}
	while (unit + 1 < sizeof units / sizeof units[0] && bytes >> (10 * (unit + 2)))
		unit++;

	unsigned shift = 10 * (unit + 1);
	uint64_t whole = bytes >> shift;
	uint64_t tenths = ((bytes & ((UINT64_C(1) << shift) - 1)) >> (shift - 10)) * 10 / 1024;

	if (tenths)
		(void)snprintf(result.text, sizeof result.text, "%" PRIu64 ".%" PRIu64 " %s", whole,
			       tenths, units[unit]);
	else
		(void)snprintf(result.text, sizeof result.text, "%" PRIu64 " %s", whole,
			       units[unit]);
	return result;
}
