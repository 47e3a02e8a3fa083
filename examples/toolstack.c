/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest toolstack: say what a kernel is, plan a domain of it, build, audit and start
 * the domain, and wait until it ends. On "sim" in place of "xen" nothing runs after the start.
 *
 *     cc toolstack.c $(pkg-config --cflags --libs libpvbuild)
 *     ./a.out xen /boot/vmlinuz 512 "console=hvc0" /boot/initrd.img
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

struct request {
	struct pvb_spec spec;
	struct pvb_plan_module module;
	int ramdisk; /* or -1 */
};

static int complain(const struct pvb_error *error)
{
	fprintf(stderr, "%s: %s\n%s\n", pvb_code_name(error->code), error->message, error->hint);
	return (int)pvb_code_fault(error->code);
}

static int audit(struct pvb_host *host, uint32_t domid, const struct request *request,
		 const struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_audit_options expected = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *result;

	expected.image = image;
	expected.memory = request->spec.memory;
	expected.command_line = request->spec.command_line;
	expected.module_fds = &request->ramdisk;
	expected.module_fd_count = request->spec.module_count;
	if (pvb_audit_domain(host, domid, &expected, &result, error))
		return complain(error);

	const struct pvb_audit_report *report = pvb_audit_report(result);
	int status = report->passed ? 0 : 4;

	printf("%u rules applied, %" PRIu64 " findings\n", report->checks, report->total_findings);
	for (size_t i = 0; i < report->finding_count; i++)
		printf("  %s at %s: %s\n", report->findings[i].rule, report->findings[i].where,
		       report->findings[i].message);
	pvb_audit_free(result);
	return status;
}

/* Until the guest ends, or nothing can. */
static int start(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct pollfd news = {.events = POLLIN};
	struct pvb_domain_state state;

	if (pvb_domain_unpause(host, domid, error) || pvb_domain_keep(host, domid, error))
		return complain(error);
	printf("domain %u is started\n", domid);
	do {
		int rc = pvb_domain_watch(host, &news.fd, error);

		if (rc == -PVB_E_HOST_STATE) /* nothing runs on the simulated host */
			return 0;
		if (rc || pvb_domain_get(host, domid, &state, error))
			return complain(error);
	} while (!state.shutdown && poll(&news, 1, -1));
	printf("domain %u has ended, for reason %u\n", domid, state.shutdown_reason);
	return pvb_domain_destroy(host, domid, error) ? complain(error) : 0;
}

/* A guarded domain goes with this process, until it is kept. */
static int build(struct pvb_host *host, const struct request *request,
		 const struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_domain *domain;
	struct pvb_host_info info;
	struct pvb_plan *plan;
	int rc;

	if (pvb_host_get_info(host, &info, error) ||
	    pvb_plan_create(image, &request->spec, &info, &plan, error))
		return complain(error);
	printf("%" PRIu64 " bytes of memory, of which %" PRIu64 " are needed\n",
	       pvb_plan_info(plan)->memory, pvb_plan_info(plan)->minimum_memory);
	options.name = "example";
	options.guarded = true;
	options.module_fds = &request->ramdisk;
	options.module_fd_count = request->spec.module_count;
	rc = pvb_build(host, plan, image, &options, &domain, error);
	pvb_plan_free(plan);
	if (rc)
		return complain(error);

	uint32_t domid = pvb_domain_info(domain)->domid;

	pvb_domain_free(domain);
	printf("domain %u is built and paused\n", domid);
	rc = audit(host, domid, request, image, error);
	return rc ? rc : start(host, domid, error);
}

int main(int argc, char **argv)
{
	struct request request = {.spec = PVB_SPEC_INIT, .ramdisk = -1};
	struct pvb_image *image;
	struct pvb_host *host;
	struct pvb_error error;
	struct stat status;
	char *end = NULL;
	uint64_t megabytes = argc > 3 ? strtoull(argv[3], &end, 10) : 0;

	if (argc < 4 || argc > 6 || *end || !megabytes || megabytes > UINT64_MAX >> 20) {
		fprintf(stderr, "usage: %s HOST KERNEL MEGABYTES [COMMAND-LINE [RAMDISK]]\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	request.spec.memory = megabytes << 20;
	request.spec.command_line = argc > 4 ? argv[4] : NULL;
	request.spec.modules = &request.module;
	request.spec.module_count = argc > 5;
	if (argc > 5) {
		request.ramdisk = open(argv[5], O_RDONLY | O_CLOEXEC);
		if (request.ramdisk < 0 || fstat(request.ramdisk, &status) != 0) {
			perror(argv[5]);
			return 1;
		}
		request.module.bytes = (uint64_t)status.st_size;
	}
	if (pvb_image_open(argv[2], NULL, &image, &error))
		return complain(&error);
	printf("%s: %s, %s\n", pvb_image_info(image)->file,
	       pvb_container_name(pvb_image_info(image)->container),
	       pvb_guest_type_name(pvb_image_info(image)->pv.guest_type));

	int rc = pvb_host_open(argv[1], &host, &error) ? complain(&error)
						       : build(host, &request, image, &error);

	pvb_host_close(host);
	pvb_image_free(image);
	return rc;
}
