/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest toolstack: say what a kernel is, plan a domain of it, build the
 * domain, and audit it.
 *
 *     cc toolstack.c $(pkg-config --cflags --libs libpvbuild)
 *     ./a.out sim:memory=8G /boot/vmlinuz 512 "console=hvc0" /boot/initrd.img
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

struct request {
	const char *host;
	const char *kernel;
	uint64_t memory;
	const char *command_line;
	int ramdisk; /* or -1 */
	uint64_t ramdisk_bytes;
};

static int complain(const struct pvb_error *error)
{
	fprintf(stderr, "%s: %s\n", pvb_code_name(error->code), error->message);
	if (error->hint[0])
		fprintf(stderr, "hint: %s\n", error->hint);
	return (int)pvb_code_fault(error->code);
}

static int audit(struct pvb_host *host, uint32_t domid, const struct request *request,
		 const struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_audit_options expected = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *result;

	expected.image = image;
	expected.memory = request->memory;
	expected.command_line = request->command_line;
	expected.module_fds = &request->ramdisk;
	expected.module_fd_count = request->ramdisk >= 0;
	if (pvb_audit_domain(host, domid, &expected, &result, error))
		return complain(error);

	const struct pvb_audit_report *report = pvb_audit_report(result);
	bool passed = report->passed;

	printf("%u rules applied, %" PRIu64 " findings\n", report->checks, report->total_findings);
	for (size_t i = 0; i < report->finding_count; i++)
		printf("  %s at %s: %s\n", report->findings[i].rule, report->findings[i].where,
		       report->findings[i].message);
	pvb_audit_free(result);
	return passed ? 0 : 4;
}

static int build(struct pvb_host *host, const struct request *request,
		 const struct pvb_image *image, struct pvb_error *error)
{
	const struct pvb_plan_module module = {.name = "ramdisk", .bytes = request->ramdisk_bytes};
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_domain *domain = NULL;
	struct pvb_host_info info;
	struct pvb_plan *plan;

	spec.memory = request->memory;
	spec.command_line = request->command_line;
	spec.modules = &module;
	spec.module_count = request->ramdisk >= 0;
	if (pvb_host_get_info(host, &info, error) ||
	    pvb_plan_create(image, &spec, &info, &plan, error))
		return complain(error);
	printf("%" PRIu64 " bytes of memory (at least %" PRIu64 " are needed), %" PRIu64
	       " page tables\n",
	       pvb_plan_info(plan)->memory, pvb_plan_info(plan)->minimum_memory,
	       pvb_plan_info(plan)->table_pages);

	options.name = "example";
	options.module_fds = &request->ramdisk;
	options.module_fd_count = spec.module_count;
	int status;

	if (pvb_build(host, plan, image, &options, &domain, error)) {
		status = complain(error);
	} else {
		printf("domain %u is built and paused\n", pvb_domain_info(domain)->domid);
		status = audit(host, pvb_domain_info(domain)->domid, request, image, error);
	}
	pvb_domain_free(domain);
	pvb_plan_free(plan);
	return status;
}

static int run(const struct request *request)
{
	struct pvb_image *image;
	struct pvb_host *host;
	struct pvb_error error;

	if (pvb_image_open(request->kernel, NULL, &image, &error))
		return complain(&error);
	printf("%s: %s, %s\n", pvb_image_info(image)->file,
	       pvb_container_name(pvb_image_info(image)->container),
	       pvb_guest_type_name(pvb_image_info(image)->pv.guest_type));

	int status;

	if (pvb_host_open(request->host, &host, &error)) {
		status = complain(&error);
	} else {
		status = build(host, request, image, &error);
		pvb_host_close(host);
	}
	pvb_image_free(image);
	return status;
}

int main(int argc, char **argv)
{
	struct request request = {.ramdisk = -1};
	struct stat ramdisk;

	char *end = NULL;
	uint64_t megabytes = argc > 3 ? strtoull(argv[3], &end, 10) : 0;

	if (argc < 4 || argc > 6 || *end || megabytes > UINT64_MAX >> 20) {
		fprintf(stderr, "usage: %s HOST KERNEL MEGABYTES [COMMAND-LINE [RAMDISK]]\n",
			argv[0]);
		return 2;
	}
	request.host = argv[1];
	request.kernel = argv[2];
	request.memory = megabytes << 20;
	request.command_line = argc > 4 ? argv[4] : NULL;
	if (argc > 5) {
		request.ramdisk = open(argv[5], O_RDONLY | O_CLOEXEC);
		if (request.ramdisk < 0 || fstat(request.ramdisk, &ramdisk) != 0) {
			perror(argv[5]);
			return 1;
		}
		request.ramdisk_bytes = (uint64_t)ramdisk.st_size;
	}
	return run(&request);
}
