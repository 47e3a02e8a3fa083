/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "host/xen/store.h"

static const char *const watches[] = {"@introduceDomain", "@releaseDomain"};

#define WATCHES (sizeof watches / sizeof watches[0])

/*
 * A new watch fires once for nothing. That is read here, or else the first look at
 * the descriptor would see something to have happened.
 */
static int read_first_events(struct xs_handle *store, struct pvb_error *error)
{
	bool fired[WATCHES] = {false};
	size_t left = WATCHES;

	while (left) {
		unsigned count;
		char **event = xs_read_watch(store, &count);

		if (!event)
			return xen_store_fail(error, "begin", "to tell of domains");
		for (size_t i = 0; i < WATCHES; i++) {
			if (fired[i] || strcmp(event[XS_WATCH_TOKEN], watches[i]) != 0)
				continue;
			fired[i] = true;
			left--;
		}
		free(event);
	}
	return 0;
}

static int begin(struct xs_handle **watching, struct pvb_error *error)
{
	struct xs_handle *store;
	int rc = xen_store_open(&store, error);

	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < WATCHES; i++)
		if (!xs_watch(store, watches[i], watches[i]))
			rc = xen_store_fail(error, "watch", watches[i]);
	if (rc == 0)
		rc = read_first_events(store, error);
	if (rc)
		xs_close(store);
	else
		*watching = store;
	return rc;
}

int xen_watch(struct xs_handle **watching, int *fd, struct pvb_error *error)
{
	char **event;

	if (!*watching) {
		int rc = begin(watching, error);

		if (rc)
			return rc;
	}
	while ((event = xs_check_watch(*watching)))
		free(event);
	if (errno != EAGAIN)
		return xen_store_fail(error, "tell of", "domains");
	*fd = xs_fileno(*watching);
	return 0;
}
