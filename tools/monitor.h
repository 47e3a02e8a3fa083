/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains that nobody looks after any more. */
#ifndef PVB_TOOLS_MONITOR_H
#define PVB_TOOLS_MONITOR_H

#include <stdbool.h>

#include <pvbuild/domain.h>

/* As pvb_domain_get_monitor(), or none where that cannot be known. */
struct pvb_domain_monitor monitor_of(struct pvb_host *host, uint32_t domid);

/* Where a domain's monitor is gone, a warning of what that means for it. */
void monitor_say(const struct pvb_domain_state *domain, const struct pvb_domain_monitor *monitor);

#endif
