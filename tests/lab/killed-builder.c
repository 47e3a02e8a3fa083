/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A builder that does somebody harm in the middle of the stage that it is told:
 *
 *   killed-builder HOST KERNEL self|guard STAGE[:PERCENT] [NAME]   kills itself, or its guard
 *   killed-builder HOST KERNEL [self+]stop:DAEMON|kill:DAEMON STAGE[:PERCENT] [NAME]
 *                                                                  stops or kills all processes of
 *                                                                  that name, then perhaps itself
 *   killed-builder HOST KERNEL leave - [NAME]                      nobody: it leaves a guarded
 *                                                                  domain
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

/*
 *   signal, name   for all processes of that name; signal is 0 for none
 *   self           then this process kills itself
 */
struct death {
	int signal;
	char name[32];
	bool self;
	char stage[32];
	unsigned percent;
	bool came;
};

static bool is_called(const char *pid, const char *wanted)
{
	char path[64], name[32] = "";

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	bool read = fgets(name, sizeof name, file) != NULL;
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return read && strcmp(name, wanted) == 0;
}

/* There is one, in the lab. */
static void signal_all(const char *name, int signal)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	while (processes && (entry = readdir(processes)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    is_called(entry->d_name, name))
			kill((pid_t)strtol(entry->d_name, NULL, 10), signal);
	if (processes)
		closedir(processes);
}

static int report(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct death *death = opaque;

	if ((!death->signal && !death->self) || death->came || strcmp(stage, death->stage) != 0 ||
	    (death->percent && (!total || done * 100 < total * death->percent)))
		return 0;
	death->came = true;
	printf("killed in %s at %llu of %llu\n", stage, (unsigned long long)done,
	       (unsigned long long)total);
	fflush(stdout);
	if (death->signal)
		signal_all(death->name, death->signal);
	if (death->self)
		raise(SIGKILL);
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
	options.guarded = !death->signal && !death->self;
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

static bool parse_victim(const char *text, struct death *death)
{
	static const struct {
		const char *word;
		int signal;
	} signals[] = {{"stop:", SIGSTOP}, {"kill:", SIGKILL}};

	if (strcmp(text, "leave") == 0)
		return true;
	death->self = strcmp(text, "self") == 0;
	if (death->self)
		return true;
	if (strcmp(text, "guard") == 0)
		text = "kill:pvbuild-guard";
	death->self = strncmp(text, "self+", 5) == 0;
	if (death->self)
		text += 5;
	for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		size_t length = strlen(signals[i].word);

		if (strncmp(text, signals[i].word, length) != 0)
			continue;
		death->signal = signals[i].signal;
		snprintf(death->name, sizeof death->name, "%s", text + length);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct death death = {0};
	struct pvb_error error = {0};

	if (argc < 5 || argc > 6 || !parse_victim(argv[3], &death) ||
	    !parse_death(argv[4], &death)) {
		fprintf(stderr, "usage: killed-builder HOST KERNEL "
				"self|guard|leave|[self+]stop:DAEMON|kill:DAEMON "
				"STAGE[:PERCENT] [NAME]\n");
		return 2;
	}
	if (build(argv[1], argv[2], argc > 5 ? argv[5] : "killed", &death, &error)) {
		fprintf(stderr, "killed-builder: %s [%s, %s] %s\n", error.message,
			pvb_code_name(error.code), error.stage, error.context);
		return 1;
	}
	if ((!death.signal && !death.self) || death.came)
		return 0;
	fprintf(stderr, "killed-builder: there is no stage \"%s\", or not so much of it\n",
		death.stage);
	return 3;
}
