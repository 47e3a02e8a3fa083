/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pvbuild-guard: the program that guard.c starts; see guard.h for what it is for. It is small on
 * purpose: its start is a part of every build, and it must not fail in the end.
 */
#include "host/xen/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include <xenctrl.h>

#include "core/error.h"
#include "host/xen/end.h"
#include "host/xen/store.h"
#include "host/xen/userdata.h"

/*
 * A store that does not answer is waited for much longer than a builder does: the domain is gone by
 * then, and nobody waits for the guard.
 */
#define STORE_LIMIT_MS 300000
#define STORE_NOTICE_MS 15000

/*
 * How long somebody may keep a page of a destroyed domain. Who lets go by itself, a console daemon
 * or xenstored, does so at once.
 */
#define END_LIMIT_MS 15000

/* Opened before there is anything to guard: later there may be nothing left to open them with. */
struct means {
	xc_interface *xc;
	struct xen_xs *store;
};

static int refused(struct pvb_error *error, const char *what)
{
	return pvb_fail(error, PVB_E_HOST_DENIED, "guard", "%s: %s", what, strerror(errno));
}

static void report_silence(void *opaque)
{
	(void)opaque;
	openlog("pvbuild-guard", LOG_PID, LOG_DAEMON);
	syslog(LOG_WARNING, "waiting for xenstored to answer, to remove the nodes of a domain that "
			    "was destroyed");
	closelog();
}

static int guard_open(void *opaque, struct pvb_error *error)
{
	static const struct xen_xs_patience patience = {
		.limit_ms = STORE_LIMIT_MS,
		.notice_ms = STORE_NOTICE_MS,
		.notice = report_silence,
	};
	struct means *means = opaque;

	means->xc = xc_interface_open(NULL, NULL, 0);
	if (!means->xc)
		return refused(error, "the hypervisor cannot be spoken to");
	return xen_store_open(&means->store, &patience, error);
}

/* The first domain from this number on. */
static int next_domain(struct means *means, uint32_t from, xc_domaininfo_t *info, bool *found,
		       struct pvb_error *error)
{
	int got = from < DOMID_FIRST_RESERVED ? xc_domain_getinfolist(means->xc, from, 1, info) : 0;

	*found = got == 1;
	return got < 0 ? refused(error, "the hypervisor does not say which domains there are") : 0;
}

static int guard_get(void *opaque, uint32_t domid, uint8_t handle[XEN_HANDLE_SIZE], bool *found,
		     struct pvb_error *error)
{
	xc_domaininfo_t info;
	int rc = next_domain(opaque, domid, &info, found, error);

	if (rc == 0 && *found) {
		*found = info.domain == domid;
		memcpy(handle, info.handle, XEN_HANDLE_SIZE);
	}
	return rc;
}

static int guard_find(void *opaque, const uint8_t handle[XEN_HANDLE_SIZE], uint32_t *domid,
		      bool *found, struct pvb_error *error)
{
	xc_domaininfo_t info;
	uint32_t from = 0;

	for (;;) {
		int rc = next_domain(opaque, from, &info, found, error);

		if (rc || !*found)
			return rc;
		*domid = info.domain;
		if (memcmp(info.handle, handle, XEN_HANDLE_SIZE) == 0)
			return 0;
		from = info.domain + UINT32_C(1);
	}
}

/* What others know of a domain that the hypervisor has no more, or not for long. */
static int guard_forget(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
			struct pvb_error *error)
{
	struct means *means = opaque;

	xen_userdata_remove(domid, uuid);
	return xen_store_remove(means->store, domid, uuid, error);
}

/*
 * A console daemon that was just making the domain's terminal writes where that is after the nodes
 * were removed. It has the domain's ring mapped then, and a domain of which somebody has a page is
 * one that the hypervisor still knows: once it does not, nobody will write of it any more.
 */
static int wait_and_remove_late(struct means *means, uint32_t domid,
				const uint8_t handle[XEN_HANDLE_SIZE], struct pvb_error *error)
{
	static const struct xen_xs_patience patience = {.limit_ms = END_LIMIT_MS};
	uint64_t pages;

	if (xen_await_end(means->xc, domid, handle, &patience, &pages) == XEN_ENDED_UNKNOWN)
		return refused(error, "the hypervisor does not say which domains there are");
	return xen_store_remove_late(means->store, domid, error);
}

/* The memory first, which somebody may be waiting for: the store may be silent for long. */
static int guard_destroy(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
			 struct pvb_error *error)
{
	struct means *means = opaque;
	uint8_t handle[XEN_HANDLE_SIZE];
	bool found;
	int rc = guard_get(means, domid, handle, &found, error);

	if (rc || !found)
		return rc ? rc : guard_forget(means, domid, uuid, error);

	int cause = xen_end(means->xc, domid);

	/* Where there is none, somebody else was faster. */
	if (cause && cause != ESRCH) {
		errno = cause;
		return refused(error, "the hypervisor would not destroy it");
	}
	rc = guard_forget(means, domid, uuid, error);
	return rc ? rc : wait_and_remove_late(means, domid, handle, error);
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
		       "domain %u, whose builder ended, could not be cleared away: %.300s [%s]",
		       domid, error->message, pvb_code_name(error->code));
	closelog();
}

int main(int argc, char **argv)
{
	static const struct xen_guard_ops ops = {
		.open = guard_open,
		.find = guard_find,
		.get = guard_get,
		.destroy = guard_destroy,
		.forget = guard_forget,
		.report = guard_report,
	};
	struct means means = {0};
	int status = xen_guard_main(argc, argv, &ops, &means);

	if (means.store)
		xen_xs_close(means.store);
	if (means.xc)
		(void)xc_interface_close(means.xc);
	return status;
}
