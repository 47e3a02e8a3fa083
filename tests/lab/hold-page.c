/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holds a page of a domain, as a backend or a debugger does:
 *
 *   hold-page DOMID
 *
 * maps the root of vCPU 0's page tables, says "held", and lets go at the end of its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/host.h"

static int hold(struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	struct pvb_host_vcpu vcpu;
	void *page;
	char byte;
	int rc = pvb_host_get_vcpu(host, domid, 0, &vcpu, error);

	if (rc)
		return rc;

	pvb_mfn_t root = PVB_MFN(vcpu.cr[3] >> host->page_shift);

	rc = pvb_host_map_frames(host, domid, &root, 1, false, &page, error);
	if (rc)
		return rc;
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	pvb_host_unmap_frames(host, page, 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct pvb_error error = {0};
	struct pvb_host *host = NULL;

	if (argc != 2) {
		fprintf(stderr, "usage: hold-page DOMID\n");
		return 2;
	}
	if (pvb_host_open("xen", &host, &error) ||
	    hold(host, (uint32_t)strtoul(argv[1], NULL, 10), &error))
		fprintf(stderr, "hold-page: %s [%s]\n", error.message, pvb_code_name(error.code));
	pvb_host_close(host);
	return error.code ? 1 : 0;
}
