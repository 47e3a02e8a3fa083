/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/xen/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "host/xen/store.h"

#define FOLDER "/local/domain/%" PRIu32 "/pvbuild"

/* The numbers of a record. Those of page-table entries are there where they were settled. */
static const struct field {
	const char *name;
	size_t offset;
	bool of_pte;
	uint8_t most;
} fields[] = {
	{"address-bits", offsetof(struct pvb_host_record, address_bits), false, UINT8_MAX},
	{"granule-shift", offsetof(struct pvb_host_record, granule_shift), false, UINT8_MAX},
	{"guest-abi", offsetof(struct pvb_host_record, guest_abi), false, 1},
	{"pte-kernel-bit", offsetof(struct pvb_host_record, pte_kernel_bit), true, UINT8_MAX},
	{"pte-grant-bit", offsetof(struct pvb_host_record, pte_grant_bit), true, UINT8_MAX},
	{"pte-flags", offsetof(struct pvb_host_record, pte_flags), true, UINT8_MAX},
	{"p2m-levels", offsetof(struct pvb_host_record, p2m_levels), false,
	 PVB_GUEST_P2M_LEVELS_MOST},
};

_Static_assert(sizeof(bool) == 1, "all fields are bytes");

struct task {
	uint32_t domid;
	const struct pvb_host_record *record;
};

static int write_node(struct xen_xs *store, xs_transaction_t transaction, const char *path,
		      const char *value, struct pvb_error *error)
{
	/* As others' nodes of the folder are the guest's to read, this says that it is not. */
	struct xs_permissions mine = {.id = PVB_DOMID_0, .perms = XS_PERM_NONE};

	if (!xen_xs_write(store, transaction, path, value, (unsigned)strlen(value)))
		return xen_store_fail(store, error, "write", path);
	if (!xen_xs_set_permissions(store, transaction, path, &mine, 1))
		return xen_store_fail(store, error, "set the permissions of", path);
	return 0;
}

static int write_all(struct xen_xs *store, xs_transaction_t transaction, void *opaque,
		     struct pvb_error *error)
{
	const struct task *task = opaque;
	char path[XEN_NODE_PATH_MAX], value[8];

	/* Nobody would remove the record of a domain that went away meanwhile. */
	(void)snprintf(path, sizeof path, "/local/domain/%" PRIu32 "/vm", task->domid);
	PVB_AUTO_FREE char *vm = xen_xs_read(store, transaction, path, NULL);
	if (!vm && errno == ENOENT)
		return pvb_fail(error, PVB_E_HOST_NO_DOMAIN, "xenstore",
				"domain %" PRIu32 " was destroyed by somebody else", task->domid);
	if (!vm)
		return xen_store_fail(store, error, "read", path);
	(void)snprintf(path, sizeof path, FOLDER, task->domid);
	int rc = write_node(store, transaction, path, "", error);

	for (size_t i = 0; i < sizeof fields / sizeof fields[0] && rc == 0; i++) {
		if (fields[i].of_pte && !task->record->pte_bits)
			continue;
		(void)snprintf(path, sizeof path, FOLDER "/%s", task->domid, fields[i].name);
		(void)snprintf(value, sizeof value, "%u",
			       *((const uint8_t *)task->record + fields[i].offset));
		rc = write_node(store, transaction, path, value, error);
	}
	return rc;
}

int xen_record_write(struct xen_xs *store, uint32_t domid, const struct pvb_host_record *record,
		     struct pvb_error *error)
{
	struct task task = {domid, record};

	return xen_store_transact(store, write_all, &task, error);
}

static bool parse_byte(const char *text, uint8_t *byte)
{
	char *end;

	errno = 0;
	unsigned long number = strtoul(text, &end, 10);

	*byte = (uint8_t)number;
	return *text >= '0' && *text <= '9' && !*end && !errno && number <= UINT8_MAX;
}

int xen_record_read(struct xen_xs *store, uint32_t domid, struct pvb_host_record *record,
		    struct pvb_error *error)
{
	char path[XEN_NODE_PATH_MAX];

	*record = (struct pvb_host_record){0};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		uint8_t byte;

		(void)snprintf(path, sizeof path, FOLDER "/%s", domid, fields[i].name);
		PVB_AUTO_FREE char *value = xen_xs_read(store, XBT_NULL, path, NULL);
		if (!value && errno == ENOENT)
			continue;
		if (!value)
			return xen_store_fail(store, error, "read", path);
		if (!parse_byte(value, &byte) || byte > fields[i].most)
			return pvb_fail(error, PVB_E_HOST_STORE, "xenstore",
					"%s says \"%.32s\", which no record does", path, value);
		*((uint8_t *)record + fields[i].offset) = byte;
		record->pte_bits = record->pte_bits || fields[i].of_pte;
	}
	/* Nodes that are just being removed are none. */
	record->known = record->address_bits != 0;
	if (!record->known)
		*record = (struct pvb_host_record){0};
	return 0;
}
