/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a build costs, beside libxenguest, over the same simulated host.
 * Asserts nothing: times are for people.
 *
 *   bench [WORD]    only the rows whose kernel or size has WORD in it
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvbuild/image.h>

#include "bench/measure.h"

/* Memory comes zeroed, as from a release build of Xen: dirtying it is no part of a build. */
#define HOST "sim:memory=4T,xen=4.17,clean"

/* ---- printing ---- */

static void print_heading(void)
{
	printf("%-22s %-12s %9s %9s %9s %11s %11s %9s %9s %11s\n", "kernel, guest memory",
	       "builder", "wall s", "cpu s", "decode s", "anon MiB", "peak MiB", "populate", "map",
	       "mapped MiB");
}

static void print_row(const char *name, const char *builder, const struct measurement *m)
{
	if (!m->ok) {
		printf("%-22s %-12s %s\n", name, builder, m->why);
		return;
	}
	printf("%-22s %-12s %9.3f %9.3f %9.3f %11.1f %11.1f %9" PRIu64 " %9" PRIu64 " %11.1f\n",
	       name, builder, m->wall, m->cpu, m->decoding, (double)m->anonymous / MIB,
	       (double)m->resident / MIB, m->populate_calls, m->map_calls,
	       (double)m->bytes_mapped / MIB);
}

static double ratio(double theirs, double ours)
{
	return ours > 0 ? theirs / ours : 0;
}

static void print_ratio(const struct measurement *ours, const struct measurement *theirs)
{
	if (!ours->ok || !theirs->ok)
		return;
	printf("%-22s %-12s %9.2f %9.2f %9.2f %11.1f %11.1f %9.1f %9.1f %11.1f\n", "", "times less",
	       ratio(theirs->wall, ours->wall), ratio(theirs->cpu, ours->cpu),
	       ratio(theirs->decoding, ours->decoding),
	       ratio((double)theirs->anonymous, (double)ours->anonymous),
	       ratio((double)theirs->resident, (double)ours->resident),
	       ratio((double)theirs->populate_calls, (double)ours->populate_calls),
	       ratio((double)theirs->map_calls, (double)ours->map_calls),
	       ratio((double)theirs->bytes_mapped, (double)ours->bytes_mapped));
}

/* ---- what is measured ---- */

static const struct size {
	const char *name;
	uint64_t bytes;
	unsigned runs;
} sizes[] = {
	{"512 MiB", 512 * MIB, 3},
	{"16 GiB", 16 * GIB, 3},
	{"1 TiB", 1 * TIB, 1},
};

static struct kernel {
	const char *name;
	const char *file;
	char path[PATH_MAX];
	uint64_t unpacked;
} kernels[] = {
	{"xz", "vmlinuz-6.1", "", 0},
	{"zstd", "vmlinuz-6.12", "", 0},
	{"unpacked", NULL, "", 0},
};

#define KERNELS (sizeof kernels / sizeof kernels[0])

/* The third kernel is what the first one is once unpacked: a memfd, found through /proc. */
static int find_kernels(const char *directory)
{
	for (size_t i = 0; i < KERNELS; i++) {
		struct pvb_image *image;
		struct pvb_error error;

		if (!kernels[i].file)
			continue;
		snprintf(kernels[i].path, sizeof kernels[i].path, "%s/%s", directory,
			 kernels[i].file);
		if (pvb_image_open(kernels[i].path, NULL, &image, &error)) {
			fprintf(stderr, "%s\n", error.message);
			kernels[i].path[0] = '\0';
			continue;
		}
		kernels[i].unpacked = pvb_image_info(image)->unpacked_size;
		if (i == 0) {
			int fd = dup(pvb_image_fd(image));

			snprintf(kernels[KERNELS - 1].path, PATH_MAX, "/proc/self/fd/%d", fd);
			kernels[KERNELS - 1].unpacked = kernels[i].unpacked;
		}
		pvb_image_free(image);
	}
	return 0;
}

static void print_share(const struct measurement *m)
{
	double rest = m->cpu - m->decoding;

	printf("\nOf libpvbuild's %.0f ms for the xz kernel at 512 MiB, decoding is %.0f ms; all "
	       "the rest together, %.0f ms, is %.1f %% of that.\n",
	       m->cpu * 1e3, m->decoding * 1e3, rest * 1e3, 100 * rest / m->decoding);
}

int main(int argc, char **argv)
{
	const char *directory = getenv("PVB_KERNELS");
	const char *word = argc > 1 ? argv[1] : NULL;
	struct measurement small = {0};

	if (!directory) {
		fprintf(stderr, "PVB_KERNELS has to name the directory of kernels\n");
		return 1;
	}
	if (peer_preload(argv) || find_kernels(directory))
		return 1;
	print_heading();
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (size_t j = 0; j < KERNELS; j++) {
			struct peer_case which = {
				.kernel = kernels[j].path,
				.memory = sizes[i].bytes,
				.command_line = "console=hvc0",
				.ramdisk = -1,
			};
			char name[64];

			snprintf(name, sizeof name, "%s, %s", kernels[j].name, sizes[i].name);
			if (!kernels[j].path[0] || (word && !strstr(name, word)))
				continue;

			struct measurement ours =
				best_of(sizes[i].runs, HOST, peer_ours_on, &which);
			struct measurement theirs =
				best_of(sizes[i].runs, HOST, peer_theirs_on, &which);

			if (i == 0 && j == 0)
				small = ours;
			print_row(name, "libpvbuild", &ours);
			print_row("", "libxenguest", &theirs);
			print_ratio(&ours, &theirs);
		}
	}
	printf("\nanon: anonymous memory at its peak. peak: all resident memory, mapped guest "
	       "memory "
	       "included. libpvbuild keeps the\nunpacked kernel in a memfd beside them (");
	for (size_t j = 0; j < KERNELS; j++)
		printf("%s%s %.1f MiB", j ? ", " : "", kernels[j].name,
		       (double)kernels[j].unpacked / MIB);
	printf("); libxenguest has it in anonymous memory.\nmapped: guest memory mapped, all told. "
	       "Both run over the same simulated host, whose own work is in all of these.\n");
	if (small.ok)
		print_share(&small);
	return 0;
}
