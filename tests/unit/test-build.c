/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole build, of kernels made to order, on a host that believes everything. */
#include "support/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "build/builder.h"
#include "support/elf-builder.h"
#include "unit/fake-host.h"

#define MIB UINT64_C(0x100000)

struct bench {
	struct fake_host fake;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pvb_error error;
	int ramdisk;
	struct pvb_build_options options;
};

/* What to build of: which kernel, how long a ramdisk, how much memory. */
struct order {
	struct blob (*kernel)(void);
	uint64_t ramdisk;
	uint64_t memory;
	const char *command_line;
};

static struct blob linux_64(void)
{
	struct elf_builder b = linux_like(64);

	return elf_build(&b);
}

static struct blob linux_32(void)
{
	struct elf_builder b = linux_like(32);

	return elf_build(&b);
}

/* No place for the list, a ramdisk that is mapped, no hypercall page. */
static struct blob small_64(void)
{
	return small_kernel(64);
}

static uint8_t ramdisk_byte(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 12) + 7);
}

static int make_ramdisk(uint64_t bytes)
{
	int fd = memfd_create("ramdisk", MFD_CLOEXEC);
	uint8_t *content = malloc(bytes);

	assert_true(fd >= 0);
	assert_non_null(content);
	for (uint64_t i = 0; i < bytes; i++)
		content[i] = ramdisk_byte(i);
	assert_int_equal(write(fd, content, bytes), bytes);
	free(content);
	return fd;
}

static void bench_open(struct bench *bench, const struct order *order)
{
	struct pvb_plan_module module = {.name = "ramdisk", .bytes = order->ramdisk};
	struct pvb_spec spec = PVB_SPEC_INIT;

	memset(bench, 0, sizeof *bench);
	fake_open(&bench->fake);
	bench->fake.dirty = true;
	snprintf(bench->fake.info.capabilities, sizeof bench->fake.info.capabilities,
		 "xen-3.0-x86_64 xen-3.0-x86_32p");
	bench->ramdisk = order->ramdisk ? make_ramdisk(order->ramdisk) : -1;

	struct blob kernel = order->kernel();
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &bench->image,
					&bench->error),
		  &bench->error);
	blob_free(&kernel);
	spec.memory = order->memory;
	spec.command_line = order->command_line;
	spec.modules = &module;
	spec.module_count = order->ramdisk ? 1 : 0;
	assert_ok(pvb_plan_create(bench->image, &spec, &bench->fake.info, &bench->plan,
				  &bench->error),
		  &bench->error);
	bench->options = (struct pvb_build_options)PVB_BUILD_OPTIONS_INIT;
	bench->options.module_fds = &bench->ramdisk;
	bench->options.module_fd_count = spec.module_count;
}

static int build(struct bench *bench)
{
	return pvb_build(&bench->fake.host, bench->plan, bench->image, &bench->options,
			 &bench->domain, &bench->error);
}

static void forget_domain(struct bench *bench)
{
	pvb_domain_free(bench->domain);
	bench->domain = NULL;
}

static void bench_close(struct bench *bench)
{
	pvb_domain_free(bench->domain);
	pvb_plan_free(bench->plan);
	pvb_image_free(bench->image);
	if (bench->ramdisk >= 0)
		assert_int_equal(close(bench->ramdisk), 0);
	fake_close(&bench->fake);
}

/* ---- reading back ---- */

static uint64_t maddr_of(const struct bench *bench, uint64_t gpa)
{
	const struct pvb_domain_info *info = pvb_domain_info(bench->domain);

	for (size_t i = 0; i < info->extent_count; i++)
		if (gpa - info->extents[i].gpa < info->extents[i].bytes)
			return info->extents[i].maddr + (gpa - info->extents[i].gpa);
	fail_msg("no memory at 0x%llx", (unsigned long long)gpa);
	return 0;
}

static void read_gpa(const struct bench *bench, uint64_t gpa, void *page)
{
	fake_read(&bench->fake, maddr_of(bench, gpa) >> 12, page);
}

static const struct pvb_plan_segment *segment(const struct bench *bench, const char *name)
{
	const struct pvb_plan_info *info = pvb_plan_info(bench->plan);

	for (size_t i = 0; i < info->segment_count; i++)
		if (strcmp(info->segments[i].name, name) == 0)
			return &info->segments[i];
	fail_msg("no segment %s", name);
	return NULL;
}

static uint64_t field(const uint8_t *page, unsigned offset, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)page[offset + i] << (8 * i);
	return value;
}

static void assert_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			fail_msg("byte %zu is 0x%02x", i, bytes[i]);
}

static const struct order orders[] = {
	{linux_64, 0, 64 * MIB, "root=/dev/xvda1 ro"},
	{linux_64, 5000001, 64 * MIB, NULL},
	{linux_32, 0, 64 * MIB, "root=/dev/xvda1 ro"},
	{linux_32, 4096, 64 * MIB, NULL},
	{small_64, 0, 8 * MIB, ""},
	{small_64, 123457, 16 * MIB, "a"},
};

#define EACH_ORDER(order)                                                                          \
	for (const struct order *order = orders;                                                   \
	     order < orders + sizeof orders / sizeof orders[0]; order++)

