/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a p2m costs as a guest grows: as a list, as a tree over it, and beside libxenguest as
 * far as that can go. Asserts nothing: times are for people.
 *
 *   bench-p2m [WORD]    only the rows whose size has WORD in it
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvbuild/image.h>
#include <pvbuild/p2m.h>

#include "bench/measure.h"

/* Memory comes zeroed, as from a release build of Xen: dirtying it is no part of a build. */
#define HOST "sim:memory=5T,xen=4.17,clean"
#define PAGE 4096

static const struct size {
	const char *name;
	uint64_t bytes;
	unsigned runs;
} sizes[] = {
	{"16 GiB", 16 * GIB, 3},   {"64 GiB", 64 * GIB, 3}, {"256 GiB", 256 * GIB, 3},
	{"512 GiB", 512 * GIB, 2}, {"1 TiB", TIB, 2},       {"4 TiB", 4 * TIB, 1},
};

static uint64_t available_memory(void)
{
	char line[256];
	uint64_t kib = 0;
	FILE *file = fopen("/proc/meminfo", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "MemAvailable:", 13) == 0)
			kib = strtoull(line + 13, NULL, 10);
	}
	fclose(file);
	return kib << 10;
}

/*
 * The guest's list is in memory, as it is on a real host. libxenguest has an array as large
 * besides, and maps the list in one piece.
 */
static uint64_t needed_by(build_fn *build, uint64_t p2m_bytes)
{
	return p2m_bytes * (build == peer_theirs_on ? 5 : 3) / 2;
}

static void print_row(const char *name, const char *form, uint64_t memory, uint64_t p2m_pages,
		      const struct measurement *m)
{
	double pages = (double)(memory / PAGE);

	printf("%-9s %-16s ", name, form);
	if (!m->ok) {
		printf("%s\n", m->why);
		return;
	}
	printf("%8.3f %8.3f %9.2f ", m->wall, 1e3 * m->wall / ((double)memory / GIB),
	       1e9 * m->cpu / pages);
	if (m->p2m > 0)
		printf("%8.3f %9.2f ", m->p2m, 1e9 * m->p2m / pages);
	else
		printf("%8s %9s ", "", "");
	printf("%8" PRIu64 " %9.3f %9.1f %11.2f %11.2f\n", m->map_calls,
	       (double)m->map_calls / (double)p2m_pages * 1e3, (double)m->anonymous / MIB,
	       (double)(p2m_pages * PAGE) / MIB, (double)m->bytes_mapped / MIB);
}

static void try(const struct size *size, const char *form, build_fn *build,
		const struct peer_case *which)
{
	struct pvb_p2m_geometry geometry = {size->bytes / PAGE, 8, PAGE};
	uint64_t pages = pvb_p2m_list_pages(&geometry);
	struct measurement m = {0};

	if (which->p2m == PVB_P2M_WANT_TREE)
		pages += pvb_p2m_tree_pages(&geometry, pvb_p2m_least_levels(&geometry));

	uint64_t needed = needed_by(build, pages * PAGE), there = available_memory();

	if (there < needed)
		snprintf(m.why, sizeof m.why,
			 "not tried: it needs about %" PRIu64 " MiB, and %" PRIu64 " are available",
			 needed / MIB, there / MIB);
	else
		m = best_of(size->runs, HOST, build, which);
	print_row(size->name, form, size->bytes, pages, &m);
	fflush(stdout);
}

/* A kernel without its compression, whose decoding would be most of a small guest's time. */
static int find_kernel(const char *directory, char path[static PATH_MAX])
{
	struct pvb_image *image;
	struct pvb_error error;

	snprintf(path, PATH_MAX, "%s/vmlinuz-6.1", directory);
	if (pvb_image_open(path, NULL, &image, &error)) {
		fprintf(stderr, "%s\n", error.message);
		return -1;
	}
	snprintf(path, PATH_MAX, "/proc/self/fd/%d", dup(pvb_image_fd(image)));
	pvb_image_free(image);
	return 0;
}

int main(int argc, char **argv)
{
	const char *directory = getenv("PVB_KERNELS");
	char kernel[PATH_MAX];

	if (!directory) {
		fprintf(stderr, "PVB_KERNELS has to name the directory of kernels\n");
		return 1;
	}
	if (peer_preload(argv) || find_kernel(directory, kernel))
		return 1;
	printf("%-9s %-16s %8s %8s %9s %8s %9s %8s %9s %9s %11s %11s\n", "memory", "p2m", "wall s",
	       "ms/GiB", "cpu ns/pg", "p2m cpu", "p2m ns/pg", "map", "/1000 p2m", "anon MiB",
	       "p2m MiB", "mapped MiB");
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct peer_case which = {
			.kernel = kernel,
			.memory = sizes[i].bytes,
			.command_line = "console=hvc0",
			.ramdisk = -1,
			.p2m = PVB_P2M_WANT_LIST,
		};

		if (argc > 1 && !strstr(sizes[i].name, argv[1]))
			continue;
		try(&sizes[i], "list", peer_ours_on, &which);
		which.p2m = PVB_P2M_WANT_TREE;
		try(&sizes[i], "tree", peer_ours_on, &which);
		which.p2m = PVB_P2M_WANT_LIST;
		try(&sizes[i], "list, libxenguest", peer_theirs_on, &which);
	}
	printf("\n"
	       "ns/pg: CPU time by page of the guest. map: calls that map guest memory, and\n"
	       "their number for 1000 pages of p2m. anon: anonymous memory at its peak. p2m: the\n"
	       "bytes of list and tree. mapped: guest memory mapped, all told: p2m, kernel and\n"
	       "page tables. All run over the same simulated host, whose work is in all of it.\n");
	return 0;
}
