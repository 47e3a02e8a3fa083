/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "target.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "session.h"

/* Whether there is a file of that name which says that it is an ELF core. */
static bool is_core(const char *path)
{
	unsigned char header[EI_NIDENT + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return false;

	bool whole = pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header;

	(void)close(fd);
	if (!whole || memcmp(header, ELFMAG, SELFMAG) != 0)
		return false;
	return (header[EI_DATA] == ELFDATA2MSB ? header[EI_NIDENT + 1] : header[EI_NIDENT]) ==
	       ET_CORE;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool target_is_domain(const char *operand, const struct options *options)
{
	if (strchr(operand, '/') || is_core(operand))
		return false;
	if (exists(operand))
		return session_wants_xen(options);
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
	session_announce(&info, options);
	if (!strcmp(info.name, "sim"))
		return refuse_simulated(which, error);
	rc = pvb_domain_find(target->host, which, &target->state, error);
	if (rc == -PVB_E_HOST_NO_DOMAIN && exists(which))
		(void)snprintf(error->context, sizeof error->context,
			       "there is a file %.64s here, but it is no core", which);
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
