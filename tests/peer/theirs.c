/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain by libxenguest: its own sequence of calls in the order in which
 * libxl makes them, and around it, through libxenctrl, what a toolstack does.
 */
#include "config.h"

#include "peer/peer.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xenguest.h>

#include <pvbuild/image.h>

#include "peer/adapter/adapter.h"

#define FIRST_OTHER_ALLOWANCE_KIB 1024 /* libxl's LIBXL_MAXMEM_CONSTANT */

static struct peer_segment segment(const struct xc_dom_seg *seg, bool mapped)
{
	return (struct peer_segment){
		.present = seg->pages != 0,
		.pfn = seg->pfn,
		.pages = seg->pages,
		.va = mapped ? seg->vstart : PVB_NONE,
	};
}

static struct peer_segment page(const struct xc_dom_image *dom, xen_pfn_t pfn)
{
	return (struct peer_segment){
		.present = true,
		.pfn = pfn,
		.pages = 1,
		/* PFN n is mapped at n pages from where the kernel's first page is mapped from. */
		.va = dom->kernel_seg.vstart + ((pfn - dom->kernel_seg.pfn) << XC_PAGE_SHIFT),
	};
}

static void note_layout(const struct xc_dom_image *dom, struct peer_layout *layout)
{
	layout->kernel = segment(&dom->kernel_seg, true);
	layout->module = segment(&dom->modules[0].seg, !(dom->flags & SIF_MOD_START_PFN));
	layout->p2m = segment(&dom->p2m_seg, true);
	layout->start_info = page(dom, dom->start_info_pfn);
	layout->xenstore = page(dom, dom->xenstore_pfn);
	layout->console = page(dom, dom->console_pfn);
	layout->page_tables = segment(&dom->pgtables_seg, true);
	layout->boot_stack = page(dom, dom->bootstack_pfn);
	layout->end_pfn = dom->pfn_alloc_end;
	layout->map_end = dom->virt_pgtab_end;
}

/* One step of the sequence; false if it failed, with the library's own words for it. */
static bool step(xc_interface *xch, const char *name, int rc, char *why)
{
	if (rc == 0)
		return true;

	const xc_error *last = xc_get_last_error(xch);

	snprintf(why, PEER_WHY_MAX, "%s: %s", name,
		 last->message[0] ? last->message : strerror(errno));
	return false;
}

/* As libxl__build_pv() and libxl__build_dom(). */
static int build(xc_interface *xch, const struct peer_case *which, struct peer_domain *domain,
		 xc_evtchn_port_or_error_t store_port, xc_evtchn_port_or_error_t console_port)
{
	struct xc_dom_image *dom = xc_dom_allocate(xch, which->command_line, NULL);
	char ramdisk[32];
	char *why = domain->why;
	uint64_t start = peer_cpu_time();
	int rc = -1;

	if (!dom) {
		(void)step(xch, "xc_dom_allocate", -1, why);
		return -1;
	}
	dom->container_type = XC_DOM_PV_CONTAINER;
	if (!step(xch, "xc_dom_kernel_file", xc_dom_kernel_file(dom, which->kernel), why))
		goto out;
	if (which->ramdisk >= 0) {
		snprintf(ramdisk, sizeof ramdisk, "/proc/self/fd/%d", which->ramdisk);
		if (!step(xch, "xc_dom_module_file", xc_dom_module_file(dom, ramdisk, NULL), why))
			goto out;
	}
	if (!which->keep_flags)
		dom->flags = 0;
	dom->console_evtchn = (unsigned)console_port;
	dom->xenstore_evtchn = (unsigned)store_port;
	dom->max_vcpus = 1;
	if (!step(xch, "xc_dom_boot_xen_init", xc_dom_boot_xen_init(dom, xch, domain->domid),
		  why) ||
	    !step(xch, "xc_dom_parse_image", xc_dom_parse_image(dom), why))
		goto out;
	domain->decoded = peer_cpu_time() - start;
	if (step(xch, "xc_dom_mem_init", xc_dom_mem_init(dom, (unsigned)(which->memory >> 20)),
		 why) &&
	    step(xch, "xc_dom_boot_mem_init", xc_dom_boot_mem_init(dom), why) &&
	    step(xch, "xc_dom_build_image", xc_dom_build_image(dom), why) &&
	    step(xch, "xc_dom_boot_image", xc_dom_boot_image(dom), why) &&
	    step(xch, "xc_dom_gnttab_init", xc_dom_gnttab_init(dom), why)) {
		note_layout(dom, &domain->layout);
		rc = 0;
	}
out:
	xc_dom_release(dom);
	return rc;
}

/* What libxl does before it builds: libxl__domain_make() and libxl__build_pre(). */
static int make(xc_interface *xch, const struct peer_case *which, struct peer_domain *domain,
		xc_evtchn_port_or_error_t *store_port, xc_evtchn_port_or_error_t *console_port)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = 64,
		.max_maptrack_frames = 1024,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	char *why = domain->why;

	domain->domid = 0;
	if (!step(xch, "xc_domain_create", xc_domain_create(xch, &domain->domid, &config), why) ||
	    !step(xch, "xc_domain_max_vcpus", xc_domain_max_vcpus(xch, domain->domid, 1), why) ||
	    !step(xch, "xc_domain_setmaxmem",
		  xc_domain_setmaxmem(xch, domain->domid,
				      (which->memory >> 10) + FIRST_OTHER_ALLOWANCE_KIB),
		  why))
		return -1;
	*store_port = xc_evtchn_alloc_unbound(xch, domain->domid, 0);
	*console_port = xc_evtchn_alloc_unbound(xch, domain->domid, 0);
	if (*store_port < 0 || *console_port < 0) {
		(void)step(xch, "xc_evtchn_alloc_unbound", -1, why);
		return -1;
	}
	if (!step(xch, "xc_domain_set_memmap_limit",
		  xc_domain_set_memmap_limit(xch, domain->domid, which->memory >> 10), why))
		return -1;
	return 0;
}

int peer_theirs_on(struct pvb_host *host, const struct peer_case *which, struct peer_domain *domain)
{
	/* An object pointer that is a function's: POSIX has it so. */
	union {
		void *object;
		peer_attach_fn *function;
	} attach = {.object = dlsym(RTLD_DEFAULT, PEER_ATTACH)};
	xc_evtchn_port_or_error_t store_port, console_port;
	char *log = NULL;
	size_t log_size = 0;

	if (!attach.object) {
		snprintf(domain->why, sizeof domain->why, "the adapter is not loaded");
		return -1;
	}
	attach.function(host);

	FILE *stream = open_memstream(&log, &log_size);
	xentoollog_logger *logger =
		stream ? (xentoollog_logger *)xtl_createlogger_stdiostream(stream, XTL_ERROR, 0)
		       : NULL;
	xc_interface *xch = logger ? xc_interface_open(logger, logger, 0) : NULL;
	int rc = -1;

	if (!xch)
		snprintf(domain->why, sizeof domain->why, "xc_interface_open: %s", strerror(errno));
	else if (make(xch, which, domain, &store_port, &console_port) == 0)
		rc = build(xch, which, domain, store_port, console_port);
	xc_interface_close(xch);
	if (logger)
		xtl_logger_destroy(logger);
	if (stream)
		fclose(stream);
	free(log);
	return rc;
}
