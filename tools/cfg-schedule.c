/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg files on where and how much a domain runs, and what contains it. */
#include "cfg-read.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/build.h>

#include "cfg.h"
#include "fault.h"

#define VCPUS_MAX 8192 /* of a PV guest */

static int get_vcpus(struct cfg *cfg, struct guest *guest, struct pvb_error *error)
{
	uint64_t vcpus = 0;
	uint64_t most = 0;
	int rc = cfg_get_number(cfg, "vcpus", 1, VCPUS_MAX, &vcpus, error);

	if (!rc)
		rc = cfg_get_number(cfg, "maxvcpus", 1, VCPUS_MAX, &most, error);
	if (rc)
		return rc;
	if (vcpus && most && most < vcpus)
		return fault(error, PVB_E_ARG_CONFIG, CFG_STAGE,
			     "%s: maxvcpus = %" PRIu64 " is less than vcpus = %" PRIu64, cfg->path,
			     most, vcpus);
	guest->vcpus = (uint32_t)vcpus;
	guest->max_vcpus = (uint32_t)most;
	return 0;
}

static int add_list(struct guest_cpus *cpus, const char *list, struct pvb_error *error)
{
	char **v = reallocarray(cpus->v, cpus->n + 1, sizeof *v);

	if (v) {
		cpus->v = v;
		v[cpus->n] = strdup(list);
	}
	if (!v || !v[cpus->n])
		return fault_memory(error, "lists of CPUs");
	cpus->n++;
	return 0;
}

/* A string is for all vCPUs, a list has a string for each. */
static int get_cpus(struct cfg *cfg, const char *key, struct guest_cpus *cpus,
		    struct pvb_error *error)
{
	XLU_ConfigList *list;
	const char *string;
	int entries;
	int rc = 0;

	if (xlu_cfg_get_list(cfg->config, key, &list, &entries, 1) == 0) {
		for (int i = 0; !rc && (string = xlu_cfg_get_listitem(list, i)); i++)
			rc = add_list(cpus, string, error);
		if (!rc && cpus->n != (size_t)entries)
			rc = fault(error, PVB_E_ARG_CONFIG, CFG_STAGE,
				   "%s: %s has an entry that is no string", cfg->path, key);
		return rc;
	}
	if (xlu_cfg_get_string(cfg->config, key, &string, 1) != 0)
		return 0;
	cpus->for_all = true;
	return add_list(cpus, string, error);
}

static int get_share(struct cfg *cfg, struct guest *guest, struct pvb_error *error)
{
	uint64_t weight = 0;
	uint64_t cap = 0;
	int rc = cfg_get_number(cfg, "cpu_weight", 1, UINT16_MAX, &weight, error);

	if (!rc)
		rc = cfg_get_number(cfg, "cap", 0, UINT64_C(100) * VCPUS_MAX, &cap, error);
	guest->cpu_weight = (uint32_t)weight;
	guest->cpu_cap = (uint32_t)cap;
	return rc;
}

int cfg_get_schedule(struct cfg *cfg, struct guest *guest, struct pvb_error *error)
{
	int rc = get_vcpus(cfg, guest, error);

	if (!rc)
		rc = cfg_get_copy(cfg, "pool", &guest->pool, error);
	if (!rc)
		rc = get_cpus(cfg, "cpus", &guest->cpus, error);
	if (!rc)
		rc = get_cpus(cfg, "cpus_soft", &guest->soft_cpus, error);
	return rc ? rc : get_share(cfg, guest, error);
}

int cfg_get_limits(struct cfg *cfg, struct guest_limits *limits, struct pvb_error *error)
{
	/* libxl takes 0 channels for its default, but 0 maptrack frames for none. */
	const struct {
		const char *key;
		uint64_t least;
		uint64_t most;
		uint32_t *limit;
	} keys[] = {
		{"max_event_channels", 0, INT_MAX, &limits->event_channels},
		{"max_grant_frames", 1, INT_MAX, &limits->grant_frames},
		{"max_maptrack_frames", 0, INT_MAX, &limits->maptrack_frames},
		{"max_grant_version", 1, 2, &limits->grant_version},
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof keys / sizeof keys[0]; i++) {
		uint64_t value = UINT64_MAX;

		rc = cfg_get_number(cfg, keys[i].key, keys[i].least, keys[i].most, &value, error);
		if (rc || value == UINT64_MAX)
			continue;
		*keys[i].limit = (uint32_t)value;
		if (keys[i].limit == &limits->maptrack_frames && !value)
			*keys[i].limit = PVB_NO_MAPTRACK;
	}
	return rc;
}
