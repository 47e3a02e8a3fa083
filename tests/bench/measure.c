/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/measure.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Peaks that the kernel does not keep are looked at this often. */
#define SAMPLE_NS 500000

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

static struct measurement measure_here(const char *host, build_fn *build,
				       const struct peer_case *which, int ready)
{
	static struct peer_domain domain;
	struct measurement m = {0};
	struct pvb_error error;

	if (pvb_host_open(host, &domain.host, &error)) {
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
	m.p2m = (double)domain.p2m_time / 1e9;
	m.resident = status_of("self", "VmHWM:") - resident;
	m.bytes_mapped = bytes_mapped;
	m.populate_calls = domain.host->calls[PVB_CALL_POPULATE];
	m.map_calls = domain.host->calls[PVB_CALL_MAP_FRAMES];
	snprintf(m.why, sizeof m.why, "%.255s", domain.why);
	return m;
}

/* ---- in the parent ---- */

static struct measurement measure(const char *host, build_fn *build, const struct peer_case *which)
{
	struct measurement m = {.why = "the process that was measured died"};
	int pipe_fds[2];
	char started;

	if (pipe(pipe_fds))
		return m;
	fflush(stdout);

	pid_t child = fork();

	if (child == 0) {
		m = measure_here(host, build, which, pipe_fds[1]);
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

struct measurement best_of(unsigned runs, const char *host, build_fn *build,
			   const struct peer_case *which)
{
	struct measurement best = measure(host, build, which);

	for (unsigned i = 1; i < runs && best.ok; i++) {
		struct measurement m = measure(host, build, which);

		if (!m.ok)
			return m;
		if (m.anonymous > best.anonymous)
			best.anonymous = m.anonymous;
		if (m.resident > best.resident)
			best.resident = m.resident;
		if (m.wall < best.wall)
			best.wall = m.wall;
		if (m.p2m < best.p2m)
			best.p2m = m.p2m;
		if (m.cpu < best.cpu) {
			best.cpu = m.cpu;
			best.decoding = m.decoding;
		}
	}
	return best;
}
