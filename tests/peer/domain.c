/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both builders need around them. */
#include "config.h"

#include "peer/peer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t peer_cpu_time(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int build(const char *description, const struct peer_case *which, struct peer_domain *domain,
		 int (*on)(struct pvb_host *, const struct peer_case *, struct peer_domain *))
{
	struct pvb_error error;

	memset(domain, 0, sizeof *domain);
	if (pvb_host_open(description, &domain->host, &error)) {
		snprintf(domain->why, sizeof domain->why, "%s", error.message);
		return -1;
	}
	return on(domain->host, which, domain);
}

int peer_build_ours(const char *host, const struct peer_case *which, struct peer_domain *domain)
{
	return build(host, which, domain, peer_ours_on);
}

int peer_build_theirs(const char *host, const struct peer_case *which, struct peer_domain *domain)
{
	return build(host, which, domain, peer_theirs_on);
}

void peer_domain_close(struct peer_domain *domain)
{
	pvb_host_close(domain->host);
	domain->host = NULL;
}
