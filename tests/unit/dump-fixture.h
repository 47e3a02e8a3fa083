/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain on a simulated host, and a folder of its own for its cores. */
#ifndef PVB_TESTS_DUMP_FIXTURE_H
#define PVB_TESTS_DUMP_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include <pvbuild/pvbuild.h>

#include "host/host.h"
#include "torture/scenario.h"

#define DUMP_SCENARIO 0 /* 64-bit with a ramdisk */
#define DUMP_PAGES (scenarios[DUMP_SCENARIO].memory / 4096)
#define DUMP_MFN_LIST_AT 104 /* in start_info */

/* Xen public arch-x86/xen.h: struct arch_shared_info of 64-bit guests. */
enum {
	DUMP_MAX_PFN_AT = 3088,
	DUMP_FRAME_LIST_LIST_AT = 3096,
	DUMP_P2M_CR3_AT = 3112,
	DUMP_P2M_VADDR_AT = 3120
};

/* A domain on a host, and a folder of its own for cores. */
struct dump_fixture {
	struct pvb_host *host;
	struct scenario_files files;
	uint32_t domid;
	char folder[32];
	char core[64];
};

/* The section of a core that has PFNs and MFNs, read by its place: the last but one. */
struct dump_pair {
	uint64_t pfn;
	uint64_t mfn;
};

int dump_set_up(void **state);

int dump_tear_down(void **state);

unsigned dump_files_in(const char *folder);

struct pvb_dump_result dump_domain(struct dump_fixture *fixture);

/* So many pages of the core are by the domain's own p2m, and the others by the M2P. */
void assert_dump_found(struct dump_fixture *fixture, uint64_t by_p2m, uint64_t by_m2p, int code);

void dump_refused(struct dump_fixture *fixture, enum pvb_code code);

struct pvb_host_vcpu dump_registers(struct dump_fixture *fixture);

/* The frame behind the leaf that maps va, found as the processor would. */
pvb_mfn_t dump_frame_of(struct dump_fixture *fixture, uint64_t va);

void dump_publish(struct dump_fixture *fixture, size_t at, uint64_t value);

/* What start_info says of the p2m list; and then vCPU 0 is on its way, far from start_info. */
uint64_t dump_run_away(struct dump_fixture *fixture, uint64_t *pages);

uint64_t dump_read_pairs(struct dump_fixture *fixture, struct dump_pair **pairs);

uint64_t dump_calls_of(struct pvb_host *host, const char *wanted);

#define DUMP_CASE(name) cmocka_unit_test_setup_teardown(name, dump_set_up, dump_tear_down)

#endif
