/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The audit of an arm64 guest: a good domain passes at every page size, and one
 * that is broken in one way is found to be, for each rule there is.
 */
#include "support/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include <libfdt.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/pvbuild.h>

#include "host/host.h"
#include "support/elf-builder.h"

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)

#define RAMDISK_BYTES 300001u
#define COMMAND_LINE "console=hvc0"
#define TREE_ROOM 4096

/* What the host answers in the place of the truth, where it is told to. */
struct lies {
	const struct pvb_host_ops *truth;
	struct pvb_host_ops ops;
	bool vcpu;
	struct pvb_host_arm64_vcpu registers;
	uint64_t missing; /* a page that is not there, 0: none */
	uint64_t extra;   /* one that is */
	uint32_t page_sizes;
	bool no_grants;
	uint8_t granule_shift; /* in the record */
	uint64_t store;        /* where xenstore's page is, 0: where it is */
};

struct fixture {
	struct pvb_host *host;
	struct pvb_image *image, *other; /* the other declares nothing */
	struct pvb_image *x86;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	uint32_t domid;
	int ramdisk;
	uint64_t page;
	struct pvb_audit_options options;
};

/* One at a time: the table of calls has no place for it. */
static struct lies lies;

static int get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		    struct pvb_host_arm64_vcpu *registers, struct pvb_error *error)
{
	int rc = lies.truth->get_arm64_vcpu(host, domid, vcpu, registers, error);

	if (lies.vcpu)
		*registers = lies.registers;
	return rc;
}

static int get_memory_run(struct pvb_host *host, uint32_t domid, uint64_t address, uint64_t limit,
			  bool *present, uint64_t *bytes, struct pvb_error *error)
{
	const uint64_t page = UINT64_C(1) << host->page_shift;
	const uint64_t about[] = {lies.missing, lies.extra};
	int rc;

	for (unsigned i = 0; i < 2; i++) {
		if (!about[i])
			continue;
		if (address == about[i]) {
			*present = i == 1;
			*bytes = page;
			return 0;
		}
		if (address < about[i] && about[i] - address < limit)
			limit = about[i] - address;
	}
	rc = lies.truth->get_memory_run(host, domid, address, limit, present, bytes, error);
	return rc;
}

static int get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	int rc = lies.truth->get_info(host, info, error);

	if (lies.page_sizes)
		info->guest_page_sizes = lies.page_sizes;
	return rc;
}

static int get_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
			 uint64_t *value, struct pvb_error *error)
{
	int rc = lies.truth->get_parameter(host, domid, parameter, value, error);

	if (lies.store && parameter == PVB_PARAMETER_STORE_PAGE)
		*value = lies.store;
	return rc;
}

static int get_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
		      struct pvb_error *error)
{
	int rc = lies.truth->get_record(host, domid, record, error);

	assert_true(record->known);
	if (lies.granule_shift)
		record->granule_shift = lies.granule_shift;
	return rc;
}

static int get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
		      size_t capacity, size_t *count, struct pvb_error *error)
{
	int rc = lies.truth->get_grants(host, domid, grants, capacity, count, error);

	if (lies.no_grants)
		*count = 0;
	return rc;
}

/* ---- a good domain ---- */

static struct pvb_image *open_image(bool declares)
{
	struct blob file = arm64_build(0, MIB(3), 0xa, 0x21000), notes = BLOB_INIT;
	const uint32_t granules = 0x15000;
	struct pvb_image *image;
	struct pvb_error error;

	for (size_t i = 0x400; i < 0x21000; i++)
		file.bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	note_add(&notes, declares ? PVB_GUEST_NOTE_OWNER : "nobody", PVB_GUEST_NOTE_GRANULES,
		 &granules, sizeof granules);
	arm64_add_notes(&file, &notes);
	assert_ok(pvb_image_open_memory(file.bytes, file.size, "Image", NULL, &image, &error),
		  &error);
	blob_free(&file);
	return image;
}

