/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a build costs, beside libxenguest, over the same simulated host. Each
 * measurement is in a process of its own, so that peaks are its own. Asserts
 * nothing: times are for people.
 *
 *   bench [WORD]    only the rows whose kernel or size has WORD in it
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <pvbuild/image.h>

#include "peer/peer.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
/* Memory comes zeroed, as from a release build of Xen: dirtying it is no part of a build. */
#define HOST "sim:memory=4T,xen=4.17,clean"

/* Peaks that the kernel does not keep are looked at this often. */
#define SAMPLE_NS 500000

struct measurement {
	double wall; /* seconds */
	double cpu;
	double decoding;    /* of cpu */
	uint64_t anonymous; /* bytes at the peak, beyond what the process began with */
	uint64_t resident;
	uint64_t populate_calls;
	uint64_t map_calls;
	uint64_t bytes_mapped;
	bool ok;
	char why[256];
};

/* ---- in the child ---- */

static struct pvb_host_ops counting;
static const struct pvb_host_ops *counted;
static uint64_t bytes_mapped;

static int map_and_count(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			 size_t count, bool writable, void **at, struct pvb_error *error)
{
	bytes_mapped += (uint64_t)count << host->page_shift;
	return counted->map_frames(host, domid, frames, count, writable, at, error);
}

static void count_bytes(struct pvb_host *host)
{
	counted = host->ops;
	counting = *host->ops;
	counting.map_frames = map_and_count;
	host->ops = &counting;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* A line of /proc/PID/status, in bytes. */
static uint64_t status_of(const char *pid, const char *key)
{
	char path[64], line[256];
	uint64_t kib = 0;

	snprintf(path, sizeof path, "/proc/%s/status", pid);

	FILE *status = fopen(path, "re");

	if (!status)
		return 0;
	while (fgets(line, sizeof line, status)) {
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtoull(line + strlen(key), NULL, 10);
	}
	fclose(status);
	return kib << 10;
}

/* From here on VmHWM is the peak of what follows. */
static void reset_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "we");

	if (file) {
		fputs("5", file);
		fclose(file);
	}
}

typedef int build_fn(struct pvb_host *, const struct peer_case *, struct peer_domain *);

static struct measurement measure_here(build_fn *build, const struct peer_case *which, int ready)
{
	static struct peer_domain domain;
	struct measurement m = {0};
	struct pvb_error error;

	if (pvb_host_open(HOST, &domain.host, &error)) {
		snprintf(m.why, sizeof m.why, "%.200s", error.message);
		return m;
	}
	count_bytes(domain.host);
	reset_peak();

	uint64_t resident = status_of("self", "VmRSS:");

	if (write(ready, "", 1) != 1)
		return m;

	double wall = now(), cpu = cpu_now();

	m.ok = build(domain.host, which, &domain) == 0;
	m.wall = now() - wall;
	m.cpu = cpu_now() - cpu;
	m.decoding = (double)domain.decoded / 1e9;
	m.resident = status_of("self", "VmHWM:") - resident;
	m.bytes_mapped = bytes_mapped;
	m.populate_calls = domain.host->calls[PVB_CALL_POPULATE];
	m.map_calls = domain.host->calls[PVB_CALL_MAP_FRAMES];
	snprintf(m.why, sizeof m.why, "%.255s", domain.why);
	return m;
}

/* ---- in the parent ---- */

static struct measurement measure(build_fn *build, const struct peer_case *which)
{
	struct measurement m = {.why = "the process that was measured died"};
	int pipe_fds[2];
	char started;

	if (pipe(pipe_fds))
		return m;
	fflush(stdout);

	pid_t child = fork();

	if (child == 0) {
		m = measure_here(build, which, pipe_fds[1]);
		_exit(write(pipe_fds[1], &m, sizeof m) != sizeof m);
	}
	close(pipe_fds[1]);
	if (child < 0 || read(pipe_fds[0], &started, 1) != 1) {
		close(pipe_fds[0]);
		return m;
	}

	char pid[16];
	struct pollfd poll_fd = {.fd = pipe_fds[0], .events = POLLIN};
	const struct timespec interval = {.tv_nsec = SAMPLE_NS};

	snprintf(pid, sizeof pid, "%d", (int)child);

	uint64_t start = status_of(pid, "RssAnon:"), peak = start;

	while (ppoll(&poll_fd, 1, &interval, NULL) == 0) {
		uint64_t anonymous = status_of(pid, "RssAnon:");

		if (anonymous > peak)
			peak = anonymous;
	}
	if (read(pipe_fds[0], &m, sizeof m) != sizeof m)
		m.ok = false;
	m.anonymous = peak - start;
	close(pipe_fds[0]);
	waitpid(child, NULL, 0);
	return m;
}

/* Times are the least of so many runs, memory is the most. */
static struct measurement best_of(unsigned runs, build_fn *build, const struct peer_case *which)
{
	struct measurement best = measure(build, which);

	for (unsigned i = 1; i < runs && best.ok; i++) {
		struct measurement m = measure(build, which);

		if (!m.ok)
			return m;
		if (m.anonymous > best.anonymous)
			best.anonymous = m.anonymous;
		if (m.resident > best.resident)
			best.resident = m.resident;
		if (m.wall < best.wall)
			best.wall = m.wall;
		if (m.cpu < best.cpu) {
			best.cpu = m.cpu;
			best.decoding = m.decoding;
		}
	}
	return best;
}

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

			struct measurement ours = best_of(sizes[i].runs, peer_ours_on, &which);
			struct measurement theirs = best_of(sizes[i].runs, peer_theirs_on, &which);

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
