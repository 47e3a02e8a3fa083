/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's registers in the structures that Xen's domctls take and give. */
#ifndef PVB_HOST_XEN_CONTEXT_H
#define PVB_HOST_XEN_CONTEXT_H

#include <xenctrl.h>

#include "host/host.h"

void xen_context_put_64(const struct pvb_host_vcpu *registers,
			vcpu_guest_context_x86_64_t *context);
void xen_context_get_64(const vcpu_guest_context_x86_64_t *context,
			struct pvb_host_vcpu *registers);

/* NULL, or the name of a register that does not fit. */
const char *xen_context_put_32(const struct pvb_host_vcpu *registers,
			       vcpu_guest_context_x86_32_t *context);
void xen_context_get_32(const vcpu_guest_context_x86_32_t *context,
			struct pvb_host_vcpu *registers);

#endif
