/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is written of a domain into the store, as data: each node's path, value
 * and permissions, in the order in which they are written. It is what libxl
 * writes of a PV guest without devices (libxl_create.c, libxl_dom.c,
 * libxl_console.c and libxl_device.c, 4.17 to 4.22), so that its tools find what they look for.
 */
#ifndef PVB_HOST_XEN_NODES_H
#define PVB_HOST_XEN_NODES_H

#include <stdint.h>
#include <time.h>

#include "host/host.h"

/* Text of a UUID, "%08x-%04x-%04x-%04x-%012x". */
struct xen_uuid_text {
	char text[37];
};

struct xen_uuid_text xen_format_uuid(const uint8_t uuid[16]);

/* "/vm/UUID" has the longest fixed part; the rest is names of our own. */
#define XEN_NODE_PATH_MAX 128

/*
 * Who owns a node, and who else may read it. An owner may do what it likes, and so
 * may the toolstack's domain everywhere.
 */
enum xen_node_access {
	XEN_NODE_AS_PARENT,
	XEN_NODE_HOST,         /* the toolstack's, nobody else's */
	XEN_NODE_GUEST_READS,  /* the toolstack's, and the guest may read */
	XEN_NODE_GUEST,        /* the guest's */
	XEN_NODE_BACKEND,      /* the console backend's, and the guest may read */
	XEN_NODE_GUEST_SHARES, /* the guest's, and the console backend may read */
};

/* value is NULL for a folder that is there already and is only given its permissions. */
struct xen_node {
	char path[XEN_NODE_PATH_MAX];
	const char *value;
	enum xen_node_access access;
};

/* What the nodes are made from. */
struct xen_domain_record {
	uint32_t domid;
	uint8_t uuid[16];
	struct timespec start;
	const struct pvb_host_introduction *told;
};

/*
 * In this order:
 *
 *   CLAIM     the name and the UUID, which only one living domain may have
 *   DOMAIN    in folders that are this domain's alone
 *   CONSOLE   after the domain has been introduced, as libxl has it: a console daemon that finds
 *             these earlier maps the ring of a domain whose end nobody will tell it of
 */
enum xen_node_part { XEN_NODES_CLAIM, XEN_NODES_DOMAIN, XEN_NODES_CONSOLE };

/* Returns what each call returned that was not 0, or 0. */
typedef int (*xen_node_fn)(void *opaque, const struct xen_node *node);
int xen_nodes_each(const struct xen_domain_record *record, enum xen_node_part part,
		   xen_node_fn each, void *opaque);

#endif
