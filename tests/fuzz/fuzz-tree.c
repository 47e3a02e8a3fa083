/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An arm64 guest whose device tree is made of the input's bytes, or is a good one that the input
 * changes, and whose registers and magic pages are what it says. Its audit comes to an end within
 * a number of calls, and says the same twice.
 */
#include "fuzz/targets.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>
#include <pvbuild/pvbuild.h>

#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/report.h"
#include "host/host.h"
#include "support/elf-builder.h"

#define MIB UINT64_C(0x100000)
#define TREE_ROOM 0x10000u

/* Where it is put: in memory that is otherwise the guest's own. */
#define TREE_AT_MIB 40u

/* Calls and pages of an audit: 16 banks, each looked up piece by piece, and the kernel. */
#define CALLS_MOST 8192u
#define PAGES_MOST 16384u

/* A domain, what it is said to be like, and how it was. */
struct world {
	struct pvb_host *host;
	struct pvb_host_ops ops;
	const struct pvb_host_ops *true_ops;
	struct pvb_image *image;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	uint32_t domid;
	uint64_t page;
	uint64_t tree; /* guest physical address */
	struct pvb_host_arm64_vcpu vcpu;
	uint64_t parameters[PVB_PARAMETER_COUNT];
	uint8_t *bytes; /* of the tree, TREE_ROOM of them */
	uint64_t pages_mapped, memory_runs;
};

enum { WORLDS = 2 };
static struct world worlds[WORLDS];
static struct world *world; /* the one that is in use */

static int map_counted(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       bool writable, void **at, struct pvb_error *error)
{
	world->pages_mapped += count;
	return world->true_ops->map_frames(host, domid, frames, count, writable, at, error);
}

static int get_run_counted(struct pvb_host *host, uint32_t domid, uint64_t address, uint64_t limit,
			   bool *present, uint64_t *bytes, struct pvb_error *error)
{
	world->memory_runs++;
	return world->true_ops->get_memory_run(host, domid, address, limit, present, bytes, error);
}

static int get_said_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			 struct pvb_host_arm64_vcpu *registers, struct pvb_error *error)
{
	int rc = world->true_ops->get_arm64_vcpu(host, domid, vcpu, registers, error);

	*registers = world->vcpu;
	return rc;
}

static int get_said_parameter(struct pvb_host *host, uint32_t domid,
			      enum pvb_host_parameter parameter, uint64_t *value,
			      struct pvb_error *error)
{
	int rc = world->true_ops->get_parameter(host, domid, parameter, value, error);

	*value = world->parameters[parameter];
	return rc;
}

/* ---- what is good -------------------------------------------------------------------------- */

static void open_image(void)
{
	const uint32_t granules = 1u << 12 | 1u << 16;
	struct blob file = arm64_build(0, 2 * MIB, 0xa, 0x3000), notes = BLOB_INIT;
	struct pvb_error error = {0};

	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_GRANULES, &granules, sizeof granules);
	arm64_add_notes(&file, &notes);
	must_after(
		!pvb_image_open_memory(file.bytes, file.size, "Image", NULL, &world->image, &error),
		&error);
	blob_free(&file);
}

static void note_state(void)
{
	struct pvb_error error = {0};

	must(!pvb_host_get_arm64_vcpu(world->host, world->domid, 0, &world->vcpu, &error));
	for (unsigned i = 0; i < PVB_PARAMETER_COUNT; i++)
		must(!pvb_host_get_parameter(world->host, world->domid, (enum pvb_host_parameter)i,
					     &world->parameters[i], &error));
}

static void take_over_host(void)
{
	world->true_ops = world->host->ops;
	world->ops = *world->true_ops;
	world->ops.map_frames = map_counted;
	world->ops.get_memory_run = get_run_counted;
	world->ops.get_arm64_vcpu = get_said_vcpu;
	world->ops.get_parameter = get_said_parameter;
	world->host->ops = &world->ops;
}

static uint64_t memory_at(const struct pvb_plan_info *plan)
{
	for (size_t i = 0; i < plan->area_count; i++)
		if (plan->areas[i].kind == PVB_AREA_RAM)
			return plan->areas[i].gpa;
	return 0;
}

