/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/nodes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/error.h"

/* The toolstack's own domain. */
#define BACKEND_CONSOLE "/local/domain/%" PRIu32 "/backend/console/%" PRIu32 "/0"

/* Bytes of a guest's output that a console daemon keeps while nobody reads
 * (LIBXL_XENCONSOLE_LIMIT). */
#define CONSOLE_LIMIT "1048576"

/* XenbusStateInitialising of Xen's public io/xenbus.h; the console daemon never looks. */
#define STATE_INITIALISING "1"

struct xen_uuid_text xen_format_uuid(const uint8_t uuid[16])
{
	struct xen_uuid_text result = {""};
	char *at = result.text;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += snprintf(at, 3, "%02x", uuid[i]);
	}
	return result;
}

/* A folder, a slash and a name make a path. */
#define LONGEST_NAME 64
#define FOLDER_MAX (XEN_NODE_PATH_MAX - 1 - LONGEST_NAME)

/* Nodes are given out below a folder, one after the other, until one is not taken. */
struct giver {
	xen_node_fn each;
	void *opaque;
	char folder[FOLDER_MAX];
	int rc;
};

static void PVB_PRINTF(2, 3) go_to(struct giver *giver, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(giver->folder, sizeof giver->folder, format, arguments);
	va_end(arguments);
}

static void hand_out(struct giver *giver, const char *name, enum xen_node_access access,
		     const char *value)
{
	struct xen_node node = {.value = value, .access = access};

	if (giver->rc)
		return;
	(void)snprintf(node.path, sizeof node.path, "%s%s%.64s", giver->folder, name[0] ? "/" : "",
		       name);
	giver->rc = giver->each(giver->opaque, &node);
}

/* What is not known is not given. */
static void give(struct giver *giver, const char *name, enum xen_node_access access,
		 const char *value)
{
	if (value)
		hand_out(giver, name, access, value);
}

static void permit(struct giver *giver, const char *name, enum xen_node_access access)
{
	hand_out(giver, name, access, NULL);
}

static void give_number(struct giver *giver, const char *name, enum xen_node_access access,
			uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRIu64, value);
	give(giver, name, access, text);
}

/* ---- the domain ---- */

static void go_to_domain(struct giver *giver, const struct xen_domain_record *record)
{
	go_to(giver, "/local/domain/%" PRIu32, record->domid);
}

/*
 * What in the domain's folder is the guest's own and empty until it says something. While that is
 * made the folder is the guest's too, so that it need not be said of each: the guest, which
 * has not been introduced, cannot reach the store yet.
 */
static void give_guests_own(struct giver *giver)
{
	static const char *const own[] = {
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};

	permit(giver, "", XEN_NODE_GUEST);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		give(giver, own[i], XEN_NODE_AS_PARENT, "");
	permit(giver, "control", XEN_NODE_GUEST_READS);
	permit(giver, "", XEN_NODE_GUEST_READS);
	/* By itself: there are two folders on the way, which are not the guest's. */
	give(giver, "device/suspend/event-channel", XEN_NODE_GUEST, "");
}

/* Folders are not given where what is in them makes them: the store lets them have the permissions
 * of theirs. */
static void give_domain(struct giver *giver, const struct xen_domain_record *record)
{
	const struct pvb_host_introduction *told = record->told;

	go_to_domain(giver, record);
	give_guests_own(giver);
	give(giver, "control/platform-feature-multiprocessor-suspend", XEN_NODE_AS_PARENT, "1");
	give(giver, "control/platform-feature-xs_reset_watches", XEN_NODE_AS_PARENT, "1");
	give_number(giver, "memory/static-max", XEN_NODE_AS_PARENT, told->memory >> 10);
	give_number(giver, "memory/target", XEN_NODE_AS_PARENT, told->memory >> 10);
	give(giver, "memory/videoram", XEN_NODE_AS_PARENT, "0");
	give_number(giver, "domid", XEN_NODE_AS_PARENT, record->domid);
	give_number(giver, "store/port", XEN_NODE_AS_PARENT, told->store_port);
	give_number(giver, "store/ring-ref", XEN_NODE_AS_PARENT, told->store_frame.n);
	for (uint32_t cpu = 0; cpu < told->vcpus; cpu++) {
		char name[40];

		(void)snprintf(name, sizeof name, "cpu/%" PRIu32 "/availability", cpu);
		give(giver, name, XEN_NODE_AS_PARENT,
		     cpu < told->online_vcpus ? "online" : "offline");
	}
}

/*
 * The folder is never there without the node that says whose it is: nodes of a number are removed
 * by that.
 */
static void give_claim(struct giver *giver, const struct xen_domain_record *record)
{
	char vm[XEN_NODE_PATH_MAX];

	(void)snprintf(vm, sizeof vm, "/vm/%s", xen_format_uuid(record->uuid).text);
	go_to_domain(giver, record);
	give(giver, "", XEN_NODE_GUEST_READS, "");
	give(giver, "vm", XEN_NODE_AS_PARENT, vm);
	give(giver, "name", XEN_NODE_AS_PARENT, record->told->name);
	go_to(giver, "%s", vm);
	give(giver, "", XEN_NODE_GUEST_READS, "");
}

