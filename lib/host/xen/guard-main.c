/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pvbuild-guard: the program that guard.c starts; see guard.h for what it is for. */
#include "host/xen/guard.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <pvbuild/domain.h>

#include "core/error.h"
#include "host/xen/life.h"

/* Not opened later, when there may be nothing left to open it with. */
static int guard_open(void *opaque, struct pvb_error *error)
{
	struct pvb_host **host = opaque;
	int rc = pvb_xen_open(host, error);

	return rc ? rc : xen_reach_store(xen_of(*host), error);
}

static int guard_get(void *opaque, uint32_t domid, uint8_t handle[XEN_HANDLE_SIZE], bool *found,
		     struct pvb_error *error)
{
	struct pvb_host **host = opaque;
	struct pvb_domain_state domain;
	int rc = pvb_domain_get(*host, domid, &domain, error);

	*found = rc == 0;
	if (*found)
		memcpy(handle, domain.uuid, XEN_HANDLE_SIZE);
	return rc == -(int)PVB_E_HOST_NO_DOMAIN ? 0 : rc;
}

static int guard_find(void *opaque, const uint8_t handle[XEN_HANDLE_SIZE], uint32_t *domid,
		      bool *found, struct pvb_error *error)
{
	struct pvb_host **host = opaque;
	struct pvb_domain_state *domains;
	size_t count;
	int rc = pvb_domain_list(*host, &domains, &count, error);

	*found = false;
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (memcmp(domains[i].uuid, handle, XEN_HANDLE_SIZE) != 0)
			continue;
		*domid = domains[i].domid;
		*found = true;
	}
	free(domains);
	return 0;
}

static int guard_destroy(void *opaque, uint32_t domid, struct pvb_error *error)
{
	struct pvb_host **host = opaque;

	return xen_destroy_regardless(xen_of(*host), domid, error);
}

static void guard_report(void *opaque, uint32_t domid, const struct pvb_error *error)
{
	(void)opaque;
	openlog("pvbuild-guard", LOG_PID, LOG_DAEMON);
	if (!error)
		syslog(LOG_NOTICE,
		       "domain %u was destroyed: the process that built it ended without keeping "
		       "it",
		       domid);
	else
		syslog(LOG_ERR,
		       "domain %u, whose builder ended, could not be destroyed: %.300s [%s]", domid,
		       error->message, pvb_code_name(error->code));
	closelog();
}

int main(int argc, char **argv)
{
	static const struct xen_guard_ops ops = {
		.open = guard_open,
		.find = guard_find,
		.get = guard_get,
		.destroy = guard_destroy,
		.report = guard_report,
	};
	struct pvb_host *host = NULL;
	int status = xen_guard_main(argc, argv, &ops, &host);

	pvb_host_close(host);
	return status;
}
