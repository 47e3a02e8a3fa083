/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hypervisor has, on a line each: the numbers of its domains but for domain 0, and its
 * free memory in MiB. It is what "xl list" and "xl info" make their answers of, without the time
 * that each of them takes to start on an emulated processor.
 */
#include <stdio.h>

#include <xenctrl.h>

#define MOST_DOMAINS 256
#define PAGES_PER_MIB 256

int main(void)
{
	static xc_domaininfo_t domains[MOST_DOMAINS];
	xc_interface *xen = xc_interface_open(NULL, NULL, 0);
	xc_physinfo_t machine = {0};
	int count = xen ? xc_domain_getinfolist(xen, 1, MOST_DOMAINS, domains) : -1;

	if (count < 0 || xc_physinfo(xen, &machine) != 0) {
		perror("holdings");
		return 3;
	}
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? " " : "", (unsigned)domains[i].domain);
	printf("\n%llu\n", (unsigned long long)machine.free_pages / PAGES_PER_MIB);
	xc_interface_close(xen);
	return 0;
}