static void build(struct fixture *fixture)
{
	struct pvb_plan_module module = {.name = "initrd", .bytes = RAMDISK_BYTES};
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;
	struct pvb_error error;

	spec.memory = MIB(64);
	spec.vcpus = 2;
	spec.command_line = COMMAND_LINE;
	spec.modules = &module;
	spec.module_count = 1;
	options.module_fds = &fixture->ramdisk;
	options.module_fd_count = 1;
	assert_ok(pvb_host_get_info(fixture->host, &info, &error), &error);
	assert_ok(pvb_plan_create(fixture->image, &spec, &info, &fixture->plan, &error), &error);
	assert_ok(pvb_build(fixture->host, fixture->plan, fixture->image, &options,
			    &fixture->domain, &error),
		  &error);
	fixture->domid = pvb_domain_info(fixture->domain)->domid;
	fixture->options = (struct pvb_audit_options)PVB_AUDIT_OPTIONS_INIT;
	fixture->options.image = fixture->image;
	fixture->options.module_fds = &fixture->ramdisk;
	fixture->options.module_fd_count = 1;
	fixture->options.command_line = COMMAND_LINE;
	fixture->options.memory = spec.memory;
}

static void set_up(struct fixture *fixture, const char *description)
{
	struct blob kernel = small_kernel(64);
	struct pvb_error error;
	uint64_t seed = 3;

	memset(fixture, 0, sizeof *fixture);
	fixture->ramdisk = memfd_create("ramdisk", MFD_CLOEXEC);
	assert_true(fixture->ramdisk >= 0);
	for (off_t at = 0; at < RAMDISK_BYTES; at += 8) {
		uint64_t value = test_random(&seed);

		assert_true(pwrite(fixture->ramdisk, &value,
				   at + 8 <= RAMDISK_BYTES ? 8 : RAMDISK_BYTES % 8, at) > 0);
	}
	assert_ok(pvb_host_open(description, &fixture->host, &error), &error);
	fixture->page = UINT64_C(1) << fixture->host->page_shift;
	fixture->image = open_image(true);
	fixture->other = open_image(false);
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "vmlinux", NULL, &fixture->x86,
					&error),
		  &error);
	blob_free(&kernel);
	build(fixture);

	lies = (struct lies){.truth = fixture->host->ops, .ops = *fixture->host->ops};
	lies.ops.get_arm64_vcpu = get_vcpu;
	lies.ops.get_memory_run = get_memory_run;
	lies.ops.get_info = get_info;
	lies.ops.get_grants = get_grants;
	lies.ops.get_record = get_record;
	lies.ops.get_parameter = get_parameter;
	fixture->host->ops = &lies.ops;
	assert_ok(
		pvb_host_get_arm64_vcpu(fixture->host, fixture->domid, 0, &lies.registers, &error),
		&error);
}

static void tear_down(struct fixture *fixture)
{
	pvb_domain_free(fixture->domain);
	pvb_plan_free(fixture->plan);
	pvb_image_free(fixture->image);
	pvb_image_free(fixture->other);
	pvb_image_free(fixture->x86);
	pvb_host_close(fixture->host);
	(void)close(fixture->ramdisk);
}

/* ---- ways to break it ---- */

static uint64_t place_of(const struct fixture *fixture, const char *name)
{
	const struct pvb_plan_info *info = pvb_plan_info(fixture->plan);

	for (size_t i = 0; i < info->segment_count; i++)
		if (!strcmp(info->segments[i].name, name))
			return info->segments[i].gpa;
	fail_msg("no %s", name);
	return 0;
}

static void poke(struct fixture *fixture, uint64_t gpa, const void *bytes, size_t size)
{
	pvb_mfn_t frame = PVB_MFN(gpa / fixture->page);
	struct pvb_error error;
	void *at;

	assert_true(gpa % fixture->page + size <= fixture->page);
	assert_ok(pvb_host_map_frames(fixture->host, fixture->domid, &frame, 1, true, &at, &error),
		  &error);
	memcpy((uint8_t *)at + gpa % fixture->page, bytes, size);
	pvb_host_unmap_frames(fixture->host, at, 1);
}

static void flip(struct fixture *fixture, const char *segment, uint64_t offset)
{
	uint64_t gpa = place_of(fixture, segment) + offset;
	pvb_mfn_t frame = PVB_MFN(gpa / fixture->page);
	struct pvb_error error;
	void *at;

	assert_ok(pvb_host_map_frames(fixture->host, fixture->domid, &frame, 1, true, &at, &error),
		  &error);
	((uint8_t *)at)[gpa % fixture->page] ^= 1;
	pvb_host_unmap_frames(fixture->host, at, 1);
}

