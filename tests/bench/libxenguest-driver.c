/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A paused PV domain by libxenguest on real Xen: xc_dom_*() in libxl's order, and around it what
 * a domain cannot do without of what libxl does. Prints the domain's number.
 *
 *   libxenguest-driver NAME MEMORY-MIB KERNEL [RAMDISK]
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xenguest.h>
#include <xenstore.h>

/* libxl: LIBXL_MAXMEM_CONSTANT, and its defaults of a domain's limits. */
#define MAX_MEMORY_SLACK_KIB 1024
#define EVENT_CHANNELS 1023
#define GRANT_FRAMES 64
#define MAPTRACK_FRAMES 1024

struct driver {
	xentoollog_logger *logger;
	xc_interface *xch;
	struct xs_handle *store;
	struct xc_dom_image *dom;
	const char *name;
	uint64_t memory_kib;
	uint32_t domid;
	bool created;
	uint32_t store_port, console_port;
	struct xen_domctl_createdomain config;
};

static bool step(const char *name, bool ok)
{
	if (!ok)
		fprintf(stderr, "libxenguest-driver: %s: %s\n", name, strerror(errno));
	return ok;
}

static bool apply_cpu_policy(struct driver *driver)
{
	return xc_cpuid_apply_policy(driver->xch, driver->domid, false, NULL, 0, true, false, false,
				     NULL
#ifdef HAVE_CPUID_APPLY_POLICY_MSR
				     ,
				     NULL
#endif
				     ) == 0;
}

static bool alloc_ports(struct driver *driver)
{
	xc_evtchn_port_or_error_t store = xc_evtchn_alloc_unbound(driver->xch, driver->domid, 0);
	xc_evtchn_port_or_error_t console = xc_evtchn_alloc_unbound(driver->xch, driver->domid, 0);

	driver->store_port = (uint32_t)store;
	driver->console_port = (uint32_t)console;
	return store >= 0 && console >= 0;
}

/* As libxl__domain_make(), libxl__build_pre() and libxl__arch_domain_create(). */
static bool make(struct driver *driver)
{
	driver->config = (struct xen_domctl_createdomain){
		.max_vcpus = 1,
		.max_evtchn_port = EVENT_CHANNELS,
		.max_grant_frames = GRANT_FRAMES,
		.max_maptrack_frames = MAPTRACK_FRAMES,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
		.handle = {0x70, 0x65, 0x65, 0x72},
	};
	driver->created = step("xc_domain_create",
			       xc_domain_create(driver->xch, &driver->domid, &driver->config) == 0);
	return driver->created &&
	       step("xc_domain_max_vcpus",
		    xc_domain_max_vcpus(driver->xch, driver->domid, 1) == 0) &&
	       step("xc_domain_setmaxmem",
		    xc_domain_setmaxmem(driver->xch, driver->domid,
					driver->memory_kib + MAX_MEMORY_SLACK_KIB) == 0) &&
	       step("xc_evtchn_alloc_unbound", alloc_ports(driver)) &&
	       step("xc_domain_set_memmap_limit",
		    xc_domain_set_memmap_limit(driver->xch, driver->domid, driver->memory_kib) ==
			    0) &&
	       step("xc_domain_set_tsc_info",
		    xc_domain_set_tsc_info(driver->xch, driver->domid, 0, 0, 0, 0) == 0) &&
	       step("xc_cpuid_apply_policy", apply_cpu_policy(driver));
}

/* As libxl__build_pv() and libxl__build_dom(). */
static bool build(struct driver *driver, const char *kernel, const char *ramdisk)
{
	struct xc_dom_image *dom = xc_dom_allocate(driver->xch, "console=hvc0", NULL);

	driver->dom = dom;
	if (!step("xc_dom_allocate", dom))
		return false;
	dom->container_type = XC_DOM_PV_CONTAINER;
	if (!step("xc_dom_kernel_file", xc_dom_kernel_file(dom, kernel) == 0) ||
	    (ramdisk && !step("xc_dom_module_file", xc_dom_module_file(dom, ramdisk, NULL) == 0)))
		return false;
	dom->flags = 0;
	dom->console_evtchn = driver->console_port;
	dom->xenstore_evtchn = driver->store_port;
	dom->max_vcpus = 1;
	return step("xc_dom_boot_xen_init",
		    xc_dom_boot_xen_init(dom, driver->xch, driver->domid) == 0) &&
	       step("xc_dom_parse_image", xc_dom_parse_image(dom) == 0) &&
	       step("xc_dom_mem_init",
		    xc_dom_mem_init(dom, (unsigned)(driver->memory_kib >> 10)) == 0) &&
	       step("xc_dom_boot_mem_init", xc_dom_boot_mem_init(dom) == 0) &&
	       step("xc_dom_build_image", xc_dom_build_image(dom) == 0) &&
	       step("xc_dom_boot_image", xc_dom_boot_image(dom) == 0) &&
	       step("xc_dom_gnttab_init", xc_dom_gnttab_init(dom) == 0);
}

