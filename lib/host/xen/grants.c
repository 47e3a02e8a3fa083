/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grant table of a domain that has not run: version 1, mapped as a resource, or,
 * where the kernel has no such mapping (Linux before 4.18), as foreign frames.
 */
#include "host/xen/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/cleanup.h"

#define ENTRIES ((1u << XEN_SHIFT) / sizeof(grant_entry_v1_t))

/* A page of the table. resource is NULL where it is mapped as a foreign frame. */
struct table {
	xenforeignmemory_resource_handle *resource;
	grant_entry_v1_t *entry;
};

static void unmap(struct xen_host *xen, struct table *table)
{
	if (table->resource)
		(void)xenforeignmemory_unmap_resource(xen->foreign, table->resource);
	else if (table->entry)
		(void)xenforeignmemory_unmap(xen->foreign, table->entry, 1);
	*table = (struct table){0};
}

/* Name the first pages of a table, which are made where they are not there yet; -1 with errno. */
static int name_pages(struct xen_host *xen, uint32_t domid, uint32_t pages, xen_pfn_t *names)
{
	struct gnttab_setup_table setup = {.dom = (domid_t)domid, .nr_frames = pages};
	DECLARE_HYPERCALL_BUFFER(xen_pfn_t, frames);
	int rc;

	frames = xc_hypercall_buffer_alloc(xen->xc, frames, pages * sizeof *frames);
	if (!frames)
		return -1;
	set_xen_guest_handle_raw(setup.frame_list, frames);
	rc = xc_gnttab_op(xen->xc, GNTTABOP_setup_table, &setup, sizeof setup, 1);
	if (rc == 0 && setup.status != GNTST_okay) {
		errno = setup.status == GNTST_bad_domain ? ESRCH : EINVAL;
		rc = -1;
	}
	if (rc == 0)
		memcpy(names, frames, pages * sizeof *names);

	int reason = errno;
	xc_hypercall_buffer_free(xen->xc, frames);
	errno = reason;
	return rc ? -1 : 0;
}

/* Frames 0 to page of the table are made and named; only the last one is wanted. */
static int map_as_foreign(struct xen_host *xen, uint32_t domid, uint32_t page, struct table *table)
{
	PVB_AUTO_FREE xen_pfn_t *frames = calloc(page + UINT32_C(1), sizeof *frames);

	if (!frames || name_pages(xen, domid, page + 1, frames))
		return -1;
	table->entry = xenforeignmemory_map(xen->foreign, domid, PROT_READ | PROT_WRITE, 1,
					    &frames[page], NULL);
	return table->entry ? 0 : -1;
}

int xen_query_grant_limit(struct xen_host *xen, domid_t domid, uint32_t *frames)
{
	struct gnttab_query_size size = {.dom = domid};

	if (xc_gnttab_query_size(xen->xc, &size))
		return -1;
	*frames = size.max_nr_frames;
	if (size.status == GNTST_okay)
		return 0;
	errno = size.status == GNTST_bad_domain ? ESRCH : EPERM;
	return -1;
}

static int map(struct xen_host *xen, const char *call, uint32_t domid, uint32_t page,
	       struct table *table, struct pvb_error *error)
{
	void *at = NULL;

	*table = (struct table){0};
	table->resource = xenforeignmemory_map_resource(
		xen->foreign, (domid_t)domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, page, 1, &at, PROT_READ | PROT_WRITE, 0);
	if (table->resource) {
		table->entry = at;
		return 0;
	}
	if (errno == EOPNOTSUPP && map_as_foreign(xen, domid, page, table) == 0)
		return 0;
	/* What Xen says of a page that lies beyond the domain's limit. */
	return xen_refused(xen, error, errno == EINVAL ? PVB_E_HOST_LIMIT : PVB_E_HOST_MAP, call,
			   errno, "page %u of the grant table of domain %u cannot be mapped", page,
			   domid);
}

static int check_version(struct xen_host *xen, const char *call, uint32_t domid,
			 struct pvb_error *error)
{
	int version = xc_gnttab_get_version(xen->xc, domid);

	if (version < 0)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				   "the grant table of domain %u", domid);
	if (version == 2)
		return pvb_fail(error, PVB_E_HOST_STATE, call,
				"domain %u has run, and turned its grant table into one of version "
				"2",
				domid);
	return 0;
}

