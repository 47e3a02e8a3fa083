/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel's file, read by libxenguest: xc_dom_parse_image() and what must come before it.
 * No hypervisor is asked for anything. libxenguest has no fuzz target for much of this, so it
 * works in a process of its own, to which files go through shared memory.
 */
#include "config.h"

#include "differential/facts.h"

#include "support/test.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/elfnote.h>
#include <xen/features.h>
#include <xenctrl.h>
#include <xenguest.h>
#include <xentoollog.h>

#include <pvbuild/image.h>

#include "torture/sanitized.h"

/*
 * struct elf_dom_parms as far as it is read here. xenguest.h has a pointer to it and no
 * installed header has the structure (xen/include/xen/libelf.h, the same in 4.17 to 4.22).
 */
struct parms {
	uintptr_t guest_info, note_start, note_end;
	struct {
		int type;
		const char *name;
		uint64_t data;
	} notes[XEN_ELFNOTE_MAX + 1];
	char guest_os[16], guest_version[16], xen_version[16], loader[16];
	int pae;
	bool bsd_symtab, unmapped_initrd;
	uint64_t virt_base, entry, hypercall, hv_start_low, p2m_base, paddr_offset;
	uint32_t supported[XENFEAT_NR_SUBMAPS], required[XENFEAT_NR_SUBMAPS];
	uint32_t phys_entry;
};

enum request_kind { READ_FILE, CRASH, LOOP };

struct request {
	enum request_kind kind;
	size_t size;
};

struct theirs {
	uint8_t *shared;
	size_t room;
	pid_t process; /* 0: there is none */
	int to, from;
};

enum { CPU_SECONDS = 20, MEMORY_GIB = 4, BEHIND = 4096 };

/* ---- in the process ---------------------------------------------------------- */

static void take(const struct xc_dom_image *dom, struct facts *facts)
{
	/* No cast: xenguest.h has another name for it. */
	union {
		struct elf_dom_parms *theirs;
		const struct parms *known;
	} parms = {.theirs = dom->parms};
	const struct parms *p = parms.known;

	facts->accepted = true;
	(void)snprintf(facts->guest_type, sizeof facts->guest_type, "%s", dom->guest_type);
	facts->elf = p->paddr_offset != PVB_NONE;
	facts->start = dom->kernel_seg.vstart;
	facts->end = dom->kernel_seg.vend;
	facts->entry = p->entry;
	facts->virt_base = p->virt_base;
	facts->paddr_offset = p->paddr_offset;
	facts->hypercall_page = p->hypercall;
	facts->init_p2m = p->p2m_base;
	facts->hv_start_low = p->hv_start_low;
	facts->pvh_entry = p->phys_entry == UINT32_MAX ? PVB_NONE : p->phys_entry;
	facts->features_required = p->required[0];
	facts->features_supported = p->supported[0];
	facts->pae = (unsigned)p->pae;
	facts->mod_start_pfn = p->unmapped_initrd;
	facts->symtab = p->bsd_symtab;
}

static void read_file(xc_interface *xch, const void *bytes, size_t size, struct facts *facts)
{
	struct xc_dom_image *dom = xc_dom_allocate(xch, "", NULL);

	*facts = (struct facts){0};
	if (!dom)
		_exit(70);
	dom->container_type = XC_DOM_PV_CONTAINER;
	dom->max_vcpus = 1;
	dom->xen_version = 4 << 16 | 17;
	(void)snprintf(dom->xen_caps, sizeof dom->xen_caps, "xen-3.0-x86_64 xen-3.0-x86_32p ");
	xc_clear_last_error(xch);
	if (xc_dom_kernel_mem(dom, bytes, size) == 0 && xc_dom_parse_image(dom) == 0)
		take(dom, facts);
	else
		(void)snprintf(facts->why, sizeof facts->why, "%.255s",
			       xc_get_last_error(xch)->message);
	xc_dom_release(dom);
}

static void limit_cpu(unsigned seconds)
{
	struct rusage usage;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &usage) || getrlimit(RLIMIT_CPU, &limit))
		_exit(70);
	limit.rlim_cur = (rlim_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1 + seconds;
	if (setrlimit(RLIMIT_CPU, &limit))
		_exit(70);
}

