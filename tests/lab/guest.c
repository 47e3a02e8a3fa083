/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

static bool take_number(const char *text, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *number && *number <= most;
}

static bool take_p2m(struct guest *guest, const char *value)
{
	static const char tree[] = "tree";
	uint64_t levels = 0;

	if (strcmp(value, "list") == 0) {
		guest->p2m = PVB_P2M_WANT_LIST;
		return true;
	}
	if (strncmp(value, tree, strlen(tree)) != 0)
		return false;
	value += strlen(tree);
	if (*value && (*value != ':' || !take_number(value + 1, PVB_P2M_LEVELS_MAX, &levels)))
		return false;
	guest->p2m = PVB_P2M_WANT_TREE;
	guest->p2m_levels = (uint32_t)levels;
	return true;
}

bool guest_take(struct guest *guest, int option, const char *value)
{
	uint64_t number;

	switch (option) {
	case GUEST_NAME:
		guest->name = value;
		return true;
	case GUEST_RAMDISK:
		guest->ramdisk = value;
		return true;
	case GUEST_COMMAND_LINE:
		guest->command_line = value;
		return true;
	case GUEST_MEMORY:
		guest->memory = take_number(value, UINT64_C(1) << 24, &number) ? number << 20 : 0;
		return guest->memory != 0;
	case GUEST_VCPUS:
		guest->vcpus = take_number(value, 8192, &number) ? (uint32_t)number : 0;
		return guest->vcpus != 0;
	case GUEST_CONFINED:
		guest->confined = true;
		return true;
	case GUEST_P2M:
		return take_p2m(guest, value);
	default:
		return false;
	}
}

int guest_plan(struct guest *guest, const struct pvb_host_info *host, bool ramdisk,
	       struct pvb_error *error)
{
	struct pvb_plan_module module = {.name = guest->ramdisk, .bytes = guest->ramdisk_bytes};
	struct pvb_spec spec = PVB_SPEC_INIT;

	spec.memory = guest->memory;
	spec.vcpus = guest->vcpus;
	spec.max_vcpus = guest->vcpus + guest->confined;
	spec.command_line = guest->command_line;
	spec.p2m = guest->p2m;
	spec.p2m_levels = guest->p2m_levels;
	if (ramdisk) {
		spec.modules = &module;
		spec.module_count = 1;
	}
	pvb_plan_free(guest->plan);
	guest->plan = NULL;
	guest->has_ramdisk = ramdisk;
	return pvb_plan_create(guest->image, &spec, host, &guest->plan, error);
}

int guest_open(struct guest *guest, const struct pvb_host_info *host, struct pvb_error *error)
{
	if (guest->ramdisk) {
		struct stat status;

		guest->ramdisk_fd = open(guest->ramdisk, O_RDONLY | O_CLOEXEC);
		if (guest->ramdisk_fd < 0 || fstat(guest->ramdisk_fd, &status))
			return pvb_fail(error, PVB_E_ARG_FILE, "guest", "%.200s: %s",
					guest->ramdisk, strerror(errno));
		guest->ramdisk_bytes = (uint64_t)status.st_size;
	}
	int rc = pvb_image_open(guest->kernel, NULL, &guest->image, error);

	return rc ? rc : guest_plan(guest, host, guest->ramdisk, error);
}

void guest_close(struct guest *guest)
{
	pvb_plan_free(guest->plan);
	pvb_image_free(guest->image);
	if (guest->ramdisk_fd >= 0)
		close(guest->ramdisk_fd);
	*guest = (struct guest)GUEST_INIT;
}

static void confine(struct pvb_build_options *options)
{
	static const char *const hard[] = {"0", "all,^70"};
	static const char *const soft[] = {"all", "node:0,^1"};

	options->max_event_channels = GUEST_CONFINED_CHANNELS;
	options->max_grant_frames = GUEST_CONFINED_GRANT_FRAMES;
	options->max_maptrack_frames = 5;
	options->max_grant_version = GUEST_CONFINED_GRANT_VERSION;
	options->pool = "Pool-0";
	options->cpus = hard;
	options->soft_cpus = soft;
	options->cpus_count = options->soft_cpus_count = 2;
	options->cpu_weight = 512;
	options->cpu_cap = 50;
}

int guest_build(const struct guest *guest, struct pvb_host *host, bool guarded,
		struct pvb_domain **domain, struct pvb_error *error)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;

	options.name = guest->name;
	options.guarded = guarded;
	if (guest->confined)
		confine(&options);
	if (guest->has_ramdisk) {
		options.module_fds = &guest->ramdisk_fd;
		options.module_fd_count = 1;
	}
	return pvb_build(host, guest->plan, guest->image, &options, domain, error);
}

void print_failure(const char *program, const struct pvb_error *error)
{
	fprintf(stderr, "%s: %s\n", program, error->message);
	if (error->context[0])
		fprintf(stderr, "  while: %s\n", error->context);
	if (error->hint[0])
		fprintf(stderr, "  hint: %s\n", error->hint);
	fprintf(stderr, "  [%s in %s]\n", pvb_code_name(error->code), error->stage);
}