/* Offsets from Xen's public xen.h, written down once more. */
static void start_info_says_what_was_built(void **state)
{
	(void)state;
	EACH_ORDER(order)
	{
		struct bench bench;
		uint8_t page[4096];

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		const struct pvb_domain_info *domain = pvb_domain_info(bench.domain);
		const struct pvb_plan_info *plan = pvb_plan_info(bench.plan);
		bool is64 = plan->guest_type == PVB_GUEST_X86_64;
		unsigned word = is64 ? 8 : 4;
		const char *command_line = order->command_line ? order->command_line : "";
		uint64_t store = maddr_of(&bench, segment(&bench, "xenstore")->gpa) >> 12;
		uint64_t console = maddr_of(&bench, segment(&bench, "console")->gpa) >> 12;
		bool unmapped = order->ramdisk && segment(&bench, "module0")->va == PVB_NONE;

		read_gpa(&bench, segment(&bench, "start_info")->gpa, page);
		assert_string_equal((char *)page, is64 ? "xen-3.0-x86_64" : "xen-3.0-x86_32p");
		assert_zero(page + 15, 17);
		assert_int_equal(field(page, 32, word), order->memory >> 12);
		assert_int_equal(field(page, is64 ? 40 : 36, word), 0x800000);
		assert_int_equal(field(page, is64 ? 48 : 40, 4), 0x10 | (unmapped ? 8 : 0));
		assert_int_equal(field(page, is64 ? 56 : 44, word), store);
		assert_int_equal(field(page, is64 ? 64 : 48, 4), 1);
		assert_int_equal(field(page, is64 ? 72 : 52, word), console);
		assert_int_equal(field(page, is64 ? 80 : 56, 4), 2);
		assert_int_equal(field(page, is64 ? 88 : 60, word),
				 segment(&bench, "page_tables")->va);
		assert_int_equal(field(page, is64 ? 96 : 64, word), plan->table_pages);
		assert_int_equal(field(page, is64 ? 104 : 68, word), plan->p2m_va);
		if (order->ramdisk)
			assert_int_equal(field(page, is64 ? 112 : 72, word),
					 unmapped ? segment(&bench, "module0")->gpa >> 12
						  : segment(&bench, "module0")->va);
		else
			assert_int_equal(field(page, is64 ? 112 : 72, word), 0);
		assert_int_equal(field(page, is64 ? 120 : 76, word), order->ramdisk);
		assert_string_equal((char *)page + (is64 ? 128 : 80), command_line);
		assert_zero(page + (is64 ? 128 : 80) + strlen(command_line),
			    1024 - strlen(command_line));
		if (plan->p2m_table_pages) {
			assert_int_equal(field(page, 1152, 8), plan->p2m_gpa >> 12);
			assert_int_equal(field(page, 1160, 8), (segment(&bench, "p2m")->occupied >>
								12) + plan->p2m_table_pages);
		} else {
			assert_zero(page + (is64 ? 1152 : 1104), 2 * word);
		}
		assert_zero(page + (is64 ? 1168 : 1112), 4096 - (is64 ? 1168 : 1112));

		/* and the description says the same */
		const struct pvb_start_info *info = &domain->start_info;
		assert_string_equal(info->magic, (char *)page);
		assert_int_equal(info->nr_pages, order->memory >> 12);
		assert_int_equal(info->shared_info, 0x800000);
		assert_int_equal(info->flags, 0x10 | (unmapped ? 8 : 0));
		assert_int_equal(info->store_mfn, store);
		assert_int_equal(info->console_mfn, console);
		assert_int_equal(info->store_evtchn, 1);
		assert_int_equal(info->console_evtchn, 2);
		assert_int_equal(info->mod_len, order->ramdisk);
		assert_string_equal(info->cmd_line, command_line);
		assert_int_equal(info->mfn_list, plan->p2m_va);
		bench_close(&bench);
	}
}

static void kernel_and_ramdisk_are_where_the_plan_says(void **state)
{
	(void)state;
	EACH_ORDER(order)
	{
		struct bench bench;
		uint8_t page[4096], want[4096];

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);

		const struct pvb_image_info *image = pvb_image_info(bench.image);
		const struct pvb_plan_segment *kernel = segment(&bench, "kernel");
		for (uint64_t at = 0; at < kernel->occupied; at += 4096) {
			memset(want, 0, sizeof want);
			for (size_t i = 0; i < image->piece_count; i++)
				for (unsigned b = 0; b < 4096; b++) {
					uint64_t in = kernel->va + at + b - image->pieces[i].va;

					if (in < image->pieces[i].size)
						assert_int_equal(
							pread(pvb_image_fd(bench.image), want + b,
							      1,
							      (off_t)(image->pieces[i].offset +
								      in)),
							1);
				}
			read_gpa(&bench, kernel->gpa + at, page);
			assert_memory_equal(page, want, 4096);
			if (at >= 0x8000 && at < kernel->occupied - 0x8000)
				at = kernel->occupied -
				     0x8000; /* the gap has a hundred pages alike */
		}
		if (order->ramdisk) {
			const struct pvb_plan_segment *module = segment(&bench, "module0");

			for (uint64_t at = 0; at < module->occupied; at += 4096) {
				read_gpa(&bench, module->gpa + at, page);
				for (unsigned b = 0; b < 4096; b++)
					if (page[b] !=
					    (at + b < order->ramdisk ? ramdisk_byte(at + b) : 0))
						fail_msg("byte %llu of the ramdisk",
							 (unsigned long long)(at + b));
			}
		}
		bench_close(&bench);
	}
}

