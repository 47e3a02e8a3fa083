/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading xl.cfg files through libxlutil, as xl does. */
#include "cfg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"
#include "cfg-keys.h"
#include "cfg-read.h"
#include "fault.h"

#define STAGE CFG_STAGE
#define FILE_LIMIT ((size_t)1 << 20)
#define MIB_SHIFT 20

bool cfg_available(void)
{
	return true;
}

static void cfg_close(struct cfg *cfg)
{
	if (cfg->config)
		xlu_cfg_destroy(cfg->config);
	if (cfg->report)
		(void)fclose(cfg->report);
	free(cfg->complaint);
	free(cfg->text);
}

/* All of a file, or of standard input. */
static int load(struct cfg *cfg, const char *file_name, struct pvb_error *error)
{
	FILE *file = fopen(file_name, "re");

	if (!file)
		return fault(error, PVB_E_ARG_FILE, STAGE, "cannot open the configuration %s: %s",
			     cfg->path, strerror(errno));
	errno = 0;
	cfg->size = fread(cfg->text, 1, FILE_LIMIT + 1, file);

	int failure = ferror(file) ? errno : 0;

	(void)fclose(file);
	if (failure)
		return fault(error, PVB_E_ARG_FILE, STAGE, "cannot read the configuration %s: %s",
			     cfg->path, strerror(failure));
	if (cfg->size > FILE_LIMIT)
		return fault(error, PVB_E_ARG_CONFIG, STAGE,
			     "%s is larger than %zu bytes, which no configuration is", cfg->path,
			     FILE_LIMIT);
	if (memchr(cfg->text, '\0', cfg->size)) {
		int rc = fault(error, PVB_E_ARG_CONFIG, STAGE,
			       "%s holds zero bytes: it is no configuration", cfg->path);

		fault_hint(error, "a kernel is given with --kernel FILE");
		return rc;
	}
	return 0;
}

/* The grammar ends each statement with a newline. */
static void end_line(struct cfg *cfg)
{
	if (cfg->size && cfg->text[cfg->size - 1] != '\n')
		cfg->text[cfg->size++] = '\n';
}

/* The file, and behind it the words of the command line, each a line: the last of a key counts. */
static int gather(struct cfg *cfg, const struct cfg_source *source, struct pvb_error *error)
{
	size_t room = FILE_LIMIT + 2;

	for (size_t i = 0; i < source->word_count; i++)
		room += strlen(source->words[i]) + 1;
	cfg->text = malloc(room);
	if (!cfg->text)
		return fault_memory(error, cfg->path);

	int rc = !source->path ? 0 : load(cfg, cfg->is_input ? "/dev/stdin" : source->path, error);

	if (rc)
		return rc;
	end_line(cfg);
	for (size_t i = 0; i < source->word_count; i++) {
		size_t length = strlen(source->words[i]);

		memcpy(cfg->text + cfg->size, source->words[i], length);
		cfg->size += length;
		end_line(cfg);
	}
	return 0;
}

/* The first line of what libxlutil had to say. */
static int complain(struct cfg *cfg, const char *what, struct pvb_error *error)
{
	(void)fflush(cfg->report);
	const char *said = cfg->complaint && *cfg->complaint ? cfg->complaint : what;

	return fault(error, PVB_E_ARG_CONFIG, STAGE, "%.*s", (int)strcspn(said, "\n"), said);
}

static int parse(struct cfg *cfg, bool words, struct pvb_error *error)
{
	cfg->report = open_memstream(&cfg->complaint, &cfg->complaint_size);
	if (cfg->report)
		cfg->config = xlu_cfg_init(cfg->report, cfg->path);
	if (!cfg->config)
		return fault_memory(error, cfg->path);
	if (xlu_cfg_readdata(cfg->config, cfg->text, (int)cfg->size)) {
		int rc = complain(cfg, "the configuration cannot be understood", error);

		fault_hint(error, "xl.cfg(5) has the syntax: KEY = VALUE, strings in quotes%s",
			   words ? "; a shell wants quotes around them: 'name=\"guest\"'" : "");
		return rc;
	}
	return 0;
}