int xen_set_grants(struct pvb_host *host, uint32_t domid, const struct pvb_host_grant *grants,
		   size_t count, struct pvb_error *error)
{
	static const char call[] = "set_grants";
	struct xen_host *xen = xen_of(host);
	struct table table = {0};
	uint32_t page = 0;
	int rc = check_version(xen, call, domid, error);

	for (size_t i = 0; i < count && !rc; i++) {
		if (grants[i].frame.n > UINT32_MAX) {
			rc = pvb_fail(error, PVB_E_HOST_LIMIT, call,
				      "grant %u of domain %u: machine frame 0x%" PRIx64
				      " does not fit the 32 bits of a version 1 entry",
				      grants[i].index, domid, grants[i].frame.n);
			break;
		}
		if (!table.entry || page != grants[i].index / ENTRIES) {
			unmap(xen, &table);
			page = grants[i].index / (uint32_t)ENTRIES;
			rc = map(xen, call, domid, page, &table, error);
			if (!table.entry)
				break;
		}
		grant_entry_v1_t *entry = &table.entry[grants[i].index % ENTRIES];

		/* Who is meant and what is given, before it is made valid (public grant_table.h).
		 */
		entry->domid = grants[i].domid;
		entry->frame = (uint32_t)grants[i].frame.n;
		__atomic_store_n(&entry->flags, grants[i].flags, __ATOMIC_RELEASE);
	}
	unmap(xen, &table);
	return rc;
}

/* Looking at a page that is not there yet would make it. */
static int count_pages(struct xen_host *xen, const char *call, uint32_t domid, uint32_t *pages,
		       struct pvb_error *error)
{
	struct gnttab_query_size size = {.dom = (domid_t)domid};

	if (xc_gnttab_query_size(xen->xc, &size) || size.status != GNTST_okay)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, EINVAL,
				   "the size of the grant table of domain %u", domid);
	*pages = size.nr_frames;
	return 0;
}

int xen_get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
		   size_t room, size_t *count, struct pvb_error *error)
{
	static const char call[] = "get_grants";
	struct xen_host *xen = xen_of(host);
	uint32_t pages = 0;
	int rc = check_version(xen, call, domid, error);

	*count = 0;
	if (rc == 0)
		rc = count_pages(xen, call, domid, &pages, error);
	for (uint32_t page = 0; page < pages && !rc && *count < room; page++) {
		struct table table;

		rc = map(xen, call, domid, page, &table, error);
		for (uint32_t i = 0; table.entry && i < ENTRIES && *count < room; i++) {
			grant_entry_v1_t entry = table.entry[i];

			if (entry.flags)
				grants[(*count)++] = (struct pvb_host_grant){
					.index = page * (uint32_t)ENTRIES + i,
					.flags = entry.flags,
					.domid = entry.domid,
					.frame = PVB_MFN(entry.frame),
				};
		}
		unmap(xen, &table);
	}
	return rc;
}

int xen_get_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			 size_t *count, struct pvb_error *error)
{
	static const char call[] = "get_grant_frames";
	struct xen_host *xen = xen_of(host);
	uint32_t pages = 0;
	int rc = count_pages(xen, call, domid, &pages, error);

	*count = pages;
	if (rc || !pages)
		return rc;

	PVB_AUTO_FREE xen_pfn_t *names = calloc(pages, sizeof *names);
	if (!names)
		return pvb_fail_memory(error, call, "the pages of a grant table");
	if (name_pages(xen, domid, pages, names))
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, errno,
				   "the %u pages of the grant table of domain %u", pages, domid);
	for (uint32_t i = 0; i < pages && i < room; i++)
		frames[i] = PVB_MFN(names[i]);
	return 0;
}

int xen_get_grant_limit(struct pvb_host *host, uint32_t domid, uint32_t *frames,
			struct pvb_error *error)
{
	static const char call[] = "get_grant_limit";
	struct xen_host *xen = xen_of(host);

	if (xen_query_grant_limit(xen, (domid_t)domid, frames) == 0)
		return 0;
	return xen_refused(xen, error, PVB_E_HOST_STATE, call, errno,
			   "how large the grant table of domain %u may be", domid);
}
