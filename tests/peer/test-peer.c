/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpvbuild and libxenguest build the same domains; each is one test case.
 * Speaks TAP. The kernels are those in the directory PVB_KERNELS.
 *
 *   test-peer                 all
 *   test-peer WORD            the cases whose name has WORD in it
 *   test-peer --document      prints doc/libxenguest-differences.md
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>

#include <pvbuild/audit.h>
#include <pvbuild/image.h>

#include "peer/compare.h"
#include "peer/peer.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define ODD_RAMDISK UINT64_C(5000001)
#define COMMAND_LINE "root=/dev/xvda1 ro console=hvc0 pvbuild.peer=1"
#define HOST "sim:memory=64G,xen=4.17"

static unsigned tests, failures;

static void diagnose(void *opaque, const char *line)
{
	(void)opaque;
	printf("#   %s\n", line);
}

__attribute__((format(printf, 2, 3))) static void result(bool ok, const char *format, ...)
{
	va_list arguments;

	printf("%sok %u - ", ok ? "" : "not ", ++tests);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	failures += !ok;
}

/* A file of bytes that are neither zero nor compressed. */
static int make_ramdisk(uint64_t bytes)
{
	int fd = memfd_create("ramdisk", MFD_CLOEXEC);
	uint32_t state = 0x70766221; /* xorshift32 */

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		return -1;

	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	for (uint64_t i = 0; i < bytes; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		at[i] = (uint8_t)state;
	}
	munmap(at, bytes);
	return fd;
}

/* ---- the cases ---- */

/* xz, lz4 and zstd in bzImages; plain ELF, 64-bit and 32-bit PAE; gzip around an ELF with the
 * legacy section __xen_guest. */
static const char *const kernels[] = {"vmlinuz-6.1",         "vmlinuz-6.1-cloud", "vmlinuz-6.12",
				      "grub-x86_64-xen.bin", "grub-i386-xen.bin", "gnumach-xen.gz"};

/* 129 MiB has a p2m list that does not fill its last page. */
static const uint64_t sizes[] = {64 * MIB, 128 * MIB, 129 * MIB, 512 * MIB,
				 1 * GIB,  4 * GIB,   16 * GIB};

/* The ways in which each kernel is built at each size; one size is enough for the later ones. */
static const struct variant {
	const char *name;
	const char *host;
	bool ramdisk;
	bool keep_flags;
	bool one_size;
} variants[] = {
	{"no ramdisk", HOST, false, false, false},
	{"ramdisk", HOST, true, false, false},
	{"flags as xc_linux_build() has them", HOST, true, true, true},
	{"machine memory fragmented and scrambled", HOST ",fragment=40,scramble", true, false,
	 true},
};

#define ONE_SIZE (512 * MIB)

/* The one thing that our audit has to say of a domain of libxenguest's. */
#define ROUNDED_LENGTH "module.length-rounded"

static bool length_is_rounded(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->difference_count; i++) {
		if (strcmp(comparison->differences[i].field, "start_info.mod_len") == 0)
			return true;
	}
	return false;
}

/* What our audit says of libxenguest's domain. Returns how much of it should not be. */
static unsigned audit(const struct comparison *comparison, const struct pvb_image *image)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	bool due = length_is_rounded(comparison);
	struct pvb_audit *audited;
	struct pvb_error error;
	unsigned wrong = 0;

	options.image = image;
	options.module_fds = &comparison->which->ramdisk;
	options.module_fd_count = comparison->which->ramdisk >= 0;
	options.command_line = comparison->which->command_line;
	options.memory = comparison->which->memory;
	if (pvb_audit_domain(comparison->theirs->host, comparison->theirs->domid, &options,
			     &audited, &error)) {
		printf("#   the audit of libxenguest's domain failed: %s\n", error.message);
		return 1;
	}

	const struct pvb_audit_report *report = pvb_audit_report(audited);

	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pvb_finding *finding = &report->findings[i];

		printf("#   our audit of libxenguest's domain: %s: %s: %s\n", finding->rule,
		       finding->where, finding->message);
		if (due && strcmp(finding->rule, ROUNDED_LENGTH) == 0)
			due = false;
		else
			wrong++;
	}
	pvb_audit_free(audited);
	if (due) {
		printf("#   our audit does not see that the ramdisk's length is rounded\n");
		wrong++;
	}
	return wrong;
}