/* A node under the domain's path; node "" is the path itself. */
static bool write_node(struct driver *driver, xs_transaction_t transaction, const char *node,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool write_node(struct driver *driver, xs_transaction_t transaction, const char *node,
		       const char *format, ...)
{
	char path[128], value[128];
	va_list arguments;

	(void)snprintf(path, sizeof path, "/local/domain/%u%s%s", driver->domid, *node ? "/" : "",
		       node);
	va_start(arguments, format);
	int length = vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	return xs_write(driver->store, transaction, path, value, (unsigned)length);
}

static bool write_nodes(struct driver *driver, xs_transaction_t t, xen_pfn_t store_mfn,
			xen_pfn_t console_mfn)
{
	char path[64];
	struct xs_permissions permissions[] = {
		{.id = 0, .perms = XS_PERM_NONE},
		{.id = driver->domid, .perms = XS_PERM_READ},
	};

	(void)snprintf(path, sizeof path, "/local/domain/%u", driver->domid);
	return write_node(driver, t, "", "%s", "") &&
	       xs_set_permissions(driver->store, t, path, permissions, 2) &&
	       write_node(driver, t, "name", "%s", driver->name) &&
	       write_node(driver, t, "domid", "%u", driver->domid) &&
	       write_node(driver, t, "vm", "/vm/%08x-0000-0000-0000-%012x", 0x70656572u,
			  driver->domid) &&
	       write_node(driver, t, "memory/static-max", "%" PRIu64, driver->memory_kib) &&
	       write_node(driver, t, "memory/target", "%" PRIu64, driver->memory_kib) &&
	       write_node(driver, t, "memory/videoram", "0") &&
	       write_node(driver, t, "cpu/0/availability", "online") &&
	       write_node(driver, t, "store/port", "%u", driver->store_port) &&
	       write_node(driver, t, "store/ring-ref", "%" PRIu64, (uint64_t)store_mfn) &&
	       write_node(driver, t, "console/port", "%u", driver->console_port) &&
	       write_node(driver, t, "console/ring-ref", "%" PRIu64, (uint64_t)console_mfn) &&
	       write_node(driver, t, "console/limit", "1048576") &&
	       write_node(driver, t, "console/type", "xenconsoled") &&
	       write_node(driver, t, "console/output", "pty") &&
	       write_node(driver, t, "console/tty", "%s", "");
}

/* As libxl__build_post() and what libxl writes of the console. */
static bool introduce(struct driver *driver)
{
	struct xc_dom_image *dom = driver->dom;
	xen_pfn_t store_mfn = xc_dom_p2m(dom, dom->xenstore_pfn);
	xen_pfn_t console_mfn = xc_dom_p2m(dom, dom->console_pfn);

	for (;;) {
		xs_transaction_t t = xs_transaction_start(driver->store);

		if (!step("xs_transaction_start", t != XBT_NULL) ||
		    !step("xs_write", write_nodes(driver, t, store_mfn, console_mfn)))
			return false;
		if (xs_transaction_end(driver->store, t, false))
			break;
		if (!step("xs_transaction_end", errno == EAGAIN))
			return false;
	}
	return step("xs_introduce_domain",
		    xs_introduce_domain(driver->store, driver->domid, (unsigned long)store_mfn,
					driver->store_port));
}

int main(int argc, char **argv)
{
	struct driver driver = {.domid = 0};
	bool ok;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: %s NAME MEMORY-MIB KERNEL [RAMDISK]\n", argv[0]);
		return 2;
	}
	driver.name = argv[1];
	driver.memory_kib = strtoull(argv[2], NULL, 10) << 10;
	driver.logger = (xentoollog_logger *)xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
	driver.xch = driver.logger ? xc_interface_open(driver.logger, driver.logger, 0) : NULL;
	driver.store = xs_open(0);
	ok = step("xc_interface_open", driver.xch) && step("xs_open", driver.store) &&
	     make(&driver) && build(&driver, argv[3], argv[4]) && introduce(&driver);
	if (ok)
		printf("%u\n", driver.domid);
	if (driver.dom)
		xc_dom_release(driver.dom);
	if (!ok && driver.created)
		(void)xc_domain_destroy(driver.xch, driver.domid);
	if (driver.store)
		xs_close(driver.store);
	if (driver.xch)
		xc_interface_close(driver.xch);
	if (driver.logger)
		xtl_logger_destroy(driver.logger);
	return ok ? 0 : 1;
}
