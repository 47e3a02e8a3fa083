/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hypervisor is and has. All but the memory figures are probed once, when
 * the host is opened; how it was decided what nothing reports plainly is kept.
 */
#include "host/xen/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/cleanup.h"

static const char stage[] = "host";

/* public memory.h counts extents in calls that are cut up: UINT_MAX >> MEMOP_EXTENT_SHIFT. */
#define MAX_EXTENTS ((1u << 26) - 1)

/* Of the boot messages, as much as Xen keeps at most where nobody asked for more. */
#define CONSOLE_BYTES (1u << 17)

static void reason(struct pvb_host_info *info, const char *format, ...) PVB_PRINTF(2, 3);

static void reason(struct pvb_host_info *info, const char *format, ...)
{
	size_t used = strlen(info->reasons);
	va_list arguments;

	if (used && used + 1 < sizeof info->reasons)
		info->reasons[used++] = '\n';
	va_start(arguments, format);
	(void)vsnprintf(info->reasons + used, sizeof info->reasons - used, format, arguments);
	va_end(arguments);
}

/* ---- who is it -------------------------------------------------------------------------- */

static int probe_version(struct xen_host *xen, struct pvb_error *error)
{
	struct pvb_host_info *info = &xen->info;
	xen_extraversion_t extra = "";
	xen_capabilities_info_t capabilities = "";
	int version = xc_version(xen->xc, XENVER_version, NULL);

	if (version < 0)
		return xen_refused(xen, error, PVB_E_HOST_ABSENT, stage, errno,
				   "the hypervisor does not say its version");
	info->xen_major = (unsigned)version >> 16;
	info->xen_minor = (unsigned)version & 0xffff;
	(void)xc_version(xen->xc, XENVER_extraversion, extra);
	(void)snprintf(info->version, sizeof info->version, "%u.%u%.6s", info->xen_major,
		       info->xen_minor, extra[0] == '.' ? extra : "");
	if (xc_version(xen->xc, XENVER_capabilities, capabilities) == 0)
		(void)snprintf(info->capabilities, sizeof info->capabilities, "%.*s",
			       (int)sizeof info->capabilities - 1, capabilities);
	/* Each type has a space after it, the last one too. */
	size_t length = strlen(info->capabilities);
	while (length && info->capabilities[length - 1] == ' ')
		info->capabilities[--length] = '\0';
	return 0;
}

static int wrong_version(const struct xen_host *xen, const char *interface, unsigned number,
			 struct pvb_error *error)
{
	int rc = pvb_fail(
		error, PVB_E_HOST_DENIED, stage,
		"this pvbuild was built against Xen %s's libraries (%s interface %#x), and "
		"the hypervisor, Xen %s, does not speak that",
		XEN_LIBRARIES_VERSION, interface, number, xen->info.version);
	pvb_hint(error,
		 "build pvbuild against the libraries of Xen %u.%u, or boot the hypervisor of Xen "
		 "%s",
		 xen->info.xen_major, xen->info.xen_minor, XEN_LIBRARIES_VERSION);
	return rc;
}

/* Whether the hypervisor takes our domctls, and from us: asked after domain 0, which is there. */
static int probe_domctl(struct xen_host *xen, struct pvb_error *error)
{
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.domain = PVB_DOMID_0,
	};

	if (xc_domctl(xen->xc, &domctl) == 0 || errno == ESRCH)
		return 0;
	if (errno == EACCES)
		return wrong_version(xen, "domctl", XEN_DOMCTL_INTERFACE_VERSION, error);

	int rc = xen_refused(xen, error, PVB_E_HOST_DENIED, stage, errno,
			     "the hypervisor does not let this domain build others");
	pvb_hint(error, "run this in dom0: other domains are not allowed to build any");
	return rc;
}

/* ---- memory ------------------------------------------------------------------------------ */

static int read_memory(struct xen_host *xen, struct pvb_host_info *info, struct pvb_error *error)
{
	struct xen_sysctl sysctl = {.cmd = XEN_SYSCTL_physinfo};

	if (xc_sysctl(xen->xc, &sysctl)) {
		if (errno == EACCES)
			return wrong_version(xen, "sysctl", XEN_SYSCTL_INTERFACE_VERSION, error);
		return xen_refused(xen, error, PVB_E_HOST_DENIED, stage, errno,
				   "the hypervisor does not say how much memory there is");
	}

	const struct xen_sysctl_physinfo *physical = &sysctl.u.physinfo;
	info->memory_total = physical->total_pages << XEN_SHIFT;
	info->memory_free = physical->free_pages << XEN_SHIFT;
	info->memory_scrubbing = physical->scrub_pages << XEN_SHIFT;
	info->memory_claimed = physical->outstanding_pages << XEN_SHIFT;
	info->nodes = (unsigned)pvb_max(info->nodes, physical->nr_nodes);
	xen->top_frame = physical->max_mfn;
	return 0;
}

/*
 * Nodes are named by number, and there may be gaps: physinfo counts those that are there, and
 * says of its max_node_id what Xen was built for. Asked for nothing else, numainfo says how far
 * the numbers go.
 */
static void count_nodes(struct xen_host *xen)
{
	struct xen_sysctl sysctl = {.cmd = XEN_SYSCTL_numainfo};

	if (xc_sysctl(xen->xc, &sysctl) == 0)
		xen->info.nodes = (unsigned)pvb_max(xen->info.nodes, sysctl.u.numainfo.num_nodes);
}

