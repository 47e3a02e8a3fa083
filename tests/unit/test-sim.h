/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the simulated host share. */
#ifndef PVB_TESTS_UNIT_TEST_SIM_H
#define PVB_TESTS_UNIT_TEST_SIM_H

#include <stdlib.h>

#include "support/test.h"

#include "host/host.h"
#include "host/sim/sim.h"

#define PAGE UINT64_C(4096)
#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)

static inline struct pvb_host *open_sim(const char *options)
{
	struct pvb_host *host;
	struct pvb_error error;

	assert_ok(pvb_sim_open(options, &host, &error), &error);
	return host;
}

static inline void assert_books_balance(struct pvb_host *host)
{
	const char *wrong = pvb_sim_check(host);

	if (wrong)
		print_error("%s\n", wrong);
	assert_null(wrong);
}

static inline void close_sim(struct pvb_host *host)
{
	assert_books_balance(host);
	pvb_host_close(host);
}

static inline struct pvb_host_domain_config plain_config(void)
{
	return (struct pvb_host_domain_config){
		.name = "guest", .vcpus = 2, .max_event_channel = 1023, .max_grant_frames = 32};
}

static inline uint32_t new_domain_of(struct pvb_host *host, uint64_t memory, bool translated)
{
	struct pvb_host_domain_config config = plain_config();
	struct pvb_error error;
	uint32_t domid;

	config.translated = translated;

	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
	assert_ok(pvb_host_set_max_memory(host, domid, memory, &error), &error);
	return domid;
}

static inline uint32_t new_domain(struct pvb_host *host, uint64_t memory)
{
	return new_domain_of(host, memory, false);
}

static inline uint32_t new_arm64(struct pvb_host *host, uint64_t memory)
{
	return new_domain_of(host, memory, true);
}

static inline uint64_t free_memory(struct pvb_host *host)
{
	struct pvb_host_info info;
	struct pvb_error error;

	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	return info.memory_free;
}

/* How many extents came. */
static inline uint64_t give(struct pvb_host *host, uint32_t domid, uint64_t pfn, unsigned order,
			    uint64_t count, pvb_mfn_t *out)
{
	/* Tests that watch memory ask for few at a time; sanitizers hold on to what is freed. */
	static pvb_extent_t few[1024];
	pvb_extent_t *many = count > 1024 ? calloc(count, sizeof *many) : NULL;
	pvb_extent_t *extents = count > 1024 ? many : few;
	struct pvb_host_populate request = {.address = pfn << host->page_shift,
					    .shift = order + host->page_shift,
					    .count = count,
					    .node = PVB_HOST_ANY_NODE,
					    .out = extents};
	struct pvb_error error;
	uint64_t done;

	assert_non_null(extents);
	assert_ok(pvb_host_populate(host, domid, &request, &done, &error), &error);
	assert_true(done <= count);
	for (uint64_t i = 0; i < done; i++) {
		assert_int_equal(pvb_extent_check(extents[i], host->page_shift), PVB_EXTENT_SOUND);
		assert_int_equal(pvb_extent_shift(extents[i]), request.shift);
		out[i] = pvb_extent_frame(extents[i], host->page_shift);
	}
	free(many);
	return done;
}

static inline void destroy(struct pvb_host *host, uint32_t domid)
{
	struct pvb_error error;

	assert_ok(pvb_host_destroy_domain(host, domid, &error), &error);
}

/* One of which somebody has so many pages mapped. */
static inline void destroy_held(struct pvb_host *host, uint32_t domid, unsigned pages)
{
	struct pvb_error error;
	char held[40];

	assert_fails_with(pvb_host_destroy_domain(host, domid, &error), PVB_E_HOST_DYING, &error);
	snprintf(held, sizeof held, "still holds %u of its pages", pages);
	assert_non_null(strstr(error.message, held));
	assert_non_null(strstr(error.hint, "mapped"));
}

#endif
