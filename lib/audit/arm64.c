/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An arm64 guest's registers, memory, magic pages and grants. */
#include "audit/arm64.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/cleanup.h"

/* PSTATE as SPSR_EL2 holds it (Arm ARM C5.2.19). */
#define PSTATE_DAIF UINT64_C(0x3c0)
#define PSTATE_MODE UINT64_C(0x1f)
#define PSTATE_EL1H UINT64_C(0x05)

/* SCTLR_EL1: MMU, data cache, big-endian data. */
#define SCTLR_M UINT64_C(0x1)
#define SCTLR_C UINT64_C(0x4)
#define SCTLR_EE UINT64_C(0x2000000)

/* A guest that has memory in more pieces than this has it wrong. */
#define PIECES_MAX 4096u

/* Pages that are given to a guest beside its memory: for rings, memory events, a serial port. */
#define MAGIC_PAGES 4u

/* Xen public io/console.h and io/xs_wire.h: indices of the rings, and what a new one may hold. */
#define CONSOLE_INDICES 3072u
#define CONSOLE_CONNECTION 3088u
#define STORE_INDICES 2048u
#define INDICES_BYTES 16u
#define RING_PAGE 4096u

/* Version 1 grants that the toolstack makes. */
#define GRANT_CONSOLE 0u
#define GRANT_STORE 1u
#define GRANT_PERMIT 1u
#define GRANT_IN_USE 0x18u

struct place place_gpa(uint64_t gpa)
{
	return place("guest address 0x%" PRIx64, gpa);
}

bool areas_meet(const struct area *a, const struct area *b)
{
	return a->bytes && b->bytes && a->from <= b->from + (b->bytes - 1) &&
	       b->from <= a->from + (a->bytes - 1);
}

bool in_a_bank(const struct arm64 *arm64, const struct area *area)
{
	for (size_t i = 0; i < arm64->tree.bank_count; i++) {
		const struct area *bank = &arm64->tree.banks[i];

		if (area->from >= bank->from && area->from - bank->from <= bank->bytes &&
		    area->bytes <= bank->bytes - (area->from - bank->from))
			return true;
	}
	return false;
}

int first_missing(struct arm64 *arm64, const struct area *area, uint64_t *at,
		  struct pvb_error *error)
{
	uint64_t end = area->from + area->bytes;

	*at = pvb_round_down(area->from, arm64->page);
	if (end < area->from || end > ARM64_ADDRESS_SPACE)
		return 0;
	end = pvb_div_round_up(end, arm64->page) * arm64->page;
	while (*at < end) {
		uint64_t bytes;
		bool present;
		int rc = pvb_host_get_memory_run(arm64->host, arm64->domain.domid, *at, end - *at,
						 &present, &bytes, error);

		if (rc || !present)
			return rc;
		*at += bytes;
	}
	*at = area->from + area->bytes;
	return 0;
}

int read_guest(struct arm64 *arm64, uint64_t gpa, uint8_t *to, size_t bytes,
	       struct pvb_error *error)
{
	pvb_mfn_t frames[ARM64_BUFFER / 4096];
	const uint64_t first = gpa / arm64->page;
	const size_t count = (size_t)((gpa + bytes - 1) / arm64->page - first) + 1;
	void *at;

	for (size_t i = 0; i < count; i++)
		frames[i] = PVB_MFN(first + i);
	int rc = pvb_host_map_frames(arm64->host, arm64->domain.domid, frames, count, false, &at,
				     error);
	if (rc)
		return rc;
	memcpy(to, (const uint8_t *)at + gpa % arm64->page, bytes);
	pvb_host_unmap_frames(arm64->host, at, count);
	return 0;
}

/* ---- registers ---- */

