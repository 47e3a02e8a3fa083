/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grant table of a domain that has not run: version 1, mapped as a resource, or,
 * where the kernel has no such mapping (Linux before 4.18), as foreign frames.
 */
#include "host/xen/xen.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

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

/* Frames 0 to page of the table are made and named; only the last one is wanted. */
static int map_as_foreign(struct xen_host *xen, uint32_t domid, uint32_t page, struct table *table)
{
	struct gnttab_setup_table setup = {.dom = (domid_t)domid, .nr_frames = page + 1};
	DECLARE_HYPERCALL_BUFFER(xen_pfn_t, frames);
	int rc = -1;

	frames = xc_hypercall_buffer_alloc(xen->xc, frames, (page + 1) * sizeof *frames);
	if (!frames)
		return -1;
	set_xen_guest_handle_raw(setup.frame_list, frames);
	if (xc_gnttab_op(xen->xc, GNTTABOP_setup_table, &setup, sizeof setup, 1) == 0) {
		if (setup.status != GNTST_okay) {
			errno = setup.status == GNTST_bad_domain ? ESRCH : EINVAL;
		} else {
			xen_pfn_t frame = frames[page];

			table->entry = xenforeignmemory_map(
				xen->foreign, domid, PROT_READ | PROT_WRITE, 1, &frame, NULL);
			rc = table->entry ? 0 : -1;
		}
	}

	int reason = errno;
	xc_hypercall_buffer_free(xen->xc, frames);
	errno = reason;
	return rc;
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

int xen_get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
		   size_t room, size_t *count, struct pvb_error *error)
{
	static const char call[] = "get_grants";
	struct xen_host *xen = xen_of(host);
	struct gnttab_query_size size = {.dom = (domid_t)domid};
	int rc = check_version(xen, call, domid, error);

	*count = 0;
	if (rc)
		return rc;
	/* Looking at a page that is not there yet would make it. */
	if (xc_gnttab_query_size(xen->xc, &size) || size.status != GNTST_okay)
		return xen_refused(xen, error, PVB_E_HOST_DENIED, call, EINVAL,
				   "the size of the grant table of domain %u", domid);
	for (uint32_t page = 0; page < size.nr_frames && !rc && *count < room; page++) {
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
