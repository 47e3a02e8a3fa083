/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options in the command line: words that begin with "probe.". */
#include "probe.h"

#define PREFIX "probe."
#define PREFIX_LENGTH 6

static char line[COMMAND_LINE_SIZE + 1];

static const struct {
	const char *name;
	enum { FLAG, NUMBER, NUMBER_OR_NONE } value;
} known[] = {
	{"strict", FLAG},
	{"hold", FLAG},
	{"list", FLAG},
	{"expect-pages", NUMBER},
	{"expect-vcpus", NUMBER},
	{"expect-online", NUMBER},
	{"expect-grant-frames", NUMBER},
	{"expect-grant-version", NUMBER},
	{"expect-event-channels", NUMBER},
	{"command-line-crc", NUMBER},
	{"expect-ramdisk", NUMBER_OR_NONE},
	{"ramdisk-crc", NUMBER},
};

void options_start(const char *text, size_t size)
{
	for (size_t i = 0; i < size && i < COMMAND_LINE_SIZE && text[i]; i++)
		line[i] = text[i];
}

const char *command_line(void)
{
	return line;
}

static size_t word_length(const char *word)
{
	size_t length = 0;

	while (word[length] && word[length] != ' ')
		length++;
	return length;
}

/* The first word from there that begins with the prefix. */
static const char *next_word(const char *from)
{
	while (*from) {
		if (*from == ' ') {
			from++;
			continue;
		}
		if (word_length(from) >= PREFIX_LENGTH && memcmp(from, PREFIX, PREFIX_LENGTH) == 0)
			return from;
		from += word_length(from);
	}
	return NULL;
}

/* The value of "probe.NAME" or "probe.NAME=VALUE" if that is this word. */
static const char *value_of(const char *word, const char *name, size_t *length)
{
	size_t all = word_length(word), prefix = PREFIX_LENGTH + text_length(name);

	if (all < prefix || memcmp(word + PREFIX_LENGTH, name, prefix - PREFIX_LENGTH) != 0)
		return NULL;
	if (all == prefix) {
		*length = 0;
		return word + prefix;
	}
	if (word[prefix] != '=')
		return NULL;
	*length = all - prefix - 1;
	return word + prefix + 1;
}

const char *option_text(const char *name, size_t *length)
{
	for (const char *word = next_word(line); word; word = next_word(word + word_length(word))) {
		const char *value = value_of(word, name, length);

		if (value)
			return value;
	}
	return NULL;
}

bool option(const char *name)
{
	size_t length;

	return option_text(name, &length) != NULL;
}

bool option_number(const char *name, uint64_t *number)
{
	size_t length;
	const char *value = option_text(name, &length);

	return value && text_number(value, length, number);
}

static bool is_known(const char *word)
{
	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t length;
		uint64_t number;
		const char *value = value_of(word, known[i].name, &length);

		if (!value)
			continue;
		if (known[i].value == FLAG)
			return length == 0;
		return text_number(value, length, &number) ||
		       (known[i].value == NUMBER_OR_NONE && length == 4 &&
			memcmp(value, "none", 4) == 0);
	}
	return false;
}

bool option_unknown(char *unknown, size_t size)
{
	for (const char *word = next_word(line); word; word = next_word(word + word_length(word))) {
		size_t length = word_length(word);

		if (is_known(word))
			continue;
		if (length > size - 1)
			length = size - 1;
		memcpy(unknown, word, length);
		unknown[length] = 0;
		return true;
	}
	return false;
}

bool option_crc_right(uint32_t *found)
{
	size_t length;
	uint64_t expected;
	const char *value = option_text("command-line-crc", &length);

	if (!value || !text_number(value, length, &expected))
		return true;
	*found = crc32(0, (const uint8_t *)line,
		       (uint64_t)(value - line) - sizeof "probe.command-line-crc");
	return *found == expected;
}