static void rings_and_stack_are_clean_and_shared_info_masks_events(void **state)
{
	(void)state;
	EACH_ORDER(order)
	{
		struct bench bench;
		uint8_t page[4096];

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);
		static const char *const zero[] = {"xenstore", "console", "boot_stack"};
		for (unsigned i = 0; i < 3; i++) {
			read_gpa(&bench, segment(&bench, zero[i])->gpa, page);
			assert_zero(page, sizeof page);
		}

		bool is64 = pvb_plan_info(bench.plan)->guest_type == PVB_GUEST_X86_64;
		unsigned size = is64 ? 3136 : 2344;
		fake_read(&bench.fake, 0x800, page);
		for (unsigned i = 0; i < size; i++)
			assert_int_equal(page[i], i < 32 * 64 && i % 64 == 1);
		/* what lies behind the structure is Xen's own */
		assert_int_equal(page[size], 0xc2);
		assert_int_equal(pvb_domain_info(bench.domain)->shared_info_maddr, 0x800000);
		bench_close(&bench);
	}
}

static void a_console_can_be_disconnected_from_4_21_on(void **state)
{
	(void)state;
	static const struct {
		unsigned major, minor;
		uint8_t connection;
	} cases[] = {{4, 17, 0}, {4, 20, 0}, {4, 21, 1}, {5, 0, 1}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;
		uint8_t page[4096];

		bench_open(&bench, &orders[4]);
		bench.fake.info.xen_major = cases[i].major;
		bench.fake.info.xen_minor = cases[i].minor;
		assert_ok(build(&bench), &bench.error);
		read_gpa(&bench, segment(&bench, "console")->gpa, page);
		assert_int_equal(page[3088], cases[i].connection);
		assert_zero(page, 3088);
		bench_close(&bench);
	}
}

static void the_vcpu_starts_at_the_entry(void **state)
{
	(void)state;
	EACH_ORDER(order)
	{
		struct bench bench;

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);
		const struct pvb_plan_info *plan = pvb_plan_info(bench.plan);
		const struct pvb_host_vcpu *vcpu = &bench.fake.vcpu;
		uint64_t root = maddr_of(&bench, segment(&bench, "page_tables")->gpa);
		bool is64 = plan->guest_type == PVB_GUEST_X86_64;

		assert_int_equal(vcpu->rip, plan->registers.rip);
		assert_int_equal(vcpu->rsp, plan->registers.rsp);
		assert_int_equal(vcpu->rsi, plan->registers.rsi);
		assert_int_equal(vcpu->rflags, 0x200);
		assert_int_equal(vcpu->cs, is64 ? 0xe033 : 0xe019);
		assert_int_equal(vcpu->ss, is64 ? 0xe02b : 0xe021);
		assert_int_equal(vcpu->ds, is64 ? 0 : 0xe021);
		assert_int_equal(vcpu->es, is64 ? 0 : 0xe021);
		assert_int_equal(vcpu->fs, is64 ? 0 : 0xe021);
		assert_int_equal(vcpu->gs, is64 ? 0 : 0xe021);
		assert_int_equal(vcpu->kernel_ss, vcpu->ss);
		assert_int_equal(vcpu->kernel_sp, vcpu->rsp);
		assert_int_equal(vcpu->cr[3], root);
		assert_int_equal(vcpu->debugreg[6], 0xffff0ff0);
		assert_int_equal(vcpu->debugreg[7], 0x400);
		assert_int_equal(vcpu->flags, 0x24);
		assert_int_equal(vcpu->vm_assist, is64 ? 0 : 8);
		assert_int_equal(bench.fake.pinned.n << 12, root);
		assert_int_equal(bench.fake.pinned_level, is64 ? 4 : 3);
		assert_int_equal(bench.fake.mapped_at_pin, 0);
		assert_int_equal(pvb_domain_info(bench.domain)->root_maddr, root);
		if (order->kernel != small_64)
			assert_int_equal(bench.fake.hypercall_page.n,
					 maddr_of(&bench, 0x1001000) >> 12);
		else
			assert_int_equal(bench.fake.host.calls[PVB_CALL_FILL_HYPERCALL_PAGE], 0);
		bench_close(&bench);
	}
}

static void a_32_bit_root_above_4_gib_is_folded(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[2]);
	bench.fake.next_mfn = UINT64_C(0x1200000);
	assert_ok(build(&bench), &bench.error);
	uint64_t root = pvb_domain_info(bench.domain)->root_maddr;
	assert_true(root > UINT32_MAX);
	assert_int_equal(bench.fake.vcpu.cr[3], (root & UINT32_MAX) | root >> 32);
	bench_close(&bench);
}