/* The tree as it is, with room to change it. */
static void *tree_of(const struct fixture *fixture)
{
	void *tree = calloc(1, TREE_ROOM);

	assert_non_null(tree);
	assert_int_equal(fdt_open_into(pvb_plan_info(fixture->plan)->device_tree, tree, TREE_ROOM),
			 0);
	return tree;
}

static void put_tree(struct fixture *fixture, void *tree)
{
	assert_int_equal(fdt_pack(tree), 0);
	poke(fixture, lies.registers.x[0], tree, fdt_totalsize(tree));
	free(tree);
}

static int node_of(const void *tree, const char *path)
{
	int node = fdt_path_offset(tree, path);

	if (node < 0)
		fail_msg("no %s", path);
	return node;
}

static void set_property(struct fixture *fixture, const char *path, const char *name,
			 const void *value, size_t size)
{
	void *tree = tree_of(fixture);

	assert_int_equal(fdt_setprop(tree, node_of(tree, path), name, value, (int)size), 0);
	put_tree(fixture, tree);
}

static void set_text(struct fixture *fixture, const char *path, const char *name, const char *text)
{
	set_property(fixture, path, name, text, strlen(text) + 1);
}

static void set_cell(struct fixture *fixture, const char *path, const char *name, uint32_t value)
{
	fdt32_t cell = cpu_to_fdt32(value);

	set_property(fixture, path, name, &cell, sizeof cell);
}

static void set_wide(struct fixture *fixture, const char *path, const char *name, uint64_t value)
{
	fdt64_t cells = cpu_to_fdt64(value);

	set_property(fixture, path, name, &cells, sizeof cells);
}

static void remove_property(struct fixture *fixture, const char *path, const char *name)
{
	void *tree = tree_of(fixture);

	assert_int_equal(fdt_delprop(tree, node_of(tree, path), name), 0);
	put_tree(fixture, tree);
}

static void remove_ramdisk(struct fixture *fixture)
{
	void *tree = tree_of(fixture);

	assert_int_equal(fdt_delprop(tree, node_of(tree, "/chosen"), "linux,initrd-start"), 0);
	assert_int_equal(fdt_delprop(tree, node_of(tree, "/chosen"), "linux,initrd-end"), 0);
	put_tree(fixture, tree);
}

static void remove_node(struct fixture *fixture, const char *path)
{
	void *tree = tree_of(fixture);

	assert_int_equal(fdt_del_node(tree, node_of(tree, path)), 0);
	put_tree(fixture, tree);
}

static void set_bank(struct fixture *fixture, uint64_t from, uint64_t bytes)
{
	const fdt64_t pair[] = {cpu_to_fdt64(from), cpu_to_fdt64(bytes)};

	set_property(fixture, "/memory@40000000", "reg", pair, sizeof pair);
}

/* The tree may name memory that nobody gave the guest, and have things stand there. */
static void set_bank_and_initrd_end(struct fixture *fixture, uint64_t bytes, uint64_t end)
{
	const fdt64_t pair[] = {cpu_to_fdt64(0x40000000), cpu_to_fdt64(bytes)};
	const fdt64_t cells = cpu_to_fdt64(end);
	void *tree = tree_of(fixture);

	assert_int_equal(
		fdt_setprop(tree, node_of(tree, "/memory@40000000"), "reg", pair, sizeof pair), 0);
	assert_int_equal(fdt_setprop(tree, node_of(tree, "/chosen"), "linux,initrd-end", &cells,
				     sizeof cells),
			 0);
	put_tree(fixture, tree);
}

static void set_region(struct fixture *fixture, uint64_t from, uint64_t bytes)
{
	const fdt64_t pair[] = {cpu_to_fdt64(from), cpu_to_fdt64(bytes)};

	set_property(fixture, "/hypervisor", "reg", pair, sizeof pair);
}

static void set_gic(struct fixture *fixture, uint64_t from, uint64_t bytes, uint64_t second,
		    uint64_t second_bytes)
{
	const fdt64_t pairs[] = {cpu_to_fdt64(from), cpu_to_fdt64(bytes), cpu_to_fdt64(second),
				 cpu_to_fdt64(second_bytes)};

	set_property(fixture, "/interrupt-controller@3001000", "reg", pairs, sizeof pairs);
}