static void check_arm64_registers(struct arm64 *arm64)
{
	const struct pvb_host_arm64_vcpu *vcpu = &arm64->vcpu;
	struct check *check = arm64->check;

	expect(check, RULE_ARM64_ARGUMENTS, !(vcpu->x[1] | vcpu->x[2] | vcpu->x[3]),
	       place("x1 to x3"), "0x%" PRIx64 ", 0x%" PRIx64 " and 0x%" PRIx64 ", not 0",
	       vcpu->x[1], vcpu->x[2], vcpu->x[3]);
	expect(check, RULE_ARM64_PSTATE,
	       (vcpu->cpsr & PSTATE_MODE) == PSTATE_EL1H &&
		       (vcpu->cpsr & PSTATE_DAIF) == PSTATE_DAIF &&
		       !(vcpu->cpsr & ~(PSTATE_MODE | PSTATE_DAIF)),
	       place("pstate"), "0x%" PRIx64 ", not 0x3c5", vcpu->cpsr);
	expect(check, RULE_ARM64_MMU,
	       !(vcpu->sctlr_el1 & (SCTLR_M | SCTLR_C | SCTLR_EE)) &&
		       !(vcpu->ttbr0_el1 | vcpu->ttbr1_el1 | vcpu->tcr_el1),
	       place("sctlr_el1"),
	       "sctlr_el1 0x%" PRIx64 ", ttbr0_el1 0x%" PRIx64 ", ttbr1_el1 0x%" PRIx64
	       ", tcr_el1 0x%" PRIx64,
	       vcpu->sctlr_el1, vcpu->ttbr0_el1, vcpu->ttbr1_el1, vcpu->tcr_el1);
	expect(check, RULE_ARM64_ONLINE, vcpu->online, place("vCPU 0"), "it is offline");
}

/* ---- memory ---- */

static void check_pieces(struct arm64 *arm64, const struct area *piece)
{
	const struct arm64_tree *tree = &arm64->tree;
	uint64_t at = piece->from, end = piece->from + piece->bytes;

	/* What of it no bank has. */
	while (at < end) {
		uint64_t next = end;
		bool covered = false;

		for (size_t i = 0; i < tree->bank_count; i++) {
			const struct area *bank = &tree->banks[i];
			uint64_t bank_end = bank->from + bank->bytes;

			if (at >= bank->from && at < bank_end) {
				covered = true;
				next = pvb_min(end, bank_end);
			} else if (bank->from > at) {
				next = pvb_min(next, bank->from);
			}
		}
		/* Pages for rings and the like come from the magic region, as many as there are. */
		bool magic = next - at <= MAGIC_PAGES * arm64->page && arm64->console >= at &&
			     arm64->console < next;

		if (!covered && !magic)
			finding(arm64->check, RULE_ARM64_MEMORY_STRAY, place_gpa(at),
				"0x%" PRIx64 " bytes of memory that the device tree does not name",
				next - at);
		at = next;
	}
}

static int check_stray(struct arm64 *arm64, struct pvb_error *error)
{
	unsigned pieces = 0;

	applies(arm64->check, RULE_ARM64_MEMORY_STRAY);
	for (uint64_t at = 0; at < ARM64_ADDRESS_SPACE && pieces < PIECES_MAX;) {
		struct area piece = {.from = at};
		bool present;
		int rc = pvb_host_get_memory_run(arm64->host, arm64->domain.domid, at,
						 ARM64_ADDRESS_SPACE - at, &present, &piece.bytes,
						 error);

		if (rc)
			return rc;
		if (present) {
			check_pieces(arm64, &piece);
			pieces++;
		}
		at += piece.bytes;
	}
	if (pieces == PIECES_MAX)
		finding(arm64->check, RULE_ARM64_MEMORY_STRAY, place("memory"),
			"more than %u pieces: the rest was not looked at", PIECES_MAX);
	return 0;
}

static int check_memory(struct arm64 *arm64, struct pvb_error *error)
{
	const struct arm64_tree *tree = &arm64->tree;
	struct check *check = arm64->check;
	uint64_t sum = 0, owned = arm64->domain.pages * arm64->page;

	for (size_t i = 0; i < tree->bank_count; i++) {
		uint64_t missing, end = tree->banks[i].from + tree->banks[i].bytes;
		int rc = first_missing(arm64, &tree->banks[i], &missing, error);

		if (rc)
			return rc;
		expect(check, RULE_ARM64_MEMORY_BANKS, missing == end, place_gpa(missing),
		       "no memory, in the bank from 0x%" PRIx64 " to 0x%" PRIx64,
		       tree->banks[i].from, end);
		sum += tree->banks[i].bytes;
	}
	expect(check, RULE_ARM64_MEMORY_AMOUNT, owned == sum + MAGIC_PAGES * arm64->page,
	       place("domain"),
	       "it owns %" PRIu64 " bytes, and its banks have %" PRIu64 " beside %u pages", owned,
	       sum, MAGIC_PAGES);
	if (check->options->memory)
		expect(check, RULE_ARM64_MEMORY_AMOUNT, sum == check->options->memory,
		       place("/memory"),
		       "the device tree names %" PRIu64 " bytes, and it was to have %" PRIu64, sum,
		       check->options->memory);
	return check_stray(arm64, error);
}

