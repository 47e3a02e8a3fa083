/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Getting the adapter loaded. */
#include "config.h"

#include "peer/peer.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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
