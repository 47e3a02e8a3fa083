/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where libpvbuild does on purpose otherwise than libxenguest, in more than a
 * field: the second table of doc/libxenguest-differences.md.
 */
#include "config.h"

#include "support/test.h"

#include <elf.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

#include "peer/peer.h"
#include "peer/view.h"
#include "support/elf-builder.h"

#define MIB (UINT64_C(1) << 20)
#define HOST "sim:memory=4G,xen=4.17"

struct fixture {
	char kernel[PATH_MAX];
	struct peer_case which;
	struct peer_domain ours, theirs;
	bool we_did, they_did;
};

static int set_up(void **state)
{
	const char *directory = getenv("PVB_KERNELS");
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	snprintf(fixture->kernel, sizeof fixture->kernel, "%s/grub-x86_64-xen.bin",
		 directory ? directory : ".");
	fixture->which = (struct peer_case){
		.kernel = fixture->kernel,
		.memory = 64 * MIB,
		.command_line = "",
		.ramdisk = -1,
	};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	peer_domain_close(&fixture->ours);
	peer_domain_close(&fixture->theirs);
	free(fixture);
	return 0;
}

static void need_kernel(const struct fixture *fixture)
{
	if (access(fixture->kernel, R_OK)) {
		print_message("%s is not there: set PVB_KERNELS\n", fixture->kernel);
		skip();
	}
}

static void build(struct fixture *fixture)
{
	fixture->we_did = peer_build_ours(HOST, &fixture->which, &fixture->ours) == 0;
	fixture->they_did = peer_build_theirs(HOST, &fixture->which, &fixture->theirs) == 0;
}

static void a_command_line_that_does_not_fit_is_refused_and_not_cut(void **state)
{
	struct fixture *fixture = *state;
	char line[1025] = {0};
	struct view view;

	need_kernel(fixture);
	memset(line, 'x', 1024);
	fixture->which.command_line = line;
	build(fixture);
	assert_false(fixture->we_did);
	assert_non_null(strstr(fixture->ours.why, "arg.command-line"));
	assert_true(fixture->they_did);
	assert_int_equal(peer_view_open(&view, fixture->theirs.host, fixture->theirs.domid), 0);
	assert_int_equal(view.start_info.cmd_line[1022], 'x');
	assert_int_equal(view.start_info.cmd_line[1023], 0);
	peer_view_close(&view);
}

/* 64 KiB of one letter, as gzip has them; in a file. */
#define PLAIN_BYTES 65536

static int make_gzip(uint64_t *bytes)
{
	static unsigned char plain[PLAIN_BYTES], packed[PLAIN_BYTES];
	z_stream stream = {.next_in = plain,
			   .avail_in = sizeof plain,
			   .next_out = packed,
			   .avail_out = sizeof packed};

	memset(plain, 'r', sizeof plain);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	*bytes = stream.total_out;
	deflateEnd(&stream);

	int fd = memfd_create("ramdisk", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, packed, *bytes), *bytes);
	return fd;
}

static unsigned first_byte_of_ramdisk(const struct peer_domain *domain, uint64_t *length)
{
	struct view view;

	assert_int_equal(peer_view_open(&view, domain->host, domain->domid), 0);
	const uint8_t *at = peer_view_map(&view, domain->layout.module.pfn, 1);
	assert_non_null(at);
	unsigned byte = at[0];
	peer_view_unmap(&view, at, 1);
	*length = view.start_info.mod_len;
	peer_view_close(&view);
	return byte;
}

static void a_gzip_ramdisk_is_passed_as_it_is_and_not_unpacked(void **state)
{
	struct fixture *fixture = *state;
	uint64_t length;

	need_kernel(fixture);
	fixture->which.ramdisk = make_gzip(&fixture->which.ramdisk_bytes);
	build(fixture);
	close(fixture->which.ramdisk);
	assert_true(fixture->we_did);
	assert_true(fixture->they_did);
	assert_int_equal(first_byte_of_ramdisk(&fixture->ours, &length), 0x1f);
	assert_int_equal(length, fixture->which.ramdisk_bytes);
	assert_int_equal(first_byte_of_ramdisk(&fixture->theirs, &length), 'r');
	assert_true(length >= PLAIN_BYTES);
}