static void the_domain_is_made_as_libxl_would(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[1]);
	bench.options.name = "guest";
	bench.options.uuid[3] = 9;
	bench.options.console_domid = 5;
	bench.options.xenstore_domid = 6;
	assert_ok(build(&bench), &bench.error);
	const struct pvb_domain_info *info = pvb_domain_info(bench.domain);

	assert_string_equal(bench.fake.config.name, "guest");
	assert_int_equal(bench.fake.config.uuid[3], 9);
	assert_int_equal(bench.fake.config.vcpus, 1);
	assert_int_equal(bench.fake.config.max_event_channel, 1023);
	assert_int_equal(bench.fake.config.max_grant_frames, 0);
	assert_int_equal(bench.fake.guest_bits, 64);
	assert_int_equal(bench.fake.max_memory, 65 * MIB);
	assert_int_equal(bench.fake.memory_map_count, 1);
	assert_int_equal(bench.fake.memory_map[0].address, 0);
	assert_int_equal(bench.fake.memory_map[0].bytes, 64 * MIB);
	assert_int_equal(bench.fake.channels, 2);
	assert_int_equal(bench.fake.remotes[0], 6);
	assert_int_equal(bench.fake.remotes[1], 5);
	assert_int_equal(bench.fake.grant_count, 2);
	assert_int_equal(bench.fake.grants[0].index, 0);
	assert_int_equal(bench.fake.grants[0].domid, 5);
	assert_int_equal(bench.fake.grants[0].flags, 1);
	assert_int_equal(bench.fake.grants[0].frame.n, info->start_info.console_mfn);
	assert_int_equal(bench.fake.grants[1].index, 1);
	assert_int_equal(bench.fake.grants[1].domid, 6);
	assert_int_equal(bench.fake.grants[1].frame.n, info->start_info.store_mfn);
	assert_int_equal(bench.fake.introduction.memory, 64 * MIB);
	assert_int_equal(bench.fake.introduction.store_port, 1);
	assert_int_equal(bench.fake.introduction.console_port, 2);
	assert_int_equal(bench.fake.introduction.console_domid, 5);
	assert_int_equal(bench.fake.introduction.store_frame.n, info->start_info.store_mfn);
	assert_int_equal(bench.fake.introduction.console_frame.n, info->start_info.console_mfn);
	assert_string_equal(bench.fake.introduction.kernel, "kernel");
	assert_int_equal(info->domid, 7);
	assert_string_equal(info->name, "guest");
	assert_int_equal(info->uuid[3], 9);
	bench_close(&bench);
}

static void the_host_is_told_which_ramdisk_it_was(void **state)
{
	(void)state;
	EACH_ORDER(order)
	{
		struct bench bench;

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);
		if (order->ramdisk)
			assert_string_equal(bench.fake.introduction.ramdisk, "ramdisk");
		else
			assert_null(bench.fake.introduction.ramdisk);
		bench_close(&bench);
	}
}

static void a_handle_that_the_host_chose_is_handed_out(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[0]);
	bench.fake.own_uuid = 0x5a;
	assert_ok(build(&bench), &bench.error);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(pvb_domain_info(bench.domain)->uuid[i], 0x5a);
	bench_close(&bench);
}

static void a_backend_that_is_the_guest_itself_needs_no_grant(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[4]);
	bench.options.xenstore_domid = 7;
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(bench.fake.grant_count, 1);
	assert_int_equal(bench.fake.grants[0].index, 0);
	forget_domain(&bench);
	bench.options.console_domid = 7;
	uint64_t calls = bench.fake.host.calls[PVB_CALL_SET_GRANTS];
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(bench.fake.host.calls[PVB_CALL_SET_GRANTS], calls);
	bench_close(&bench);
}

static void each_guest_frame_is_written_at_most_once(void **state)
{
	(void)state;
	EACH_ORDER(order)
	{
		struct bench bench;
		uint64_t pages = 1; /* shared info */

		bench_open(&bench, order);
		assert_ok(build(&bench), &bench.error);
		const struct pvb_plan_info *plan = pvb_plan_info(bench.plan);
		for (size_t i = 0; i < plan->segment_count; i++)
			if (plan->segments[i].kind != PVB_SEGMENT_PADDING)
				pages += plan->segments[i].occupied >> 12;
		assert_int_equal(bench.fake.frames_mapped, pages);
		assert_int_equal(bench.fake.host.mapped_now, 0);
		bench_close(&bench);
	}
}

/* ---- stages, progress, log ---- */

enum { SEEN_SIZE = 512 };

static void append(char seen[SEEN_SIZE], const char *stage)
{
	size_t used = strlen(seen);

	snprintf(seen + used, SEEN_SIZE - used, "%s ", stage);
}

struct watcher {
	char seen[SEEN_SIZE];
	char stage[32];
	uint64_t done;
	uint64_t calls, cancel_at;
	unsigned lines;
};

static int watch(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct watcher *watcher = opaque;

	if (strcmp(watcher->stage, stage) != 0) {
		snprintf(watcher->stage, sizeof watcher->stage, "%s", stage);
		append(watcher->seen, stage);
		assert_int_equal(done, 0);
	} else {
		assert_true(done > watcher->done);
		assert_true(done <= total);
	}
	watcher->done = done;
	return ++watcher->calls == watcher->cancel_at;
}

static void take_line(void *opaque, int level, const char *line)
{
	struct watcher *watcher = opaque;

	assert_true(level == 0 || level == 1);
	assert_null(strchr(line, '\n'));
	watcher->lines++;
}

static const char every_stage[] =
	"create affinity max_memory event_channels memory_map cpu_policy guest_bits pte_bits claim "
	"populate load rings p2m page_tables start_info hypercall_page pin shared_info vcpu grants "
	"share introduce record keep ";