/* Both build, or both refuse. */
static void check_case(const char *name, const char *host, const struct peer_case *which,
		       const struct pvb_image *image)
{
	static struct peer_domain ours, theirs;
	static struct comparison comparison;
	bool we_did = peer_build_ours(host, which, &ours) == 0;
	bool they_did = peer_build_theirs(host, which, &theirs) == 0;

	if (we_did && they_did) {
		int rc = compare(&comparison, which, &ours, &theirs);
		unsigned wrong = rc ? 1 : explain(&comparison, diagnose, NULL);

		if (rc)
			printf("#   cannot be compared: %s\n", comparison.why);
		else
			wrong += audit(&comparison, image);
		result(wrong == 0,
		       "%s: the same but for %zu listed differences (%" PRIu64 " values compared)",
		       name, comparison.difference_count, comparison.compared);
		comparison_close(&comparison);
	} else if (!we_did && !they_did) {
		printf("#   libpvbuild: %s\n#   libxenguest: %s\n", ours.why, theirs.why);
		result(true, "%s: both refuse", name);
	} else {
		printf("#   libpvbuild: %s\n#   libxenguest: %s\n", we_did ? "builds" : ours.why,
		       they_did ? "builds" : theirs.why);
		result(false, "%s: only %s builds", name, we_did ? "libpvbuild" : "libxenguest");
	}
	peer_domain_close(&ours);
	peer_domain_close(&theirs);
}

static void check_size(const char *kernel, uint64_t memory, const char *path,
		       const struct pvb_image *image, const char *word, int ramdisk)
{
	for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
		const struct variant *variant = &variants[i];
		const struct peer_case which = {
			.kernel = path,
			.memory = memory,
			.command_line = COMMAND_LINE,
			.ramdisk = variant->ramdisk ? ramdisk : -1,
			.ramdisk_bytes = variant->ramdisk ? ODD_RAMDISK : 0,
			.keep_flags = variant->keep_flags,
		};
		char name[160];

		snprintf(name, sizeof name, "%s, %" PRIu64 " MiB, %s", kernel, memory / MIB,
			 variant->name);
		if ((variant->one_size && memory != ONE_SIZE) || (word && !strstr(name, word)))
			continue;
		if (image)
			check_case(name, variant->host, &which, image);
		else
			printf("ok %u - %s # SKIP there is no %s\n", ++tests, name, path);
	}
}

static void check_kernel(const char *kernel, const char *directory, const char *word, int ramdisk)
{
	struct pvb_image *image = NULL;
	struct pvb_error error;
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", directory, kernel);
	if (access(path, R_OK) == 0 && pvb_image_open(path, NULL, &image, &error)) {
		result(false, "%s: %s", kernel, error.message);
		return;
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		check_size(kernel, sizes[i], path, image, word, ramdisk);
	pvb_image_free(image);
}

/* ---- whether the comparison can fail ---- */

/* Write one byte of a page of the guest's. */
static void spoil(struct comparison *comparison, uint64_t pfn, uint64_t offset)
{
	struct pvb_error error;
	pvb_mfn_t frame = PVB_MFN(comparison->a.p2m[pfn]);
	void *at;

	if (pvb_host_map_frames(comparison->ours->host, comparison->ours->domid, &frame, 1, true,
				&at, &error) == 0) {
		((uint8_t *)at)[offset] ^= 0xff;
		pvb_host_unmap_frames(comparison->ours->host, at, 1);
	}
}

static void spoil_kernel(struct comparison *comparison)
{
	spoil(comparison, comparison->ours->layout.kernel.pfn + 3, 17);
}

static void spoil_module(struct comparison *comparison)
{
	spoil(comparison, comparison->ours->layout.module.pfn, 0);
}

static void spoil_console(struct comparison *comparison)
{
	spoil(comparison, comparison->ours->layout.console.pfn, 3000);
}

static void spoil_command_line(struct comparison *comparison)
{
	spoil(comparison, comparison->ours->layout.start_info.pfn,
	      offsetof(start_info_t, cmd_line) + 2);
}

static void spoil_p2m(struct comparison *comparison)
{
	/* The entry of a PFN whose contents nobody looks at. */
	uint64_t entry = 8 * (comparison->ours->layout.end_pfn + 5);

	spoil(comparison, comparison->ours->layout.p2m.pfn + entry / VIEW_PAGE_SIZE,
	      entry % VIEW_PAGE_SIZE);
}

static void spoil_shared_info(struct comparison *comparison)
{
	struct pvb_error error;
	void *at;

	if (pvb_host_map_frames(comparison->ours->host, comparison->ours->domid,
				&comparison->a.domain.shared_info, 1, true, &at, &error) == 0) {
		((uint8_t *)at)[1] = 0;
		pvb_host_unmap_frames(comparison->ours->host, at, 1);
	}
}

static void spoil_register(struct comparison *comparison)
{
	struct pvb_host_vcpu vcpu = comparison->a.vcpu;
	struct pvb_error error;

	vcpu.rbx = 1;
	(void)pvb_host_set_vcpu(comparison->ours->host, comparison->ours->domid, 0, &vcpu, &error);
}

static void spoil_grant(struct comparison *comparison)
{
	const struct pvb_host_grant grant = {
		.index = 0,
		.flags = 1,
		.domid = 7,
		.frame = PVB_MFN(comparison->a.p2m[comparison->ours->layout.console.pfn]),
	};
	struct pvb_error error;

	(void)pvb_host_set_grants(comparison->ours->host, comparison->ours->domid, &grant, 1,
				  &error);
}

static const struct {
	const char *field;
	void (*spoil)(struct comparison *comparison);
} spoilers[] = {
	{"contents.kernel", spoil_kernel},
	{"contents.module", spoil_module},
	{"contents.console", spoil_console},
	{"start_info.cmd_line", spoil_command_line},
	{"p2m.entry", spoil_p2m},
	{"shared_info", spoil_shared_info},
	{"vcpu.rbx", spoil_register},
	{"grants.domid", spoil_grant},
};

static void keep_quiet(void *opaque, const char *line)
{
	(void)opaque;
	(void)line;
}

/* Of a domain spoiled in one way, exactly that comes out. */
static void check_spoilers(const struct peer_case *which)
{
	static struct peer_domain ours, theirs;
	static struct comparison comparison;

	for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
		unsigned unexplained = 0;
		bool shown = false;

		if (peer_build_ours(HOST, which, &ours) ||
		    peer_build_theirs(HOST, which, &theirs) ||
		    compare(&comparison, which, &ours, &theirs)) {
			printf("#   %s%s%s\n", ours.why, theirs.why, comparison.why);
		} else {
			spoilers[i].spoil(&comparison);
			comparison_close(&comparison);
			if (compare(&comparison, which, &ours, &theirs))
				printf("#   %s\n", comparison.why);
			explain(&comparison, keep_quiet, NULL);
			for (size_t j = 0; j < comparison.difference_count; j++) {
				if (comparison.differences[j].explained)
					continue;
				unexplained++;
				shown |= strcmp(comparison.differences[j].field,
						spoilers[i].field) == 0;
			}
		}
		comparison_close(&comparison);
		result(shown && unexplained == 1, "a difference in %s is found, and no other",
		       spoilers[i].field);
		peer_domain_close(&ours);
		peer_domain_close(&theirs);
	}
}