static void set_timer(struct fixture *fixture, uint32_t type, uint32_t second, uint32_t third)
{
	const uint32_t numbers[] = {type, 13, 0xf08, 1, second, 0xf08, 1, third, 0xf08};
	fdt32_t cells[9];

	for (unsigned i = 0; i < 9; i++)
		cells[i] = cpu_to_fdt32(numbers[i]);
	set_property(fixture, "/timer", "interrupts", cells, sizeof cells);
}

static void set_parameter(struct fixture *fixture, enum pvb_host_parameter parameter,
			  uint64_t value)
{
	struct pvb_error error;

	assert_ok(pvb_host_set_parameter(fixture->host, fixture->domid, parameter, value, &error),
		  &error);
}

static void grant(struct fixture *fixture, uint32_t index, uint64_t gpa)
{
	struct pvb_host_grant entry = {
		.index = index, .flags = 1, .frame = PVB_MFN(gpa / fixture->page)};
	struct pvb_error error;

	assert_ok(pvb_host_set_grants(fixture->host, fixture->domid, &entry, 1, &error), &error);
}

#define SPOIL(name_, ...)                                                                          \
	static void name_(struct fixture *f)                                                       \
	{                                                                                          \
		(void)f;                                                                           \
		__VA_ARGS__;                                                                       \
	}

#define REGISTER(name_, ...) SPOIL(name_, lies.vcpu = true; __VA_ARGS__)

REGISTER(pc_in_no_memory, lies.registers.pc = 0x1000)
REGISTER(pc_in_a_bank_without_memory, lies.registers.pc = 0x45000000;
	 set_bank(f, 0x40000000, MIB(96)))
REGISTER(pc_in_the_ramdisk, lies.registers.pc = place_of(f, "module0"))
REGISTER(pc_at_the_end, lies.registers.pc = UINT64_MAX - 3)
SPOIL(no_magic, flip(f, "kernel", 56))
REGISTER(x0_misaligned, lies.registers.x[0] += 4)
REGISTER(x0_zero, lies.registers.x[0] = 0)
REGISTER(x0_at_the_end, lies.registers.x[0] = UINT64_MAX - 7)
REGISTER(an_argument, lies.registers.x[3] = 1)
REGISTER(debug_exceptions_on, lies.registers.cpsr = 0x1c5)
REGISTER(the_stack_of_el0, lies.registers.cpsr = 0x3c4)
REGISTER(mmu_on, lies.registers.sctlr_el1 |= 1)
REGISTER(big_endian_data, lies.registers.sctlr_el1 |= 1u << 25)
REGISTER(a_table, lies.registers.ttbr1_el1 = 0x40000000)
REGISTER(offline, lies.registers.online = false)
SPOIL(no_tree, flip(f, "dtb", 0))
SPOIL(a_tree_of_a_gigabyte, poke(f, lies.registers.x[0] + 4, "\x40\0\0\0", 4))
SPOIL(a_tree_past_memory, poke(f, lies.registers.x[0] + 4, "\0\x1f\xff\xff", 4);
      lies.missing = lies.registers.x[0] + 0x100000)