/* "", 0 and [ ] ask for nothing, whatever the key. */
static bool asks_for_nothing(const struct cfg *cfg, const char *key)
{
	XLU_ConfigList *list;
	const char *string;
	int entries;

	if (xlu_cfg_get_list(cfg->config, key, &list, &entries, 1) == 0)
		return entries == 0;
	if (xlu_cfg_get_string(cfg->config, key, &string, 1) == 0)
		return !*string || !strcmp(string, "0");
	return false;
}

/* The defaults of keys that are refused otherwise. */
static bool asks_for_default(const struct cfg *cfg, const char *key)
{
	static const struct {
		const char *key;
		const char *value;
	} defaults[] = {
		{"tsc_mode", "default"},
		{"passthrough", "default"},
		{"passthrough", "disabled"},
		{"cpuid", "host"},
	};
	const char *string;

	if (xlu_cfg_get_string(cfg->config, key, &string, 1) != 0)
		return false;
	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		if (!strcmp(key, defaults[i].key) && !strcmp(string, defaults[i].value))
			return true;
	return false;
}

/* "a, b, c", each once, in the order of the file. */
struct name_list {
	char text[400];
};

static void add_name(struct name_list *list, const char *name)
{
	size_t used = strlen(list->text);
	size_t length = strlen(name);

	for (const char *at = list->text; (at = strstr(at, name)); at += length)
		if ((at == list->text || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return;
	if (used + length + 8 > sizeof list->text) {
		if (used && list->text[used - 1] != '.')
			(void)snprintf(list->text + used, sizeof list->text - used, ", ...");
		return;
	}
	(void)snprintf(list->text + used, sizeof list->text - used, "%s%s", used ? ", " : "", name);
}

/* Name every key that we do not act on; refuse where the domain would be another one without it. */
static int check_keys(const struct cfg *cfg, struct pvb_error *error)
{
	struct name_list refused = {""};
	struct name_list ignored = {""};
	struct name_list unknown = {""};
	const char *at_key;
	size_t at = 0;
	size_t length;

	while ((length = cfg_next_key(cfg->text, cfg->size, &at, &at_key))) {
		AUTO_FREE char *key = strndup(at_key, length);

		if (!key)
			return fault_memory(error, cfg->path);
		switch (cfg_key_class(key)) {
		case CFG_KEY_READ:
			break;
		case CFG_KEY_UNKNOWN:
			add_name(&unknown, key);
			break;
		case CFG_KEY_IGNORED:
			add_name(&ignored, key);
			break;
		case CFG_KEY_REFUSED:
			if (!asks_for_nothing(cfg, key) && !asks_for_default(cfg, key))
				add_name(&refused, key);
			break;
		}
	}
	if (*ignored.text)
		warn("%s: not acted on: %s", cfg->path, ignored.text);
	if (*unknown.text)
		warn("%s: not acted on, and unknown to xl up to 4.22 too: %s", cfg->path,
		     unknown.text);
	if (!*refused.text)
		return 0;
	if (cfg->layout_only) {
		warn("%s: left aside: %s", cfg->path, refused.text);
		return 0;
	}

	int rc = fault(error, PVB_E_ARG_CONFIG_KEY, STAGE,
		       "%s sets %s: a build cannot give that, and without it this would be "
		       "another domain",
		       cfg->path, refused.text);

	fault_hint(error, "take it out of the file; devices are for a toolstack to attach to the "
			  "domain that was built");
	return rc;
}

/* An optional string; *value is NULL where the key is not there. */
static int get_string(struct cfg *cfg, const char *key, const char **value, struct pvb_error *error)
{
	*value = NULL;
	int status = xlu_cfg_get_string(cfg->config, key, value, 0);

	return status && status != ESRCH ? complain(cfg, key, error) : 0;
}

int cfg_get_copy(struct cfg *cfg, const char *key, char **copy, struct pvb_error *error)
{
	const char *value;
	int rc = get_string(cfg, key, &value, error);

	if (rc || !value)
		return rc;
	*copy = strdup(value);
	return *copy ? 0 : fault_memory(error, key);
}

/* An empty name is no file. */
static int get_file(struct cfg *cfg, const char *key, char **path, struct pvb_error *error)
{
	const char *value;
	int rc = get_string(cfg, key, &value, error);

	return rc || !value || !*value ? rc : cfg_get_copy(cfg, key, path, error);
}

int cfg_get_number(struct cfg *cfg, const char *key, uint64_t least, uint64_t most, uint64_t *value,
		   struct pvb_error *error)
{
	long number = 0;
	int status = xlu_cfg_get_long(cfg->config, key, &number, 0);

	if (status == ESRCH)
		return 0;
	if (status)
		return complain(cfg, key, error);
	if (number < 0 || (uint64_t)number < least || (uint64_t)number > most)
		return fault(error, PVB_E_ARG_CONFIG, STAGE,
			     "%s: %s = %ld is not between %" PRIu64 " and %" PRIu64, cfg->path, key,
			     number, least, most);
	*value = (uint64_t)number;
	return 0;
}

/* type, or the older builder. */
static int check_type(struct cfg *cfg, struct pvb_error *error)
{
	static const struct {
		const char *key;
		const char *pv;
		const char *of_old; /* what xend had for it, and its users' files still have */
	} keys[] = {{"type", "pv", NULL}, {"builder", "generic", "linux"}};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const char *value;
		int rc = get_string(cfg, keys[i].key, &value, error);

		if (rc)
			return rc;
		if (!value || !strcmp(value, keys[i].pv))
			continue;
		if (keys[i].of_old && !strcmp(value, keys[i].of_old)) {
			warn("%s: %s = \"%s\" is taken as PV; xl refuses it and wants type = "
			     "\"pv\"",
			     cfg->path, keys[i].key, value);
			continue;
		}
		rc = fault(error, PVB_E_ARG_CONFIG_KEY, STAGE,
			   "%s: %s = \"%s\": pvbuild builds PV domains only", cfg->path,
			   keys[i].key, value);
		fault_hint(error, "type = \"pv\" is what it builds; for others there is xl");
		return rc;
	}
	return 0;
}

/* cmdline, or else root and extra, put together as xl does. */
static int get_command_line(struct cfg *cfg, char **line, struct pvb_error *error)
{
	const char *whole;
	const char *root;
	const char *extra;
	int rc = get_string(cfg, "cmdline", &whole, error);

	if (!rc)
		rc = get_string(cfg, "root", &root, error);
	if (!rc)
		rc = get_string(cfg, "extra", &extra, error);
	if (rc)
		return rc;
	if (whole && (root || extra))
		warn("%s: root and extra are not acted on, as there is a cmdline", cfg->path);
	if (whole)
		*line = strdup(whole);
	else if (!root && !extra)
		return 0;
	else if (asprintf(line, "%s%s%s%s", root ? "root=" : "", root ? root : "",
			  root && extra ? " " : "", extra ? extra : "") < 0)
		*line = NULL;
	return *line ? 0 : fault_memory(error, "the command line");
}

static int get_memory(struct cfg *cfg, uint64_t *bytes, struct pvb_error *error)
{
	uint64_t memory = 0;
	uint64_t most = 0;
	int rc = cfg_get_number(cfg, "memory", 1, UINT64_MAX >> (MIB_SHIFT + 1), &memory, error);

	if (!rc)
		rc = cfg_get_number(cfg, "maxmem", 1, UINT64_MAX >> (MIB_SHIFT + 1), &most, error);
	if (rc)
		return rc;
	if (memory && most && most < memory)
		return fault(error, PVB_E_ARG_CONFIG, STAGE,
			     "%s: maxmem = %" PRIu64 " is less than memory = %" PRIu64, cfg->path,
			     most, memory);
	if (memory && most > memory)
		warn("%s: maxmem is not acted on: the domain gets %" PRIu64 " MiB and cannot grow",
		     cfg->path, memory);
	*bytes = (memory ? memory : most) << MIB_SHIFT;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool parse_uuid(const char *text, uint8_t uuid[16])
{
	static const unsigned groups[] = {4, 2, 2, 2, 6};
	size_t byte = 0;

	for (size_t group = 0; group < 5; group++) {
		if (group && *text++ != '-')
			return false;
		for (unsigned i = 0; i < groups[group]; i++, text += 2) {
			int high = hex_digit(text[0]);
			int low = high < 0 ? -1 : hex_digit(text[1]);

			if (low < 0)
				return false;
			uuid[byte++] = (uint8_t)(high << 4 | low);
		}
	}
	return !*text;
}

static int get_uuid(struct cfg *cfg, uint8_t uuid[16], struct pvb_error *error)
{
	const char *text;
	int rc = get_string(cfg, "uuid", &text, error);

	if (rc || !text)
		return rc;
	if (!parse_uuid(text, uuid))
		return fault(error, PVB_E_ARG_CONFIG, STAGE, "%s: uuid = \"%s\" is no UUID",
			     cfg->path, text);
	return 0;
}

/* What is to be done when the guest ends. */
static int get_fates(struct cfg *cfg, struct fates *fates, struct pvb_error *error)
{
	const struct {
		const char *key;
		enum fate *fate;
	} keys[] = {
		{"on_poweroff", &fates->poweroff},     {"on_reboot", &fates->reboot},
		{"on_crash", &fates->crash},           {"on_watchdog", &fates->watchdog},
		{"on_soft_reset", &fates->soft_reset},
	};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const char *value;
		int rc = get_string(cfg, keys[i].key, &value, error);

		if (rc)
			return rc;
		if (!value || fate_parse(value, keys[i].fate))
			continue;
		/* It is the default of xl, which does it for HVM guests alone. */
		if (keys[i].fate == &fates->soft_reset && !strcmp(value, "soft-reset"))
			continue;
		if (cfg->layout_only) {
			warn("%s: left aside: %s = \"%s\"", cfg->path, keys[i].key, value);
			continue;
		}
		rc = fault(error, PVB_E_ARG_CONFIG_KEY, STAGE,
			   "%s: %s = \"%s\": pvbuild does not do that with a domain", cfg->path,
			   keys[i].key, value);
		fault_hint(error, "it does destroy, restart, preserve, coredump-destroy and "
				  "coredump-restart");
		return rc;
	}
	return 0;
}

/* Ours alone: xl reads past a key that it does not know. */
static int get_p2m(struct cfg *cfg, struct p2m_form *form, struct pvb_error *error)
{
	const char *text;
	int rc = get_string(cfg, "pvb_p2m", &text, error);

	if (rc || !text || parse_p2m_form(text, form))
		return rc;
	return fault(error, PVB_E_ARG_CONFIG, STAGE, "%s: pvb_p2m = \"%s\" is none of " P2M_FORMS,
		     cfg->path, text);
}

static int read_keys(struct cfg *cfg, struct guest *guest, struct pvb_error *error)
{
	int rc = check_type(cfg, error);

	if (!rc)
		rc = check_keys(cfg, error);
	if (!rc)
		rc = cfg_get_copy(cfg, "name", &guest->name, error);
	if (!rc)
		rc = get_file(cfg, "kernel", &guest->kernel, error);
	if (!rc)
		rc = get_file(cfg, "ramdisk", &guest->ramdisk, error);
	if (!rc)
		rc = get_command_line(cfg, &guest->cmdline, error);
	if (!rc)
		rc = get_memory(cfg, &guest->memory, error);
	if (!rc)
		rc = cfg_get_schedule(cfg, guest, error);
	if (!rc)
		rc = cfg_get_limits(cfg, &guest->limits, error);
	if (!rc)
		rc = get_p2m(cfg, &guest->p2m, error);
	if (!rc)
		rc = get_uuid(cfg, guest->uuid, error);
	if (!rc)
		rc = get_fates(cfg, &guest->fates, error);
	return rc;
}

int cfg_read(struct guest *guest, const struct cfg_source *source, struct pvb_error *error)
{
	const bool is_input = source->path && !strcmp(source->path, "-");
	AUTO(cfg_close)
	struct cfg cfg = {
		.path = is_input       ? "(standard input)"
			: source->path ? source->path
				       : "(command line)",
		.is_input = is_input,
		.layout_only = source->layout_only,
	};
	int rc = gather(&cfg, source, error);

	if (!rc)
		rc = parse(&cfg, source->word_count > 0, error);
	return rc ? rc : read_keys(&cfg, guest, error);
}