/* 64 where the number is 0x80..., 1 where it is 1: the bits that it takes. */
static unsigned bits_of(uint64_t number)
{
	return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

static void decide_address_bits(struct xen_host *xen)
{
	/* Includes memory that can still be plugged in (public sysctl.h, physinfo.max_mfn). */
	xen->info.address_bits = bits_of(xen->top_frame) + XEN_SHIFT;
}

/* Giving back what is left of dom0's own claim, of which a running dom0 has none. */
static void decide_claims(struct xen_host *xen)
{
	struct xen_memory_reservation nothing = {.domid = PVB_DOMID_0};

	xen->info.claims = xc_memory_op(xen->xc, XENMEM_claim_pages, &nothing, sizeof nothing) == 0;
	if (!xen->info.claims)
		reason(&xen->info, "claims: no, the hypervisor refuses them (%s)", strerror(errno));
	xen->log.said[0] = '\0';
}

/*
 * Until 4.22 Xen scrubs an extent whole before it hands it out, and cannot be interrupted
 * in that: 1 GiB can trip its watchdog. From then on it scrubs in pieces.
 */
static void decide_extents(struct xen_host *xen)
{
	struct pvb_host_info *info = &xen->info;
	bool pieces = info->xen_major > 4 || (info->xen_major == 4 && info->xen_minor >= 22);

	info->max_extents = MAX_EXTENTS;
	info->max_extent_order = pieces ? 18 : 9;
	reason(info,
	       pieces ? "extents: up to 1 GiB, as Xen scrubs preemptibly from 4.22 on"
		      : "extents: up to 2 MiB, as before 4.22 Xen scrubs an extent without pause");
}

/* ---- debug or release -------------------------------------------------------------------- */

/*
 * No call tells a debug build from another. What Xen prints first of all does, as long as
 * it is still in its ring of messages.
 */
static void decide_debug(struct xen_host *xen)
{
	PVB_AUTO_FREE char *text = malloc(CONSOLE_BYTES);
	unsigned length = CONSOLE_BYTES;
	uint32_t index = 0;

	if (!text || xc_readconsolering(xen->xc, text, &length, 0, 0, &index)) {
		reason(&xen->info, "debug: unknown, taken as no: Xen's messages cannot be read");
		return;
	}

	static const char mark[] = " debug=";
	const char *found = memmem(text, length, mark, sizeof mark - 1);
	const char *line = found ? memrchr(text, '\n', (size_t)(found - text)) : NULL;

	line = line ? line + 1 : text;
	if (!found || found + sizeof mark > text + length ||
	    !memmem(line, (size_t)(found - line), "Xen version ", 12)) {
		reason(&xen->info, "debug: unknown, taken as no: Xen's first message is no longer "
				   "in its ring");
		return;
	}
	xen->info.debug = found[sizeof mark - 1] == 'y';
	xen->info.debug_known = true;
	reason(&xen->info, "debug: %s, by Xen's first message", xen->info.debug ? "yes" : "no");
}

/* ---- bits of page-table entries ----------------------------------------------------------- */

/*
 * Wired into every Xen there is (asm-x86/x86_64/page.h): _PAGE_GUEST_KERNEL, and
 * _PAGE_GNTTAB, which is 0 in a release build.
 */
#define GUEST_KERNEL_BIT 52u
#define GNTTAB_BIT 62u

static void decide_pte_bits(struct xen_host *xen)
{
	xen->info.pte_bits_fixed = true;
	xen->info.pte_kernel_bit = GUEST_KERNEL_BIT;
	xen->info.pte_grant_bit = xen->info.debug ? GNTTAB_BIT : PVB_GUEST_PTE_NO_BIT;
}

int xen_probe(struct xen_host *xen, struct pvb_error *error)
{
	struct pvb_host_info *info = &xen->info;

	(void)snprintf(info->name, sizeof info->name, "xen");
	info->page_shift = XEN_SHIFT;
	info->guest_page_sizes = 1u << XEN_SHIFT; /* of x86's small pages there is one size */
	int rc = probe_version(xen, error);

	if (!rc)
		rc = probe_domctl(xen, error);
	if (!rc)
		rc = read_memory(xen, info, error);
	if (rc)
		return rc;
	count_nodes(xen);
	decide_address_bits(xen);
	decide_extents(xen);
	decide_claims(xen);
	decide_debug(xen);
	decide_pte_bits(xen);
	return 0;
}

int xen_get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);
	int rc = read_memory(xen, &xen->info, error);

	if (rc == 0)
		*info = xen->info;
	return rc;
}

/* Xen counts its free memory by powers of two, so that this is exact; on all nodes. */
int xen_get_free_below(struct pvb_host *host, unsigned bits, uint64_t *bytes,
		       struct pvb_error *error)
{
	struct xen_host *xen = xen_of(host);

	*bytes = 0;
	/* No page lies below the end of the first; and a width of 0 would mean none at all. */
	if (bits <= XEN_SHIFT)
		return 0;
	if (xc_availheap(xen->xc, 0, (int)pvb_min(bits, 64), -1, bytes) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_DENIED, "get_free_below", errno,
			   "the hypervisor does not say how much memory is free below 2^%u", bits);
}
