/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains by their numbers: what the host's table offers, for toolstacks. */
#include <pvbuild/domain.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "host/host.h"

/* Domains asked for in one call. */
#define BATCH 64

static_assert(sizeof((struct pvb_domain_state *)0)->name == PVB_HOST_NAME_MAX,
	      "a name fits wherever it is kept");

static struct pvb_domain_state state_of(const struct pvb_host *host,
					const struct pvb_host_domain *domain)
{
	struct pvb_domain_state state = {
		.domid = domain->domid,
		.guest_bits = domain->guest_bits,
		.hvm = domain->hvm,
		.translated = domain->translated,
		.running = domain->running,
		.blocked = domain->blocked,
		.paused = domain->paused,
		.shutdown = domain->shutdown,
		.dying = domain->dying,
		.shutdown_reason = domain->shutdown_reason,
		.vcpus = domain->vcpus,
		.memory = domain->pages << host->page_shift,
		.max_memory = domain->max_pages << host->page_shift,
		.cpu_time_ns = domain->cpu_time_ns,
		.name_unknown = domain->name_unknown,
	};

	memcpy(state.name, domain->name, sizeof state.name);
	memcpy(state.uuid, domain->uuid, sizeof state.uuid);
	return state;
}

int pvb_domain_list(struct pvb_host *host, struct pvb_domain_state **domains, size_t *count,
		    struct pvb_error *error)
{
	PVB_AUTO_FREE struct pvb_domain_state *list = NULL;
	struct pvb_host_domain batch[BATCH];
	uint32_t next = 0;
	size_t known = 0;
	size_t got;

	*domains = NULL;
	*count = 0;
	do {
		int rc = pvb_host_list_domains(host, next, batch, BATCH, &got, error);

		if (rc)
			return rc;

		/* One more than there are: no domains are a list, too. */
		struct pvb_domain_state *longer =
			reallocarray(list, known + got + 1, sizeof *longer);
		if (!longer)
			return pvb_fail_memory(error, "list_domains", "a list of domains");
		list = longer;
		for (size_t i = 0; i < got; i++)
			list[known++] = state_of(host, &batch[i]);
		if (got)
			next = batch[got - 1].domid + 1;
	} while (got == BATCH && next);
	*domains = PVB_STEAL(list);
	*count = known;
	return 0;
}

int pvb_domain_get(struct pvb_host *host, uint32_t domid, struct pvb_domain_state *state,
		   struct pvb_error *error)
{
	struct pvb_host_domain domain;
	int rc = pvb_host_get_domain(host, domid, &domain, error);

	if (rc == 0)
		*state = state_of(host, &domain);
	return rc;
}

/* One that is known to have the name may not be the only one. */
static int names_are_unknown(const char *name, struct pvb_error *error)
{
	int rc = pvb_fail(
		error, PVB_E_HOST_SILENT, "find_domain",
		"which domain is called \"%.64s\" is not known: xenstored does not answer", name);

	pvb_hint(error, "a domain can also be named by its number; pvb_domain_list() has those");
	return rc;
}

static int find_by_name(struct pvb_host *host, const char *name, struct pvb_domain_state *state,
			struct pvb_error *error)
{
	PVB_AUTO_FREE struct pvb_domain_state *list = NULL;
	size_t count;
	size_t found = 0;
	size_t at = 0;
	bool unknown = false;
	int rc = pvb_domain_list(host, &list, &count, error);

	if (rc)
		return rc;
	/* Domains without a name are not called "". */
	for (size_t i = 0; i < count && *name; i++) {
		unknown = unknown || list[i].name_unknown;
		if (strcmp(list[i].name, name) == 0) {
			at = i;
			found++;
		}
	}
	if (unknown)
		return names_are_unknown(name, error);
	if (found == 1) {
		*state = list[at];
		return 0;
	}
	if (found == 0)
		rc = pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "find_domain",
			      "no domain of this host is called \"%.64s\"", name);
	else
		rc = pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "find_domain",
			      "%zu domains of this host are called \"%.64s\"", found, name);
	pvb_hint(error, "a domain can also be named by its number; pvb_domain_list() has both");
	return rc;
}

int pvb_domain_find(struct pvb_host *host, const char *which, struct pvb_domain_state *state,
		    struct pvb_error *error)
{
	size_t length = strlen(which);

	if (!length || strspn(which, "0123456789") != length)
		return find_by_name(host, which, state, error);

	/* A number that is too large for the type becomes its largest. */
	unsigned long long number = strtoull(which, NULL, 10);

	if (number > UINT32_MAX)
		return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "find_domain",
				"no domain has a number as large as %.64s", which);
	return pvb_domain_get(host, (uint32_t)number, state, error);
}

int pvb_domain_pause(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	return pvb_host_pause_domain(host, domid, error);
}

int pvb_domain_unpause(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	return pvb_host_unpause_domain(host, domid, error);
}

int pvb_domain_destroy(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	return pvb_host_destroy_domain(host, domid, error);
}

int pvb_domain_keep(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	return pvb_host_keep_domain(host, domid, error);
}

int pvb_domain_set_monitor(struct pvb_host *host, uint32_t domid, bool monitored,
			   struct pvb_error *error)
{
	return pvb_host_set_monitor(host, domid, monitored ? (uint32_t)getpid() : 0, error);
}

int pvb_domain_get_monitor(struct pvb_host *host, uint32_t domid,
			   struct pvb_domain_monitor *monitor, struct pvb_error *error)
{
	struct pvb_host_monitor known;
	int rc = pvb_host_get_monitor(host, domid, &known, error);

	if (rc)
		return rc;

	struct pvb_domain_monitor own = {.pid = known.pid, .gone = known.gone};

	return pvb_result(monitor, &own, sizeof own, "monitor", error);
}

int pvb_domain_watch(struct pvb_host *host, int *fd, struct pvb_error *error)
{
	return pvb_host_watch_domains(host, fd, error);
}
