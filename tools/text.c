/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <stdbool.h>

size_t text_utf8_length(const char *at)
{
	const unsigned char *text = (const unsigned char *)at;
	/* The least second byte keeps out overlong forms, the most surrogates and above U+10FFFF.
	 */
	unsigned char least = 0x80;
	unsigned char most = 0xbf;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf) {
		length = 2;
	} else if (text[0] >= 0xe0 && text[0] <= 0xef) {
		length = 3;
		least = text[0] == 0xe0 ? 0xa0 : 0x80;
		most = text[0] == 0xed ? 0x9f : 0xbf;
	} else if (text[0] >= 0xf0 && text[0] <= 0xf4) {
		length = 4;
		least = text[0] == 0xf0 ? 0x90 : 0x80;
		most = text[0] == 0xf4 ? 0x8f : 0xbf;
	} else {
		return 0;
	}
	if (text[1] < least || text[1] > most)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return length;
}

/*
 * Characters that a terminal obeys or that reorder a line: C0, DEL and C1; line and paragraph
 * separators; and what embeds or overrides a direction.
 */
static bool is_control(const unsigned char *text, size_t length)
{
	if (length == 1)
		return text[0] < 0x20 || text[0] == 0x7f;
	if (length == 2)
		return text[0] == 0xc2 && text[1] <= 0x9f;
	if (length != 3 || text[0] != 0xe2)
		return false;
	return (text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
	       (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
}

void put_text(FILE *out, const char *text)
{
	while (*text) {
		size_t length = text_utf8_length(text);
		bool shown = length && !is_control((const unsigned char *)text, length);

		for (size_t left = length ? length : 1; left; left--, text++) {
			if (shown)
				(void)putc(*text, out);
			else
				(void)fprintf(out, "\\x%02x", (unsigned char)*text);
		}
	}
}