static void stages_come_in_order_and_are_timed(void **state)
{
	(void)state;
	struct bench bench;
	struct watcher watcher = {0};
	char timed[SEEN_SIZE] = "";

	bench_open(&bench, &orders[1]);
	bench.options.progress = watch;
	bench.options.progress_opaque = &watcher;
	bench.options.log = take_line;
	bench.options.log_opaque = &watcher;
	assert_ok(build(&bench), &bench.error);
	assert_string_equal(watcher.seen, every_stage);
	assert_true(watcher.lines > 0);
	const struct pvb_domain_info *info = pvb_domain_info(bench.domain);
	for (size_t i = 0; i < info->stage_count; i++)
		append(timed, info->stages[i].name);
	assert_string_equal(timed, every_stage);
	bench_close(&bench);
}

static void assert_nothing_left(const struct bench *bench)
{
	assert_null(bench->domain);
	assert_int_equal(bench->fake.claimed, 0);
	assert_int_equal(bench->fake.host.mapped_now, 0);
}

static void it_can_be_cancelled_at_every_report(void **state)
{
	(void)state;
	uint64_t reports = 0;

	for (uint64_t at = 1; at == 1 || at <= reports; at++) {
		struct bench bench;
		struct watcher watcher = {.cancel_at = at == 1 ? 0 : at - 1};

		bench_open(&bench, &orders[1]);
		bench.options.progress = watch;
		bench.options.progress_opaque = &watcher;
		if (at == 1) {
			assert_ok(build(&bench), &bench.error);
			reports = watcher.calls + 1;
		} else {
			assert_fails_with(build(&bench), PVB_E_ARG_CANCELLED, &bench.error);
			assert_string_equal(bench.error.stage, watcher.stage);
			assert_non_null(strstr(bench.error.message, watcher.stage));
			assert_int_equal(bench.fake.destroyed,
					 strcmp(watcher.stage, "create") != 0);
			assert_nothing_left(&bench);
		}
		bench_close(&bench);
	}
	assert_true(reports > 20);
}

static void whatever_call_fails_all_is_undone(void **state)
{
	(void)state;
	for (unsigned which = 1; which < 4; which += 2) {
		bool built = false;
		unsigned points = 0;

		for (uint64_t nth = 1; !built; nth++) {
			struct bench bench;

			bench_open(&bench, &orders[which]);
			unsigned fds = count_open_fds();
			bench.fake.fail_nth = nth;
			if (bench.fake.calls < nth && build(&bench) == 0) {
				built = true;
				bench_close(&bench);
				break;
			}
			points++;
			assert_int_equal(bench.error.code, PVB_E_HOST_INJECTED);
			assert_string_equal(bench.error.message, "as told");
			assert_true(nth == 1 ? strcmp(bench.error.stage, "build") == 0
					     : strstr(every_stage, bench.error.stage) != NULL);
			assert_int_equal(bench.fake.destroyed, nth > 2);
			assert_nothing_left(&bench);
			assert_int_equal(count_open_fds(), fds);
			bench_close(&bench);
		}
		assert_true(points > 25);
	}
}

static void what_cannot_be_undone_is_told_beside_the_cause(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[1]);
	bench.options.name = "guest";
	bench.fake.fail_nth = bench.fake.calls + 12;
	bench.fake.fail_call = PVB_CALL_DESTROY_DOMAIN;
	bench.fake.fail_code = PVB_E_HOST_DENIED;
	assert_fails_with(build(&bench), PVB_E_HOST_INJECTED, &bench.error);
	assert_non_null(strstr(bench.error.context, "building domain \"guest\""));
	assert_non_null(strstr(bench.error.context, "domain 7 could not be cleared away"));
	bench_close(&bench);

	/* the caller need not want to know */
	bench_open(&bench, &orders[1]);
	bench.fake.fail_nth = 5;
	assert_int_equal(pvb_build(&bench.fake.host, bench.plan, bench.image, &bench.options,
				   &bench.domain, NULL),
			 -PVB_E_HOST_INJECTED);
	bench_close(&bench);
}

/* ---- arguments ---- */

