/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an arm64 guest is built: its extents, its windows, what it is given, and what is refused. */
#include "support/test.h"

#include <inttypes.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/pvbuild.h>

#include "host/host.h"
#include "support/elf-builder.h"

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)

#define REQUESTS 20000u

/* What the host was asked for, and how it is to answer. */
static struct {
	const struct pvb_host_ops *truth;
	struct pvb_host_ops ops;
	struct pvb_host_populate requests[REQUESTS];
	uint64_t done[REQUESTS];
	size_t count;
	uint64_t lower_by;   /* taken off extents that come back */
	unsigned none_above; /* extents of more than 1 << this are not there; 0: they are */
} spy;

static int populate(struct pvb_host *host, uint32_t domid, const struct pvb_host_populate *request,
		    uint64_t *done, struct pvb_error *error)
{
	int rc = 0;

	*done = 0;
	if (!spy.none_above || request->shift <= spy.none_above)
		rc = spy.truth->populate(host, domid, request, done, error);
	for (uint64_t i = 0; i < *done; i++)
		request->out[i].word -= spy.lower_by;
	assert_true(spy.count < REQUESTS);
	spy.requests[spy.count] = *request;
	spy.done[spy.count++] = *done;
	return rc;
}

static struct pvb_host *open_host(const char *description)
{
	struct pvb_host *host;
	struct pvb_error error;

	assert_ok(pvb_host_open(description, &host, &error), &error);
	memset(&spy, 0, sizeof spy);
	spy.truth = host->ops;
	spy.ops = *host->ops;
	spy.ops.populate = populate;
	host->ops = &spy.ops;
	return host;
}

static struct pvb_image *open_image(uint64_t text_offset, size_t size)
{
	struct blob file = arm64_build(text_offset, MIB(21), 0xe, size), notes = BLOB_INIT;
	const uint32_t granules = 0x15000;
	struct pvb_image *image;
	struct pvb_error error;

	for (size_t i = 0x400; i < size; i++)
		file.bytes[i] = (uint8_t)(i * 11 + (i >> 9));
	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, &granules, sizeof granules);
	arm64_add_notes(&file, &notes);
	assert_ok(pvb_image_open_memory(file.bytes, file.size, "Image", NULL, &image, &error),
		  &error);
	blob_free(&file);
	return image;
}

static struct pvb_plan *plan_for(struct pvb_host *host, const struct pvb_image *image,
				 uint64_t memory)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;
	struct pvb_plan *plan;
	struct pvb_error error;

	spec.memory = memory;
	if (host)
		assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_ok(pvb_plan_create(image, &spec, host ? &info : NULL, &plan, &error), &error);
	return plan;
}

/* Sizes that one entry of the second stage maps. */
static bool is_legal(unsigned page_shift, unsigned shift)
{
	return page_shift == 12   ? shift == 12 || shift == 21 || shift == 30
	       : page_shift == 14 ? shift == 14 || shift == 25
				  : shift == 16 || shift == 29;
}

static unsigned next_larger(unsigned page_shift, unsigned shift)
{
	while (++shift < 48)
		if (is_legal(page_shift, shift))
			return shift;
	return 0;
}

/* Each request goes on where the last ended, in the largest extents that fit there. */
static void check_requests(unsigned page_shift, uint64_t memory, bool largest)
{
	const uint64_t magic = UINT64_C(4) << page_shift;
	const uint64_t first = memory < GIB(3) ? memory : GIB(3);
	const struct {
		uint64_t from, to;
	} regions[] = {
		{0x39000000, 0x39000000 + magic},
		{0x40000000, 0x40000000 + first},
		{UINT64_C(0x200000000), UINT64_C(0x200000000) + memory - first},
	};
	size_t region = 0;
	uint64_t at = regions[0].from;

	for (size_t i = 0; i < spy.count; i++) {
		const struct pvb_host_populate *request = &spy.requests[i];
		uint64_t size = UINT64_C(1) << request->shift;
		uint64_t end = request->address + request->count * size;
		unsigned larger = next_larger(page_shift, request->shift);

		if (at == regions[region].to)
			at = regions[++region].from;
		assert_int_equal(request->address, at);
		assert_true(is_legal(page_shift, request->shift));
		assert_int_equal(request->address % size, 0);
		assert_true(end <= regions[region].to);
		/* At no extent of these would a larger one have fitted. */
		if (larger && largest) {
			uint64_t unit = UINT64_C(1) << larger;
			uint64_t aligned = (request->address + unit - 1) / unit * unit;

			if (!(aligned >= end || aligned + unit > regions[region].to))
				fail_msg("%u: %" PRIx64 " %u x %" PRIu64, page_shift,
					 request->address, request->shift, request->count);
		}
		at += spy.done[i] * size;
	}
	assert_int_equal(at, regions[memory > first ? 2 : 1].to);
}

