/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/clock.h"
#include "host/xen/console.h"
#include "host/xen/monitor.h"
#include "host/xen/record.h"
#include "host/xen/store.h"
#include "host/xen/userdata.h"
#include "host/xen/watch.h"

#define PROC "/proc"

/*
 * connection     for everything but watches, whose events another reader would take away
 * watching       for those, NULL until somebody wants to know
 * silent_until   a store that was silent is not waited for again before that: what is to be done
 *                without it should be done soon
 */
struct xen_store {
	struct xen_xs *connection;
	struct xen_xs *watching;
	int64_t silent_until;
};

/* ---- patience ---- */

/* Whoever starves xenstored for as long as that has other worries. */
#define PATIENCE_S 15
#define PATIENCE_MOST_S 3600

/* A wait that somebody is told of. */
#define NOTICE_MS 2000

/* As with the guard's program: in a privileged program the environment says nothing. */
static int patience_s(void)
{
	const char *text = secure_getenv("PVBUILD_PATIENCE");
	char *end;

	if (!text || *text < '0' || *text > '9')
		return PATIENCE_S;

	unsigned long seconds = strtoul(text, &end, 10);
	return *end || seconds > PATIENCE_MOST_S ? PATIENCE_S : (int)seconds;
}

static struct xen_xs_patience patience_of(void (*notice)(void *), void *opaque)
{
	return (struct xen_xs_patience){
		.limit_ms = patience_s() * 1000,
		.notice_ms = NOTICE_MS,
		.notice = notice,
		.opaque = opaque,
	};
}

static void notice_silence(void *opaque)
{
	struct xen_host *xen = opaque;

	pvb_host_notice(&xen->host, "waiting for xenstored to answer, for at most %d s",
			patience_s());
}

static struct xen_xs_patience store_patience(struct xen_host *xen)
{
	return patience_of(notice_silence, xen);
}

static void notice_lingering(void *opaque)
{
	struct xen_host *xen = opaque;

	pvb_host_notice(&xen->host,
			"waiting for others to let go of a destroyed domain's pages, for at most "
			"%d s",
			patience_s());
}

struct xen_xs_patience xen_end_patience(struct xen_host *xen)
{
	return patience_of(notice_lingering, xen);
}

/* ---- the store ---- */

static int still_silent(const struct xen_store *store, struct pvb_error *error)
{
	if (pvb_now_ms() >= store->silent_until)
		return 0;

	int rc =
		pvb_fail(error, PVB_E_HOST_SILENT, "xenstore",
			 "xenstored did not answer a moment ago, for %d s, and was not asked again",
			 patience_s());

	pvb_hint(error, PVB_STORE_HINT);
	return rc;
}

/* Returns what it is given: of a call that may have found the store silent. */
static int heed_silence(struct xen_host *xen, int rc)
{
	if (rc == -(int)PVB_E_HOST_SILENT)
		xen->store->silent_until = pvb_now_ms() + (int64_t)patience_s() * 1000;
	return rc;
}

static int open_store(struct xen_host *xen, struct xen_xs **connection, struct pvb_error *error)
{
	const struct xen_xs_patience patience = store_patience(xen);

	return heed_silence(xen, xen_store_open(connection, &patience, error));
}

/* A connection that broke is made anew. */
static void drop_broken(struct xen_host *xen)
{
	struct xen_store *store = xen->store;

	if (!store->connection || !xen_xs_broken(store->connection))
		return;
	if (xen_xs_broken(store->connection) == ETIMEDOUT)
		(void)heed_silence(xen, -(int)PVB_E_HOST_SILENT);
	xen_xs_close(store->connection);
	store->connection = NULL;
}

/* Fails where the store was silent just now. */
static int prepare_store(struct xen_host *xen, struct pvb_error *error)
{
	if (!xen->store) {
		xen->store = calloc(1, sizeof *xen->store);
		if (!xen->store)
			return pvb_fail_memory(error, "xenstore", "a connection to xenstore");
	}
	drop_broken(xen);
	return still_silent(xen->store, error);
}

int xen_reach_store(struct xen_host *xen, struct pvb_error *error)
{
	int rc = prepare_store(xen, error);

	return rc || xen->store->connection ? rc : open_store(xen, &xen->store->connection, error);
}

void xen_close_life(struct xen_host *xen)
{
	xen_guard_leave(xen->guard);
	if (xen->store) {
		xen_xs_close(xen->store->watching);
		xen_xs_close(xen->store->connection);
		free(xen->store);
	}
}

void xen_name_domain(struct xen_host *xen, struct pvb_host_domain *domain)
{
	domain->name[0] = '\0';

	int rc = xen_reach_store(xen, NULL);

	if (rc == 0 && xen_store_name(xen->store->connection, domain->domid, domain->name))
		return;
	domain->name_unknown = true;
}