SPOIL(a_tree_without_an_end, poke(f, lies.registers.x[0] + 36, "\0\0\0\x40", 4))
SPOIL(one_cell, set_cell(f, "/", "#address-cells", 1))
SPOIL(no_interrupt_parent, set_cell(f, "/", "interrupt-parent", 7))
SPOIL(half_a_page, set_bank(f, 0x40000000, MIB(64) - 0x800))
SPOIL(no_bank, remove_node(f, "/memory@40000000"))
SPOIL(an_endless_bank, set_bank(f, 0x40000000, UINT64_MAX))
SPOIL(a_cpu_less, remove_node(f, "/cpus/cpu@1"))
SPOIL(a_cpu_that_is_no_vcpu, set_cell(f, "/cpus/cpu@1", "reg", 5))
SPOIL(a_cpu_of_another_cluster, set_cell(f, "/cpus/cpu@1", "reg", 0x10))
SPOIL(a_cpu_twice, set_cell(f, "/cpus/cpu@1", "reg", 0))
SPOIL(a_cpu_that_spins, set_text(f, "/cpus/cpu@1", "enable-method", "spin-table"))
SPOIL(no_cpus, remove_node(f, "/cpus"))
SPOIL(started_by_firmware, set_text(f, "/psci", "method", "smc"))
SPOIL(a_silent_timer, remove_property(f, "/timer", "interrupts"))
SPOIL(a_shared_interrupt, set_timer(f, 0, 14, 11))
SPOIL(another_timer, set_timer(f, 1, 14, 10))
SPOIL(a_gic_elsewhere, set_gic(f, 0x3101000, 0x10000, 0x3020000, 0x1000000))
SPOIL(redistributors_elsewhere, set_gic(f, 0x3001000, 0x10000, 0x3040000, 0x1000000))
SPOIL(another_gic, set_text(f, "/interrupt-controller@3001000", "compatible", "arm,gic-v4"))
SPOIL(half_a_gic, set_property(f, "/interrupt-controller@3001000", "reg", "\0\0\0\0\3\0\x10\0", 8))
SPOIL(memory_in_the_gic, lies.extra = 0x3020000)
SPOIL(a_gic_that_wraps, set_gic(f, 0x3001000, 0x10000, UINT64_MAX - 0xffff, 0x20000))
SPOIL(a_gic_of_nothing, set_gic(f, 0x3001000, 0x10000, 0x3020000, 0))
SPOIL(a_gic_past_all_addresses, set_gic(f, 0x3001000, 0x10000, UINT64_MAX - 0xffff, 0xffff))
SPOIL(no_room_for_grants, set_region(f, 0x38000000, 0))
SPOIL(grants_that_wrap, set_region(f, UINT64_MAX - 0xffff, 0x20000))
SPOIL(grants_past_all_addresses, set_region(f, UINT64_C(1) << 60, 0x10000))
SPOIL(memory_where_grants_go, lies.extra = 0x38000000)
SPOIL(a_xen_of_no_version, set_text(f, "/hypervisor", "compatible", "xen,xen"))
SPOIL(no_xen, set_text(f, "/hypervisor", "compatible", "kvm"))
SPOIL(another_interrupt,
      set_property(f, "/hypervisor", "interrupts", "\0\0\0\1\0\0\0\16\0\0\17\10", 12))
SPOIL(another_granule, set_cell(f, "/hypervisor", PVB_GUEST_FDT_GRANULE, 0x2000))
SPOIL(no_granule, remove_property(f, "/hypervisor", PVB_GUEST_FDT_GRANULE))
SPOIL(nothing_published, remove_property(f, "/hypervisor", PVB_GUEST_FDT_VERSION))
SPOIL(published_unasked, f->options.image = f->other)
SPOIL(another_command_line, set_text(f, "/chosen", "bootargs", COMMAND_LINE " quiet"))
SPOIL(no_command_line, remove_property(f, "/chosen", "bootargs"))
SPOIL(a_hole, lies.missing = 0x42000000)
SPOIL(a_larger_bank, set_bank(f, 0x40000000, MIB(65)))
SPOIL(stray_memory, lies.extra = 0x20000000)
SPOIL(memory_behind_the_bank, lies.extra = 0x44000000)
SPOIL(a_smaller_bank, set_bank(f, 0x40000000, MIB(63)))
SPOIL(more_than_there_is, f->options.memory += 65536)
SPOIL(no_console, set_parameter(f, PVB_PARAMETER_CONSOLE_PAGE, 0))
SPOIL(xenstore_in_memory, set_parameter(f, PVB_PARAMETER_STORE_PAGE, 0x43000000))
SPOIL(xenstore_nowhere, set_parameter(f, PVB_PARAMETER_STORE_PAGE, 0x3a000000))
SPOIL(both_rings_in_one, set_parameter(f, PVB_PARAMETER_STORE_PAGE, place_of(f, "console")))
SPOIL(xenstore_within_the_console, lies.store = place_of(f, "console") + 2048)
SPOIL(one_channel_for_both, set_parameter(f, PVB_PARAMETER_STORE_PORT, 2);
      set_parameter(f, PVB_PARAMETER_CONSOLE_PORT, 2))
