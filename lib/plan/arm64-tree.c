/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nodes and properties are those that Xen's tools give a guest without devices
 * (bindings: Linux Documentation/devicetree/bindings, among them arm/xen.txt).
 */
#include "plan/arm64-tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "plan/arm64-map.h"

#define STAGE "plan"

/* A number that no node of a partial tree has (Xen public device_tree_defs.h). */
#define PHANDLE_GIC 65000

/* Cells of an interrupt of the GIC (bindings/interrupt-controller/arm,gic.yaml). */
#define INTERRUPT_CELLS 3
#define INTERRUPT_PRIVATE 1
#define INTERRUPT_PRIVATE_FIRST 16
#define INTERRUPT_ALL_CPUS (UINT32_C(0xf) << 8)
#define INTERRUPT_LEVEL_LOW UINT32_C(8)

/* Function numbers of PSCI 0.1, which the later ones do not need. */
#define PSCI_CPU_OFF 1
#define PSCI_CPU_ON 2

#define FIRST_SIZE 4096

/* Once something failed, nothing more is done. */
struct writer {
	void *tree;
	int rc; /* of libfdt: 0, or the first failure */
};

static void keep(struct writer *writer, int rc)
{
	if (!writer->rc)
		writer->rc = rc;
}

static void begin(struct writer *writer, const char *name)
{
	keep(writer, writer->rc ? 0 : fdt_begin_node(writer->tree, name));
}

static void end(struct writer *writer)
{
	keep(writer, writer->rc ? 0 : fdt_end_node(writer->tree));
}

static void bytes(struct writer *writer, const char *name, const void *value, size_t size)
{
	keep(writer, writer->rc ? 0 : fdt_property(writer->tree, name, value, (int)size));
}

static void flag(struct writer *writer, const char *name)
{
	bytes(writer, name, "", 0);
}

static void text(struct writer *writer, const char *name, const char *value)
{
	bytes(writer, name, value, strlen(value) + 1);
}

static void cell(struct writer *writer, const char *name, uint32_t value)
{
	keep(writer, writer->rc ? 0 : fdt_property_u32(writer->tree, name, value));
}

static void wide(struct writer *writer, const char *name, uint64_t value)
{
	keep(writer, writer->rc ? 0 : fdt_property_u64(writer->tree, name, value));
}

/* Pairs of address and size, two cells each, as the root has it. */
static void ranges(struct writer *writer, const char *name, const uint64_t *pairs, size_t count)
{
	fdt64_t cells[4];

	for (size_t i = 0; i < 2 * count; i++)
		cells[i] = cpu_to_fdt64(pairs[i]);
	bytes(writer, name, cells, 2 * count * sizeof cells[0]);
}

static void range(struct writer *writer, const char *name, uint64_t address, uint64_t size)
{
	const uint64_t pair[] = {address, size};

	ranges(writer, name, pair, 1);
}

/* Private interrupts, all of them level-triggered, active low, and every CPU's. */
static void interrupts(struct writer *writer, const unsigned *numbers, size_t count)
{
	fdt32_t cells[INTERRUPT_CELLS * 3];

	for (size_t i = 0; i < count; i++) {
		fdt32_t *at = &cells[i * INTERRUPT_CELLS];

		at[0] = cpu_to_fdt32(INTERRUPT_PRIVATE);
		at[1] = cpu_to_fdt32(numbers[i] - INTERRUPT_PRIVATE_FIRST);
		at[2] = cpu_to_fdt32(INTERRUPT_ALL_CPUS | INTERRUPT_LEVEL_LOW);
	}
	bytes(writer, "interrupts", cells, count * INTERRUPT_CELLS * sizeof cells[0]);
	cell(writer, "interrupt-parent", PHANDLE_GIC);
}

/* Two strings, the first of them with the hypervisor's version. */
static void compatible(struct writer *writer, const char *what,
		       const struct pvb_arm64_tree_facts *facts)
{
	char list[64];
	int first =
		snprintf(list, sizeof list, "%s-%u.%u", what, facts->xen_major, facts->xen_minor);
	size_t second = (size_t)first + 1, length = strlen(what) + 1;

	memcpy(list + second, what, length);
	bytes(writer, "compatible", list, second + length);
}

static void chosen(struct writer *writer, const struct pvb_arm64_tree_facts *facts)
{
	begin(writer, "chosen");
	text(writer, "bootargs", facts->command_line);
	if (facts->has_module) {
		wide(writer, "linux,initrd-start", facts->module_from);
		wide(writer, "linux,initrd-end", facts->module_to);
	}
	end(writer);
}

/* The register of a CPU's number, as Xen numbers a guest's: sixteen to a cluster. */
static uint32_t affinity(uint32_t vcpu)
{
	return (vcpu & 0xf) | (vcpu >> 4) << 8;
}

static void cpus(struct writer *writer, uint32_t count)
{
	char name[24];

	begin(writer, "cpus");
	cell(writer, "#address-cells", 1);
	cell(writer, "#size-cells", 0);
	for (uint32_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof name, "cpu@%x", affinity(i));
		begin(writer, name);
		text(writer, "device_type", "cpu");
		text(writer, "compatible", "arm,armv8");
		text(writer, "enable-method", "psci");
		cell(writer, "reg", affinity(i));
		end(writer);
	}
	end(writer);
}

