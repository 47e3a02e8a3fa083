/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvbuild/domain.h>

#include "auto.h"
#include "cfg.h"
#include "fault.h"
#include "words.h"

static int replace(char **string, const char *value, struct pvb_error *error)
{
	if (!value)
		return 0;
	free(*string);
	*string = strdup(value);
	return *string ? 0 : fault_memory(error, "the options");
}

static int check(const struct guest *guest, const struct options *options, struct pvb_error *error)
{
	int rc = 0;

	if (guest->kernel && (guest->memory || guest->ranges))
		return 0;
	if (options->operand_count) {
		rc = fault(error, PVB_E_ARG_CONFIG, "config",
			   "the configuration says nothing of %s",
			   guest->kernel ? "memory" : "a kernel");
		fault_hint(error, "add %s, or give --%s",
			   guest->kernel ? "memory = MBYTES" : "kernel = \"PATH\"",
			   guest->kernel ? "memory SIZE" : "kernel FILE");
	} else if (!guest->kernel) {
		rc = fault(error, PVB_E_ARG_USAGE, "usage",
			   "neither a configuration file nor --kernel was given");
	} else {
		rc = fault(error, PVB_E_ARG_USAGE, "usage", "--memory was not given");
		fault_hint(error, "\"pvbuild inspect\" says how much a kernel needs at least");
	}
	return rc;
}

/* A random one of version 4 (RFC 4122), where none was asked for. */
static int choose_uuid(uint8_t uuid[16], struct pvb_error *error)
{
	static const uint8_t none[16];

	if (memcmp(uuid, none, sizeof none) != 0)
		return 0;
	if (getrandom(uuid, 16, 0) != 16)
		return fault(error, PVB_E_ARG_INVALID, "uuid", "no random bytes: %s",
			     strerror(errno));
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

static int check_name(const char *name, struct pvb_error *error)
{
	int rc = pvb_domain_check_name(name, error);

	if (!rc && strspn(name, "0123456789") == strlen(name))
		warn("the domain is called \"%s\", which commands take for its number", name);
	return rc;
}

/* What no memory can be is for the plan to refuse, which is told of the ranges as they are. */
static void take_ranges(struct guest *guest, const struct options *options)
{
	uint64_t sum = 0;

	if (!options->range_count)
		return;
	guest->ranges = options->ranges;
	guest->range_count = options->range_count;
	for (size_t i = 0; i < options->range_count; i++)
		sum += options->ranges[i].bytes;
	if (!guest->memory)
		guest->memory = sum;
}

/* A word with = in it is a line of configuration, as in xl; another one is the file. */
static int read_operands(struct guest *guest, const struct options *options, bool layout_only,
			 struct pvb_error *error)
{
	struct cfg_source source = {.layout_only = layout_only};
	AUTO_FREE char **words = calloc((size_t)options->operand_count + 1, sizeof *words);

	if (!words)
		return fault_memory(error, "the command line");
	for (int i = 0; i < options->operand_count; i++) {
		char *operand = options->operands[i];

		if (strchr(operand, '=')) {
			words[source.word_count++] = operand;
			continue;
		}
		if (source.path) {
			int rc = fault(error, PVB_E_ARG_USAGE, "usage",
				       "two configuration files were given, \"%s\" and \"%s\"",
				       source.path, operand);

			fault_hint(error, "KEY=VALUE behind a file goes before what it says");
			return rc;
		}
		source.path = operand;
	}
	source.words = words;
	return cfg_read(guest, &source, error);
}

int guest_read(struct guest *guest, const struct options *options, bool layout_only,
	       struct pvb_error *error)
{
	int rc = 0;

	/* What an option says goes before what the file says. */
	words_from_file(options->operand_count && !option_given(options, OPTION_P2M));
	if (options->operand_count)
		rc = read_operands(guest, options, layout_only, error);
	if (!rc)
		rc = replace(&guest->name, options->name, error);
	if (!rc)
		rc = replace(&guest->kernel, options->kernel, error);
	if (!rc)
		rc = replace(&guest->ramdisk, options->ramdisk, error);
	if (!rc)
		rc = replace(&guest->cmdline, options->cmdline, error);
	if (rc)
		return rc;
	if (options->memory || options->range_count)
		guest->memory = options->memory;
	take_ranges(guest, options);
	if (options->vcpus)
		guest->vcpus = options->vcpus;
	if (options->max_vcpus)
		guest->max_vcpus = options->max_vcpus;
	guest->max_address_bits = options->max_address_bits;
	if (options->p2m.wish != PVB_P2M_AS_GUEST_ASKS)
		guest->p2m = options->p2m;
	rc = check(guest, options, error);
	if (!rc && !guest->name)
		rc = replace(&guest->name, "pvbuild", error);
	if (!rc)
		rc = check_name(guest->name, error);
	return rc ? rc : choose_uuid(guest->uuid, error);
}

static void clear_cpus(struct guest_cpus *cpus)
{
	for (size_t i = 0; i < cpus->n; i++)
		free(cpus->v[i]);
	free((void *)cpus->v);
}

void guest_clear(struct guest *guest)
{
	clear_cpus(&guest->cpus);
	clear_cpus(&guest->soft_cpus);
	free(guest->pool);
	free(guest->name);
	free(guest->kernel);
	free(guest->ramdisk);
	free(guest->cmdline);
	*guest = (struct guest)GUEST_INIT;
}

struct pvb_image_options guest_image_options(const struct options *options)
{
	struct pvb_image_options limits = PVB_IMAGE_OPTIONS_INIT;

	limits.max_unpacked = options->max_unpacked;
	limits.max_decoder_memory = options->max_decoder_memory;
	limits.max_ratio = options->max_ratio;
	if (option_given(options, OPTION_REFUSE_WX))
		limits.flags |= PVB_IMAGE_REFUSE_WX;
	return limits;
}

int ramdisk_open(struct ramdisk *ramdisk, const char *path, struct pvb_error *error)
{
	struct stat status;

	*ramdisk = (struct ramdisk){.fd = -1};
	if (!path)
		return 0;
	/* O_NONBLOCK: opening a FIFO must not hang. */
	ramdisk->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (ramdisk->fd < 0 || fstat(ramdisk->fd, &status) != 0)
		return fault(error, PVB_E_ARG_FILE, "ramdisk", "cannot open the ramdisk %s: %s",
			     path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return fault(error, PVB_E_ARG_FILE, "ramdisk",
			     "the ramdisk %s is not a regular file", path);
	ramdisk->bytes = (uint64_t)status.st_size;
	return 0;
}

void ramdisk_close(struct ramdisk *ramdisk)
{
	if (ramdisk->fd >= 0)
		(void)close(ramdisk->fd);
	ramdisk->fd = -1;
}