static void make_world(const char *description)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_host_info info;
	struct pvb_error error = {0};

	must_after(!pvb_host_open(description, &world->host, &error), &error);
	open_image();
	spec.memory = 64 * MIB;
	spec.vcpus = 2;
	spec.command_line = "console=hvc0";
	must_after(!pvb_host_get_info(world->host, &info, &error), &error);
	must_after(!pvb_plan_create(world->image, &spec, &info, &world->plan, &error), &error);
	must_after(!pvb_build(world->host, world->plan, world->image, NULL, &world->domain, &error),
		   &error);
	world->domid = pvb_domain_info(world->domain)->domid;
	world->page = UINT64_C(1) << info.page_shift;
	world->tree = memory_at(pvb_plan_info(world->plan)) + TREE_AT_MIB * MIB;
	world->bytes = malloc(TREE_ROOM);
	must(world->bytes);
	note_state();
	take_over_host();
}

static void make_worlds(void)
{
	static const char *const descriptions[WORLDS] = {"sim:memory=128M,arch=arm64",
							 "sim:memory=128M,arch=arm64,granule=64K"};

	for (unsigned i = 0; i < WORLDS; i++) {
		world = &worlds[i];
		make_world(descriptions[i]);
	}
}

static void free_worlds(void)
{
	for (unsigned i = 0; i < WORLDS; i++) {
		pvb_domain_free(worlds[i].domain);
		pvb_plan_free(worlds[i].plan);
		pvb_image_free(worlds[i].image);
		pvb_host_close(worlds[i].host);
		free(worlds[i].bytes);
		worlds[i] = (struct world){0};
	}
}

/* ---- what the input makes of it ------------------------------------------------------------ */

static uint64_t take_number(struct fuzz_input *input)
{
	const struct pvb_plan_info *plan = pvb_plan_info(world->plan);
	const unsigned how = (unsigned)take(input, 1);
	const struct pvb_plan_area *area = &plan->areas[take(input, 1) % plan->area_count];

	switch (how % 7) {
	case 0:
		return area->gpa;
	case 1:
		return area->bytes;
	case 2:
		return area->gpa + area->bytes;
	case 3:
		return take(input, 2) * world->page;
	case 4:
		return world->tree + take(input, 2);
	case 5:
		return UINT64_C(1) << take(input, 1) % 64;
	default:
		return take(input, 8);
	}
}

/* The tag of a property, of all that there are; negative where there is none. */
static int find_property(const void *fdt, unsigned number)
{
	int offset = 0, next, found = -1;
	uint32_t tag;

	for (unsigned seen = 0; offset >= 0; offset = next) {
		tag = fdt_next_tag(fdt, offset, &next);
		if (tag == FDT_END || next < 0)
			break;
		if (tag != FDT_PROP)
			continue;
		found = offset;
		if (seen++ == number)
			break;
	}
	return found;
}

static void change_value(struct fuzz_input *input)
{
	const unsigned number = (unsigned)take(input, 1), at = (unsigned)take(input, 1) * 4;
	const bool wide = take(input, 1) & 1;
	const uint64_t value = take_number(input);
	int length = 0, offset = find_property(world->bytes, number);
	const struct fdt_property *property =
		offset < 0 ? NULL : fdt_get_property_by_offset(world->bytes, offset, &length);
	const fdt64_t wide_bytes = cpu_to_fdt64(value);
	const fdt32_t bytes = cpu_to_fdt32((uint32_t)value);
	const size_t size = wide ? sizeof wide_bytes : sizeof bytes;

	if (!property || at + size > (size_t)length)
		return;
	memcpy((uint8_t *)(uintptr_t)property->data + at,
	       wide ? (const void *)&wide_bytes : (const void *)&bytes, size);
}

/* Of the node that this number leads to, the root being 0. */
static int find_node(unsigned number)
{
	int node = 0, depth = 0;

	while (number-- && node >= 0) {
		int next = fdt_next_node(world->bytes, node, &depth);

		if (next < 0 || depth < 0)
			break;
		node = next;
	}
	return node;
}

