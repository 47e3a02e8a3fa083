/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A builder that kills, in the middle of the stage that it is told:
 *
 *   killed-builder HOST KERNEL self|guard STAGE[:PERCENT] [NAME]   itself, or its guard
 *   killed-builder HOST KERNEL leave - [NAME]                      nobody: it leaves a guarded
 * domain
 *
 * as the stage begins, or once so much of it is done. A build that never comes there
 * ends with status 3; one that fails, with 1 and what it says.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/pvbuild.h>

enum victim { NOBODY, SELF, GUARD };

struct death {
	enum victim victim;
	char stage[32];
	unsigned percent;
	bool came;
};

static bool is_guard(const char *pid)
{
	char path[64], name[32] = "";

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	bool read = fgets(name, sizeof name, file) != NULL;
	fclose(file);
	return read && strcmp(name, "pvbuild-guard\n") == 0;
}

/* There is one, in the lab. */
static void kill_guard(void)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	while (processes && (entry = readdir(processes)))
		if (is_guard(entry->d_name))
			kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
	if (processes)
		closedir(processes);
}

static int report(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct death *death = opaque;

	if (death->victim == NOBODY || death->came || strcmp(stage, death->stage) != 0 ||
	    (death->percent && (!total || done * 100 < total * death->percent)))
		return 0;
	death->came = true;
	printf("killed in %s at %llu of %llu\n", stage, (unsigned long long)done,
	       (unsigned long long)total);
	fflush(stdout);
	if (death->victim == SELF)
		raise(SIGKILL);
	kill_guard();
	return 0;
}

static bool parse_death(const char *text, struct death *death)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	char *end = NULL;

	if (length >= sizeof death->stage)
		return false;
	memcpy(death->stage, text, length);
	if (colon)
		death->percent = (unsigned)strtoul(colon + 1, &end, 10);
	return !colon || (end && !*end);
}

static int build(const char *host_name, const char *kernel, const char *name, struct death *death,
		 struct pvb_error *error)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host *host = NULL;
	struct pvb_host_info info;
	struct pvb_image *image = NULL;
	struct pvb_plan *plan = NULL;
	struct pvb_domain *domain = NULL;
	int rc = pvb_host_open(host_name, &host, error);

	spec.memory = UINT64_C(128) << 20;
	options.name = name;
	options.guarded = death->victim == NOBODY;
	options.progress = report;
	options.progress_opaque = death;
	if (rc == 0)
		rc = pvb_image_open(kernel, NULL, &image, error);
	if (rc == 0)
		rc = pvb_host_get_info(host, &info, error);
	if (rc == 0)
		rc = pvb_plan_create(image, &spec, &info, &plan, error);
	if (rc == 0)
		rc = pvb_build(host, plan, image, &options, &domain, error);
	pvb_domain_free(domain);
	pvb_plan_free(plan);
	pvb_image_free(image);
	pvb_host_close(host);
	return rc;
}

static bool parse_victim(const char *text, enum victim *victim)
{
	static const char *const names[] = {"leave", "self", "guard"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*victim = (enum victim)i;
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct death death = {.victim = NOBODY};
	struct pvb_error error = {0};

	if (argc < 5 || argc > 6 || !parse_victim(argv[3], &death.victim) ||
	    !parse_death(argv[4], &death)) {
		fprintf(stderr, "usage: killed-builder HOST KERNEL self|guard|leave "
				"STAGE[:PERCENT] [NAME]\n");
		return 2;
	}
	if (build(argv[1], argv[2], argc > 5 ? argv[5] : "killed", &death, &error)) {
		fprintf(stderr, "killed-builder: %s [%s, %s] %s\n", error.message,
			pvb_code_name(error.code), error.stage, error.context);
		return 1;
	}
	if (death.victim == NOBODY || death.came)
		return 0;
	fprintf(stderr, "killed-builder: there is no stage \"%s\", or not so much of it\n",
		death.stage);
	return 3;
}
