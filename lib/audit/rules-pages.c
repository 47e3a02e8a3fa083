/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages shared with others: rings, shared info, grants. */
#include "audit/check.h"
#include "core/span.h"

/*
 * A ring page in bytes (Xen public io/console.h, io/xs_wire.h). From indices to
 * status all is zero. What follows may be set by the backend as soon as it knows of
 * the domain: features, and "connection", which is 0 or 1. The rest is unused.
 */
struct ring {
	size_t indices;
	size_t features; /* no particular value; [features, connection) */
	size_t connection;
	size_t end;
};

static const struct ring console_ring = {3072, 3088, 3088, 3092};
static const struct ring store_ring = {2048, 2064, 2068, 2076};

static void check_ring(struct check *check, const char *name, const uint8_t *page,
		       const struct ring *ring, enum audit_rule state, enum audit_rule dirt)
{
	struct pvb_span span = pvb_span(page, VIEW_PAGE_SIZE);
	uint32_t connection = 0;
	size_t at = first_nonzero(page, ring->indices, ring->features);

	(void)pvb_span_u32(span, ring->connection, &connection);
	if (at < ring->features)
		finding(check, state, place("%s page, byte %zu", name, at),
			"the indices of the ring should be zero, and byte %zu is 0x%02x", at,
			page[at]);
	else
		expect(check, state, connection <= 1,
		       place("%s page, byte %zu", name, ring->connection),
		       "the connection's state is %u, and should be 0 or 1", connection);

	applies(check, dirt);
	at = first_nonzero(page, 0, ring->indices);
	if (at == ring->indices)
		at = first_nonzero(page, ring->connection + 4, VIEW_PAGE_SIZE);
	if (at < VIEW_PAGE_SIZE)
		finding(check, dirt, place("%s page, byte %zu", name, at),
			"the page should be zero, and byte %zu is 0x%02x", at, page[at]);
}

int check_pages(struct check *check, struct pvb_error *error)
{
	const struct {
		const char *name;
		pvb_pfn_t page;
		const struct ring *ring;
		enum audit_rule state;
		enum audit_rule dirt;
	} rings[] = {
		{"console", check->layout.console_page, &console_ring, RULE_RINGS_CONSOLE,
		 RULE_RINGS_CONSOLE_DIRTY},
		{"xenstore", check->layout.store_page, &store_ring, RULE_RINGS_STORE,
		 RULE_RINGS_STORE_DIRTY},
	};
	uint8_t bytes[VIEW_PAGE_SIZE];

	for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
		uint64_t done = 0;

		if (rings[i].page.n == PVB_NO_FRAME)
			continue;
		int rc = read_virtual(check, check->layout.base + rings[i].page.n, 1, bytes, &done,
				      error);

		if (rc)
			return rc;
		if (done)
			check_ring(check, rings[i].name, bytes, rings[i].ring, rings[i].state,
				   rings[i].dirt);
	}
	return 0;
}

/* Offsets in shared_info (Xen public xen.h, arch-x86/xen.h), by guest width. */
struct shared_info_offsets {
	size_t pending_sel; /* within a vcpu_info */
	size_t pending;
	size_t mask;
	size_t wallclock;
	size_t max_pfn;
	size_t arch_end;
	size_t end;
	unsigned long_bits;
};

static const struct shared_info_offsets offsets_64 = {8,     0x800, 0xa00, 0xc00,
						      0xc10, 0xc40, 0xc40, 64};
/* 32-bit: the last word of arch is the wallclock's high half, which is Xen's. */
static const struct shared_info_offsets offsets_32 = {4,     0x800, 0x880, 0x900,
						      0x90c, 0x924, 0x928, 32};

#define LEGACY_VCPUS 32u
#define VCPU_INFO_SIZE 64u

/* Ports that a backend may have kicked since it learnt of the domain. */
static bool is_backend_port(const struct check *check, size_t port)
{
	return port && (port == check->start.store_evtchn || port == check->start.console_evtchn);
}

static void check_masks(struct check *check)
{
	const uint8_t *page = check->view->shared_info;

	applies(check, RULE_SHARED_UPCALL_MASK);
	for (unsigned i = 0; i < LEGACY_VCPUS; i++)
		if (page[i * VCPU_INFO_SIZE + 1] != 1)
			finding(check, RULE_SHARED_UPCALL_MASK,
				place("vcpu_info[%u].evtchn_upcall_mask", i),
				"the mask is %u, and should be 1", page[i * VCPU_INFO_SIZE + 1]);
}

