/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/xl-differences.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* public xen.h */
#define SIF_MOD_START_PFN 0x8u
#define SIF_VIRT_P2M_4TOOLS 0x10u

#define PAGE_SIZE UINT64_C(4096)

static uint64_t number(const char *text)
{
	return text ? strtoull(text, NULL, 0) : 0;
}

static bool always(const struct facts *ours)
{
	(void)ours;
	return true;
}

static bool xl_erased_the_flag(const char *ours, const char *xls)
{
	return ours && xls && number(ours) == (number(xls) | SIF_VIRT_P2M_4TOOLS) &&
	       !(number(xls) & SIF_VIRT_P2M_4TOOLS);
}

static bool ramdisk_by_pfn_is_no_whole_pages(const struct facts *ours)
{
	return number(facts_find(ours, "start_info.flags")) & SIF_MOD_START_PFN &&
	       number(facts_find(ours, "start_info.mod_len")) % PAGE_SIZE;
}

static bool xl_rounded_up(const char *ours, const char *xls)
{
	return ours && xls && number(xls) == (number(ours) + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

/*
 * ours, xls, when_text, reason   for the reader
 * when     whether the two have to differ, by what is known of our domain
 * right    whether the two values are those that were expected; NULL: nothing is there
 */
static const struct expectation {
	const char *place;
	const char *ours, *xls;
	const char *when_text;
	const char *reason;
	bool (*when)(const struct facts *ours);
	bool (*right)(const char *ours, const char *xls);
} expectations[] = {
	{
		.place = "start_info.flags",
		.ours = "`SIF_VIRT_P2M_4TOOLS` set",
		.xls = "not set",
		.when_text = "always",
		.reason = "libxenguest sets it, then libxl assigns `dom->flags` where it means to "
			  "add to it. The flag tells the guest that tools can follow a p2m that is "
			  "mapped linearly; without it Linux also keeps the three-level tree.",
		.when = always,
		.right = xl_erased_the_flag,
	},
	{
		.place = "start_info.mod_len",
		.ours = "the ramdisk's length in bytes",
		.xls = "rounded up to whole pages",
		.when_text =
			"the kernel takes its ramdisk by PFN (`MOD_START_PFN`), and its length "
			"is no multiple of 4096",
		.reason =
			"The public header says \"size (bytes) of pre-loaded module\"; libxenguest "
			"derives it from the segment's pages.",
		.when = ramdisk_by_pfn_is_no_whole_pages,
		.right = xl_rounded_up,
	},
};

#define EXPECTATIONS (sizeof expectations / sizeof expectations[0])

struct explaining {
	FILE *to;
	unsigned wrong;
	bool found[EXPECTATIONS];
};

static void explain(void *opaque, const char *place, const char *ours, const char *xls)
{
	struct explaining *explaining = opaque;

	for (size_t i = 0; i < EXPECTATIONS; i++) {
		if (strcmp(expectations[i].place, place) != 0 || !expectations[i].right(ours, xls))
			continue;
		explaining->found[i] = true;
		fprintf(explaining->to, "as expected: %s: %s, xl has %s: %s\n", place,
			ours ? ours : "nothing", xls ? xls : "nothing", expectations[i].reason);
		return;
	}
	explaining->wrong++;
	fprintf(explaining->to, "not explained: %s: %s, xl has %s\n", place,
		ours ? ours : "nothing", xls ? xls : "nothing");
}

unsigned explain_xl(const struct facts *ours, const struct facts *xls, FILE *to)
{
	struct explaining explaining = {.to = to};

	(void)facts_compare(ours, xls, explain, &explaining);
	for (size_t i = 0; i < EXPECTATIONS; i++) {
		if (explaining.found[i] || !expectations[i].when(ours))
			continue;
		explaining.wrong++;
		fprintf(to, "not found: %s ought to differ: %s, and xl's: %s\n",
			expectations[i].place, expectations[i].ours, expectations[i].xls);
	}
	return explaining.wrong;
}

static const char heading[] =
	"<!-- Made by tests/lab/compare-model --document from tests/lab/xl-differences.c; do not "
	"edit. -->\n"
	"# Where a domain that xl makes differs from ours\n"
	"\n"
	"In the lab, on real Xen, xl and pvbuild make a domain of the same kernel with the same "
	"configuration; both are\n"
	"left paused, our audit has to find nothing wrong with either, and the two are compared as "
	"the hypervisor shows them:\n"
	"the domain's counts, its limits, CPUs, weight and cap, vCPU 0's registers, every field of "
	"`start_info`, the shared info "
	"page, "
	"every page-table entry, what\n"
	"each frame is in use as, the M2P entry of each page, the grants, and the ring pages. "
	"Machine "
	"frames are compared as the\n"
	"PFNs that they are. What is not in this table fails the test; so does what is, and does "
	"not "
	"occur where it should.\n"
	"\n"
	"What libxenguest, which xl builds with, leaves in pages beyond what it writes is in\n"
	"[libxenguest-differences.md](libxenguest-differences.md).\n"
	"\n"
	"| place | pvbuild | xl (4.17) | when | why |\n"
	"|---|---|---|---|---|\n";

static const char closing[] =
	"\n"
	"What a lab with one NUMA node and without an `xl.conf` cannot show:\n"
	"\n"
	"- **Automatic NUMA placement.** Where a configuration says nothing of `cpus_soft`, nor "
	"gives "
	"a list as `cpus`,\n"
	"  libxl picks nodes with enough free memory (`numa_place_domain()` in libxl_dom.c), sets "
	"the domain's node\n"
	"  affinity, which Xen allocates its memory by, and makes the CPUs of those nodes the soft "
	"affinity of all vCPUs.\n"
	"  pvbuild leaves both to the hypervisor. `cpus = \"node:0\"` keeps a domain's vCPUs on a "
	"node, and the hypervisor\n"
	"  then takes memory from there first.\n"
	"- **`/etc/xen/xl.conf`.** Defaults of an administrator's for `max_grant_frames`, "
	"`max_maptrack_frames` and\n"
	"  `max_grant_version`, and the masks `vm.cpumask` and `vm.pv.cpumask`, are xl's alone.\n";

void write_xl_document(FILE *to)
{
	fputs(heading, to);
	for (size_t i = 0; i < EXPECTATIONS; i++)
		fprintf(to, "| `%s` | %s | %s | %s | %s |\n", expectations[i].place,
			expectations[i].ours, expectations[i].xls, expectations[i].when_text,
			expectations[i].reason);
	fputs(closing, to);
}