/* ---- magic pages ---- */

static int get_parameter(struct arm64 *arm64, enum pvb_host_parameter parameter, uint64_t *value,
			 struct pvb_error *error)
{
	return pvb_host_get_parameter(arm64->host, arm64->domain.domid, parameter, value, error);
}

static int check_page(struct arm64 *arm64, const char *what, uint64_t *page,
		      struct pvb_error *error)
{
	const struct area area = {.from = *page, .bytes = arm64->page};
	bool in_memory = false, aligned = *page && pvb_is_aligned(*page, arm64->page);
	uint64_t missing = *page;

	for (size_t i = 0; i < arm64->tree.bank_count; i++)
		in_memory |= areas_meet(&arm64->tree.banks[i], &area);
	if (aligned) {
		int rc = first_missing(arm64, &area, &missing, error);

		if (rc)
			return rc;
	}
	expect(arm64->check, RULE_ARM64_MAGIC_PAGES,
	       aligned && !in_memory && missing == *page + arm64->page, place_gpa(*page),
	       "the page of the %s is %s", what,
	       !*page      ? "not set"
	       : !aligned  ? "no whole page of the hypervisor's"
	       : in_memory ? "in the guest's memory, which it may use as it likes"
			   : "not there");
	if (!aligned || missing != *page + arm64->page)
		*page = 0;
	return 0;
}

/* Empty: nothing in it at all, but for how the console stands. */
static int check_ring(struct arm64 *arm64, const char *what, uint64_t page, size_t indices,
		      bool console, struct pvb_error *error)
{
	uint8_t bytes[RING_PAGE];
	int rc;

	if (!page)
		return 0;
	rc = read_guest(arm64, page, bytes, sizeof bytes, error);
	if (rc)
		return rc;
	expect(arm64->check, RULE_ARM64_RINGS,
	       first_nonzero(bytes, indices, indices + INDICES_BYTES) == indices + INDICES_BYTES,
	       place_gpa(page + indices), "the %s ring's indices are not zero", what);
	if (console)
		bytes[CONSOLE_CONNECTION] = 0;

	size_t dirt = first_nonzero(bytes, 0, sizeof bytes);

	expect(arm64->check, RULE_ARM64_RINGS_DIRTY, dirt == sizeof bytes, place_gpa(page + dirt),
	       "the page of the %s ring is not empty", what);
	return 0;
}

static int check_magic(struct arm64 *arm64, struct pvb_error *error)
{
	uint64_t console_port = 0, store_port = 0;
	int rc = get_parameter(arm64, PVB_PARAMETER_CONSOLE_PAGE, &arm64->console, error);

	if (!rc)
		rc = get_parameter(arm64, PVB_PARAMETER_STORE_PAGE, &arm64->store, error);
	if (!rc)
		rc = get_parameter(arm64, PVB_PARAMETER_CONSOLE_PORT, &console_port, error);
	if (!rc)
		rc = get_parameter(arm64, PVB_PARAMETER_STORE_PORT, &store_port, error);
	if (rc)
		return rc;
	/* As the guest is told them: what is no page of its own may be within another's. */
	expect(arm64->check, RULE_ARM64_MAGIC_SPACING,
	       !arm64->console || arm64->console / arm64->page != arm64->store / arm64->page,
	       place_gpa(arm64->console),
	       "console and xenstore are in one page of %" PRIu64
	       " bytes, and have different backends",
	       arm64->page);
	expect(arm64->check, RULE_ARM64_EVENT_CHANNELS,
	       console_port && store_port && console_port != store_port, place("parameters"),
	       "the console has event channel %" PRIu64 ", xenstore %" PRIu64, console_port,
	       store_port);
	rc = check_page(arm64, "console", &arm64->console, error);
	if (!rc)
		rc = check_page(arm64, "xenstore", &arm64->store, error);
	if (!rc)
		rc = check_ring(arm64, "console", arm64->console, CONSOLE_INDICES, true, error);
	return rc ? rc : check_ring(arm64, "xenstore", arm64->store, STORE_INDICES, false, error);
}

