/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A builder that kills itself, in the middle of the stage that it is told:
 *
 *   killed-builder HOST KERNEL STAGE[:PERCENT] [MEMORY-MIB [NAME]]
 *
 * As the stage begins, or once so much of it is done. A build that never comes there
 * ends with status 3; one that fails, with 1 and what it says.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/pvbuild.h>

struct death {
	char stage[32];
	unsigned percent;
};

static int report(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	const struct death *death = opaque;

	if (strcmp(stage, death->stage) != 0 ||
	    (death->percent && (!total || done * 100 < total * death->percent)))
		return 0;
	printf("killed in %s at %llu of %llu\n", stage, (unsigned long long)done,
	       (unsigned long long)total);
	fflush(stdout);
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

static int build(const char *host_name, const char *kernel, uint64_t memory, const char *name,
		 struct death *death, struct pvb_error *error)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host *host = NULL;
	struct pvb_host_info info;
	struct pvb_image *image = NULL;
	struct pvb_plan *plan = NULL;
	struct pvb_domain *domain = NULL;
	int rc = pvb_host_open(host_name, &host, error);

	spec.memory = memory;
	options.name = name;
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

int main(int argc, char **argv)
{
	struct death death = {.stage = ""};
	struct pvb_error error = {0};
	uint64_t memory = UINT64_C(128) << 20;

	if (argc < 4 || argc > 6 || !parse_death(argv[3], &death)) {
		fprintf(stderr,
			"usage: killed-builder HOST KERNEL STAGE[:PERCENT] [MEMORY-MIB [NAME]]\n");
		return 2;
	}
	if (argc > 4)
		memory = strtoull(argv[4], NULL, 10) << 20;
	if (build(argv[1], argv[2], memory, argc > 5 ? argv[5] : "killed", &death, &error)) {
		fprintf(stderr, "killed-builder: %s [%s, %s]\n", error.message,
			pvb_code_name(error.code), error.stage);
		return 1;
	}
	fprintf(stderr, "killed-builder: there is no stage \"%s\", or not so much of it\n",
		death.stage);
	return 3;
}