static void limit_memory(void)
{
	/* A sanitizer takes address space by the terabyte. */
	const struct rlimit limit = {.rlim_cur = (rlim_t)MEMORY_GIB << 30,
				     .rlim_max = (rlim_t)MEMORY_GIB << 30};

	if (!SANITIZED && setrlimit(RLIMIT_AS, &limit))
		_exit(70);
}

/* What ends the process is what it is for: no core, and no handler of a sanitizer's. */
static void let_signals_kill(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU};
	const struct rlimit none = {0};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)signal(signals[i], SIG_DFL);
	(void)setrlimit(RLIMIT_CORE, &none);
}

__attribute__((noreturn)) static void serve(const uint8_t *shared, int from, int to)
{
	FILE *nowhere = fopen("/dev/null", "we");
	xentoollog_logger *log = nowhere ? (xentoollog_logger *)xtl_createlogger_stdiostream(
						   nowhere, XTL_CRITICAL, 0)
					 : NULL;
	xc_interface *xch = log ? xc_interface_open(log, log, XC_OPENFLAG_DUMMY) : NULL;
	struct request request;
	struct facts facts;

	if (!xch)
		_exit(70);
	let_signals_kill();
	limit_memory();
	while (read(from, &request, sizeof request) == (ssize_t)sizeof request) {
		limit_cpu(request.kind == LOOP ? 0 : CPU_SECONDS);
		if (request.kind == CRASH)
			(void)raise(SIGSEGV);
		for (volatile bool loops = request.kind == LOOP; loops;)
			;
		read_file(xch, shared, request.size, &facts);
		if (write(to, &facts, sizeof facts) != (ssize_t)sizeof facts)
			break;
	}
	_exit(0);
}

/* ---- around it --------------------------------------------------------------- */

static void start(struct theirs *theirs)
{
	int there[2], back[2];

	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	theirs->process = fork();
	assert_true(theirs->process >= 0);
	if (!theirs->process) {
		(void)close(there[1]);
		(void)close(back[0]);
		serve(theirs->shared, there[0], back[1]);
	}
	(void)close(there[0]);
	(void)close(back[1]);
	theirs->to = there[1];
	theirs->from = back[0];
}

static int stop(struct theirs *theirs)
{
	int status = 0;

	if (!theirs->process)
		return 0;
	(void)close(theirs->to);
	(void)close(theirs->from);
	while (waitpid(theirs->process, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	theirs->process = 0;
	return status;
}

struct theirs *theirs_open(size_t largest_file)
{
	struct theirs *theirs = calloc(1, sizeof *theirs);

	assert_non_null(theirs);
	(void)signal(SIGPIPE, SIG_IGN);
	theirs->room = largest_file + BEHIND;
	theirs->shared =
		mmap(NULL, theirs->room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(theirs->shared != MAP_FAILED);
	return theirs;
}

void theirs_close(struct theirs *theirs)
{
	(void)stop(theirs);
	(void)munmap(theirs->shared, theirs->room);
	free(theirs);
}

static void ask(struct theirs *theirs, const struct request *request, struct facts *facts)
{
	if (!theirs->process)
		start(theirs);
	if (write(theirs->to, request, sizeof *request) == (ssize_t)sizeof *request &&
	    read(theirs->from, facts, sizeof *facts) == (ssize_t)sizeof *facts)
		return;

	int status = stop(theirs);

	*facts = (struct facts){0};
	if (WIFSIGNALED(status))
		(void)snprintf(facts->why, sizeof facts->why, "ended by signal %d (%s)",
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		(void)snprintf(facts->why, sizeof facts->why, "ended with status %d",
			       WEXITSTATUS(status));
}

void theirs_read(struct theirs *theirs, const void *bytes, size_t size, struct facts *facts)
{
	const struct request request = {.kind = READ_FILE, .size = size};

	assert_true(size <= theirs->room - BEHIND);
	memcpy(theirs->shared, bytes, size);
	/* Whoever reads behind the file finds the same each time. */
	memset(theirs->shared + size, 0, BEHIND);
	ask(theirs, &request, facts);
}

void theirs_misbehave(struct theirs *theirs, enum theirs_fault fault, struct facts *facts)
{
	const struct request request = {.kind = fault == THEIRS_CRASHES ? CRASH : LOOP};

	ask(theirs, &request, facts);
}
