/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differential/built.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvbuild/error.h>

#include "peer/compare.h"
#include "peer/peer.h"
#include "support/test.h"

#define HOST "sim:memory=1G,xen=4.17"
#define MEMORY (UINT64_C(96) << 20)

static void say_line(void *opaque, const char *line)
{
	struct built *built = opaque;
	size_t used = strlen(built->why);

	(void)snprintf(built->why + used, sizeof built->why - used, "%s\n", line);
}

static int kernel_file(const struct blob *file, char *path, size_t size)
{
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->bytes, file->size), file->size);
	(void)snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

static struct peer_case case_of(const char *path)
{
	return (struct peer_case){
		.kernel = path, .memory = MEMORY, .command_line = "", .ramdisk = -1};
}

/* A refusal begins with the name of its code. */
static int code_of(const char *why)
{
	static const int codes[] = {
#define CODE(id, number, name, meaning) number,
		PVB_ERRORS(CODE)
#undef CODE
	};
	size_t length = strcspn(why, ":");

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		const char *name = pvb_code_name(codes[i]);

		if (strlen(name) == length && strncmp(name, why, length) == 0)
			return codes[i];
	}
	return 0;
}

/* Who is at work, for when the process ends. */
enum stage { STAGE_OURS, STAGE_THEIRS, STAGE_DONE };

/* Shared with the process. */
struct shared {
	volatile enum stage stage;
	struct built built;
};

static void compare_domains(const struct peer_case *which, struct peer_domain *ours,
			    struct peer_domain *theirs, struct built *built)
{
	static struct comparison comparison;
	unsigned wrong = 1;

	if (compare(&comparison, which, ours, theirs))
		say_line(built, comparison.why);
	else
		wrong = explain(&comparison, say_line, built);
	comparison_close(&comparison);
	built->outcome = wrong ? BUILT_DIFFERENTLY : BUILT_THE_SAME;
}

static void build_both(const struct peer_case *which, struct shared *shared)
{
	static struct peer_domain ours, theirs;
	struct built *built = &shared->built;
	bool we_did = peer_build_ours(HOST, which, &ours) == 0;

	if (!we_did) {
		built->code = code_of(ours.why);
		say_line(built, ours.why);
	}
	/* What there is if libxenguest ends the process. */
	built->outcome = we_did ? BUILT_BY_US_ALONE : BUILT_BY_NEITHER;
	shared->stage = STAGE_THEIRS;
	bool they_did = peer_build_theirs(HOST, which, &theirs) == 0;

	shared->stage = STAGE_OURS;
	if (!they_did)
		say_line(built, theirs.why);
	if (we_did && they_did)
		compare_domains(which, &ours, &theirs, built);
	else if (they_did)
		built->outcome = BUILT_BY_THEM_ALONE;
	peer_domain_close(&ours);
	peer_domain_close(&theirs);
	shared->stage = STAGE_DONE;
}

/* What ends the process is to end it and no more; and the adapter's words are nobody's. */
static void be_quiet(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	const struct rlimit none = {0};
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)signal(signals[i], SIG_DFL);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)dup2(nowhere, STDERR_FILENO);
}

void built_compare(const struct blob *file, struct built *built)
{
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[32];
	int fd = kernel_file(file, path, sizeof path), status;
	const struct peer_case which = case_of(path);

	assert_true(shared != MAP_FAILED);
	(void)fflush(stdout);
	pid_t process = fork();

	assert_true(process >= 0);
	if (!process) {
		be_quiet();
		build_both(&which, shared);
		_exit(0);
	}
	while (waitpid(process, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	*built = shared->built;
	built->ended = shared->stage == STAGE_THEIRS;
	if (shared->stage == STAGE_OURS) {
		say_line(built, "our process ended");
		built->outcome = BUILT_DIFFERENTLY;
	}
	(void)munmap(shared, sizeof *shared);
	(void)close(fd);
}

bool built_by_them(const struct blob *file)
{
	struct built built;

	built_compare(file, &built);
	return built.outcome != BUILT_BY_NEITHER && built.outcome != BUILT_BY_US_ALONE;
}
