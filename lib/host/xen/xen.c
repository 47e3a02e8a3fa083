/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and closing the hypervisor, its table of calls, and what its refusals mean. */
#include "host/xen/xen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "host/xen/device.h"
#include "host/xen/life.h"

/* ---- what Xen's libraries say -------------------------------------------------------- */

/* The first error is the cause; what follows is what it led to. */
PVB_PRINTF(5, 0)
static void hear(struct xentoollog_logger *logger, xentoollog_level level, int reason,
		 const char *context, const char *format, va_list arguments)
{
	struct xen_log *log = (struct xen_log *)(void *)logger;

	(void)reason;
	(void)context;
	if (level >= XTL_ERROR && !log->said[0])
		(void)vsnprintf(log->said, sizeof log->said, format, arguments);
}

static void hear_progress(struct xentoollog_logger *logger, const char *context, const char *what,
			  int percent, unsigned long done, unsigned long total)
{
	(void)logger;
	(void)context;
	(void)what;
	(void)percent;
	(void)done;
	(void)total;
}

static void hear_no_more(struct xentoollog_logger *logger)
{
	(void)logger;
}

struct xen_host *xen_of(struct pvb_host *host)
{
	struct xen_host *xen = (struct xen_host *)(void *)host;

	xen->log.said[0] = '\0';
	return xen;
}

static enum pvb_code code_of(int reason, enum pvb_code otherwise)
{
	switch (reason) {
	case EPERM:
	case ENOSYS:
		return PVB_E_HOST_DENIED;
	case ESRCH:
		return PVB_E_HOST_NO_DOMAIN;
	case ENOMEM:
		return PVB_E_HOST_NO_MEMORY;
	default:
		return otherwise;
	}
}

int xen_refused(struct xen_host *xen, struct pvb_error *error, enum pvb_code otherwise,
		const char *call, int reason, const char *format, ...)
{
	enum pvb_code code = code_of(reason, otherwise);
	char what[400];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);

	int rc = pvb_fail(error, code, call, "%s: %s%s%s%s", what, strerror(reason),
			  xen->log.said[0] ? " (" : "", xen->log.said, xen->log.said[0] ? ")" : "");
	if (reason == EPERM)
		pvb_hint(error,
			 "only the control domain may do this, and a security policy (Flask) "
			 "can forbid it even that");
	return rc;
}

/* ---- the table -------------------------------------------------------------------------- */

static void xen_close(struct pvb_host *host)
{
	struct xen_host *xen = xen_of(host);

	xen_close_life(xen);
	xen_m2p_close(xen);
	if (xen->foreign)
		(void)xenforeignmemory_close(xen->foreign);
	if (xen->xc)
		(void)xc_interface_close(xen->xc);
	free(xen);
}

static const struct pvb_host_ops ops = {
	.name = "xen",
	.close = xen_close,
	.get_info = xen_get_info,
	.create_domain = xen_create_domain,
	.keep_domain = xen_keep_domain,
	.destroy_domain = xen_destroy_domain,
	.pause_domain = xen_pause_domain,
	.unpause_domain = xen_unpause_domain,
	.get_domain = xen_get_domain,
	.list_domains = xen_list_domains,
	.open_console = xen_open_console,
	.find_console = xen_find_console,
	.watch_domains = xen_watch_domains,
	.set_guest_bits = xen_set_guest_bits,
	.set_max_memory = xen_set_max_memory,
	.set_memory_map = xen_set_memory_map,
	.apply_cpu_policy = xen_apply_cpu_policy,
	.alloc_event_channel = xen_alloc_event_channel,
	.introduce_domain = xen_introduce_domain,
	.claim_memory = xen_claim_memory,
	.populate = xen_populate,
	.map_frames = xen_map_frames,
	.unmap_frames = xen_unmap_frames,
	.get_m2p_run = xen_get_m2p_run,
	.get_frame_info = xen_get_frame_info,
	.fill_hypercall_page = xen_fill_hypercall_page,
	.pin_table = xen_pin_table,
	.set_vcpu = xen_set_vcpu,
	.get_vcpu = xen_get_vcpu,
	.set_grants = xen_set_grants,
	.get_grants = xen_get_grants,
	.get_free_below = xen_get_free_below,
	.get_grant_frames = xen_get_grant_frames,
	.set_record = xen_set_record,
	.get_record = xen_get_record,
	.set_monitor = xen_set_monitor,
	.get_monitor = xen_get_monitor,
	.get_grant_limit = xen_get_grant_limit,
	.get_cpus = xen_get_cpus,
	.get_pool = xen_get_pool,
	.set_affinity = xen_set_affinity,
	.get_affinity = xen_get_affinity,
	.set_share = xen_set_share,
	.get_share = xen_get_share,
};

/* ---- opening ---------------------------------------------------------------------------- */

/* Why Xen's libraries could not open their device. */
static int not_opened(struct xen_host *xen, int reason, struct pvb_error *error)
{
	int rc;

	if (!xen_device_present()) {
		rc = pvb_fail(error, PVB_E_HOST_ABSENT, "host",
			      "this machine does not run on Xen, or its drivers are not loaded: "
			      "there is no %s",
			      XEN_DEVICE);
		pvb_hint(error, "in dom0, load xen-privcmd; elsewhere use the simulated host, "
				"pvb_host_open(\"sim\")");
		return rc;
	}

	PVB_AUTO_CLOSE int fd = open(XEN_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		rc = pvb_fail(error, PVB_E_HOST_DENIED, "host", "%s cannot be opened: %s",
			      XEN_DEVICE, strerror(errno));
		pvb_hint(error, "the hypervisor is for root: run this as root in dom0");
		return rc;
	}
	return xen_refused(xen, error, PVB_E_HOST_ABSENT, "host", reason,
			   "the hypervisor cannot be spoken to through %s", XEN_DEVICE);
}

int pvb_xen_open(struct pvb_host **host, struct pvb_error *error)
{
	struct xen_host *xen = calloc(1, sizeof *xen);

	*host = NULL;
	if (!xen)
		return pvb_fail_memory(error, "host", "the host");
	xen->host.ops = &ops;
	xen->host.page_shift = XEN_SHIFT;
	xen->log.logger = (xentoollog_logger){hear, hear_progress, hear_no_more};

	xen->xc = xc_interface_open(&xen->log.logger, &xen->log.logger, 0);
	if (xen->xc)
		xen->foreign = xenforeignmemory_open(&xen->log.logger, 0);

	int rc = xen->foreign ? xen_probe(xen, error) : not_opened(xen, errno, error);
	if (rc) {
		xen_close(&xen->host);
		return rc;
	}
	*host = &xen->host;
	return 0;
}