static void give_vm(struct giver *giver, const struct xen_domain_record *record)
{
	const struct pvb_host_introduction *told = record->told;
	struct xen_uuid_text uuid = xen_format_uuid(record->uuid);
	char start[40];

	(void)snprintf(start, sizeof start, "%jd.%02ld", (intmax_t)record->start.tv_sec,
		       record->start.tv_nsec / 10000000);
	go_to(giver, "/vm/%s", uuid.text);
	give(giver, "name", XEN_NODE_AS_PARENT, told->name);
	give(giver, "uuid", XEN_NODE_AS_PARENT, uuid.text);
	/* libxl says so of every PV guest. */
	give(giver, "image/ostype", XEN_NODE_AS_PARENT, "linux");
	give(giver, "image/kernel", XEN_NODE_AS_PARENT, told->kernel);
	give(giver, "start_time", XEN_NODE_AS_PARENT, start);
	give(giver, "image/ramdisk", XEN_NODE_AS_PARENT, told->ramdisk);
	if (told->command_line && told->command_line[0])
		give(giver, "image/cmdline", XEN_NODE_AS_PARENT, told->command_line);
}

static void give_libxl(struct giver *giver, const struct xen_domain_record *record)
{
	go_to(giver, "/libxl/%" PRIu32, record->domid);
	give(giver, "", XEN_NODE_HOST, "");
	give(giver, "type", XEN_NODE_AS_PARENT, "pv");
	/* Which emulator libxl would start if it attached a device that wants one. */
	give(giver, "dm-version", XEN_NODE_AS_PARENT, "qemu_xen");
}

/* ---- the console ---- */

static void give_backend(struct giver *giver, const struct xen_domain_record *record)
{
	give_number(giver, "frontend-id", XEN_NODE_AS_PARENT, record->domid);
	give(giver, "online", XEN_NODE_AS_PARENT, "1");
	give(giver, "state", XEN_NODE_AS_PARENT, STATE_INITIALISING);
	give(giver, "protocol", XEN_NODE_AS_PARENT, "vt100");
}

static void give_console(struct giver *giver, const struct xen_domain_record *record)
{
	const struct pvb_host_introduction *told = record->told;
	char frontend[XEN_NODE_PATH_MAX], backend[XEN_NODE_PATH_MAX];

	(void)snprintf(frontend, sizeof frontend, "/local/domain/%" PRIu32 "/console",
		       record->domid);
	(void)snprintf(backend, sizeof backend, BACKEND_CONSOLE, told->console_domid,
		       record->domid);

	/* What libxl goes by when it destroys the domain: it trusts neither end. */
	go_to(giver, "/libxl/%" PRIu32 "/device/console/0", record->domid);
	give(giver, "frontend", XEN_NODE_AS_PARENT, frontend);
	give(giver, "backend", XEN_NODE_AS_PARENT, backend);

	/* The first console is the toolstack's to describe; the guest knows it from start_info. */
	go_to(giver, "%s", frontend);
	/* The toolstack's own it is by being in the domain's folder. */
	if (told->console_domid != PVB_DOMID_0)
		give(giver, "", XEN_NODE_BACKEND, "");
	give(giver, "backend", XEN_NODE_AS_PARENT, backend);
	give_number(giver, "backend-id", XEN_NODE_GUEST_SHARES, told->console_domid);
	give(giver, "limit", XEN_NODE_AS_PARENT, CONSOLE_LIMIT);
	give(giver, "type", XEN_NODE_AS_PARENT, "xenconsoled");
	give(giver, "output", XEN_NODE_AS_PARENT, "pty");
	give(giver, "tty", XEN_NODE_AS_PARENT, "");
	give_number(giver, "port", XEN_NODE_AS_PARENT, told->console_port);
	give_number(giver, "ring-ref", XEN_NODE_AS_PARENT, told->console_frame.n);

	go_to(giver, "%s", backend);
	give(giver, "", XEN_NODE_BACKEND, "");
	give(giver, "frontend", XEN_NODE_AS_PARENT, frontend);
	give_backend(giver, record);

	go_to(giver, "/libxl/%" PRIu32 "/device/console/0", record->domid);
	give_backend(giver, record);
}

int xen_nodes_each(const struct xen_domain_record *record, enum xen_node_part part,
		   xen_node_fn each, void *opaque)
{
	struct giver giver = {.each = each, .opaque = opaque};

	switch (part) {
	case XEN_NODES_CLAIM:
		give_claim(&giver, record);
		break;
	case XEN_NODES_DOMAIN:
		give_domain(&giver, record);
		give_vm(&giver, record);
		give_libxl(&giver, record);
		break;
	case XEN_NODES_CONSOLE:
		give_console(&giver, record);
		break;
	}
	return giver.rc;
}