static void psci(struct writer *writer)
{
	static const char list[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

	begin(writer, "psci");
	bytes(writer, "compatible", list, sizeof list);
	text(writer, "method", "hvc");
	cell(writer, "cpu_off", PSCI_CPU_OFF);
	cell(writer, "cpu_on", PSCI_CPU_ON);
	end(writer);
}

static void memory(struct writer *writer, const struct pvb_plan_area *bank)
{
	char name[32];

	(void)snprintf(name, sizeof name, "memory@%llx", (unsigned long long)bank->gpa);
	begin(writer, name);
	text(writer, "device_type", "memory");
	range(writer, "reg", bank->gpa, bank->bytes);
	end(writer);
}

static void interrupt_controller(struct writer *writer, uint32_t version)
{
	static const char v2[] = "arm,cortex-a15-gic\0arm,cortex-a9-gic";
	static const uint64_t v2_registers[] = {
		PVB_ARM64_GICD,
		PVB_ARM64_GICV2_GICD_SIZE,
		PVB_ARM64_GICV2_GICC,
		PVB_ARM64_GICV2_GICC_SIZE,
	};
	static const uint64_t v3_registers[] = {
		PVB_ARM64_GICD,
		PVB_ARM64_GICV3_GICD_SIZE,
		PVB_ARM64_GICV3_GICR,
		PVB_ARM64_GICV3_GICR_SIZE,
	};
	char name[40];

	(void)snprintf(name, sizeof name, "interrupt-controller@%llx",
		       (unsigned long long)PVB_ARM64_GICD);
	begin(writer, name);
	if (version == 2)
		bytes(writer, "compatible", v2, sizeof v2);
	else
		text(writer, "compatible", "arm,gic-v3");
	cell(writer, "#interrupt-cells", INTERRUPT_CELLS);
	cell(writer, "#address-cells", 0);
	flag(writer, "interrupt-controller");
	ranges(writer, "reg", version == 2 ? v2_registers : v3_registers, 2);
	cell(writer, "phandle", PHANDLE_GIC);
	end(writer);
}

static void timer(struct writer *writer)
{
	static const unsigned numbers[] = {
		PVB_ARM64_PPI_TIMER_SECURE,
		PVB_ARM64_PPI_TIMER_PHYSICAL,
		PVB_ARM64_PPI_TIMER_VIRTUAL,
	};

	begin(writer, "timer");
	text(writer, "compatible", "arm,armv8-timer");
	interrupts(writer, numbers, sizeof numbers / sizeof numbers[0]);
	end(writer);
}

static void hypervisor(struct writer *writer, const struct pvb_arm64_tree_facts *facts)
{
	static const unsigned events = PVB_ARM64_PPI_EVENTS;

	begin(writer, "hypervisor");
	compatible(writer, "xen,xen", facts);
	range(writer, "reg", PVB_ARM64_GRANTS, PVB_ARM64_GRANTS_SIZE);
	interrupts(writer, &events, 1);
	if (facts->publish) {
		cell(writer, PVB_GUEST_FDT_VERSION, PVB_GUEST_ABI_VERSION);
		cell(writer, PVB_GUEST_FDT_GRANULE, UINT32_C(1) << facts->page_shift);
	}
	end(writer);
}

static int write_tree(void *tree, size_t size, const struct pvb_arm64_tree_facts *facts)
{
	struct writer writer = {.tree = tree};
	char model[32];

	keep(&writer, fdt_create(tree, (int)size));
	keep(&writer, writer.rc ? 0 : fdt_finish_reservemap(tree));
	begin(&writer, "");
	(void)snprintf(model, sizeof model, "XENVM-%u.%u", facts->xen_major, facts->xen_minor);
	text(&writer, "model", model);
	compatible(&writer, "xen,xenvm", facts);
	cell(&writer, "interrupt-parent", PHANDLE_GIC);
	cell(&writer, "#address-cells", 2);
	cell(&writer, "#size-cells", 2);
	chosen(&writer, facts);
	cpus(&writer, facts->vcpus);
	psci(&writer);
	for (size_t i = 0; i < facts->bank_count; i++)
		memory(&writer, &facts->banks[i]);
	interrupt_controller(&writer, facts->gic);
	timer(&writer);
	hypervisor(&writer, facts);
	end(&writer);
	keep(&writer, writer.rc ? 0 : fdt_finish(tree));
	return writer.rc;
}

int pvb_arm64_tree_make(const struct pvb_arm64_tree_facts *facts, void **tree, size_t *size,
			struct pvb_error *error)
{
	for (size_t room = FIRST_SIZE;; room *= 2) {
		PVB_AUTO_FREE void *made = calloc(1, room);

		if (!made)
			return pvb_fail_memory(error, STAGE, "a device tree");
		int rc = write_tree(made, room, facts);

		if (rc == -FDT_ERR_NOSPACE && room < PVB_ARM64_TREE_MAX)
			continue;
		if (rc)
			return pvb_fail(error, PVB_E_BUG, STAGE,
					"a device tree of %zu bytes cannot be made: %s", room,
					fdt_strerror(rc));
		*size = fdt_totalsize(made);
		*tree = PVB_STEAL(made);
		return 0;
	}
}
