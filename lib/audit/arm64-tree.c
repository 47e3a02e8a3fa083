/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device tree of an arm64 guest: what it says, and whether that is so. */
#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "audit/arm64.h"
#include "core/checked.h"
#include "core/cleanup.h"

/* Linux Documentation/arch/arm64/booting.rst */
#define TREE_MAX ((size_t)2 << 20)
#define TREE_ALIGNMENT 8u

/* The property by which our builder tells of the hypervisor's page size (doc/guest-abi.md). */
#define OUR_VERSION "pvbuild,version"
#define OUR_GRANULE "pvbuild,granule"

/* Addresses and sizes of two cells each, as every Xen guest's root has it. */
#define CELLS ((size_t)2)
#define CELLS_BYTES (CELLS * 4)
#define PAIR_BYTES (2 * CELLS_BYTES)

/*
 * An interrupt of a GIC: three cells, of which the first says that it is private, and the second
 * is its number less 16.
 */
#define INTERRUPT_BYTES ((size_t)3 * 4)
#define INTERRUPT_PRIVATE 1u
#define EVENT_NUMBER 15u

/* The secure physical timer's, the physical one's, the virtual one's. */
#define TIMER_COUNT ((size_t)3)
static const uint32_t timer_numbers[TIMER_COUNT] = {13, 14, 11};

/* Xen public arch-arm.h: where a guest has its interrupt controller's registers. */
#define GIC_DISTRIBUTOR UINT64_C(0x03001000)
#define GIC_V2_CPU_INTERFACE UINT64_C(0x03002000)
#define GIC_V3_REDISTRIBUTORS UINT64_C(0x03020000)

/* vCPUs are numbered sixteen to a cluster. */
#define AFFINITIES 256u
#define CLUSTER 16u

struct blob {
	const void *fdt;
	struct arm64 *arm64;
};

static uint64_t number_at(const uint8_t *bytes, size_t cells)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 4 * cells; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* A property's bytes and how many there are; NULL where there is none. */
static const uint8_t *property(const struct blob *blob, int node, const char *name, size_t *size)
{
	int length;
	const void *value = node < 0 ? NULL : fdt_getprop(blob->fdt, node, name, &length);

	*size = value && length > 0 ? (size_t)length : 0;
	return value;
}

static bool cell_is(const struct blob *blob, int node, const char *name, uint32_t *value)
{
	size_t size;
	const uint8_t *bytes = property(blob, node, name, &size);

	if (size != 4)
		return false;
	*value = (uint32_t)number_at(bytes, 1);
	return true;
}

static bool text_is(const struct blob *blob, int node, const char *name, const char *text)
{
	size_t size;
	const uint8_t *bytes = property(blob, node, name, &size);

	return bytes && size == strlen(text) + 1 && memcmp(bytes, text, size) == 0;
}

/* Pair index of "reg": an address and a size. */
static bool pair_at(const struct blob *blob, int node, size_t index, struct area *area)
{
	size_t size;
	const uint8_t *bytes = property(blob, node, "reg", &size);

	if (size < (index + 1) * PAIR_BYTES || size % PAIR_BYTES)
		return false;
	area->from = number_at(bytes + index * PAIR_BYTES, CELLS);
	area->bytes = number_at(bytes + index * PAIR_BYTES + CELLS_BYTES, CELLS);
	return area->from + area->bytes >= area->from;
}

/* ---- nodes ---- */

static void read_root(const struct blob *blob)
{
	uint32_t address = 0, size = 0, parent = 0, phandle = 0;
	int gic;

	(void)cell_is(blob, 0, "#address-cells", &address);
	(void)cell_is(blob, 0, "#size-cells", &size);
	(void)cell_is(blob, 0, "interrupt-parent", &parent);
	gic = fdt_node_offset_by_phandle(blob->fdt, parent);
	(void)cell_is(blob, gic, "phandle", &phandle);
	expect(blob->arm64->check, RULE_ARM64_TREE_ROOT,
	       address == CELLS && size == CELLS && parent && phandle == parent, place("/"),
	       "%" PRIu32 " address and %" PRIu32 " size cells, interrupt-parent %" PRIu32, address,
	       size, parent);
}

