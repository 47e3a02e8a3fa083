/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "host/xen/console.h"
#include "host/xen/monitor.h"
#include "host/xen/record.h"
#include "host/xen/store.h"
#include "host/xen/userdata.h"
#include "host/xen/watch.h"

#define PROC "/proc"

/*
 * connection   for everything but watches, whose events another reader would take away
 * watching     for those, NULL until somebody wants to know
 */
struct xen_store {
	struct xs_handle *connection;
	struct xs_handle *watching;
};

int xen_reach_store(struct xen_host *xen, struct pvb_error *error)
{
	if (!xen->store) {
		xen->store = calloc(1, sizeof *xen->store);
		if (!xen->store)
			return pvb_fail_memory(error, "xenstore", "a connection to xenstore");
	}
	if (xen->store->connection)
		return 0;
	return xen_store_open(&xen->store->connection, error);
}

void xen_close_life(struct xen_host *xen)
{
	xen_guard_leave(xen->guard);
	if (xen->store) {
		xs_close(xen->store->watching);
		xs_close(xen->store->connection);
		free(xen->store);
	}
}

void xen_name_domain(struct xen_host *xen, uint32_t domid, char name[PVB_HOST_NAME_MAX])
{
	name[0] = '\0';
	if (xen_reach_store(xen, NULL) == 0)
		xen_store_name(xen->store->connection, domid, name);
}

/* ---- coming ---- */

/* No domain's: none is passed over. */
#define NO_DOMID_YET UINT32_MAX

static int random_handle(uint8_t handle[XEN_HANDLE_SIZE], struct pvb_error *error)
{
	ssize_t got;

	do
		got = getrandom(handle, XEN_HANDLE_SIZE, 0);
	while (got < 0 && errno == EINTR);
	if (got != XEN_HANDLE_SIZE)
		return pvb_fail(error, PVB_E_HOST_STATE, "create_domain",
				"no random bytes for a domain's handle: %s", strerror(errno));
	/* RFC 4122: a random one says that it is. */
	handle[6] = (uint8_t)((handle[6] & 0x0f) | 0x40);
	handle[8] = (uint8_t)((handle[8] & 0x3f) | 0x80);
	return 0;
}

/* Two domains of one handle would have one record under /vm, which goes with the first of them. */
static int check_handle(struct xen_host *xen, const uint8_t uuid[XEN_HANDLE_SIZE],
			struct pvb_error *error)
{
	struct pvb_host_domain domains[32];
	uint32_t next = 0;
	size_t count;

	do {
		int rc = xen_look_at_domains(xen, next, domains, sizeof domains / sizeof domains[0],
					     &count, error);

		if (rc)
			return rc;
		for (size_t i = 0; i < count; i++) {
			if (domains[i].dying || memcmp(domains[i].uuid, uuid, XEN_HANDLE_SIZE) != 0)
				continue;
			rc = pvb_fail(error, PVB_E_ARG_INVALID, "create_domain",
				      "domain %" PRIu32 " has the UUID %s already",
				      domains[i].domid, xen_format_uuid(uuid).text);
			pvb_hint(error, "leave the UUID out to have a new one made");
			return rc;
		}
		if (count)
			next = domains[count - 1].domid + 1;
	} while (count == sizeof domains / sizeof domains[0]);
	return 0;
}

int xen_expect_domain(struct xen_host *xen, const struct pvb_host_domain_config *config,
		      uint8_t birth[XEN_HANDLE_SIZE], uint8_t uuid[XEN_HANDLE_SIZE],
		      struct xen_guard **guard, struct pvb_error *error)
{
	static const uint8_t none[XEN_HANDLE_SIZE];
	int rc = xen_reach_store(xen, error);

	*guard = NULL;
	memcpy(uuid, config->uuid, XEN_HANDLE_SIZE);
	if (rc == 0)
		rc = xen_store_check_name(xen->store->connection, XBT_NULL, config->name,
					  NO_DOMID_YET, error);
	if (rc == 0)
		rc = random_handle(birth, error);
	if (rc == 0 && memcmp(uuid, none, XEN_HANDLE_SIZE) == 0)
		rc = random_handle(uuid, error);
	else if (rc == 0)
		rc = check_handle(xen, uuid, error);
	return rc ? rc : xen_guard_start(NULL, birth, uuid, guard, error);
}