static const struct pvb_host_grant *find_grant(const struct pvb_host_grant *grants, size_t count,
					       uint32_t index)
{
	for (size_t i = 0; i < count; i++)
		if (grants[i].index == index)
			return &grants[i];
	return NULL;
}

/* A backend that maps one marks it in use. */
static void check_ring_grant(struct arm64 *arm64, const struct pvb_host_grant *grant,
			     uint32_t index, uint64_t ring)
{
	if (!grant)
		finding(arm64->check, RULE_ARM64_GRANTS, place("grant %u", index),
			"there is none, and it should be guest address 0x%" PRIx64, ring);
	else if (grant->frame.n * arm64->page != ring ||
		 (grant->flags & ~GRANT_IN_USE) != GRANT_PERMIT)
		finding(arm64->check, RULE_ARM64_GRANTS, place("grant %u", index),
			"it gives domain %u access to guest address 0x%" PRIx64
			", with flags 0x%x, and should be 0x%" PRIx64 " with flags 0x%x",
			grant->domid, grant->frame.n * arm64->page, grant->flags, ring,
			GRANT_PERMIT);
}

static int check_arm64_grants(struct arm64 *arm64, struct pvb_error *error)
{
	struct pvb_host_grant grants[64];
	size_t count;
	int rc = pvb_host_get_grants(arm64->host, arm64->domain.domid, grants,
				     sizeof grants / sizeof grants[0], &count, error);

	if (rc)
		return rc;
	applies(arm64->check, RULE_ARM64_GRANTS);
	check_ring_grant(arm64, find_grant(grants, count, GRANT_CONSOLE), GRANT_CONSOLE,
			 arm64->console);
	check_ring_grant(arm64, find_grant(grants, count, GRANT_STORE), GRANT_STORE, arm64->store);
	for (size_t i = 0; i < count; i++)
		if (grants[i].index > GRANT_STORE && grants[i].flags)
			finding(arm64->check, RULE_ARM64_GRANTS, place("grant %u", grants[i].index),
				"it gives domain %u access to guest address 0x%" PRIx64
				", with flags 0x%x",
				grants[i].domid, grants[i].frame.n * arm64->page, grants[i].flags);
	return 0;
}

/* ---- all of it ---- */

static int look(struct arm64 *arm64, uint32_t domid, struct pvb_error *error)
{
	int rc = pvb_host_get_info(arm64->host, &arm64->info, error);

	if (!rc)
		rc = pvb_host_get_domain(arm64->host, domid, &arm64->domain, error);
	if (!rc)
		rc = view_check_state(&arm64->domain, error);
	if (!rc)
		rc = pvb_host_get_arm64_vcpu(arm64->host, domid, 0, &arm64->vcpu, error);
	if (!rc)
		rc = pvb_host_get_record(arm64->host, domid, &arm64->record, error);
	if (!rc && (arm64->info.page_shift < 12 || arm64->info.page_shift > 16))
		rc = pvb_fail(error, PVB_E_HOST_GRANULE, "audit",
			      "the host says that its pages have 2^%u bytes",
			      arm64->info.page_shift);
	arm64->page = UINT64_C(1) << (arm64->info.page_shift & 31);
	return rc;
}

int audit_arm64(struct check *check, struct pvb_host *host, uint32_t domid, struct pvb_error *error)
{
	PVB_AUTO_FREE uint8_t *buffer = malloc(ARM64_BUFFER);
	struct arm64 arm64 = {.check = check, .host = host, .buffer = buffer};
	bool found = false;

	if (!buffer)
		return pvb_fail_memory(error, "audit", "an audit");
	int rc = look(&arm64, domid, error);
	if (!rc)
		check_arm64_registers(&arm64);
	if (!rc)
		rc = check_tree(&arm64, &found, error);
	if (rc || !found)
		return rc;
	rc = check_magic(&arm64, error);
	if (!rc)
		rc = check_memory(&arm64, error);
	if (!rc)
		rc = check_arm64_grants(&arm64, error);
	if (!rc)
		rc = check_arm64_kernel(&arm64, error);
	return rc ? rc : check_arm64_module(&arm64, error);
}