static void add_bank(const struct blob *blob, int node)
{
	struct arm64_tree *tree = &blob->arm64->tree;
	struct check *check = blob->arm64->check;
	struct area bank;

	for (size_t i = 0; pair_at(blob, node, i, &bank); i++) {
		bool apart = true;

		for (size_t k = 0; k < tree->bank_count; k++)
			apart &= !areas_meet(&tree->banks[k], &bank);
		expect(check, RULE_ARM64_TREE_MEMORY,
		       bank.bytes && apart &&
			       pvb_is_aligned(bank.from | bank.bytes, blob->arm64->page),
		       place_gpa(bank.from),
		       "a bank of 0x%" PRIx64 " bytes, which overlaps another or is not whole "
		       "pages of the hypervisor's",
		       bank.bytes);
		if (tree->bank_count < ARM64_BANKS)
			tree->banks[tree->bank_count++] = bank;
	}
}

static void read_banks(const struct blob *blob)
{
	int node = -1;

	while ((node = fdt_node_offset_by_prop_value(blob->fdt, node, "device_type", "memory",
						     sizeof "memory")) >= 0)
		add_bank(blob, node);
	expect(blob->arm64->check, RULE_ARM64_TREE_MEMORY, blob->arm64->tree.bank_count != 0,
	       place("/memory"), "there is none");
}

static void read_chosen(const struct blob *blob)
{
	struct arm64_tree *tree = &blob->arm64->tree;
	struct check *check = blob->arm64->check;
	const char *line = check->options->command_line;
	int node = fdt_path_offset(blob->fdt, "/chosen");
	size_t from_size, to_size;
	const uint8_t *from = property(blob, node, "linux,initrd-start", &from_size);
	const uint8_t *to = property(blob, node, "linux,initrd-end", &to_size);

	if (line)
		expect(check, RULE_ARM64_COMMAND_LINE, text_is(blob, node, "bootargs", line),
		       place("/chosen/bootargs"), "it is not \"%.80s\"", line);
	if (!from && !to)
		return;
	bool sound = (from_size == 4 || from_size == 8) && (to_size == 4 || to_size == 8);
	if (sound) {
		uint64_t start = number_at(from, from_size / 4), end = number_at(to, to_size / 4);

		sound = end > start;
		tree->initrd = (struct area){.from = start, .bytes = end - start};
	}
	expect(check, RULE_ARM64_INITRD, sound, place("/chosen/linux,initrd-start"),
	       "start and end of the ramdisk are no two ascending addresses");
	tree->has_initrd = sound;
}

static void read_cpus(const struct blob *blob)
{
	struct check *check = blob->arm64->check;
	int parent = fdt_path_offset(blob->fdt, "/cpus"), node;
	const uint32_t vcpus = blob->arm64->domain.vcpus;
	bool seen[AFFINITIES * CLUSTER] = {false};
	uint32_t count = 0;

	fdt_for_each_subnode(node, blob->fdt, parent < 0 ? 0 : parent)
	{
		uint32_t affinity = UINT32_MAX;
		bool sound;

		if (parent < 0 || !text_is(blob, node, "device_type", "cpu"))
			continue;
		sound = cell_is(blob, node, "reg", &affinity) &&
			text_is(blob, node, "enable-method", "psci") && affinity % 256 < CLUSTER &&
			affinity >> 8 < AFFINITIES;
		if (sound) {
			uint32_t vcpu = (affinity >> 8) * CLUSTER + affinity % 256;

			sound = vcpu < vcpus && !seen[vcpu];
			seen[vcpu] = true;
		}
		expect(check, RULE_ARM64_TREE_CPUS, sound, place("/cpus/cpu@%" PRIx32, affinity),
		       "its number is one that no vCPU has or that another has, or it is not "
		       "started by PSCI");
		count++;
	}
	expect(check, RULE_ARM64_TREE_CPUS, count == vcpus && seen[0], place("/cpus"),
	       "%" PRIu32 " CPUs, and the domain has %" PRIu32 " vCPUs", count, vcpus);
}

static bool is_private(const uint8_t *interrupt, uint32_t number)
{
	return number_at(interrupt, 1) == INTERRUPT_PRIVATE &&
	       number_at(interrupt + 4, 1) == number;
}