static const char *const hosts[] = {
	"sim:arch=arm64,memory=12G,xen=4.22", /* an older Xen takes no 1 GiB at once */
	"sim:arch=arm64,memory=12G,granule=16K",
	"sim:arch=arm64,memory=12G,granule=64K",
};

static void memory_is_asked_for_in_the_largest_extents(void **state)
{
	static const uint64_t sizes[] = {MIB(64),
					 MIB(546) + KIB(64),
					 GIB(1),
					 GIB(3),
					 GIB(3) + KIB(64),
					 GIB(4) - KIB(64),
					 MIB(5120) + MIB(34) + KIB(192)};

	(void)state;
	for (unsigned h = 0; h < 3; h++)
		for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			struct pvb_host *host = open_host(hosts[h]);
			struct pvb_image *image = open_image(0, 0x5000);
			struct pvb_plan *plan = plan_for(host, image, sizes[i]);
			struct pvb_domain *domain;
			struct pvb_error error;

			assert_ok(pvb_build(host, plan, image, NULL, &domain, &error), &error);
			check_requests(host->page_shift, sizes[i], true);
			assert_true(spy.count <= 9);
			pvb_domain_free(domain);
			pvb_plan_free(plan);
			pvb_image_free(image);
			pvb_host_close(host);
		}
}

static void without_large_extents_smaller_ones_do(void **state)
{
	static const unsigned above[] = {29, 20, 12};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct pvb_host *host = open_host(hosts[0]);
		struct pvb_image *image = open_image(0, 0x5000);
		struct pvb_plan *plan = plan_for(host, image, GIB(4));
		struct pvb_domain *domain;
		struct pvb_error error;

		spy.none_above = above[i];
		assert_ok(pvb_build(host, plan, image, NULL, &domain, &error), &error);
		check_requests(12, GIB(4), false);
		pvb_domain_free(domain);
		pvb_plan_free(plan);
		pvb_image_free(image);
		pvb_host_close(host);
	}
}

static void a_guest_is_told_where_its_rings_are(void **state)
{
	(void)state;
	for (unsigned h = 0; h < 3; h++) {
		struct pvb_host *host = open_host(hosts[h]);
		struct pvb_image *image = open_image(0, 0x5000);
		struct pvb_plan *plan = plan_for(host, image, MIB(64));
		const uint64_t page = UINT64_C(1) << host->page_shift;
		struct pvb_domain *domain;
		struct pvb_error error;
		uint64_t value;

		assert_ok(pvb_build(host, plan, image, NULL, &domain, &error), &error);
		const struct pvb_domain_info *info = pvb_domain_info(domain);

		assert_true(info->translated);
		assert_int_equal(info->parameters.console_gpa, 0x39000000);
		assert_int_equal(info->parameters.store_gpa, 0x39000000 + page);
		assert_int_equal(info->shared_info_maddr, 0);
		assert_int_equal(info->root_maddr, 0);
		assert_ok(pvb_host_get_parameter(host, info->domid, PVB_PARAMETER_CONSOLE_PORT,
						 &value, &error),
			  &error);
		assert_int_equal(value, info->parameters.console_port);
		assert_ok(pvb_host_get_parameter(host, info->domid, PVB_PARAMETER_STORE_PAGE,
						 &value, &error),
			  &error);
		assert_int_equal(value, info->parameters.store_gpa);
		pvb_domain_free(domain);
		pvb_plan_free(plan);
		pvb_image_free(image);
		pvb_host_close(host);
	}
}

/* A kernel that does not start where a page of the host's does. */
static void an_offset_within_a_page_is_kept(void **state)
{
	(void)state;
	for (unsigned h = 0; h < 3; h++) {
		struct pvb_host *host = open_host(hosts[h]);
		struct pvb_image *image = open_image(0x83000, 0x52400);
		struct pvb_plan *plan = plan_for(host, image, MIB(64));
		struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
		struct pvb_audit *audit;
		struct pvb_domain *domain;
		struct pvb_error error;
		uint64_t now, peak;

		assert_ok(pvb_build(host, plan, image, NULL, &domain, &error), &error);
		pvb_host_mapped(host, &now, &peak);
		assert_int_equal(now, 0);
		assert_true(peak <= MIB(16));
		options.image = image;
		options.memory = MIB(64);
		assert_ok(pvb_audit_domain(host, pvb_domain_info(domain)->domid, &options, &audit,
					   &error),
			  &error);
		assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
		pvb_audit_free(audit);
		pvb_domain_free(domain);
		pvb_plan_free(plan);
		pvb_image_free(image);
		pvb_host_close(host);
	}
}