static void change_node(struct fuzz_input *input, unsigned what)
{
	static const char *const names[] = {"reg",        "device_type",        "compatible",
					    "interrupts", "linux,initrd-start", "linux,initrd-end",
					    "method",     "#size-cells"};
	const int node = find_node((unsigned)take(input, 1) % 16);
	const char *name = names[take(input, 1) % (sizeof names / sizeof names[0])];
	uint8_t value[64] = {0};
	const unsigned length = (unsigned)take(input, 1) % sizeof value;

	for (unsigned i = 0; i < length; i++)
		value[i] = (uint8_t)take(input, 1);
	switch (what % 4) {
	case 0:
		(void)fdt_nop_node(world->bytes, node);
		break;
	case 1:
		(void)fdt_delprop(world->bytes, node, name);
		break;
	case 2:
		(void)fdt_add_subnode(world->bytes, node, name);
		break;
	default:
		(void)fdt_setprop(world->bytes, node, name, value, (int)length);
	}
}

static void add_bank(struct fuzz_input *input)
{
	const unsigned count = 1 + (unsigned)take(input, 1) % 20;
	char name[32];

	for (unsigned i = 0; i < count; i++) {
		const uint64_t from = take_number(input), bytes = take_number(input);
		const fdt64_t reg[] = {cpu_to_fdt64(from), cpu_to_fdt64(bytes)};

		(void)snprintf(name, sizeof name, "memory@%u", i);

		const int node = fdt_add_subnode(world->bytes, 0, name);

		if (node < 0)
			return;
		(void)fdt_setprop_string(world->bytes, node, "device_type", "memory");
		(void)fdt_setprop(world->bytes, node, "reg", reg, sizeof reg);
	}
}

static void change_header(struct fuzz_input *input)
{
	const unsigned word = (unsigned)take(input, 1) % (sizeof(struct fdt_header) / 4);
	const fdt32_t value = cpu_to_fdt32((uint32_t)take_number(input));

	memcpy(world->bytes + word * sizeof value, &value, sizeof value);
}

static void change_register(struct fuzz_input *input)
{
	struct pvb_host_arm64_vcpu *vcpu = &world->vcpu;
	uint64_t *const registers[] = {&vcpu->x[0],
				       &vcpu->pc,
				       &vcpu->x[1],
				       &vcpu->cpsr,
				       &vcpu->sctlr_el1,
				       &vcpu->tcr_el1,
				       &world->parameters[PVB_PARAMETER_STORE_PAGE],
				       &world->parameters[PVB_PARAMETER_CONSOLE_PAGE],
				       &world->parameters[PVB_PARAMETER_STORE_PORT]};
	uint64_t *reg = registers[take(input, 1) % (sizeof registers / sizeof registers[0])];

	*reg = take_number(input);
}

/* Changes that need the tree to be one come before those that may make it none. */
static void change_tree(struct fuzz_input *input)
{
	const struct pvb_plan_info *plan = pvb_plan_info(world->plan);

	must(!fdt_open_into(plan->device_tree, world->bytes, TREE_ROOM));
	while (input->left && fdt_check_header(world->bytes) == 0) {
		const unsigned what = (unsigned)take(input, 1);

		if (what < 0x80)
			change_value(input);
		else if (what < 0xc0)
			change_node(input, what);
		else if (what < 0xe0)
			change_register(input);
		else if (what < 0xf8)
			add_bank(input);
		else
			change_header(input);
	}
}

/* Into the guest's memory, and x0 with it unless the input has moved that. */
static void put_tree(void)
{
	const size_t count = TREE_ROOM / world->page;
	pvb_mfn_t frames[TREE_ROOM / 4096];
	struct pvb_error error = {0};
	void *at;

	for (size_t i = 0; i < count; i++)
		frames[i] = PVB_MFN(world->tree / world->page + i);
	must_after(
		!pvb_host_map_frames(world->host, world->domid, frames, count, true, &at, &error),
		&error);
	memcpy(at, world->bytes, TREE_ROOM);
	pvb_host_unmap_frames(world->host, at, count);
}

/* ---- auditing it --------------------------------------------------------------------------- */

static struct pvb_audit *audit(bool given, int *rc)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit = NULL;
	struct pvb_error error = {0};
	uint64_t now, peak;

	if (given) {
		options.image = world->image;
		options.memory = 64 * MIB;
		options.command_line = "console=hvc0";
	}
	world->pages_mapped = world->memory_runs = 0;
	*rc = pvb_audit_domain(world->host, world->domid, &options, &audit, &error);
	must_be_sound(*rc, &error);
	must((*rc == 0) == (audit != NULL));
	must(world->memory_runs <= CALLS_MOST && world->pages_mapped <= PAGES_MOST);
	pvb_host_mapped(world->host, &now, &peak);
	must(now == 0);
	if (audit)
		must_be_a_report(pvb_audit_report(audit));
	return audit;
}