void xen_name_pool(struct xen_host *xen, uint32_t pool, char name[PVB_HOST_NAME_MAX])
{
	name[0] = '\0';
	if (xen_reach_store(xen, NULL) == 0)
		(void)xen_store_pool_name(xen->store->connection, pool, name);
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

/*
 * Two domains of one handle would have one record under /vm. This is so that it is said early; the
 * claim decides.
 */
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
			return xen_store_uuid_is_taken(domains[i].domid, uuid, error);
		}
		if (count)
			next = domains[count - 1].domid + 1;
	} while (count == sizeof domains / sizeof domains[0]);
	return 0;
}

/* A dying domain's name is free: whoever destroys it takes its nodes away. */
static bool lives(void *opaque, uint32_t domid)
{
	struct pvb_host_domain domain;

	if (domid == PVB_DOMID_0)
		return true;

	int rc = xen_look_at_domain(opaque, domid, &domain, NULL);
	return rc ? rc != -(int)PVB_E_HOST_NO_DOMAIN : !domain.dying;
}

int xen_expect_domain(struct xen_host *xen, const struct pvb_host_domain_config *config,
		      uint8_t birth[XEN_HANDLE_SIZE], uint8_t uuid[XEN_HANDLE_SIZE],
		      struct xen_guard **guard, struct pvb_error *error)
{
	static const uint8_t none[XEN_HANDLE_SIZE];
	const struct xen_living living = {lives, xen};
	int rc = xen_reach_store(xen, error);

	*guard = NULL;
	memcpy(uuid, config->uuid, XEN_HANDLE_SIZE);
	if (rc == 0)
		rc = xen_store_check_name(xen->store->connection, XBT_NULL, config->name,
					  NO_DOMID_YET, &living, error);
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

int xen_claim_domain(struct xen_host *xen, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		     const char *name, struct pvb_error *error)
{
	const struct pvb_host_introduction told = {.name = name};
	const struct xen_living living = {lives, xen};
	struct xen_domain_record record = {.domid = domid, .told = &told};
	int rc = xen_reach_store(xen, error);

	memcpy(record.uuid, uuid, sizeof record.uuid);
	return rc ? rc : xen_store_claim(xen->store->connection, &record, &living, error);
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

	int rc = xen_reach_store(xen, error);

	/* Without a store there are no records, and domains all the same. */
	if (rc)
		return rc == -(int)PVB_E_HOST_SILENT ? rc : 0;
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

	xen_userdata_remove(domid, uuid);
	return rc ? rc : xen_store_remove(xen->store->connection, domid, uuid, error);
}

int xen_forget_late(struct xen_host *xen, uint32_t domid, struct pvb_error *error)
{
	int rc = xen_reach_store(xen, error);

	return rc ? rc : xen_store_remove_late(xen->store->connection, domid, error);
}

void xen_domain_went(struct xen_host *xen, uint32_t domid, bool forgotten)
{
	struct xen_guard *guard = xen_guard_take(&xen->guard, domid);

	if (forgotten)
		xen_guard_dismiss(guard);
	else
		xen_guard_hand_over(guard);
}

/* ---- looking ---- */

int xen_open_console(struct pvb_host *host, uint32_t domid,
		     const struct pvb_console_options *options, int *fd, struct pvb_error *error)
{
	struct xen_console_wait wait = XEN_CONSOLE_WAIT_INIT;
	struct xen_host *xen = xen_of(host);
	const struct xen_xs_patience patience = store_patience(xen);
	struct pvb_host_domain domain;
	int rc = xen_look_at_domain(xen, domid, &domain, error);

	if (rc)
		return rc;
	if (domid == PVB_DOMID_0)
		return pvb_fail(error, PVB_E_HOST_STATE, "open_console",
				"domain 0 has no console that another domain serves");
	wait.progress = options->progress;
	wait.progress_opaque = options->progress_opaque;
	rc = prepare_store(xen, error);
	if (rc)
		return rc;
	return heed_silence(xen, xen_console_open(domid, &wait, &patience, fd, error));
}

int xen_find_console(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frame,
		     struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = xen_reach_store(xen, error);

	if (rc)
		return rc;
	*frame = xen_console_ring(xen->store->connection, domid);
	if (xen_xs_broken(xen->store->connection))
		return xen_store_fail(xen->store->connection, error, "read",
				      "where a console's ring is");
	return 0;
}

int xen_watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	const struct xen_xs_patience patience = store_patience(xen);
	int rc = 0;

	/* What is watched already is not asked for. */
	if (!xen->store || !xen->store->watching || xen_xs_broken(xen->store->watching))
		rc = prepare_store(xen, error);
	if (rc)
		return rc;
	return heed_silence(xen, xen_watch(&xen->store->watching, &patience, fd, error));
}
