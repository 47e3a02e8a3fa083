/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a command to a paused domain, on real Xen: ours and libxenguest's, run by run in turn.
 * Runs in the lab's dom0. Asserts nothing: times are for people, and those of an emulated
 * machine are good for ratios within one boot only.
 *
 *   lab-bench [--runs N] [--memory MIB,MIB,...] [--pvbuild PROGRAM] [--peer PROGRAM]
 *             [--count LIBRARY] NAME=KERNEL...
 *
 * A kernel named "unpacked" is what KERNEL, which comes packed, unpacks to. With LIBRARY, which
 * is count-calls.so, hypercalls and mappings are counted as well, in a run that is not timed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#define MIB (UINT64_C(1) << 20)
#define MOST_RUNS 64
#define MOST_SIZES 8

enum {
	OPTION_RUNS = 'n',
	OPTION_MEMORY = 'm',
	OPTION_OURS = 'o',
	OPTION_PEER = 'p',
	OPTION_COUNT = 'c'
};

static const struct option long_options[] = {
	{"runs", required_argument, NULL, OPTION_RUNS},
	{"memory", required_argument, NULL, OPTION_MEMORY},
	{"pvbuild", required_argument, NULL, OPTION_OURS},
	{"peer", required_argument, NULL, OPTION_PEER},
	{"count", required_argument, NULL, OPTION_COUNT},
	{NULL, 0, NULL, 0},
};

/* wall and cpu in seconds; the processor's of all the command's processes. */
struct measurement {
	double wall;
	double cpu;
	uint64_t peak; /* bytes resident at most, of its largest process */
};

struct bench {
	struct pvb_host *host;
	const char *ours, *peer, *count;
	unsigned runs;
	uint64_t memory[MOST_SIZES];
	unsigned sizes;
};

