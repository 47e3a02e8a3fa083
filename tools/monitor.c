/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "monitor.h"

#include <inttypes.h>

#include "fault.h"
#include "names.h"

struct pvb_domain_monitor monitor_of(struct pvb_host *host, uint32_t domid)
{
	struct pvb_domain_monitor monitor = PVB_DOMAIN_MONITOR_INIT;
	struct pvb_error unused;

	if (pvb_domain_get_monitor(host, domid, &monitor, &unused))
		monitor = (struct pvb_domain_monitor)PVB_DOMAIN_MONITOR_INIT;
	return monitor;
}

void monitor_say(const struct pvb_domain_state *domain, const struct pvb_domain_monitor *monitor)
{
	if (!monitor->gone || domain->dying)
		return;
	if (domain->shutdown) {
		const char *reason = shutdown_reason_name(domain->shutdown_reason);

		warn("domain %" PRIu32 ", \"%s\", has ended (%s), and its monitor, process %" PRIu32
		     ", is gone: it stays as it is until \"pvbuild destroy %" PRIu32 "\"",
		     domain->domid, domain->name, reason ? reason : "reason unknown", monitor->pid,
		     domain->domid);
	} else {
		warn("the monitor of domain %" PRIu32 ", \"%s\", process %" PRIu32
		     ", is gone: when the guest ends, nobody destroys the domain or builds it anew",
		     domain->domid, domain->name, monitor->pid);
	}
}