static void options_are_checked_before_anything_is_done(void **state)
{
	(void)state;
	struct bench bench, other;
	char name[65];

	bench_open(&bench, &orders[1]);
	bench_open(&other, &orders[0]);
	memset(name, 'n', 64);
	name[64] = '\0';

	static const char *const no_names[] = {"",     "a/b",         "x\ny",    "tab\t",
					       "\x7f", "csi\xc2\x9b", "\xc2\x80"};
	for (size_t i = 0; i < sizeof no_names / sizeof no_names[0]; i++) {
		bench.options.name = no_names[i];
		assert_fails_with(build(&bench), PVB_E_ARG_NAME, &bench.error);
	}
	bench.options.name = name;
	assert_fails_with(build(&bench), PVB_E_ARG_NAME, &bench.error);
	bench.options.name = NULL;
	bench.options.size = 3;
	assert_fails_with(build(&bench), PVB_E_ARG_INVALID, &bench.error);
	bench.options.size = sizeof bench.options;
	bench.options.module_fd_count = 0;
	assert_fails_with(build(&bench), PVB_E_ARG_MODULES, &bench.error);
	bench.options.module_fd_count = 2;
	assert_fails_with(build(&bench), PVB_E_ARG_MODULES, &bench.error);
	bench.options.module_fd_count = 1;
	bench.options.module_fds = NULL;
	assert_fails_with(build(&bench), PVB_E_ARG_MODULES, &bench.error);
	assert_fails_with(pvb_build(&bench.fake.host, bench.plan, bench.image, NULL, &bench.domain,
				    &bench.error),
			  PVB_E_ARG_MODULES, &bench.error);
	other.options.module_fd_count = 1;
	assert_fails_with(build(&other), PVB_E_ARG_MODULES, &other.error);
	assert_int_equal(bench.fake.host.calls[PVB_CALL_CREATE_DOMAIN], 0);
	assert_int_equal(other.fake.host.calls[PVB_CALL_CREATE_DOMAIN], 0);

	/* without a module, no options are needed at all */
	assert_ok(pvb_build(&other.fake.host, other.plan, other.image, NULL, &other.domain,
			    &other.error),
		  &other.error);
	assert_string_equal(pvb_domain_info(other.domain)->name, "pvbuild");
	bench_close(&bench);
	bench_close(&other);
}

static void a_plan_of_another_image_or_host_is_refused(void **state)
{
	(void)state;
	struct bench bench, other;

	bench_open(&bench, &orders[0]);
	bench_open(&other, &orders[4]);
	assert_fails_with(pvb_build(&bench.fake.host, bench.plan, other.image, &bench.options,
				    &bench.domain, &bench.error),
			  PVB_E_ARG_INVALID, &bench.error);
	assert_non_null(strstr(bench.error.message, "another image"));
	/* even where they are equally long */
	bench.plan->image_unpacked_size = pvb_image_info(other.image)->unpacked_size;
	assert_fails_with(pvb_build(&bench.fake.host, bench.plan, other.image, &bench.options,
				    &bench.domain, &bench.error),
			  PVB_E_ARG_INVALID, &bench.error);
	assert_non_null(strstr(bench.error.message, "piece 0"));
	bench.plan->image_unpacked_size = pvb_image_info(bench.image)->unpacked_size;

	bench.fake.host.page_shift = 16;
	assert_fails_with(build(&bench), PVB_E_ARG_INVALID, &bench.error);
	assert_non_null(strstr(bench.error.message, "65536"));
	bench.plan->page_shift = 16;
	assert_fails_with(build(&bench), PVB_E_HOST_GUEST_TYPE, &bench.error);
	bench.plan->page_shift = bench.fake.host.page_shift = 12;
	bench.fake.fail_call = PVB_CALL_GET_INFO;
	bench.fake.fail_code = PVB_E_HOST_DENIED;
	assert_fails_with(build(&bench), PVB_E_HOST_DENIED, &bench.error);
	assert_int_equal(bench.fake.host.calls[PVB_CALL_CREATE_DOMAIN], 0);
	bench_close(&bench);
	bench_close(&other);
}

static int grow(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	if (strcmp(stage, "load") == 0)
		assert_int_equal(ftruncate(*(const int *)opaque, 5000002), 0);
	return 0;
}

static int shrink(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	if (strcmp(stage, "load") == 0)
		assert_int_equal(ftruncate(*(const int *)opaque, 4999999), 0);
	return 0;
}