/* A copy of the kernel whose last PT_LOAD says that it lies far outside of the file. */
static int make_lying_kernel(const char *path)
{
	FILE *file = fopen(path, "re");
	int fd = memfd_create("kernel", MFD_CLOEXEC);
	static char buffer[1 << 16];
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	off_t last = 0;
	size_t got;

	assert_non_null(file);
	assert_true(fd >= 0);
	while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
		assert_int_equal(write(fd, buffer, got), got);
	fclose(file);
	assert_int_equal(pread(fd, &header, sizeof header, 0), sizeof header);
	for (unsigned i = 0; i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);

		assert_int_equal(pread(fd, &segment, sizeof segment, at), sizeof segment);
		if (segment.p_type == PT_LOAD)
			last = at;
	}
	assert_int_not_equal(last, 0);
	assert_int_equal(pread(fd, &segment, sizeof segment, last), sizeof segment);
	segment.p_offset = UINT64_C(1) << 40;
	assert_int_equal(pwrite(fd, &segment, sizeof segment, last), sizeof segment);
	return fd;
}

static void a_segment_outside_of_the_file_is_refused_and_not_left_out(void **state)
{
	struct fixture *fixture = *state;
	char path[32];

	need_kernel(fixture);
	int fd = make_lying_kernel(fixture->kernel);

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	fixture->which.kernel = path;
	build(fixture);
	close(fd);
	assert_false(fixture->we_did);
	assert_non_null(strstr(fixture->ours.why, "elf.segment-file"));
	assert_true(fixture->they_did);
}

/* Three segments of notes that are the same bytes, most of the file. */
static int make_noisy_kernel(void)
{
	static const char filler[100000];
	struct elf_builder b = ELF_BUILDER_64;
	struct blob notes = xen_notes(64), file;
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	note_add_number(&notes, NOTE_VIRT_BASE, 0, 8);
	note_add(&notes, "BIG", 7, filler, sizeof filler);

	const size_t size = notes.size;

	elf_add_load(&b, 0, 0x1000, 0x1000);
	for (unsigned i = 0; i < 3; i++) {
		struct blob none = BLOB_INIT;

		elf_add_note_segment(&b, i ? &none : &notes);
	}
	file = elf_build(&b);
	for (unsigned i = 2; i < 4; i++) {
		elf_set_ph(&file, i, PH_OFFSET, elf_get_ph(&file, 1, PH_OFFSET));
		elf_set_ph(&file, i, PH_FILESZ, size);
	}
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.bytes, file.size), file.size);
	blob_free(&file);
	return fd;
}

static void notes_of_more_bytes_than_the_file_has_are_refused(void **state)
{
	struct fixture *fixture = *state;
	char path[32];
	int fd = make_noisy_kernel();

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	fixture->which.kernel = path;
	build(fixture);
	close(fd);
	assert_false(fixture->we_did);
	assert_non_null(strstr(fixture->ours.why, "note.too-many"));
	assert_true(fixture->they_did);
}

static void what_does_not_fit_is_refused_before_memory_is_allocated(void **state)
{
	struct fixture *fixture = *state;

	need_kernel(fixture);
	fixture->which.memory = 6 * MIB;
	build(fixture);
	assert_false(fixture->we_did);
	assert_false(fixture->they_did);
	assert_int_equal(fixture->ours.host->calls[PVB_CALL_POPULATE], 0);
	assert_int_not_equal(fixture->theirs.host->calls[PVB_CALL_POPULATE], 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (peer_preload(argv))
		return 1;

	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_command_line_that_does_not_fit_is_refused_and_not_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_gzip_ramdisk_is_passed_as_it_is_and_not_unpacked,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_segment_outside_of_the_file_is_refused_and_not_left_out, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(notes_of_more_bytes_than_the_file_has_are_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_does_not_fit_is_refused_before_memory_is_allocated, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
