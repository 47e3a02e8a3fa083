/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Getting the adapter loaded, and opening a host for either builder. */
#include "config.h"

#include "peer/peer.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer/adapter/adapter.h"

#define PRELOADED "PVB_PEER_PRELOADED"

int peer_preload(char **argv)
{
	const char *builddir = getenv("PVB_BUILDDIR");
	const char *others = getenv("ASAN_OPTIONS");
	char adapter[PATH_MAX];
	char sanitizer[1024];

	if (dlsym(RTLD_DEFAULT, PEER_ATTACH))
		return 0;
	if (getenv(PRELOADED)) {
		fprintf(stderr, "the adapter was to be preloaded and is not there\n");
		return -1;
	}
	snprintf(adapter, sizeof adapter, "%s/tests/peer/.libs/adapter.so",
		 builddir ? builddir : ".");
	if (access(adapter, R_OK)) {
		fprintf(stderr, "%s is not there: make check builds it\n", adapter);
		return -1;
	}
	/* AddressSanitizer wants to come first, and need not; libxenguest leaks a little. */
	snprintf(sanitizer, sizeof sanitizer, "%s%sverify_asan_link_order=0:detect_leaks=0",
		 others ? others : "", others ? ":" : "");
	setenv("ASAN_OPTIONS", sanitizer, 1);
	setenv("LD_PRELOAD", adapter, 1);
	setenv(PRELOADED, "1", 1);
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	return -1;
}

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
