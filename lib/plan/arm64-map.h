/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen has at which guest physical address of a guest on Arm, and its
 * interrupts (Xen public arch-arm.h, device_tree_defs.h). Guests learn all of it
 * from their device tree, but the hypervisor goes by these.
 */
#ifndef PVB_PLAN_ARM64_MAP_H
#define PVB_PLAN_ARM64_MAP_H

#include <stdint.h>

/* Interrupt controllers. Of a GICv2 the distributor is emulated and the CPU interface mapped. */
#define PVB_ARM64_GICD UINT64_C(0x03001000)
#define PVB_ARM64_GICV2_GICD_SIZE UINT64_C(0x1000)
#define PVB_ARM64_GICV2_GICC UINT64_C(0x03002000)
#define PVB_ARM64_GICV2_GICC_SIZE UINT64_C(0x2000)
#define PVB_ARM64_GICV3_GICD_SIZE UINT64_C(0x10000)
#define PVB_ARM64_GICV3_GICR UINT64_C(0x03020000)
#define PVB_ARM64_GICV3_GICR_SIZE UINT64_C(0x01000000)
#define PVB_ARM64_GICV2_VCPUS 8
#define PVB_ARM64_GICV3_VCPUS 128

/* Where the guest maps its grant table. */
#define PVB_ARM64_GRANTS UINT64_C(0x38000000)
#define PVB_ARM64_GRANTS_SIZE UINT64_C(0x01000000)

/* One page for each of these, in this order, the hypervisor's page size apart. */
#define PVB_ARM64_MAGIC UINT64_C(0x39000000)
#define PVB_ARM64_MAGIC_SIZE UINT64_C(0x01000000)
enum pvb_arm64_magic {
	PVB_ARM64_MAGIC_CONSOLE,
	PVB_ARM64_MAGIC_XENSTORE,
	PVB_ARM64_MAGIC_MEMACCESS,
	PVB_ARM64_MAGIC_VUART,
	PVB_ARM64_MAGIC_PAGES,
};

/* Memory: the first bank, and what does not fit into it. */
#define PVB_ARM64_BANKS 2
#define PVB_ARM64_RAM0 UINT64_C(0x40000000)
#define PVB_ARM64_RAM0_SIZE UINT64_C(0xc0000000)
#define PVB_ARM64_RAM1 UINT64_C(0x0200000000)
#define PVB_ARM64_RAM1_SIZE UINT64_C(0xfe00000000)

/* Private peripheral interrupts, as the GIC counts them. */
#define PVB_ARM64_PPI_TIMER_VIRTUAL 27
#define PVB_ARM64_PPI_TIMER_SECURE 29
#define PVB_ARM64_PPI_TIMER_PHYSICAL 30
#define PVB_ARM64_PPI_EVENTS 31

#endif