SPOIL(no_channel, set_parameter(f, PVB_PARAMETER_CONSOLE_PORT, 0))
SPOIL(a_ring_with_something, flip(f, "console", 3080))
SPOIL(a_store_with_a_request, flip(f, "xenstore", 2052))
SPOIL(dirt_in_a_ring, flip(f, "xenstore", 100))
SPOIL(dirt_behind_a_ring, flip(f, "console", 4000))
SPOIL(another_grant, grant(f, 8, 0x40000000))
SPOIL(no_grants, lies.no_grants = true)
SPOIL(the_wrong_page_granted, grant(f, 0, 0x40000000))
SPOIL(another_offset, flip(f, "kernel", 10))
SPOIL(a_kernel_past_the_bank, poke(f, place_of(f, "kernel") + 16, "\0\0\0\5\0\0\0\0", 8))
SPOIL(an_x86_kernel, f->options.image = f->x86)
SPOIL(another_byte, flip(f, "kernel", 0x1f000))
SPOIL(the_last_byte, flip(f, "kernel", 0x211ff))
SPOIL(a_hole_in_the_kernel, lies.missing = 0x40010000)
SPOIL(big_endian, flip(f, "kernel", 24))
SPOIL(no_such_pages, lies.page_sizes = 1u << 14)
SPOIL(a_record_of_another_granule, lies.granule_shift = 13)
SPOIL(a_ramdisk_in_the_kernel, set_wide(f, "/chosen", "linux,initrd-start", 0x40200000))
SPOIL(no_ramdisk, remove_ramdisk(f))
SPOIL(a_ramdisk_without_an_end, remove_property(f, "/chosen", "linux,initrd-end"))
SPOIL(a_ramdisk_backwards, set_wide(f, "/chosen", "linux,initrd-end", 0x40000000))
SPOIL(a_ramdisk_nobody_gave, f->options.module_fd_count = 0)
SPOIL(a_ramdisk_nowhere, set_wide(f, "/chosen", "linux,initrd-end", 0x44000001))
SPOIL(a_ramdisk_past_memory, set_bank_and_initrd_end(f, MIB(96), 0x44000001))
SPOIL(a_ramdisk_far_away, set_wide(f, "/chosen", "linux,initrd-end", UINT64_C(0x840000001)))
SPOIL(another_ramdisk, flip(f, "module0", RAMDISK_BYTES - 1))
SPOIL(a_longer_ramdisk,
      set_wide(f, "/chosen", "linux,initrd-end", place_of(f, "module0") + RAMDISK_BYTES + 1))

