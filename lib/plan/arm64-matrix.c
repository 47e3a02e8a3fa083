/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/arm64-matrix.h"

#include <stddef.h>
#include <stdio.h>

#include "core/error.h"

#define STAGE "plan"

enum verdict {
	FITS,
	LACKS,    /* the processor has no such page for guests */
	OTHERS,   /* the kernel declares other page sizes of the hypervisor's */
	UNAWARE,  /* it takes every hypervisor to have pages of 4 KiB */
	SMALLER,  /* and its own are smaller than these, too */
	UNSTATED, /* nothing tells what its own are */
};

/*
 * One row for each pair. Columns: the kernel does not say which of the
 * hypervisor's page sizes it copes with; it says this one; it says others; the
 * processor lacks the kernel's page size, whatever it says.
 */
static const struct row {
	unsigned host, kernel;
	enum verdict silent, declares, declares_others, lacking;
} rows[] = {
	{12, 12, FITS, FITS, OTHERS, LACKS},    {12, 14, FITS, FITS, OTHERS, LACKS},
	{12, 16, FITS, FITS, OTHERS, LACKS},    {12, 0, FITS, FITS, OTHERS, FITS},
	{14, 12, SMALLER, FITS, OTHERS, LACKS}, {14, 14, UNAWARE, FITS, OTHERS, LACKS},
	{14, 16, UNAWARE, FITS, OTHERS, LACKS}, {14, 0, UNSTATED, UNSTATED, OTHERS, UNSTATED},
	{16, 12, SMALLER, FITS, OTHERS, LACKS}, {16, 14, SMALLER, FITS, OTHERS, LACKS},
	{16, 16, UNAWARE, FITS, OTHERS, LACKS}, {16, 0, UNSTATED, UNSTATED, OTHERS, UNSTATED},
};

static const struct row *find(const struct pvb_granules *granules)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].host == granules->host_shift &&
		    rows[i].kernel == granules->kernel_shift)
			return &rows[i];
	return NULL;
}

static enum verdict judge(const struct row *row, const struct pvb_granules *granules)
{
	if (row->kernel && granules->processor && !(granules->processor >> row->kernel & 1))
		return row->lacking;
	if (!granules->declared)
		return row->silent;
	return granules->declared >> row->host & 1 ? row->declares : row->declares_others;
}

/* A shift of 0 is that of an unstated size, which no sentence with this in it is about. */
static unsigned kib(unsigned shift)
{
	return shift < 10 ? 0 : 1u << (shift - 10);
}

/* " 4 KiB 64 KiB" */
struct list {
	char text[24];
};

static struct list list_of(uint32_t sizes)
{
	struct list list;

	(void)snprintf(list.text, sizeof list.text, "%s%s%s", sizes >> 12 & 1 ? " 4 KiB" : "",
		       sizes >> 14 & 1 ? " 16 KiB" : "", sizes >> 16 & 1 ? " 64 KiB" : "");
	return list;
}

int pvb_granules_check_processor(unsigned kernel_shift, uint32_t processor, const char *stage,
				 struct pvb_error *error)
{
	if (!kernel_shift || !processor || processor >> kernel_shift & 1)
		return 0;
	int rc = pvb_fail(error, PVB_E_HOST_GRANULE, stage,
			  "the kernel has pages of %u KiB, and what this host's processor has for "
			  "guests is%s only",
			  kib(kernel_shift), list_of(processor).text);

	pvb_hint(error, "take a kernel that was built for another page size");
	return rc;
}

int pvb_granules_check(const struct pvb_granules *granules, struct pvb_error *error)
{
	static const char declare[] =
		"use a host with pages of 4 KiB, or a kernel that declares in a note GRANULES that "
		"it copes with this one's (doc/guest-abi.md)";
	const struct row *row = find(granules);
	unsigned host = granules->host_shift, kernel = granules->kernel_shift;
	int rc = 0;

	if (!row)
		return pvb_fail(error, PVB_E_HOST_GRANULE, STAGE,
				"a hypervisor with pages of 2^%u bytes, and a kernel with pages of "
				"2^%u: arm64 has pages of 4, 16 and 64 KiB",
				host, kernel);
	switch (judge(row, granules)) {
	case FITS:
		break;
	case LACKS:
		rc = pvb_granules_check_processor(kernel, granules->processor, STAGE, error);
		break;
	case OTHERS:
		rc = pvb_fail(error, PVB_E_PLAN_GRANULE, STAGE,
			      "the hypervisor has pages of %u KiB, and the kernel declares that it "
			      "copes with%s only",
			      kib(host), list_of(granules->declared).text);
		pvb_hint(error, "use a host with pages of a size that the kernel declares");
		break;
	case UNAWARE:
		rc = pvb_fail(error, PVB_E_PLAN_GRANULE, STAGE,
			      "the hypervisor has pages of %u KiB, and the kernel, whose own have "
			      "%u KiB, does not declare that it copes with any but 4 KiB at the "
			      "interface to it",
			      kib(host), kib(kernel));
		pvb_hint(error, "%s", declare);
		break;
	case SMALLER:
		rc = pvb_fail(error, PVB_E_PLAN_GRANULE, STAGE,
			      "the hypervisor has pages of %u KiB, and the kernel has pages of %u "
			      "KiB: it cannot share less than %u KiB, and does not declare that it "
			      "knows",
			      kib(host), kib(kernel), kib(host));
		pvb_hint(error, "%s", declare);
		break;
	case UNSTATED:
		rc = pvb_fail(
			error, PVB_E_PLAN_GRANULE, STAGE,
			"the hypervisor has pages of %u KiB, and the kernel's header does not "
			"say what its own are",
			kib(host));
		pvb_hint(error, "say it with pvb_spec.guest_page_size, or use a host with pages of "
				"4 KiB");
		break;
	}
	return rc;
}
