/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processor that a domain starts on: its features, its first page tables and registers. */
#include "host/xen/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <xenguest.h>

#include "host/xen/context.h"

/* What libxl asks for where the configuration says nothing: no invariant TSC, no nesting. */
int xen_apply_cpu_policy(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	const bool restore = false, pae = true, itsc = false, nested = false;
#ifdef HAVE_CPUID_APPLY_POLICY_MSR
	int rc = xc_cpuid_apply_policy(xen->xc, domid, restore, NULL, 0, pae, itsc, nested, NULL,
				       NULL);
#else
	int rc = xc_cpuid_apply_policy(xen->xc, domid, restore, NULL, 0, pae, itsc, nested, NULL);
#endif

	/* Depending on its release, the library gives back -1 or -errno. */
	if (rc == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_DENIED, "apply_cpu_policy",
			   rc == -1 ? errno : -rc, "domain %u cannot be given a CPU policy", domid);
}

int xen_fill_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
			    struct pvb_error *error)
{
	static const char call[] = "fill_hypercall_page";
	struct xen_host *xen = xen_of(host);
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_hypercall_init,
		.domain = (domid_t)domid,
		.u.hypercall_init.gmfn = frame.n,
	};

	if (xc_domctl(xen->xc, &domctl) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
			   "machine frame 0x%" PRIx64 " cannot become the hypercall page of domain "
			   "%u",
			   frame.n, domid);
}

int xen_pin_table(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		  struct pvb_error *error)
{
	static const char call[] = "pin_table";
	static const unsigned commands[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
					    MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE};
	struct xen_host *xen = xen_of(host);

	if (level < 1 || level > 4)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no page table has level %u",
				level);

	struct mmuext_op op = {.cmd = commands[level - 1], .arg1.mfn = frame.n};

	if (xc_mmuext_op(xen->xc, &op, 1, (domid_t)domid) >= 0)
		return 0;

	int reason = errno;
	/* Xen looks for device memory behind an address that is no memory (get_page_from_l1e()). */
	if (reason == EPERM)
		return pvb_fail(
			error, PVB_E_HOST_PIN, call,
			"the hypervisor rejects the L%u table of domain %u in machine frame "
			"0x%" PRIx64 ": an entry leads to a machine address that is no memory",
			level, domid, frame.n);

	int rc = xen_refused(xen, error, PVB_E_HOST_PIN, call, reason,
			     "the hypervisor rejects the L%u table of domain %u in machine frame "
			     "0x%" PRIx64,
			     level, domid, frame.n);
	if (reason == EINVAL || reason == EBUSY)
		pvb_hint(error, "Xen's own messages name the entry (xl dmesg, with "
				"guest_loglvl=all)");
	return rc;
}

/* ---- registers ------------------------------------------------------------------------------- */

int xen_set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		 const struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	static const char call[] = "set_vcpu";
	struct xen_host *xen = xen_of(host);
	vcpu_guest_context_any_t context;
	const char *wide;
	unsigned bits;

	memset(&context, 0, sizeof context);
	if (xen_guest_bits(xen, domid, &bits))
		return xen_refused(xen, error, PVB_E_HOST_NO_DOMAIN, call, errno,
				   "domain %u cannot be looked at", domid);
	if (registers->gdt_entries)
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU of domain %u: a GDT of %" PRIu64
				" entries, of which the frames are not known",
				domid, registers->gdt_entries);
	if (bits == 32) {
		wide = xen_context_put_32(registers, &context.x32);
		if (wide)
			return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
					"vCPU of domain %u: %s does not fit a 32-bit guest", domid,
					wide);
	} else {
		xen_context_put_64(registers, &context.x64);
	}
	if (xc_vcpu_setcontext(xen->xc, domid, vcpu, &context) == 0)
		return 0;
	if (errno == EOPNOTSUPP)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"vCPU %u of domain %u is set up already; its page tables and LDT "
				"cannot be changed any more",
				vcpu, domid);
	return xen_refused(
		xen, error, PVB_E_HOST_CONTEXT, call, errno,
		"the hypervisor rejects the registers of vCPU %u of domain %u (rip 0x%" PRIx64
		", cr3 0x%" PRIx64 ")",
		vcpu, domid, registers->rip, registers->cr[3]);
}

int xen_get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		 struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	static const char call[] = "get_vcpu";
	struct xen_host *xen = xen_of(host);
	vcpu_guest_context_any_t context;
	unsigned bits;

	memset(&context, 0, sizeof context);
	if (xen_guest_bits(xen, domid, &bits))
		return xen_refused(xen, error, PVB_E_HOST_NO_DOMAIN, call, errno,
				   "domain %u cannot be looked at", domid);
	if (xc_vcpu_getcontext(xen->xc, domid, vcpu, &context)) {
		if (errno == ENODATA)
			return pvb_fail(error, PVB_E_HOST_STATE, call,
					"vCPU %u of domain %u was never set up", vcpu, domid);
		return xen_refused(xen, error, PVB_E_ARG_INVALID, call, errno,
				   "vCPU %u of domain %u", vcpu, domid);
	}
	if (bits == 32)
		xen_context_get_32(&context.x32, registers);
	else
		xen_context_get_64(&context.x64, registers);
	return 0;
}