static double seconds(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double of_timeval(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* Run a command to its end, what it says to standard output dropped. */
static bool measure(char *const *command, struct measurement *m)
{
	struct rusage usage;
	int status;
	double start = seconds();
	pid_t child = fork();

	if (child == 0) {
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

		(void)dup2(nowhere, STDOUT_FILENO);
		(void)execv(command[0], command);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return false;
	m->wall = seconds() - start;
	m->cpu = of_timeval(&usage.ru_utime) + of_timeval(&usage.ru_stime);
	m->peak = (uint64_t)usage.ru_maxrss << 10;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool destroy(struct bench *bench, const char *name)
{
	struct pvb_domain_state state;
	struct pvb_error error;

	if (pvb_domain_find(bench->host, name, &state, &error) ||
	    pvb_domain_destroy(bench->host, state.domid, &error)) {
		fprintf(stderr, "lab-bench: %s\n", error.message);
		return false;
	}
	return true;
}

#define NAME_OURS "bench-ours"
#define NAME_PEER "bench-peer"

static bool measure_ours(struct bench *bench, const char *kernel, uint64_t mib,
			 struct measurement *m)
{
	char memory[24];
	const char *command[] = {bench->ours,    "--host",   "xen",      "create", "--paused",
				 "--name",       NAME_OURS,  "--memory", memory,   "--cmdline",
				 "console=hvc0", "--kernel", kernel,     NULL};

	(void)snprintf(memory, sizeof memory, "%" PRIu64 "M", mib);
	return measure((char *const *)(uintptr_t)command, m) && destroy(bench, NAME_OURS);
}

static bool measure_peer(struct bench *bench, const char *kernel, uint64_t mib,
			 struct measurement *m)
{
	char memory[24];
	const char *command[] = {bench->peer, NAME_PEER, memory, kernel, NULL};

	(void)snprintf(memory, sizeof memory, "%" PRIu64, mib);
	return measure((char *const *)(uintptr_t)command, m) && destroy(bench, NAME_PEER);
}

/* ---- many runs as one ----------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What was asked of the hypervisor; 0 where it was not counted. */
struct calls {
	uint64_t hypercalls;
	uint64_t mappings;
};

struct summary {
	struct calls calls;
	double least, median, most;
	double cpu; /* the median */
	uint64_t peak;
};

static struct summary summarise(const struct measurement *m, unsigned runs)
{
	double wall[MOST_RUNS], cpu[MOST_RUNS];
	struct summary summary = {.peak = 0};

	for (unsigned i = 0; i < runs; i++) {
		wall[i] = m[i].wall;
		cpu[i] = m[i].cpu;
		if (m[i].peak > summary.peak)
			summary.peak = m[i].peak;
	}
	qsort(wall, runs, sizeof wall[0], by_value);
	qsort(cpu, runs, sizeof cpu[0], by_value);
	summary.least = wall[0];
	summary.median = wall[runs / 2];
	summary.most = wall[runs - 1];
	summary.cpu = cpu[runs / 2];
	return summary;
}

static void print_heading(void)
{
	printf("%-22s %-12s %9s %9s %9s %9s %10s %10s %9s\n", "kernel, guest memory", "builder",
	       "median", "least", "most", "cpu", "peak MiB", "hypercalls", "mappings");
}

static void print_row(const char *name, const char *builder, const struct summary *s)
{
	printf("%-22s %-12s %9.3f %9.3f %9.3f %9.3f %10.1f %10" PRIu64 " %9" PRIu64 "\n", name,
	       builder, s->median, s->least, s->most, s->cpu, (double)s->peak / MIB,
	       s->calls.hypercalls, s->calls.mappings);
}

static double ratio(double theirs, double ours)
{
	return ours > 0 ? theirs / ours : 0;
}

static void print_rows(const char *name, const struct summary *ours, const struct summary *peer)
{
	print_row(name, "libpvbuild", ours);
	print_row("", "libxenguest", peer);
	printf("%-22s %-12s %9.2f %9.2f %9.2f %9.2f %10.1f %10.1f %9.1f\n", "", "times less",
	       ratio(peer->median, ours->median), ratio(peer->least, ours->least),
	       ratio(peer->most, ours->most), ratio(peer->cpu, ours->cpu),
	       ratio((double)peer->peak, (double)ours->peak),
	       ratio((double)peer->calls.hypercalls, (double)ours->calls.hypercalls),
	       ratio((double)peer->calls.mappings, (double)ours->calls.mappings));
	(void)fflush(stdout);
}

typedef bool build_fn(struct bench *bench, const char *kernel, uint64_t mib, struct measurement *m);

#define COUNTS "/tmp/lab-bench-calls"

/* One more build, with the counting library before all others. */
static bool count_calls(struct bench *bench, build_fn *build, const char *kernel, uint64_t mib,
			struct calls *calls)
{
	struct measurement unwanted;
	uint64_t hypercalls, mappings;

	*calls = (struct calls){0};
	if (!bench->count)
		return true;
	(void)remove(COUNTS);
	(void)setenv("LD_PRELOAD", bench->count, 1);
	(void)setenv("PVB_COUNT_CALLS", COUNTS, 1);
	bool ok = build(bench, kernel, mib, &unwanted);

	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("PVB_COUNT_CALLS");
	FILE *file = ok ? fopen(COUNTS, "re") : NULL;

	if (!file)
		return false;
	while (fscanf(file, "%" SCNu64 " %" SCNu64, &hypercalls, &mappings) == 2) {
		calls->hypercalls += hypercalls;
		calls->mappings += mappings;
	}
	(void)fclose(file);
	return true;
}

/* Ours and theirs in turn, so that whatever happens to the machine happens to both. */
static bool bench_one(struct bench *bench, const char *name, const char *kernel, uint64_t mib)
{
	struct measurement ours[MOST_RUNS], peer[MOST_RUNS];
	char row[64];

	for (unsigned i = 0; i < bench->runs; i++) {
		if (!measure_ours(bench, kernel, mib, &ours[i]) ||
		    !measure_peer(bench, kernel, mib, &peer[i])) {
			fprintf(stderr, "lab-bench: %s with %" PRIu64 " MiB: a command failed\n",
				name, mib);
			return false;
		}
	}

	struct summary of_ours = summarise(ours, bench->runs);
	struct summary of_peer = summarise(peer, bench->runs);

	if (!count_calls(bench, measure_ours, kernel, mib, &of_ours.calls) ||
	    !count_calls(bench, measure_peer, kernel, mib, &of_peer.calls)) {
		fprintf(stderr, "lab-bench: calls could not be counted\n");
		return false;
	}
	(void)snprintf(row, sizeof row, "%s, %" PRIu64 " MiB", name, mib);
	print_rows(row, &of_ours, &of_peer);
	return true;
}

/* ---- kernels ----------------------------------------------------------------------------- */

static bool unpack(const char *kernel, const char *to)
{
	struct pvb_image *image;
	struct pvb_error error;
	char buffer[65536];
	off_t at = 0;
	ssize_t n;

	if (pvb_image_open(kernel, NULL, &image, &error)) {
		fprintf(stderr, "lab-bench: %s\n", error.message);
		return false;
	}
	FILE *file = fopen(to, "we");
	bool ok = file;

	while (ok && (n = pread(pvb_image_fd(image), buffer, sizeof buffer, at)) > 0) {
		ok = fwrite(buffer, 1, (size_t)n, file) == (size_t)n;
		at += n;
	}
	if (file && fclose(file))
		ok = false;
	pvb_image_free(image);
	return ok;
}

#define UNPACKED "/tmp/lab-bench-unpacked"

static bool bench_kernel(struct bench *bench, char *argument)
{
	char *equals = strchr(argument, '=');
	if (!equals)
		return false;
	*equals = '\0';

	const char *kernel = equals + 1;

	if (strcmp(argument, "unpacked") == 0) {
		if (!unpack(kernel, UNPACKED))
			return false;
		kernel = UNPACKED;
	}
	for (unsigned i = 0; i < bench->sizes; i++)
		if (!bench_one(bench, argument, kernel, bench->memory[i]))
			return false;
	return true;
}

/* ---- main ----------------------------------------------------------------------------- */

static bool take_sizes(struct bench *bench, const char *text)
{
	for (bench->sizes = 0; *text && bench->sizes < MOST_SIZES;) {
		char *end;

		bench->memory[bench->sizes] = strtoull(text, &end, 10);
		if (end == text || (*end && *end != ',') || !bench->memory[bench->sizes++])
			return false;
		text = *end ? end + 1 : end;
	}
	return bench->sizes && !*text;
}

static bool parse(struct bench *bench, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_RUNS:
			bench->runs = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case OPTION_MEMORY:
			if (!take_sizes(bench, optarg))
				return false;
			break;
		case OPTION_OURS:
			bench->ours = optarg;
			break;
		case OPTION_COUNT:
			bench->count = optarg;
			break;
		case OPTION_PEER:
			bench->peer = optarg;
			break;
		default:
			return false;
		}
	}
	return optind < argc && bench->runs > 0 && bench->runs <= MOST_RUNS;
}

int main(int argc, char **argv)
{
	struct bench bench = {
		.ours = "/usr/bin/pvbuild",
		.peer = "./libxenguest-driver",
		.runs = 5,
		.memory = {256, 2048},
		.sizes = 2,
	};
	struct pvb_host_info info;
	struct pvb_error error;

	if (!parse(&bench, argc, argv)) {
		fprintf(stderr, "usage: lab-bench [--runs N] [--memory MIB,...] [--pvbuild "
				"PROGRAM] [--peer "
				"PROGRAM] NAME=KERNEL...\n");
		return 2;
	}
	if (pvb_host_open("xen", &bench.host, &error) ||
	    pvb_host_get_info(bench.host, &info, &error)) {
		fprintf(stderr, "lab-bench: %s\n", error.message);
		return 3;
	}
	printf("From the command to a paused domain, on Xen %s, in seconds; %u runs each, in "
	       "turn.\n\n",
	       info.version, bench.runs);
	print_heading();
	bool ok = true;

	for (int i = optind; ok && i < argc; i++)
		ok = bench_kernel(&bench, argv[i]);
	pvb_host_close(bench.host);
	return ok ? 0 : 1;
}
