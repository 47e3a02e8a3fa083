/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "options.h"

/*
 *   field    as the library has it, and users of the library
 *   option   of the command line; or OPTION_COUNT, and text is what is said instead
 *   key      of a configuration file, or NULL
 */
static const struct word {
	const char *field;
	enum option_id option;
	const char *key;
	const char *text;
} words[] = {
	{"pvb_image_options.max_unpacked", OPTION_MAX_UNPACKED, NULL, NULL},
	{"pvb_image_options.max_decoder_memory", OPTION_MAX_DECODER_MEMORY, NULL, NULL},
	{"pvb_image_options.max_ratio", OPTION_MAX_RATIO, NULL, NULL},
	{"pvb_spec.max_address_bits", OPTION_MAX_ADDRESS_BITS, NULL, NULL},
	{"pvb_spec.guest_page_size", OPTION_GUEST_PAGE_SIZE, NULL, NULL},
	{"pvb_spec.strict_p2m", OPTION_STRICT_P2M, NULL, NULL},
	{"pvb_spec.p2m", OPTION_P2M, "pvb_p2m", NULL},
	{"pvb_build_options.strict_address_bits", OPTION_STRICT_ADDRESS_BITS, NULL, NULL},
	{"pvb_spec.vcpus", OPTION_VCPUS, "vcpus", NULL},
	{"pvb_spec.max_vcpus", OPTION_MAX_VCPUS, "maxvcpus", NULL},
	{"pvb_build_options.max_event_channels", OPTION_COUNT, NULL, "max_event_channels"},
	{"pvb_build_options.max_grant_frames", OPTION_COUNT, NULL, "max_grant_frames"},
	{"pvb_build_options.max_maptrack_frames", OPTION_COUNT, NULL, "max_maptrack_frames"},
	{"pvb_build_options.max_grant_version", OPTION_COUNT, NULL, "max_grant_version"},
	{"pvb_build_options.cpu_weight", OPTION_COUNT, NULL, "cpu_weight"},
	{"pvb_build_options.cpu_cap", OPTION_COUNT, NULL, "cap"},
	{"pvb_p2m_options.max_extents", OPTION_MAX_EXTENTS, NULL, NULL},
	{"pvb_audit_options.max_extents", OPTION_MAX_EXTENTS, NULL, NULL},
	{"raise pvb_p2m_options.attempts", OPTION_COUNT, NULL, "try again"},
	{"pvb_audit_core()", OPTION_COUNT, NULL, "\"pvbuild audit\""},
	{"pvb_p2m_core()", OPTION_COUNT, NULL, "\"pvbuild p2m\""},
	{"pvb_domain_list()", OPTION_COUNT, NULL, "\"pvbuild list\""},
	{"pvb_domain_unpause()", OPTION_COUNT, NULL,
	 "\"pvbuild unpause\", for which \"create --paused\" leaves it"},
	{"pvb_host_open(\"sim\")", OPTION_COUNT, NULL, "--host sim"},
	{"pvb_host_open(\"sim:arch=arm64\")", OPTION_COUNT, NULL, "--host sim:arch=arm64"},
};

static bool has_file;

void words_from_file(bool from_file)
{
	has_file = from_file;
}

static bool goes_on(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The word that stands at a place, and not a longer one that begins so. */
static const struct word *word_at(const char *at)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i].field);

		if (strncmp(at, words[i].field, length) == 0 &&
		    !(goes_on(words[i].field[length - 1]) && goes_on(at[length])))
			return &words[i];
	}
	return NULL;
}

static void say(const struct word *word, char *text, size_t size)
{
	if (has_file && word->key)
		(void)snprintf(text, size, "%s", word->key);
	else if (word->option == OPTION_COUNT)
		(void)snprintf(text, size, "%s", word->text);
	else
		(void)snprintf(text, size, "--%s", option_text(word->option)->name);
}

const char *words_of(const char *message, char *text, size_t size)
{
	size_t used = 0;

	while (*message && used + 1 < size) {
		const struct word *word = word_at(message);

		if (!word) {
			text[used++] = *message++;
			continue;
		}
		say(word, text + used, size - used);
		used += strlen(text + used);
		message += strlen(word->field);
	}
	text[used] = '\0';
	return text;
}
