/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenforeignmemory: mapping a domain's frames, and its grant table.
 *
 * libxenguest takes most of its mappings down with a plain munmap(), which a
 * kernel notices and a simulated host would not. So mappings are remembered,
 * and munmap() is interposed too.
 */
#include "config.h"

#include "peer/adapter/internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenforeignmemory.h>
#include <xen/grant_table.h>
#include <xen/memory.h>

#include <pvbuild/export.h>

struct mapping {
	struct mapping *next;
	struct pvb_host *host;
	void *at;
	size_t pages;
};

static struct mapping *mappings;
static pthread_mutex_t mappings_lock = PTHREAD_MUTEX_INITIALIZER;

/* Take the mapping that begins there off the list; NULL if there is none. */
static struct mapping *forget(const void *at)
{
	struct mapping *found = NULL;

	pthread_mutex_lock(&mappings_lock);
	for (struct mapping **link = &mappings; *link; link = &(*link)->next) {
		if ((*link)->at == at) {
			found = *link;
			*link = found->next;
			break;
		}
	}
	pthread_mutex_unlock(&mappings_lock);
	return found;
}

static void remember(struct mapping *mapping)
{
	pthread_mutex_lock(&mappings_lock);
	mapping->next = mappings;
	mappings = mapping;
	pthread_mutex_unlock(&mappings_lock);
}

/* True if it was a mapping of a domain, and is gone. */
static bool unmap(void *at, size_t pages)
{
	struct mapping *mapping = forget(at);

	if (!mapping)
		return false;
	if (mapping->pages != pages)
		fprintf(stderr, "peer adapter: %zu of the %zu pages at %p unmapped: all go\n",
			pages, mapping->pages, at);
	pvb_host_unmap_frames(mapping->host, at, mapping->pages);
	free(mapping);
	return true;
}

PVB_API int munmap(void *addr, size_t len)
{
	static int (*next)(void *, size_t);

	if (unmap(addr, len >> XC_PAGE_SHIFT))
		return 0;
	if (!next)
		next = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
	return next(addr, len);
}

PVB_API xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
						       unsigned open_flags)
{
	(void)logger;
	(void)open_flags;
	return (xenforeignmemory_handle *)peer_link_open();
}

PVB_API int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
	peer_link_close((struct peer_link *)fmem);
	return 0;
}

PVB_API int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid)
{
	(void)fmem;
	(void)domid;
	errno = (int)-peer_unknown("xenforeignmemory_restrict() to domain", domid, NULL);
	return -1;
}

/* As the kernel's privcmd has it: what could be mapped is, and of the rest it is said why not. */
static void *map_what_can_be(struct peer_link *link, uint32_t domid, bool writable, size_t pages,
			     const xen_pfn_t *frames, int *err)
{
	for (size_t i = 0; i < pages; i++) {
		struct pvb_error error;
		void *at;

		err[i] = 0;
		if (pvb_host_map_frames(link->host, domid,
					(const pvb_mfn_t *)(const void *)&frames[i], 1, writable,
					&at, &error))
			err[i] = (int)peer_refused(&error);
		else
			pvb_host_unmap_frames(link->host, at, 1);
	}
	void *hole =
		mmap(NULL, pages << XC_PAGE_SHIFT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return hole == MAP_FAILED ? NULL : hole;
}

PVB_API void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom, void *addr,
				    int prot, int flags, size_t pages, const xen_pfn_t *arr,
				    int *err)
{
	struct peer_link *link = (struct peer_link *)fmem;
	struct mapping *mapping = NULL;
	struct pvb_error error;
	bool writable = (prot & PROT_WRITE) != 0;

	if (addr || flags) {
		errno = (int)-peer_unknown("xenforeignmemory_map2() at an address or with flags",
					   (uint64_t)flags, NULL);
		return NULL;
	}
	if (dom == DOMID_XEN)
		return peer_map_m2p(link, arr, pages, prot);
	mapping = calloc(1, sizeof *mapping);
	if (!mapping)
		return NULL;
	mapping->host = link->host;
	mapping->pages = pages;
	if (pvb_host_map_frames(link->host, dom, (const pvb_mfn_t *)(const void *)arr, pages,
				writable, &mapping->at, &error)) {
		free(mapping);
		if (err && error.code == PVB_E_HOST_MAP)
			return map_what_can_be(link, dom, writable, pages, arr, err);
		errno = (int)-peer_refused(&error);
		return NULL;
	}
	if (err)
		memset(err, 0, pages * sizeof *err);

	void *at = mapping->at;

	remember(mapping);
	return at;
}