static const struct mutation {
	const char *rule, *name;
	void (*spoil)(struct fixture *fixture);
} mutations[] = {
#define M(rule_, spoil_)                                                                           \
	{                                                                                          \
		"arm64." rule_, #spoil_, spoil_                                                    \
	}
	M("entry", pc_in_no_memory),
	M("entry", pc_in_a_bank_without_memory),
	M("entry", pc_in_the_ramdisk),
	M("entry", pc_at_the_end),
	M("entry", no_magic),
	M("x0", x0_misaligned),
	M("x0", x0_zero),
	M("x0", x0_at_the_end),
	M("arguments", an_argument),
	M("pstate", debug_exceptions_on),
	M("pstate", the_stack_of_el0),
	M("mmu", mmu_on),
	M("mmu", big_endian_data),
	M("mmu", a_table),
	M("online", offline),
	M("tree", no_tree),
	M("tree", a_tree_of_a_gigabyte),
	M("tree", a_tree_past_memory),
	M("tree", a_tree_without_an_end),
	M("tree-root", one_cell),
	M("tree-root", no_interrupt_parent),
	M("tree-memory", half_a_page),
	M("tree-memory", no_bank),
	M("tree-memory", an_endless_bank),
	M("tree-cpus", a_cpu_less),
	M("tree-cpus", a_cpu_that_is_no_vcpu),
	M("tree-cpus", a_cpu_of_another_cluster),
	M("tree-cpus", a_cpu_twice),
	M("tree-cpus", a_cpu_that_spins),
	M("tree-cpus", no_cpus),
	M("tree-psci", started_by_firmware),
	M("tree-timer", a_silent_timer),
	M("tree-timer", a_shared_interrupt),
	M("tree-timer", another_timer),
	M("tree-gic", a_gic_elsewhere),
	M("tree-gic", redistributors_elsewhere),
	M("tree-gic", another_gic),
	M("tree-gic", half_a_gic),
	M("tree-gic", memory_in_the_gic),
	M("tree-gic", a_gic_that_wraps),
	M("tree-gic", a_gic_of_nothing),
	M("tree-gic", a_gic_past_all_addresses),
	M("tree-hypervisor", no_room_for_grants),
	M("tree-hypervisor", grants_that_wrap),
	M("tree-hypervisor", grants_past_all_addresses),
	M("tree-hypervisor", memory_where_grants_go),
	M("tree-hypervisor", a_xen_of_no_version),
	M("tree-hypervisor", no_xen),
	M("tree-hypervisor", another_interrupt),
	M("tree-granule", another_granule),
	M("tree-granule", no_granule),
	M("tree-granule", nothing_published),
	M("tree-granule", published_unasked),
	M("command-line", another_command_line),
	M("command-line", no_command_line),
	M("memory-banks", a_hole),
	M("memory-banks", a_larger_bank),
	M("memory-stray", stray_memory),
	M("memory-stray", memory_behind_the_bank),
	M("memory-amount", a_smaller_bank),
	M("memory-amount", more_than_there_is),
	M("magic-pages", no_console),
	M("magic-pages", xenstore_in_memory),
	M("magic-pages", xenstore_nowhere),
	M("magic-spacing", both_rings_in_one),
	M("magic-spacing", xenstore_within_the_console),
	M("event-channels", one_channel_for_both),
	M("event-channels", no_channel),
	M("rings", a_ring_with_something),
	M("rings", a_store_with_a_request),
	M("rings-dirty", dirt_in_a_ring),
	M("rings-dirty", dirt_behind_a_ring),
	M("grants", no_grants),
	M("grants", another_grant),
	M("grants", the_wrong_page_granted),
	M("kernel-place", another_offset),
	M("kernel-place", a_kernel_past_the_bank),
	M("kernel-type", an_x86_kernel),
	M("kernel-bytes", a_hole_in_the_kernel),
	M("kernel-bytes", another_byte),
	M("kernel-bytes", the_last_byte),
	M("endian", big_endian),
	M("granule", no_such_pages),
	M("granule", a_record_of_another_granule),
	M("overlap", a_ramdisk_in_the_kernel),
	M("initrd", no_ramdisk),
	M("initrd", a_ramdisk_without_an_end),
	M("initrd", a_ramdisk_backwards),
	M("initrd", a_ramdisk_nobody_gave),
	M("initrd", a_ramdisk_nowhere),
	M("initrd", a_ramdisk_past_memory),
	M("initrd-window", a_ramdisk_far_away),
	M("initrd-bytes", another_ramdisk),
	M("initrd-bytes", a_longer_ramdisk),
};

enum { MUTATIONS = sizeof mutations / sizeof mutations[0] };

static const char *const hosts[] = {
	"sim:arch=arm64,memory=1G",
	"sim:arch=arm64,memory=1G,granule=16K",
	"sim:arch=arm64,memory=2G,granule=64K",
	"sim:arch=arm64,memory=1G,gic=2",
};

/* ---- tests ---- */

static bool audit_finds(const struct fixture *fixture, const char *rule, uint64_t *total,
			char *others, size_t room)
{
	struct pvb_audit *audit;
	struct pvb_error error;
	bool found = false;

	assert_ok(
		pvb_audit_domain(fixture->host, fixture->domid, &fixture->options, &audit, &error),
		&error);
	const struct pvb_audit_report *report = pvb_audit_report(audit);

	*total = report->total_findings;
	others[0] = '\0';
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pvb_finding *finding = &report->findings[i];
		size_t used = strlen(others);

		assert_memory_equal(finding->rule, "arm64.", 6);
		assert_true(finding->where[0] && finding->message[0]);
		found |= rule && strcmp(finding->rule, rule) == 0;
		(void)snprintf(others + used, room - used, "\n  %s at %s: %s", finding->rule,
			       finding->where, finding->message);
	}
	if (!rule)
		assert_true(report->checks > 30 && report->skipped < 4 && report->passed);
	pvb_audit_free(audit);
	return found;
}