static void a_ramdisk_that_changes_is_refused(void **state)
{
	(void)state;
	static const struct {
		off_t before;
		pvb_progress_fn during;
		const char *how;
	} cases[] = {
		{5000000, NULL, "shrunk"},
		{5000002, NULL, "grown"},
		{0, grow, "grown"},
		{0, shrink, "shrunk"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;

		bench_open(&bench, &orders[1]);
		if (cases[i].before)
			assert_int_equal(ftruncate(bench.ramdisk, cases[i].before), 0);
		bench.options.progress = cases[i].during;
		bench.options.progress_opaque = &bench.ramdisk;
		assert_fails_with(build(&bench), PVB_E_ARG_MODULE_CHANGED, &bench.error);
		assert_non_null(strstr(bench.error.message, cases[i].how));
		assert_non_null(strstr(bench.error.message, "5000001"));
		assert_string_equal(bench.error.stage, cases[i].during ? "load" : "build");
		assert_int_equal(bench.fake.destroyed, cases[i].during != NULL);
		assert_nothing_left(&bench);
		bench_close(&bench);
	}
}

static void a_ramdisk_that_cannot_be_read_is_refused(void **state)
{
	(void)state;
	struct bench bench;
	int ends[2];

	/* a pipe has no length to compare, and cannot be read at an offset */
	bench_open(&bench, &orders[1]);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	bench.options.module_fds = &ends[0];
	assert_fails_with(build(&bench), PVB_E_ARG_FILE, &bench.error);
	assert_string_equal(bench.error.stage, "load");
	assert_int_equal(bench.fake.destroyed, 1);
	assert_nothing_left(&bench);
	close(ends[0]);
	close(ends[1]);
	assert_fails_with(build(&bench), PVB_E_ARG_FILE, &bench.error);
	assert_int_equal(bench.fake.destroyed, 1);
	bench_close(&bench);
}

static void addresses_are_limited_as_the_plan_says(void **state)
{
	(void)state;
	static const struct {
		unsigned plan_bits, host_bits, asked;
		bool binding;
	} cases[] = {
		{44, 46, 44, true}, {44, 46, 44, false}, /* a plan that was made for no host in
							    particular */
		{46, 44, 0, false}, {44, 44, 0, false},  {0, 44, 0, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench bench;

		bench_open(&bench, &orders[4]);
		bench.fake.info.address_bits = cases[i].host_bits;
		bench.plan->info.address_bits = cases[i].plan_bits;
		bench.plan->info.address_bits_binding = cases[i].binding;
		assert_ok(build(&bench), &bench.error);
		for (size_t call = 0; call < bench.fake.logged; call++)
			assert_int_equal(bench.fake.log[call].address_bits, cases[i].asked);
		bench_close(&bench);
	}
}

static void a_limit_that_the_host_cuts_is_named_before_any_memory(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[4]);
	bench.fake.most_pages = bench.plan->pages - 1;
	assert_fails_with(build(&bench), PVB_E_HOST_LIMIT, &bench.error);
	assert_string_equal(bench.error.stage, "max_memory");
	assert_int_equal(bench.fake.claim_calls, 0);
	assert_int_equal(bench.fake.logged, 0);
	assert_int_equal(bench.fake.destroyed, 1);
	bench.fake.most_pages++;
	assert_ok(build(&bench), &bench.error);
	bench_close(&bench);
}

static void a_shared_info_page_too_high_is_refused(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[4]);
	bench.plan->info.address_bits = 40;
	bench.fake.shared_info = PVB_MFN(UINT64_C(1) << 28);
	assert_fails_with(build(&bench), PVB_E_HOST_FRAME_TOO_HIGH, &bench.error);
	assert_string_equal(bench.error.stage, "guest_bits");
	assert_int_equal(bench.fake.claim_calls, 0);
	assert_non_null(strstr(bench.error.message, "shared info"));
	assert_non_null(strstr(bench.error.hint, "address bits"));
	bench_close(&bench);

	/* start_info of a 32-bit guest has its byte address in 32 bits */
	bench_open(&bench, &orders[2]);
	bench.fake.shared_info = PVB_MFN(0x100000);
	assert_fails_with(build(&bench), PVB_E_HOST_FRAME_TOO_HIGH, &bench.error);
	bench.fake.shared_info = PVB_MFN(0xfffff);
	assert_ok(build(&bench), &bench.error);
	bench_close(&bench);
}

/* ---- what the builder does not choose, and what it leaves for others ---- */

struct lines {
	unsigned told;
	const char *of;
};

static void count_lines(void *opaque, int level, const char *line)
{
	struct lines *lines = opaque;

	if (level == 0 && strstr(line, lines->of))
		lines->told++;
}

static void a_grant_table_too_high_is_told_or_refused(void **state)
{
	(void)state;
	struct lines lines = {.of = "grant table"};
	struct bench bench;

	bench_open(&bench, &orders[4]);
	bench.plan->info.address_bits = 40;
	bench.options.log = count_lines;
	bench.options.log_opaque = &lines;
	bench.fake.grant_frames[0] = PVB_MFN((UINT64_C(1) << 28) - 1);
	bench.fake.grant_frame_count = 1;
	bench.options.strict_address_bits = true;
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(lines.told, 0);
	assert_int_equal(pvb_domain_info(bench.domain)->grant_table_pages, 1);
	assert_true(pvb_domain_info(bench.domain)->grant_table[0] == ((UINT64_C(1) << 28) - 1)
									     << 12);
	assert_int_equal(pvb_domain_info(bench.domain)->address_bits, 40);
	forget_domain(&bench);

	bench.fake.grant_frames[1] = PVB_MFN(UINT64_C(1) << 28);
	bench.fake.grant_frame_count = 2;
	bench.fake.logged = 0;
	assert_fails_with(build(&bench), PVB_E_HOST_FRAME_TOO_HIGH, &bench.error);
	assert_string_equal(bench.error.stage, "guest_bits");
	assert_non_null(strstr(bench.error.message, "page 1 of the grant table"));
	assert_non_null(strstr(bench.error.message, "0x10000000,"));
	assert_non_null(strstr(bench.error.hint, "address bits"));
	assert_int_equal(bench.fake.logged, 0);
	assert_nothing_left(&bench);

	/* Xen leaves no choice, and the guest may not care: once a page, though it is looked at
	 * twice. */
	bench.options.strict_address_bits = false;
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(lines.told, 1);
	assert_int_equal(pvb_domain_info(bench.domain)->grant_table_pages, 2);
	assert_int_equal(pvb_domain_info(bench.domain)->grant_table_high, 1);
	bench_close(&bench);

	/* A 32-bit guest that is limited by its M2P alone may have it anywhere. */
	for (unsigned bits = 36; bits <= 37; bits++) {
		bench_open(&bench, &orders[2]);
		bench.plan->info.address_bits = bits;
		bench.options.strict_address_bits = true;
		bench.fake.grant_frames[0] = PVB_MFN(UINT64_C(1) << 25);
		bench.fake.grant_frame_count = 1;
		if (bits == 37) {
			assert_ok(build(&bench), &bench.error);
			assert_int_equal(pvb_domain_info(bench.domain)->grant_table_high, 0);
		} else {
			assert_fails_with(build(&bench), PVB_E_HOST_FRAME_TOO_HIGH, &bench.error);
		}
		bench_close(&bench);
	}
}