static void run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	const unsigned choices = (unsigned)take(&input, 1);
	int rc, again;

	world = &worlds[choices % WORLDS];

	const struct world before = *world;
	const bool unchanged = input.left == 0;

	world->vcpu.x[0] = world->tree;
	if (choices & 0x80) {
		memset(world->bytes, 0, TREE_ROOM);
		memcpy(world->bytes, input.at, input.left < TREE_ROOM ? input.left : TREE_ROOM);
	} else {
		change_tree(&input);
	}
	put_tree();

	struct pvb_audit *one = audit(choices & 2, &rc), *other = audit(choices & 2, &again);

	must(rc == again);
	if (one) {
		must_agree(pvb_audit_report(one), pvb_audit_report(other));
		if (unchanged && !(choices & 0x80))
			must_pass(pvb_audit_report(one));
	}
	pvb_audit_free(one);
	pvb_audit_free(other);
	world->vcpu = before.vcpu;
	memcpy(world->parameters, before.parameters, sizeof world->parameters);
}

/* ---- what it begins with ------------------------------------------------------------------- */

static struct blob begin(unsigned choices)
{
	struct blob input = BLOB_INIT;

	blob_append_number(&input, choices, 1);
	return input;
}

static struct blob good_at_4k(void)
{
	return begin(2);
}

static struct blob good_at_64k(void)
{
	return begin(3);
}

/* The tree's own bytes, to be changed as bytes. */
static struct blob bytes_of_a_tree(void)
{
	struct blob input = begin(0x82);

	make_worlds();

	const struct pvb_plan_info *plan = pvb_plan_info(worlds[0].plan);

	blob_append(&input, plan->device_tree, plan->device_tree_size);
	free_worlds();
	return input;
}

static struct blob values_changed(void)
{
	struct blob input = begin(0);

	/* Property, word, width; a number of kind 2 of area 1. */
	for (unsigned property = 0; property < 24; property += 3) {
		blob_append_number(&input, 0, 1);
		blob_append_number(&input, property, 1);
		blob_append_number(&input, 0, 1);
		blob_append_number(&input, 1, 1);
		blob_append_number(&input, 2, 1);
		blob_append_number(&input, 1, 1);
	}
	return input;
}

static struct blob node_gone(void)
{
	struct blob input = begin(2);

	blob_append_number(&input, 0x80, 1);
	blob_append_number(&input, 3, 1);
	blob_append(&input, NULL, 2);
	return input;
}

static struct blob banks_all_over(void)
{
	struct blob input = begin(1);

	blob_append_number(&input, 0xe0, 1);
	blob_append_number(&input, 19, 1);
	for (unsigned i = 0; i < 40; i++) {
		blob_append_number(&input, i % 3, 1);
		blob_append_number(&input, i, 1);
	}
	return input;
}

static struct blob registers_elsewhere(void)
{
	struct blob input = begin(0);

	for (unsigned i = 0; i < 9; i++) {
		blob_append_number(&input, 0xc0, 1);
		blob_append_number(&input, i, 1);
		blob_append_number(&input, 2, 1);
		blob_append_number(&input, i, 1);
	}
	return input;
}

static struct blob header_of_noise(void)
{
	struct blob input = begin(0);

	blob_append_number(&input, 0xff, 1);
	blob_append_number(&input, 1, 1);
	blob_append_number(&input, 6, 1);
	blob_append_number(&input, 0, 1);
	blob_append_number(&input, 0x200000, 8);
	return input;
}

static const struct fuzz_seed seeds[] = {
	FUZZ_SEED(good_at_4k),          FUZZ_SEED(good_at_64k),     FUZZ_SEED(bytes_of_a_tree),
	FUZZ_SEED(values_changed),      FUZZ_SEED(node_gone),       FUZZ_SEED(banks_all_over),
	FUZZ_SEED(registers_elsewhere), FUZZ_SEED(header_of_noise), {.name = NULL},
};

const struct fuzz_target fuzz_tree = {
	.name = "tree",
	.max_size = 8192,
	.begin = make_worlds,
	.run = run,
	.end = free_worlds,
	.seeds = seeds,
};
