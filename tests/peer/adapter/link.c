/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and closing the handles that libxenctrl wants, and its hypercall buffers. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xencall.h>
#include <xendevicemodel.h>

#include "peer/adapter/adapter.h"

static struct pvb_host *attached;

void peer_attach(struct pvb_host *host)
{
	attached = host;
}

struct peer_link *peer_link_open(void)
{
	if (!attached) {
		errno = ENODEV;
		return NULL;
	}
	struct peer_link *link = calloc(1, sizeof *link);

	if (link)
		link->host = attached;
	return link;
}

void peer_link_close(struct peer_link *link)
{
	free(link);
}

PVB_API xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned open_flags)
{
	(void)logger;
	(void)open_flags;
	return (xencall_handle *)peer_link_open();
}

PVB_API int xencall_close(xencall_handle *xcall)
{
	peer_link_close((struct peer_link *)xcall);
	return 0;
}

PVB_API int xencall_fd(xencall_handle *xcall)
{
	(void)xcall;
	return -1;
}

/* libxenctrl opens a device model handle along with the others, and uses it for HVM only. */
PVB_API xendevicemodel_handle *xendevicemodel_open(struct xentoollog_logger *logger,
						   unsigned int open_flags)
{
	(void)logger;
	(void)open_flags;
	return (xendevicemodel_handle *)peer_link_open();
}

PVB_API int xendevicemodel_close(xendevicemodel_handle *dmod)
{
	peer_link_close((struct peer_link *)dmod);
	return 0;
}

/* libxencall hands out whole zeroed pages, locked into memory; any memory will do here. */
PVB_API void *xencall_alloc_buffer_pages(xencall_handle *xcall, size_t nr_pages)
{
	void *buffer;

	(void)xcall;
	if (nr_pages > SIZE_MAX / XC_PAGE_SIZE ||
	    (errno = posix_memalign(&buffer, XC_PAGE_SIZE, nr_pages * XC_PAGE_SIZE)) != 0)
		return NULL;
	return memset(buffer, 0, nr_pages * XC_PAGE_SIZE);
}

PVB_API void xencall_free_buffer_pages(xencall_handle *xcall, void *p, size_t nr_pages)
{
	(void)xcall;
	(void)nr_pages;
	free(p);
}

PVB_API void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
	(void)xcall;
	return calloc(1, size);
}

PVB_API void xencall_free_buffer(xencall_handle *xcall, void *p)
{
	(void)xcall;
	free(p);
}

PVB_API int xencall_buffers_never_fault(xencall_handle *xcall)
{
	(void)xcall;
	return 1;
}