static int grow_table(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct fake_host *fake = opaque;

	(void)done;
	(void)total;
	if (strcmp(stage, "grants") == 0)
		fake->grant_frame_count = 3;
	return 0;
}

static void pages_that_come_with_the_grants_are_looked_at_too(void **state)
{
	(void)state;
	struct bench bench;

	bench_open(&bench, &orders[4]);
	bench.plan->info.address_bits = 40;
	bench.fake.grant_frame_count = 1;
	bench.options.progress = grow_table;
	bench.options.progress_opaque = &bench.fake;
	assert_ok(build(&bench), &bench.error);
	assert_int_equal(pvb_domain_info(bench.domain)->grant_table_pages, 3);
	forget_domain(&bench);

	bench.fake.grant_frames[2] = PVB_MFN(UINT64_C(1) << 28);
	bench.fake.grant_frame_count = 1;
	bench.options.strict_address_bits = true;
	assert_fails_with(build(&bench), PVB_E_HOST_FRAME_TOO_HIGH, &bench.error);
	assert_string_equal(bench.error.stage, "grants");
	assert_nothing_left(&bench);
	bench_close(&bench);
}

/* By numbers, as a kernel without our header would look. */
static void the_answer_stands_in_shared_info_for_those_who_asked(void **state)
{
	(void)state;
	uint8_t answer[] = {
		'p', 'v', 'b', 'g', 'u', 'e', 's', 't', 1,  0,  0,    0, 48, 0, 0, 0,
		7,   0,   0,   0,   0,   0,   0,   0,   40, 52, 0xff, 0, 12, 0, 0, 0,
		0,   0,   0,   0,   0,   0,   0,   0,   0,  0,  0,    0, 0,  0, 0, 0,
	};

	for (unsigned which = 0; which < 5; which++)
		for (unsigned asked = 0; asked < 2; asked++) {
			struct bench bench;
			uint8_t page[4096];

			bench_open(&bench, &orders[which]);
			bench.plan->info.address_bits = 40;
			bench.plan->info.guest_abi = asked;
			answer[25] = bench.plan->guest_bits == 64 ? 52 : 0xff;
			assert_ok(build(&bench), &bench.error);
			fake_read(&bench.fake, bench.fake.shared_info.n, page);
			if (asked)
				assert_memory_equal(page + 0xe00, answer, sizeof answer);
			/* What else is there is the hypervisor's doing. */
			for (size_t i = 0xc40; i < sizeof page; i++)
				if (!asked || i < 0xe00 || i >= 0xe00 + sizeof answer)
					assert_int_equal(page[i], 0xc2);
			assert_true(bench.fake.record.known);
			assert_int_equal(bench.fake.record.guest_abi, asked);
			assert_int_equal(bench.fake.record.address_bits, 40);
			assert_int_equal(bench.fake.record.granule_shift, 12);
			assert_true(bench.fake.record.pte_bits);
			assert_int_equal(bench.fake.record.pte_kernel_bit, answer[25]);
			assert_int_equal(bench.fake.record.pte_grant_bit, 0xff);
			bench_close(&bench);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_info_says_what_was_built),
		cmocka_unit_test(kernel_and_ramdisk_are_where_the_plan_says),
		cmocka_unit_test(rings_and_stack_are_clean_and_shared_info_masks_events),
		cmocka_unit_test(a_console_can_be_disconnected_from_4_21_on),
		cmocka_unit_test(the_vcpu_starts_at_the_entry),
		cmocka_unit_test(a_32_bit_root_above_4_gib_is_folded),
		cmocka_unit_test(the_domain_is_made_as_libxl_would),
		cmocka_unit_test(the_host_is_told_which_ramdisk_it_was),
		cmocka_unit_test(a_handle_that_the_host_chose_is_handed_out),
		cmocka_unit_test(a_backend_that_is_the_guest_itself_needs_no_grant),
		cmocka_unit_test(each_guest_frame_is_written_at_most_once),
		cmocka_unit_test(stages_come_in_order_and_are_timed),
		cmocka_unit_test(it_can_be_cancelled_at_every_report),
		cmocka_unit_test(whatever_call_fails_all_is_undone),
		cmocka_unit_test(what_cannot_be_undone_is_told_beside_the_cause),
		cmocka_unit_test(options_are_checked_before_anything_is_done),
		cmocka_unit_test(a_plan_of_another_image_or_host_is_refused),
		cmocka_unit_test(a_ramdisk_that_changes_is_refused),
		cmocka_unit_test(a_ramdisk_that_cannot_be_read_is_refused),
		cmocka_unit_test(addresses_are_limited_as_the_plan_says),
		cmocka_unit_test(a_limit_that_the_host_cuts_is_named_before_any_memory),
		cmocka_unit_test(a_shared_info_page_too_high_is_refused),
		cmocka_unit_test(a_grant_table_too_high_is_told_or_refused),
		cmocka_unit_test(pages_that_come_with_the_grants_are_looked_at_too),
		cmocka_unit_test(the_answer_stands_in_shared_info_for_those_who_asked),
	};

	return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
