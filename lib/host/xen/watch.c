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
static int read_first_events(struct xen_xs *store, struct pvb_error *error)
{
	bool fired[WATCHES] = {false};
	size_t left = WATCHES;

	while (left) {
		char **event = xen_xs_read_watch(store);

		if (!event)
			return xen_store_fail(store, error, "begin", "to tell of domains");
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

static int begin(struct xen_xs **watching, const struct xen_xs_patience *patience,
		 struct pvb_error *error)
{
	struct xen_xs *store;
	int rc = xen_store_open(&store, patience, error);

	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < WATCHES; i++)
		if (!xen_xs_watch(store, watches[i], watches[i]))
			rc = xen_store_fail(store, error, "watch", watches[i]);
	if (rc == 0)
		rc = read_first_events(store, error);
	if (rc)
		xen_xs_close(store);
	else
		*watching = store;
	return rc;
}

int xen_watch(struct xen_xs **watching, const struct xen_xs_patience *patience, int *fd,
	      struct pvb_error *error)
{
	char **event;

	/* One whose xenstored ended: there may be another. */
	if (*watching && xen_xs_broken(*watching)) {
		xen_xs_close(*watching);
		*watching = NULL;
	}
	if (!*watching) {
		int rc = begin(watching, patience, error);

		if (rc)
			return rc;
	}
	while ((event = xen_xs_check_watch(*watching)))
		free(event);
	if (errno != EAGAIN)
		return xen_store_fail(*watching, error, "tell of", "domains");
	*fd = xen_xs_fileno(*watching);
	return 0;
}