static void read_firmware(const struct blob *blob)
{
	int psci = fdt_path_offset(blob->fdt, "/psci");
	int timer = fdt_node_offset_by_compatible(blob->fdt, -1, "arm,armv8-timer");
	size_t size;

	expect(blob->arm64->check, RULE_ARM64_TREE_PSCI, text_is(blob, psci, "method", "hvc"),
	       place("/psci"), "CPUs are not started by a call to the hypervisor");
	const uint8_t *interrupts = property(blob, timer, "interrupts", &size);
	bool right = size == TIMER_COUNT * INTERRUPT_BYTES;
	for (size_t i = 0; i < TIMER_COUNT && right; i++)
		right = is_private(interrupts + i * INTERRUPT_BYTES, timer_numbers[i]);
	expect(blob->arm64->check, RULE_ARM64_TREE_TIMER, right, place("/timer"),
	       "a guest's timer has the private interrupts 13, 14 and 11, and these %zu bytes are "
	       "not they",
	       size);
}

/* A region that is no memory's: there is none in the hypervisor's pages that it touches. */
static int check_region(const struct blob *blob, const struct area *area, enum audit_rule rule,
			struct pvb_error *error)
{
	struct arm64 *arm64 = blob->arm64;
	const uint64_t from = pvb_round_down(area->from, arm64->page);
	const uint64_t end = area->from + area->bytes;
	const bool sound = end > area->from && end <= ARM64_ADDRESS_SPACE;
	uint64_t bytes;
	bool present;

	expect(arm64->check, rule, sound, place_gpa(area->from),
	       "0x%" PRIx64 " bytes from there on are no region of a guest's addresses",
	       area->bytes);
	if (!sound)
		return 0;
	int rc = pvb_host_get_memory_run(arm64->host, arm64->domain.domid, from,
					 pvb_div_round_up(end, arm64->page) * arm64->page - from,
					 &present, &bytes, error);
	if (rc)
		return rc;
	expect(arm64->check, rule, !present && from + bytes >= end,
	       place_gpa(present ? from : from + bytes),
	       "memory in a page of what is none, 0x%" PRIx64 " to 0x%" PRIx64, area->from, end);
	return 0;
}

