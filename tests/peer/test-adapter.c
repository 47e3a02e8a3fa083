/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The adapter itself: Xen's libxenctrl, unmodified, on a host of ours. */
#include "config.h"

#include "support/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xencall.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "peer/adapter/adapter.h"
#include "peer/peer.h"

#define MIB (UINT64_C(1) << 20)

struct fixture {
	struct pvb_host *host;
	xc_interface *xch;
	uint32_t domid;
};

static int set_up(void **state)
{
	union {
		void *object;
		peer_attach_fn *function;
	} attach = {.object = dlsym(RTLD_DEFAULT, PEER_ATTACH)};
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct xen_domctl_createdomain config = {
		.max_vcpus = 2, .max_evtchn_port = 1023, .max_grant_frames = 64, .grant_opts = 1};
	struct pvb_error error;

	assert_non_null(attach.object);
	assert_non_null(fixture);
	assert_ok(pvb_host_open("sim:memory=1G,xen=4.17", &fixture->host, &error), &error);
	attach.function(fixture->host);
	fixture->xch = xc_interface_open(NULL, NULL, 0);
	assert_non_null(fixture->xch);
	assert_int_equal(xc_domain_create(fixture->xch, &fixture->domid, &config), 0);
	assert_int_equal(xc_domain_setmaxmem(fixture->xch, fixture->domid, 64 * MIB >> 10), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	xc_interface_close(fixture->xch);
	pvb_host_close(fixture->host);
	free(fixture);
	return 0;
}

static void version_and_capabilities_are_the_hosts(void **state)
{
	struct fixture *fixture = *state;
	xen_capabilities_info_t capabilities;

	assert_int_equal(xc_version(fixture->xch, XENVER_version, NULL), 4 << 16 | 17);
	assert_int_equal(xc_version(fixture->xch, XENVER_capabilities, &capabilities), 0);
	assert_non_null(strstr(capabilities, "xen-3.0-x86_64"));
}

static void a_domain_that_is_made_can_be_asked_after(void **state)
{
	struct fixture *fixture = *state;
	xc_dominfo_t info;

	assert_int_equal(xc_domain_getinfo(fixture->xch, fixture->domid, 1, &info), 1);
	assert_int_equal(info.domid, fixture->domid);
	assert_int_equal(info.max_vcpu_id, 1);
	assert_int_equal(info.max_memkb, 64 * MIB >> 10);
	assert_true(info.paused);
	assert_int_not_equal(info.shared_info_frame, 0);
}

static void a_list_of_pfns_with_holes_is_populated(void **state)
{
	struct fixture *fixture = *state;
	static const xen_pfn_t pfns[] = {5, 6, 9, 2, 3};
	xen_pfn_t extents[5];
	struct pvb_error error;

	memcpy(extents, pfns, sizeof extents);
	assert_int_equal(xc_domain_populate_physmap(fixture->xch, fixture->domid, 5, 0, 0, extents),
			 5);
	for (size_t i = 0; i < 5; i++) {
		pvb_pfn_t pfn;
		uint64_t count;

		assert_ok(pvb_host_get_m2p_run(fixture->host, PVB_MFN(extents[i]), 1, &pfn, &count,
					       &error),
			  &error);
		assert_int_equal(pfn.n, pfns[i]);
	}
	assert_int_equal(xc_get_tot_pages(fixture->xch, fixture->domid), 5);
}

static void populating_beyond_the_limit_comes_up_short(void **state)
{
	struct fixture *fixture = *state;
	xen_pfn_t extents[33];

	for (size_t i = 0; i < 33; i++)
		extents[i] = i << 9;
	assert_int_equal(
		xc_domain_populate_physmap(fixture->xch, fixture->domid, 33, 9, 0, extents), 32);
}

/* libxenguest takes mappings down with munmap(), which no simulated host would notice. */
static void a_mapping_that_is_munmapped_is_gone_for_the_host(void **state)
{
	struct fixture *fixture = *state;
	xen_pfn_t extents[2] = {0, 1};
	uint64_t mapped, peak;

	assert_int_equal(xc_domain_populate_physmap(fixture->xch, fixture->domid, 2, 0, 0, extents),
			 2);
	void *at = xc_map_foreign_pages(fixture->xch, fixture->domid, PROT_READ | PROT_WRITE,
					extents, 2);
	assert_non_null(at);
	memset(at, 1, 8192);
	pvb_host_mapped(fixture->host, &mapped, &peak);
	assert_int_equal(mapped, 8192);
	assert_int_equal(munmap(at, 8192), 0);
	pvb_host_mapped(fixture->host, &mapped, &peak);
	assert_int_equal(mapped, 0);
}

static void mapping_what_is_not_the_domains_fails(void **state)
{
	struct fixture *fixture = *state;
	xen_pfn_t nowhere = UINT64_C(1) << 40;

	assert_null(xc_map_foreign_pages(fixture->xch, fixture->domid, PROT_READ, &nowhere, 1));
}

/* Run a call with what it writes to stderr caught. */
static void hear(int (*call)(xc_interface *xch), xc_interface *xch, char *heard, size_t size)
{
	int before = dup(STDERR_FILENO), file = memfd_create("stderr", 0);

	assert_true(before >= 0 && file >= 0);
	dup2(file, STDERR_FILENO);
	int rc = call(xch), error = errno;
	dup2(before, STDERR_FILENO);
	close(before);

	ssize_t got = pread(file, heard, size - 1, 0);
	close(file);
	heard[got > 0 ? got : 0] = '\0';
	assert_int_equal(rc, -1);
	assert_int_equal(error, ENOSYS);
}

static int unknown_hypercall(xc_interface *xch)
{
	return xencall1(xc_interface_xcall_handle(xch), __HYPERVISOR_kexec_op, 0);
}

static int unknown_domctl(xc_interface *xch)
{
	return xc_domain_set_time_offset(xch, 1, 5);
}

static int unknown_memory_op(xc_interface *xch)
{
	unsigned long frame;

	return xc_maximum_ram_page(xch, &frame);
}

static void what_is_not_modelled_fails_by_name(void **state)
{
	struct fixture *fixture = *state;
	char heard[512];

	hear(unknown_hypercall, fixture->xch, heard, sizeof heard);
	assert_non_null(strstr(heard, "kexec_op"));
	hear(unknown_domctl, fixture->xch, heard, sizeof heard);
	assert_non_null(strstr(heard, "settimeoffset"));
	hear(unknown_memory_op, fixture->xch, heard, sizeof heard);
	assert_non_null(strstr(heard, "maximum_ram_page"));
}

int main(int argc, char **argv)
{
	(void)argc;
	if (peer_preload(argv))
		return 1;

	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version_and_capabilities_are_the_hosts, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_domain_that_is_made_can_be_asked_after, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_list_of_pfns_with_holes_is_populated, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(populating_beyond_the_limit_comes_up_short, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_mapping_that_is_munmapped_is_gone_for_the_host,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(mapping_what_is_not_the_domains_fails, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_modelled_fails_by_name, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
