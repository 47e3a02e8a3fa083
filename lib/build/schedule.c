/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where and how much a domain runs: its CPU pool, the CPUs of each vCPU, weight and cap. In
 * libxl's order: the pool with the domain (libxl__domain_make()), affinity right after
 * (libxl__build_pre()), weight and cap once it is built (libxl__build_post()).
 */
#include "build/builder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "build/cpus.h"
#include "core/checked.h"

/* What libxl_domain_sched_params_set() takes. */
#define WEIGHT_MAX 65535u
#define CAP_OF_A_VCPU 100u

#define GRANT_VERSION_MAX 2u

static int beyond(struct pvb_error *error, const char *field, uint32_t value, uint64_t most)
{
	int rc = pvb_fail(error, PVB_E_ARG_LIMIT, "build",
			  "pvb_build_options.%s is %" PRIu32 ", and can be 1 to %" PRIu64, field,
			  value, most);

	pvb_hint(error, "leave pvb_build_options.%s out for the default", field);
	return rc;
}

/* All three are int32_t to the hypervisor, or become such. */
static int check_limits(const struct pvb_build_options *options, struct pvb_error *error)
{
	if (options->max_event_channels > INT32_MAX)
		return beyond(error, "max_event_channels", options->max_event_channels, INT32_MAX);
	if (options->max_grant_frames > INT32_MAX)
		return beyond(error, "max_grant_frames", options->max_grant_frames, INT32_MAX);
	if (options->max_maptrack_frames > INT32_MAX &&
	    options->max_maptrack_frames != PVB_NO_MAPTRACK)
		return beyond(error, "max_maptrack_frames", options->max_maptrack_frames,
			      INT32_MAX);
	if (options->max_grant_version > GRANT_VERSION_MAX)
		return beyond(error, "max_grant_version", options->max_grant_version,
			      GRANT_VERSION_MAX);
	return 0;
}

int pvb_build_check_confinement(const struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_build_options *options = &builder->options;
	const uint64_t cap = (uint64_t)builder->plan->info.max_vcpus * CAP_OF_A_VCPU;

	int rc = check_limits(options, error);

	if (rc)
		return rc;
	if ((options->cpus_count && !options->cpus) ||
	    (options->soft_cpus_count && !options->soft_cpus))
		return pvb_fail(error, PVB_E_ARG_INVALID, "build",
				"%zu lists of CPUs and %zu of soft ones are counted, but not given",
				options->cpus_count, options->soft_cpus_count);
	if (options->cpu_weight > WEIGHT_MAX)
		return beyond(error, "cpu_weight", options->cpu_weight, WEIGHT_MAX);
	if (options->cpu_cap > cap)
		return beyond(error, "cpu_cap", options->cpu_cap, cap);
	return 0;
}

/* ---- the pool ---- */

/* All digits are a number, as for xl. */
static bool parse_pool_number(const char *pool, uint32_t *number)
{
	char *end;
	unsigned long value;

	if (!*pool || strspn(pool, "0123456789") != strlen(pool))
		return false;
	errno = 0;
	value = strtoul(pool, &end, 10);
	*number = errno || value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
	return true;
}

static int no_pool(const char *wanted, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_HOST_POOL, "create", "the host has no CPU pool \"%.64s\"",
			  wanted);

	pvb_hint(error, "\"xl cpupool-list\" shows which there are");
	return rc;
}

int pvb_build_find_pool(struct pvb_builder *builder, struct pvb_host_pool *pool,
			struct pvb_error *error)
{
	const char *wanted = builder->options.pool;
	uint32_t number = 0, next = 0;
	bool numbered = !wanted || parse_pool_number(wanted, &number);
	int rc;

	next = number;
	do {
		rc = pvb_host_get_pool(builder->host, next, pool, error);
		if (rc == 0 && numbered)
			rc = pool->number == number ? 0 : -(int)PVB_E_HOST_POOL;
		if (rc == -(int)PVB_E_HOST_POOL)
			return no_pool(wanted ? wanted : "0", error);
		if (rc || numbered || strcmp(pool->name, wanted) == 0)
			return rc;
		next = pool->number + 1;
	} while (next);
	return no_pool(wanted, error);
}

/* ---- affinity ---- */