/* A listed difference that does not occur where it should is found too. */
static void check_missing_difference(const struct peer_case *which)
{
	static struct peer_domain ours, theirs;
	static struct comparison comparison;
	struct peer_case kept = *which;

	kept.keep_flags = true;

	bool built = peer_build_ours(HOST, &kept, &ours) == 0 &&
		     peer_build_theirs(HOST, &kept, &theirs) == 0 &&
		     compare(&comparison, which, &ours, &theirs) == 0;

	result(built && explain(&comparison, keep_quiet, NULL) == 1,
	       "a listed difference that does not occur is found");
	comparison_close(&comparison);
	peer_domain_close(&ours);
	peer_domain_close(&theirs);
}

/* ---- the document ---- */

static void check_document(void)
{
	const char *srcdir = getenv("PVB_SRCDIR");
	char path[PATH_MAX];
	char *wanted = NULL, *found = NULL;
	size_t wanted_size = 0, found_size = 0;
	FILE *to = open_memstream(&wanted, &wanted_size);

	snprintf(path, sizeof path, "%s/doc/libxenguest-differences.md", srcdir ? srcdir : ".");
	write_expectations(to);
	fclose(to);

	FILE *from = fopen(path, "re");

	if (from) {
		found = malloc(wanted_size + 2);
		found_size = fread(found, 1, wanted_size + 1, from);
		fclose(from);
	}
	result(found && found_size == wanted_size && memcmp(found, wanted, wanted_size) == 0,
	       "doc/libxenguest-differences.md says what the table says");
	free(wanted);
	free(found);
}

int main(int argc, char **argv)
{
	const char *directory = getenv("PVB_KERNELS");
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word && strcmp(word, "--document") == 0) {
		write_expectations(stdout);
		return 0;
	}
	if (!directory) {
		printf("1..0 # SKIP PVB_KERNELS names no directory of kernels\n");
		return 0;
	}
	if (peer_preload(argv))
		return 1;

	int ramdisk = make_ramdisk(ODD_RAMDISK);

	if (ramdisk < 0) {
		perror("ramdisk");
		return 1;
	}
	for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
		check_kernel(kernels[i], directory, word, ramdisk);
	if (!word) {
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s/grub-x86_64-xen.bin", directory);

		const struct peer_case small = {
			.kernel = path,
			.memory = 64 * MIB,
			.command_line = COMMAND_LINE,
			.ramdisk = ramdisk,
			.ramdisk_bytes = ODD_RAMDISK,
		};

		if (access(path, R_OK)) {
			printf("ok %u - the comparison can fail # SKIP %s is not there\n", ++tests,
			       path);
		} else {
			check_spoilers(&small);
			check_missing_difference(&small);
		}
		check_document();
	}
	close(ramdisk);
	printf("1..%u\n", tests);
	return failures != 0;
}