static void a_good_domain_passes_at_every_page_size(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct fixture fixture;
		char findings[2000];
		uint64_t total;

		set_up(&fixture, hosts[i]);
		(void)audit_finds(&fixture, NULL, &total, findings, sizeof findings);
		if (total)
			fail_msg("%s:%s", hosts[i], findings);
		/* Nor is there anything wrong with it for who knows nothing. */
		fixture.options = (struct pvb_audit_options)PVB_AUDIT_OPTIONS_INIT;
		struct pvb_audit *audit;
		struct pvb_error error;

		assert_ok(pvb_audit_domain(fixture.host, fixture.domid, NULL, &audit, &error),
			  &error);
		assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
		assert_true(pvb_audit_report(audit)->skipped > 2);
		pvb_audit_free(audit);
		tear_down(&fixture);
	}
}

static void every_rule_has_a_mutation(void **state)
{
	const char *rule;
	unsigned rules = 0;

	(void)state;
	for (size_t i = 0; (rule = pvb_audit_rule(i, NULL)); i++) {
		bool found = false;

		if (strncmp(rule, "arm64.", 6) != 0)
			continue;
		rules++;
		for (unsigned m = 0; m < MUTATIONS; m++)
			found |= strcmp(mutations[m].rule, rule) == 0;
		if (!found)
			fail_msg("%s has none", rule);
	}
	assert_true(rules > 30);
}

static void what_is_broken_is_found(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 3; host++)
		for (unsigned i = 0; i < MUTATIONS; i++) {
			const struct mutation *mutation = &mutations[i];
			struct fixture fixture;
			char findings[4000];
			uint64_t total;

			set_up(&fixture, hosts[host]);
			mutation->spoil(&fixture);
			if (!audit_finds(&fixture, mutation->rule, &total, findings,
					 sizeof findings))
				fail_msg("%s: %s is not found by %s, but:%s", hosts[host],
					 mutation->name, mutation->rule, findings);
			tear_down(&fixture);
		}
}

/* A kernel that does not declare it cannot be built there, but may have been by somebody else. */
static void an_unaware_kernel_on_large_pages_is_found(void **state)
{
	(void)state;
	for (unsigned host = 1; host < 3; host++) {
		struct fixture fixture;
		char findings[4000];
		uint64_t total;

		set_up(&fixture, hosts[host]);
		fixture.options.image = fixture.other;
		if (!audit_finds(&fixture, "arm64.granule", &total, findings, sizeof findings))
			fail_msg("%s: not found, but:%s", hosts[host], findings);
		tear_down(&fixture);
	}
}

static void a_domain_that_has_run_is_not_audited(void **state)
{
	struct fixture fixture;
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	set_up(&fixture, hosts[0]);
	assert_ok(pvb_domain_unpause(fixture.host, fixture.domid, &error), &error);
	assert_fails_with(pvb_audit_domain(fixture.host, fixture.domid, NULL, &audit, &error),
			  PVB_E_HOST_STATE, &error);
	tear_down(&fixture);
}

/* A core has x86 page tables in it, or none that anybody here could read. */
static void its_core_is_not_dumped(void **state)
{
	char folder[] = "/tmp/pvbuild-test-XXXXXX", core[sizeof folder + 8];
	struct fixture fixture;
	struct pvb_error error;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(core, sizeof core, "%s/core", folder);
	set_up(&fixture, hosts[0]);
	assert_fails_with(pvb_dump_core(fixture.host, fixture.domid, core, NULL, &error),
			  PVB_E_HOST_GUEST_TYPE, &error);
	/* Nor is anything left of it: else the folder would not go. */
	assert_int_equal(rmdir(folder), 0);
	tear_down(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_domain_passes_at_every_page_size),
		cmocka_unit_test(every_rule_has_a_mutation),
		cmocka_unit_test(what_is_broken_is_found),
		cmocka_unit_test(an_unaware_kernel_on_large_pages_is_found),
		cmocka_unit_test(a_domain_that_has_run_is_not_audited),
		cmocka_unit_test(its_core_is_not_dumped),
	};

	return cmocka_run_group_tests_name("audit of an arm64 guest", tests, NULL, NULL);
}
