/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "target.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "session.h"

bool target_is_domain(const char *operand, const struct options *options)
{
	if (access(operand, F_OK) == 0 || strchr(operand, '/'))
		return false;
	return strspn(operand, "0123456789") == strlen(operand) || session_wants_xen(options);
}

static int refuse_simulated(const char *which, struct pvb_error *error)
{
	int rc = fault(error, PVB_E_HOST_NO_DOMAIN, "find_domain",
		       "there is no domain \"%s\": a simulated domain lives only as long as the "
		       "process that made it",
		       which);

	fault_hint(error, "\"pvbuild create\" audits what it builds on sim; keep a core with "
			  "--dump CORE and audit that");
	return rc;
}

int target_find(struct target *target, const char *which, const char *verb,
		const struct options *options, struct pvb_error *error)
{
	struct pvb_host_info info;
	int rc = session_open_host(&target->host, &info, options, error);

	if (rc)
		return rc;
	if (!strcmp(info.name, "sim"))
		return refuse_simulated(which, error);
	rc = pvb_domain_find(target->host, which, &target->state, error);
	if (rc || target->state.domid || !verb)
		return rc;
	return fault(error, PVB_E_ARG_INVALID, "find_domain",
		     "domain 0 is the one that this process is in: it cannot %s it", verb);
}

void target_close(struct target *target)
{
	pvb_host_close(target->host);
	target->host = NULL;
}

int target_hold(struct target *target, bool *held, struct pvb_error *error)
{
	*held = false;
	if (target->state.paused)
		return 0;

	int rc = pvb_domain_pause(target->host, target->state.domid, error);

	*held = rc == 0;
	return rc;
}

int target_release(struct target *target, bool held, int rc, struct pvb_error *error)
{
	struct pvb_error why;

	if (!held || !pvb_domain_unpause(target->host, target->state.domid, &why))
		return rc;
	if (rc) {
		warn("domain %u stays paused: %s", target->state.domid, why.message);
		return rc;
	}
	*error = why;
	return -why.code;
}