int xen_domain_came(struct xen_host *xen, struct xen_guard *guard, uint32_t domid,
		    struct pvb_error *error)
{
	xen_guard_add(&xen->guard, guard);
	return xen_guard_created(guard, domid, error);
}

int xen_introduce_domain(struct pvb_host *host, uint32_t domid,
			 const struct pvb_host_introduction *told, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	struct xen_domain_record record = {.domid = domid, .told = told};
	struct pvb_host_domain domain;
	int rc = xen_look_at_domain(xen, domid, &domain, error);

	if (rc == 0)
		rc = xen_reach_store(xen, error);
	if (rc)
		return rc;
	memcpy(record.uuid, domain.uuid, sizeof record.uuid);
	(void)clock_gettime(CLOCK_REALTIME, &record.start);
	return xen_store_introduce(xen->store->connection, &record, error);
}

int xen_set_record(struct pvb_host *host, uint32_t domid, const struct pvb_host_record *record,
		   struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_reach_store(xen, error);

	return rc ? rc : xen_record_write(xen->store->connection, domid, record, error);
}

int xen_get_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
		   struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);

	/* Without a store there are no records, and domains all the same. */
	if (xen_reach_store(xen, NULL))
		return 0;
	return xen_record_read(xen->store->connection, domid, record, error);
}

int xen_set_monitor(struct pvb_host *host, uint32_t domid, uint32_t pid, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_reach_store(xen, error);

	return rc ? rc : xen_monitor_write(xen->store->connection, PROC, domid, pid, error);
}

int xen_get_monitor(struct pvb_host *host, uint32_t domid, struct pvb_host_monitor *monitor,
		    struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);

	/* As for records. */
	if (xen_reach_store(xen, NULL))
		return 0;
	return xen_monitor_read(xen->store->connection, PROC, domid, monitor, error);
}

int xen_keep_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	struct xen_guard *guard = xen_guard_take(&xen->guard, domid);
	int rc;

	if (!guard)
		return 0;
	rc = xen_guard_keep(guard, error);
	/* Still the domain's: whoever destroys the domain ends it. */
	if (rc)
		xen_guard_add(&xen->guard, guard);
	return rc;
}

/* ---- going ---- */

int xen_check_devices(struct xen_host *xen, uint32_t domid, struct pvb_error *error)
{
	int rc = xen_reach_store(xen, error);

	return rc ? rc : xen_store_check_plain(xen->store->connection, domid, error);
}

int xen_forget_domain(struct xen_host *xen, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		      struct pvb_error *error)
{
	int rc = xen_reach_store(xen, error);

	if (rc == 0)
		rc = xen_store_remove(xen->store->connection, domid, error);
	if (rc == 0)
		xen_userdata_remove(domid, uuid);
	return rc;
}

void xen_domain_went(struct xen_host *xen, uint32_t domid)
{
	xen_guard_dismiss(xen_guard_take(&xen->guard, domid));
}

/* ---- looking ---- */

int xen_open_console(struct pvb_host *host, uint32_t domid,
		     const struct pvb_console_options *options, int *fd, struct pvb_error *error)
{
	struct xen_console_wait wait = XEN_CONSOLE_WAIT_INIT;
	struct pvb_host_domain domain;
	int rc = xen_look_at_domain(xen_of(host), domid, &domain, error);

	if (rc)
		return rc;
	if (domid == PVB_DOMID_0)
		return pvb_fail(error, PVB_E_HOST_STATE, "open_console",
				"domain 0 has no console that another domain serves");
	wait.progress = options->progress;
	wait.progress_opaque = options->progress_opaque;
	return xen_console_open(domid, &wait, fd, error);
}

int xen_find_console(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frame,
		     struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_reach_store(xen, error);

	if (rc == 0)
		*frame = xen_console_ring(xen->store->connection, domid);
	return rc;
}

int xen_watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_reach_store(xen, error);

	return rc ? rc : xen_watch(&xen->store->watching, fd, error);
}