static void check_events(struct check *check, const struct shared_info_offsets *offsets)
{
	const uint8_t *page = check->view->shared_info;
	bool kicked = false;

	applies(check, RULE_SHARED_EVENTS);
	for (size_t bit = 0; bit < (offsets->mask - offsets->pending) * 8; bit++) {
		if (!(page[offsets->pending + bit / 8] >> (bit % 8) & 1))
			continue;
		kicked = true;
		if (!is_backend_port(check, bit))
			finding(check, RULE_SHARED_EVENTS, place("evtchn_pending, port %zu", bit),
				"an event is pending on port %zu, which nobody has", bit);
	}
	size_t at = first_nonzero(page, offsets->mask, offsets->wallclock);

	if (at < offsets->wallclock)
		finding(check, RULE_SHARED_EVENTS, place("evtchn_mask"),
			"ports are masked: byte %zu is 0x%02x", at - offsets->mask, page[at]);
	for (unsigned i = 0; i < LEGACY_VCPUS; i++) {
		const uint8_t *info = page + (size_t)i * VCPU_INFO_SIZE;
		bool pending =
			info[0] || first_nonzero(info, offsets->pending_sel,
						 offsets->pending_sel + offsets->long_bits / 8) <
					   offsets->pending_sel + offsets->long_bits / 8;

		if (pending && !(i == 0 && kicked))
			finding(check, RULE_SHARED_EVENTS,
				place("vcpu_info[%u].evtchn_upcall_pending", i),
				"an upcall is pending without an event");
	}
}

void check_shared_info(struct check *check)
{
	const struct shared_info_offsets *offsets =
		check->view->guest_bits == 64 ? &offsets_64 : &offsets_32;
	const uint8_t *page = check->view->shared_info;

	if (!check->view->has_shared_info)
		return;
	check_masks(check);
	check_events(check, offsets);

	/* Of a tree, the first two are the builder's: how far it goes, and its root. */
	const size_t guests =
		offsets->max_pfn + (check->tree.told ? 2 * (offsets->long_bits / 8) : 0);
	size_t at = first_nonzero(page, guests, offsets->arch_end);

	expect(check, RULE_SHARED_ARCH, at == offsets->arch_end,
	       place("shared_info, byte 0x%zx", at),
	       "%s for the guest to fill, and byte 0x%zx is 0x%02x",
	       check->tree.told ? "what follows pfn_to_mfn_frame_list_list is"
				: "max_pfn and what follows are",
	       at, page[at]);

	size_t answer, answer_end;

	answer_place(check, &answer, &answer_end);
	at = first_nonzero(page, offsets->end, answer);
	if (at == answer)
		at = first_nonzero(page, answer_end, VIEW_PAGE_SIZE);
	expect(check, RULE_SHARED_SPARE, at == VIEW_PAGE_SIZE, place("shared_info, byte 0x%zx", at),
	       "the page should be zero past its fields, and byte 0x%zx is 0x%02x", at,
	       at < VIEW_PAGE_SIZE ? page[at] : 0);
}

/* Grants of version 1 (Xen public grant_table.h); a backend that maps one marks it in use. */
#define GTF_PERMIT_ACCESS 1u
#define GTF_IN_USE 0x18u

static void check_grant(struct check *check, enum audit_rule rule, uint32_t index, uint64_t frame)
{
	const struct view *view = check->view;

	applies(check, rule);
	for (size_t i = 0; i < view->grant_count; i++) {
		const struct pvb_host_grant *grant = &view->grants[i];

		if (grant->index != index)
			continue;
		if ((grant->flags & ~GTF_IN_USE) != GTF_PERMIT_ACCESS || grant->frame.n != frame)
			finding(check, rule, place("grant %u", index),
				"grant %u is MFN 0x%llx with flags 0x%x, and should be MFN 0x%llx "
				"with flags 0x%x",
				index, (unsigned long long)grant->frame.n, grant->flags,
				(unsigned long long)frame, GTF_PERMIT_ACCESS);
		return;
	}
	finding(check, rule, place("grant %u", index),
		"there is no grant %u, and it should be MFN 0x%llx", index,
		(unsigned long long)frame);
}

void check_grants(struct check *check)
{
	const struct view *view = check->view;

	if (!view->knows_grants)
		return;
	check_grant(check, RULE_GRANTS_CONSOLE, 0, check->start.console_mfn);
	check_grant(check, RULE_GRANTS_STORE, 1, check->start.store_mfn);
	applies(check, RULE_GRANTS_EXTRA);
	for (size_t i = 0; i < view->grant_count; i++)
		if (view->grants[i].index > 1 && view->grants[i].flags)
			finding(check, RULE_GRANTS_EXTRA, place("grant %u", view->grants[i].index),
				"MFN 0x%llx is granted to domain %u with flags 0x%x",
				(unsigned long long)view->grants[i].frame.n, view->grants[i].domid,
				view->grants[i].flags);
}
