/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/console.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <xen/xen.h>
/* After what it needs. */
#include <xen/io/console.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/error.h"
#include "host/console.h"
#include "host/xen/process.h"
#include "host/xen/store.h"

#define STAGE "open_console"

#define DAEMON "xenconsoled"

/* Linux's Documentation/admin-guide/devices.txt: Unix98 pseudoterminal slaves. */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST 143

/* ---- which terminal ---- */

/* Empty until it is there. What there is to read of it now; what happens later wakes the watch. */
static char *read_tty(struct xen_xs *store, const char *path)
{
	char *tty = xen_xs_read(store, XBT_NULL, path, NULL);

	if (tty && tty[0])
		return tty;
	free(tty);
	return NULL;
}

static void forget_events(struct xen_xs *store)
{
	char **event;

	while ((event = xen_xs_check_watch(store)))
		free(event);
}

static int no_console(uint32_t domid, enum xen_process daemon, int64_t waited,
		      struct pvb_error *error)
{
	static const struct {
		const char *state;
		const char *hint;
	} words[] = {
		[XEN_PROCESS_ABSENT] = {"no " DAEMON " runs here to make",
					"start " DAEMON
					", which carries the consoles of all guests"},
		[XEN_PROCESS_STOPPED] = {DAEMON " is stopped and has not made",
					 "let " DAEMON
					 " go on with SIGCONT, or find out who traces it"},
		[XEN_PROCESS_RUNS] = {DAEMON " runs and has not made",
				      "look for a " DAEMON
				      " that hangs or whose host is overloaded"},
	};
	int rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE,
			  "domain %" PRIu32
			  " has no console to look at: %s a terminal for it (after "
			  "%" PRId64 " s)",
			  domid, words[daemon].state, waited / 1000);

	pvb_hint(error, "%s", words[daemon].hint);
	return rc;
}

/* Whether to go on waiting. */
static int check_wait(const struct xen_console_wait *wait, uint32_t domid, int64_t waited,
		      struct pvb_error *error)
{
	enum xen_process daemon = xen_process_find(wait->proc, DAEMON);

	if (waited >= (daemon == XEN_PROCESS_ABSENT ? wait->alone_ms : wait->served_ms))
		return no_console(domid, daemon, waited, error);
	if (!wait->progress || wait->progress(wait->progress_opaque, "console", (uint64_t)waited,
					      (uint64_t)wait->served_ms) == 0)
		return 0;
	return pvb_fail(error, PVB_E_ARG_CANCELLED, STAGE,
			"stopped by the caller while waiting for the console of domain %" PRIu32,
			domid);
}

static int wait_for_tty(struct xen_xs *store, const struct xen_console_wait *wait, uint32_t domid,
			char **tty, struct pvb_error *error)
{
	int64_t since = pvb_now_ms();
	char path[XEN_NODE_PATH_MAX];

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/console/tty", domid);
	if (!xen_xs_watch(store, path, "tty"))
		return xen_store_fail(store, error, "watch", path);
	if (!xen_xs_watch(store, "@releaseDomain", "end"))
		return xen_store_fail(store, error, "watch for", "the end of domains");

	while (!(*tty = read_tty(store, path))) {
		bool introduced = xen_xs_is_domain_introduced(store, domid);
		if (xen_xs_broken(store))
			return xen_store_fail(store, error, "tell of", path);
		if (!introduced)
			return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, STAGE,
					"domain %" PRIu32 " is not known to xenstore, so that it "
					"has no console",
					domid);

		int rc = check_wait(wait, domid, pvb_now_ms() - since, error);

		if (rc)
			return rc;
		(void)xen_xs_wait_for_event(store, wait->look_ms);
		forget_events(store);
	}
	return 0;
}

/* ---- opening it ---- */

/* Nobody but the toolstack's domain may write the node; what it says is still to be a terminal. */
static bool names_a_pty(const char *path)
{
	static const char folder[] = "/dev/pts/";
	const char *number = path + sizeof folder - 1;

	return strncmp(path, folder, sizeof folder - 1) == 0 && number[0] &&
	       strspn(number, "0123456789") == strlen(number);
}

static bool is_pty(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	       major(status.st_rdev) >= PTY_MAJOR_FIRST && major(status.st_rdev) <= PTY_MAJOR_LAST;
}

/* The guest's terminal handling is the guest's; between it and whoever looks, bytes are just bytes.
 */
static bool make_raw(int fd)
{
	struct termios attributes;

	if (tcgetattr(fd, &attributes))
		return false;
	cfmakeraw(&attributes);
	return tcsetattr(fd, TCSANOW, &attributes) == 0;
}

static int open_tty(const char *tty, uint32_t domid, int *fd, struct pvb_error *error)
{
	if (!names_a_pty(tty))
		return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				"the console of domain %" PRIu32
				" is said to be at \"%.64s\", which is no pseudoterminal",
				domid, tty);

	PVB_AUTO_CLOSE int own = open(tty, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (own < 0)
		return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				"the console of domain %" PRIu32 ", %s, cannot be opened: %s",
				domid, tty, strerror(errno));
	if (!is_pty(own) || !make_raw(own))
		return pvb_fail(error, PVB_E_HOST_STATE, STAGE,
				"the console of domain %" PRIu32 ", %s, is no pseudoterminal",
				domid, tty);
	*fd = PVB_STEAL_FD(own);
	return 0;
}

int xen_console_open(uint32_t domid, const struct xen_console_wait *wait,
		     const struct xen_xs_patience *patience, int *fd, struct pvb_error *error)
{
	PVB_AUTO_FREE char *tty = NULL;
	struct xen_xs *store;
	/* A connection of its own: the events of another one's watches are not ours to read. */
	int rc = xen_store_open(&store, patience, error);

	*fd = -1;
	if (rc)
		return rc;
	rc = wait_for_tty(store, wait, domid, &tty, error);
	xen_xs_close(store);
	if (rc == 0 && tty)
		rc = open_tty(tty, domid, fd, error);
	return rc;
}

/* ---- its ring ---- */

pvb_mfn_t xen_console_ring(struct xen_xs *store, uint32_t domid)
{
	char path[XEN_NODE_PATH_MAX];

	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/console/ring-ref", domid);

	PVB_AUTO_FREE char *text = xen_xs_read(store, XBT_NULL, path, NULL);

	if (!text || !text[0] || strspn(text, "0123456789") != strlen(text))
		return PVB_MFN(PVB_NO_FRAME);
	return PVB_MFN(strtoull(text, NULL, 10));
}

static_assert(offsetof(struct xencons_interface, out) == PVB_CONSOLE_RING_OUT &&
		      sizeof((struct xencons_interface *)0)->out == PVB_CONSOLE_RING_BYTES &&
		      offsetof(struct xencons_interface, out_cons) == PVB_CONSOLE_RING_TAKEN &&
		      offsetof(struct xencons_interface, out_prod) == PVB_CONSOLE_RING_WRITTEN,
	      "a ring is where Xen's public header has it");