PVB_API void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom, int prot,
				   size_t pages, const xen_pfn_t *arr, int *err)
{
	return xenforeignmemory_map2(fmem, dom, NULL, prot, 0, pages, arr, err);
}

PVB_API int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr, size_t pages)
{
	(void)fmem;
	return munmap(addr, pages << XC_PAGE_SHIFT);
}

/*
 * The grant table: a host of ours takes entries, not a page. So a page with the
 * entries that there are is handed out, and those that were changed in it are
 * set when it is given back.
 */
struct grant_page {
	struct pvb_host *host;
	uint32_t domid;
	grant_entry_v1_t *entries;
	grant_entry_v1_t before[XC_PAGE_SIZE / sizeof(grant_entry_v1_t)];
};

#define GRANT_COUNT (XC_PAGE_SIZE / sizeof(grant_entry_v1_t))

static long load_grants(struct grant_page *page)
{
	struct pvb_host_grant *grants = calloc(GRANT_COUNT, sizeof *grants);
	struct pvb_error error;
	size_t count;

	if (!grants)
		return -ENOMEM;
	if (pvb_host_get_grants(page->host, page->domid, grants, GRANT_COUNT, &count, &error)) {
		free(grants);
		return peer_refused(&error);
	}
	for (size_t i = 0; i < count; i++) {
		if (grants[i].index < GRANT_COUNT)
			page->before[grants[i].index] = (grant_entry_v1_t){
				.flags = grants[i].flags,
				.domid = grants[i].domid,
				.frame = (uint32_t)grants[i].frame.n,
			};
	}
	free(grants);
	memcpy(page->entries, page->before, sizeof page->before);
	return 0;
}

static long store_grants(const struct grant_page *page)
{
	for (uint32_t i = 0; i < GRANT_COUNT; i++) {
		const grant_entry_v1_t *entry = &page->entries[i];
		const struct pvb_host_grant grant = {
			.index = i,
			.flags = entry->flags,
			.domid = entry->domid,
			.frame = PVB_MFN(entry->frame),
		};
		struct pvb_error error;

		if (memcmp(entry, &page->before[i], sizeof *entry) == 0)
			continue;
		if (pvb_host_set_grants(page->host, page->domid, &grant, 1, &error))
			return peer_refused(&error);
	}
	return 0;
}

PVB_API xenforeignmemory_resource_handle *
xenforeignmemory_map_resource(xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
			      unsigned int id, unsigned long frame, unsigned long nr_frames,
			      void **paddr, int prot, int flags)
{
	(void)prot;
	if (type != XENMEM_resource_grant_table || id != XENMEM_resource_grant_table_id_shared ||
	    frame != 0 || nr_frames != 1 || flags || *paddr) {
		errno = (int)-peer_unknown(
			"a resource other than the grant table's first frame, type", type, NULL);
		return NULL;
	}

	struct grant_page *page = calloc(1, sizeof *page);

	if (!page)
		return NULL;
	page->host = ((struct peer_link *)fmem)->host;
	page->domid = domid;
	page->entries = aligned_alloc(XC_PAGE_SIZE, XC_PAGE_SIZE);

	long rc = page->entries ? load_grants(page) : -ENOMEM;

	if (rc) {
		free(page->entries);
		free(page);
		errno = (int)-rc;
		return NULL;
	}
	*paddr = page->entries;
	return (xenforeignmemory_resource_handle *)page;
}

PVB_API int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
					    xenforeignmemory_resource_handle *fres)
{
	struct grant_page *page = (struct grant_page *)fres;
	long rc = store_grants(page);

	(void)fmem;
	free(page->entries);
	free(page);
	if (rc) {
		errno = (int)-rc;
		return -1;
	}
	return 0;
}

PVB_API int xenforeignmemory_resource_size(xenforeignmemory_handle *fmem, domid_t domid,
					   unsigned int type, unsigned int id, size_t *size)
{
	(void)fmem;
	(void)domid;
	(void)id;
	(void)size;
	errno = (int)-peer_unknown("xenforeignmemory_resource_size() of type", type, NULL);
	return -1;
}