/* Lists of CPUs by vCPU. Many vCPUs have the same string: cpus is what the last one means. */
struct lists {
	const char *const *list;
	size_t count;
	const char *last;
	struct pvb_cpus cpus;
};

static int read_list(struct pvb_builder *builder, struct lists *lists, uint32_t vcpu,
		     const struct pvb_cpus **cpus, struct pvb_error *error)
{
	int rc = 0;

	*cpus = NULL;
	if (vcpu >= lists->count || !lists->list[vcpu])
		return 0;
	if (lists->list[vcpu] != lists->last)
		rc = pvb_parse_cpus(builder->host, builder->host_info.nodes, lists->list[vcpu],
				    &lists->cpus, error);
	if (rc)
		pvb_context(error, "reading the CPUs of vCPU %" PRIu32, vcpu);
	else
		lists->last = lists->list[vcpu];
	*cpus = &lists->cpus;
	return rc;
}

/* Xen refuses a vCPU that could run nowhere, with no word on why. */
static int check_hard(const struct pvb_host_pool *pool, uint32_t vcpu, const char *list,
		      const struct pvb_cpus *hard, struct pvb_error *error)
{
	struct pvb_cpus both = *hard;

	pvb_cpus_and(&both, &pool->cpus);
	if (!pvb_cpus_empty(&both))
		return 0;
	int rc = pvb_fail(error, PVB_E_ARG_CPUS, "affinity",
			  "vCPU %" PRIu32 " is to run on CPUs \"%.80s\" only, but CPU pool %" PRIu32
			  " \"%.32s\" has none of them: it has %s",
			  vcpu, list, pool->number, pool->name, pvb_cpus_format(&pool->cpus).text);

	pvb_hint(error, "name CPUs of that pool, or another pool");
	return rc;
}

static void note_soft(struct pvb_builder *builder, const struct pvb_host_pool *pool, uint32_t vcpu,
		      const struct pvb_cpus *hard, const struct pvb_cpus *soft)
{
	struct pvb_cpus both = *soft;

	pvb_cpus_and(&both, &pool->cpus);
	if (hard)
		pvb_cpus_and(&both, hard);
	if (pvb_cpus_empty(&both))
		pvb_builder_log(builder, -1,
				"vCPU %" PRIu32 " cannot run on any of the CPUs that it should: "
				"the scheduler goes by those that it may",
				vcpu);
}

int pvb_build_affinity(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_build_options *options = &builder->options;
	struct lists hard = {.list = options->cpus, .count = options->cpus_count};
	struct lists soft = {.list = options->soft_cpus, .count = options->soft_cpus_count};
	const uint64_t listed = hard.count > soft.count ? hard.count : soft.count;
	const uint32_t vcpus = (uint32_t)pvb_min(listed, builder->plan->info.max_vcpus);
	int rc = 0;

	for (uint32_t vcpu = 0; rc == 0 && vcpu < vcpus; vcpu++) {
		const struct pvb_cpus *may, *should = NULL;

		rc = read_list(builder, &hard, vcpu, &may, error);
		if (rc == 0)
			rc = read_list(builder, &soft, vcpu, &should, error);
		if (rc == 0 && may)
			rc = check_hard(&builder->pool, vcpu, hard.last, may, error);
		if (rc)
			break;
		if (should)
			note_soft(builder, &builder->pool, vcpu, may, should);
		rc = pvb_host_set_affinity(builder->host, builder->domid, vcpu, may, should, error);
	}
	return rc;
}

/* ---- weight and cap ---- */

int pvb_build_share(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_build_options *options = &builder->options;
	struct pvb_host_share share;
	int rc;

	if (!options->cpu_weight && !options->cpu_cap)
		return 0;
	rc = pvb_host_get_share(builder->host, builder->domid, &share, error);
	if (rc)
		return rc;
	if (!share.weighted) {
		pvb_builder_log(builder, -1,
				"the scheduler \"%s\" knows no weight and no cap: both are ignored",
				share.scheduler);
		return 0;
	}
	if (options->cpu_weight)
		share.weight = options->cpu_weight;
	if (options->cpu_cap)
		share.cap = options->cpu_cap;
	return pvb_host_set_share(builder->host, builder->domid, &share, error);
}