static int read_gic(const struct blob *blob, struct pvb_error *error)
{
	struct arm64 *arm64 = blob->arm64;
	unsigned version = arm64->info.gic_version;
	int node = fdt_node_offset_by_compatible(
		blob->fdt, -1, version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	struct area first, second;
	bool found = pair_at(blob, node, 0, &first) && pair_at(blob, node, 1, &second);
	uint64_t page = arm64->page;

	expect(arm64->check, RULE_ARM64_TREE_GIC, found && first.bytes && second.bytes,
	       place("/interrupt-controller"), "no GICv%u with its two regions", version);
	if (!found || !first.bytes || !second.bytes)
		return 0;
	uint64_t wanted = version == 2 ? GIC_V2_CPU_INTERFACE : GIC_V3_REDISTRIBUTORS;
	expect(arm64->check, RULE_ARM64_TREE_GIC,
	       first.from == GIC_DISTRIBUTOR && second.from == wanted, place_gpa(first.from),
	       "the GICv%u is said to be there and at 0x%" PRIx64
	       ", and the hypervisor has it at 0x%" PRIx64 " and 0x%" PRIx64,
	       version, second.from, GIC_DISTRIBUTOR, wanted);
	/* Of a GICv2 the second is mapped, and the first is not. */
	expect(arm64->check, RULE_ARM64_TREE_GIC,
	       version != 2 || (first.from + first.bytes - 1) / page < second.from / page,
	       place_gpa(second.from),
	       "both regions of the GIC are in one page of %" PRIu64 " bytes", page);
	int rc = check_region(blob, &first, RULE_ARM64_TREE_GIC, error);
	return rc ? rc : check_region(blob, &second, RULE_ARM64_TREE_GIC, error);
}

static int read_hypervisor(const struct blob *blob, struct pvb_error *error)
{
	struct arm64 *arm64 = blob->arm64;
	struct check *check = arm64->check;
	struct arm64_tree *tree = &arm64->tree;
	int node = fdt_node_offset_by_compatible(blob->fdt, -1, "xen,xen");
	uint32_t granule = 0, version = 0;
	size_t size;
	const uint8_t *interrupt = property(blob, node, "interrupts", &size);
	const char *first = (const char *)property(blob, node, "compatible", &(size_t){0});
	bool versioned = first && strncmp(first, "xen,xen-", 8) == 0;

	tree->has_grants = pair_at(blob, node, 0, &tree->grants);
	expect(check, RULE_ARM64_TREE_HYPERVISOR,
	       versioned && size == INTERRUPT_BYTES && is_private(interrupt, EVENT_NUMBER) &&
		       tree->has_grants &&
		       pvb_is_aligned(tree->grants.from | tree->grants.bytes, arm64->page),
	       place("/hypervisor"),
	       "a guest of Xen's needs its version there, its event interrupt, and room for grants "
	       "in whole pages");
	/* Where the kernel speaks of our notes, it hears of the page size; nobody else does. */
	bool told = cell_is(blob, node, OUR_VERSION, &version);
	if (told || (check->image && check->image->declares.guest_abi))
		expect(check, RULE_ARM64_TREE_GRANULE,
		       told && version == 1 && cell_is(blob, node, OUR_GRANULE, &granule) &&
			       granule == arm64->page,
		       place("/hypervisor/" OUR_GRANULE),
		       "%" PRIu32 " bytes, and the hypervisor's pages have %" PRIu64, granule,
		       arm64->page);
	if (check->image && !check->image->declares.guest_abi)
		expect(check, RULE_ARM64_TREE_GRANULE, !told, place("/hypervisor/" OUR_VERSION),
		       "it is told to a kernel that has no note of ours");
	return tree->has_grants
		       ? check_region(blob, &tree->grants, RULE_ARM64_TREE_HYPERVISOR, error)
		       : 0;
}

static int read_nodes(const struct blob *blob, struct pvb_error *error)
{
	read_root(blob);
	read_banks(blob);
	read_chosen(blob);
	read_cpus(blob);
	read_firmware(blob);
	int rc = read_gic(blob, error);
	return rc ? rc : read_hypervisor(blob, error);
}

/* ---- the blob ---- */

/* Whole, in memory that it has. */
static int read_blob(struct arm64 *arm64, size_t size, uint8_t *to, struct pvb_error *error)
{
	const size_t part = ARM64_BUFFER / 4;

	for (size_t done = 0; done < size;) {
		size_t here = (size_t)pvb_min(size - done, part);
		int rc = read_guest(arm64, arm64->vcpu.x[0] + done, to + done, here, error);

		if (rc)
			return rc;
		done += here;
	}
	return 0;
}

int check_tree(struct arm64 *arm64, bool *found, struct pvb_error *error)
{
	struct check *check = arm64->check;
	const uint64_t x0 = arm64->vcpu.x[0];
	struct area *area = &arm64->tree.blob;
	uint8_t header[sizeof(struct fdt_header)];
	uint64_t missing;

	*found = false;
	*area = (struct area){.from = x0, .bytes = sizeof header};
	int rc = first_missing(arm64, area, &missing, error);
	if (rc)
		return rc;
	expect(check, RULE_ARM64_X0, x0 % TREE_ALIGNMENT == 0 && missing == x0 + sizeof header,
	       place("x0"),
	       "0x%" PRIx64 " is no address of a device tree: not aligned, or no memory", x0);
	if (missing != x0 + sizeof header)
		return 0;
	rc = read_guest(arm64, x0, header, sizeof header, error);
	if (rc)
		return rc;

	size_t size = fdt_magic(header) == FDT_MAGIC ? fdt_totalsize(header) : 0;
	area->bytes = size;
	rc = first_missing(arm64, area, &missing, error);
	if (rc)
		return rc;
	bool there = size >= sizeof header && size <= TREE_MAX && missing == x0 + size;
	PVB_AUTO_FREE uint8_t *bytes = there ? malloc(size) : NULL;

	if (there && !bytes)
		return pvb_fail_memory(error, "audit", "a device tree");
	if (there)
		rc = read_blob(arm64, size, bytes, error);
	if (rc)
		return rc;
	*found = there && fdt_check_full(bytes, size) == 0;
	expect(check, RULE_ARM64_TREE, *found, place_gpa(x0), "%s",
	       size > TREE_MAX ? "a device tree of more than 2 MiB"
			       : "no device tree, or a broken one");
	if (!*found)
		return 0;
	const struct blob blob = {.fdt = bytes, .arm64 = arm64};

	rc = read_nodes(&blob, error);
	expect(check, RULE_ARM64_X0, in_a_bank(arm64, area), place("x0"),
	       "the device tree is not in the memory that it names");
	return rc;
}