static void assert_build_fails(struct pvb_host *host, const struct pvb_plan *plan,
			       const struct pvb_image *image, enum pvb_code code)
{
	struct pvb_host_domain domains[2];
	struct pvb_domain *domain;
	struct pvb_error error;
	size_t count;

	assert_fails_with(pvb_build(host, plan, image, NULL, &domain, &error), code, &error);
	assert_null(domain);
	assert_ok(pvb_host_list_domains(host, 1, domains, 2, &count, &error), &error);
	assert_int_equal(count, 0);
}

static void what_cannot_be_built_leaves_nothing(void **state)
{
	(void)state;
	struct pvb_host *host = open_host("sim:arch=arm64,memory=1G,width=40");
	struct pvb_image *image = open_image(0, 0x5000), *other = open_image(0, 0x6000);
	struct pvb_plan *plan = plan_for(host, image, MIB(64));
	struct pvb_plan *large = plan_for(host, image, GIB(2));
	struct pvb_plan *unhosted = plan_for(NULL, image, MIB(64));

	/* Another image, more than the host has, and what it must not answer. */
	assert_build_fails(host, plan, other, PVB_E_ARG_INVALID);
	assert_build_fails(host, large, image, PVB_E_HOST_NO_MEMORY);
	spy.lower_by = 1;
	assert_build_fails(host, plan, image, PVB_E_BUG);
	spy.lower_by = 0;

	/* A host of another kind, or with other pages. */
	struct pvb_host *wide = open_host("sim:arch=arm64,memory=1G,granule=64K");
	assert_build_fails(wide, plan, image, PVB_E_ARG_INVALID);
	pvb_host_close(wide);
	struct pvb_host *lacking = open_host("sim:arch=arm64,memory=1G,guest-pages=4K+16K");
	assert_build_fails(lacking, plan, image, PVB_E_HOST_GRANULE);
	pvb_host_close(lacking);
	struct pvb_host *older = open_host("sim:arch=arm64,memory=1G,gic=2");
	assert_build_fails(older, unhosted, image, PVB_E_ARG_INVALID);
	pvb_host_close(older);
	struct pvb_host *x86 = open_host("sim:memory=1G");
	assert_build_fails(x86, plan, image, PVB_E_HOST_GUEST_TYPE);
	pvb_host_close(x86);

	pvb_plan_free(unhosted);
	pvb_plan_free(large);
	pvb_plan_free(plan);
	pvb_image_free(other);
	pvb_image_free(image);
	host->ops = &spy.ops;
	pvb_host_close(host);
}

static void an_x86_guest_is_not_for_an_arm64_host(void **state)
{
	(void)state;
	struct pvb_host *host = open_host("sim:arch=arm64,memory=1G");
	struct blob file = small_kernel(64);
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_error error;

	assert_ok(pvb_image_open_memory(file.bytes, file.size, "vmlinux", NULL, &image, &error),
		  &error);
	blob_free(&file);
	spec.memory = MIB(64);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_fails_with(pvb_plan_create(image, &spec, &info, &plan, &error),
			  PVB_E_HOST_GUEST_TYPE, &error);
	assert_ok(pvb_plan_create(image, &spec, NULL, &plan, &error), &error);
	assert_build_fails(host, plan, image, PVB_E_HOST_GUEST_TYPE);
	pvb_plan_free(plan);
	pvb_image_free(image);
	pvb_host_close(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_asked_for_in_the_largest_extents),
		cmocka_unit_test(without_large_extents_smaller_ones_do),
		cmocka_unit_test(a_guest_is_told_where_its_rings_are),
		cmocka_unit_test(an_offset_within_a_page_is_kept),
		cmocka_unit_test(what_cannot_be_built_leaves_nothing),
		cmocka_unit_test(an_x86_guest_is_not_for_an_arm64_host),
	};

	return cmocka_run_group_tests_name("build of an arm64 guest", tests, NULL, NULL);
}
