/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages that a guest is told of itself by: start_info, shared_info, the rings, its stack. */
#include "build/builder.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include <pvbuild/guest-abi.h>

#include "build/abi.h"
#include "core/checked.h"

static void put32(uint8_t *at, uint64_t offset, uint64_t value)
{
	uint32_t little = htole32((uint32_t)value);

	memcpy(at + offset, &little, sizeof little);
}

/* A field as wide as the guest's words. */
static void put_word(uint8_t *at, uint64_t offset, uint64_t value, unsigned word)
{
	uint64_t little = htole64(value);

	memcpy(at + offset, &little, word);
}

/* ---- rings and boot stack ---- */

int pvb_write_zero(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
		   uint64_t count, struct pvb_error *error)
{
	(void)opaque;
	(void)first;
	(void)error;
	memset(at, 0, count << builder->host->page_shift);
	return 0;
}

/*
 * From 4.21 on xenconsoled clears "connection" when it attaches, and a guest may wait for
 * that; an older one never would.
 */
static bool console_has_connection(const struct pvb_host_info *host)
{
	return host->xen_major > 4 || (host->xen_major == 4 && host->xen_minor >= 21);
}

static int write_console(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
			 uint64_t count, struct pvb_error *error)
{
	int rc = pvb_write_zero(builder, opaque, at, first, count, error);

	if (console_has_connection(&builder->host_info))
		at[PVB_ABI_CONSOLE_CONNECTION] = PVB_ABI_CONSOLE_DISCONNECTED;
	return rc;
}

int pvb_build_rings(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	int rc = pvb_window_each(builder, plan->xenstore.first, plan->xenstore.count,
				 pvb_write_zero, NULL, error);

	if (rc == 0)
		rc = pvb_window_each(builder, plan->console.first, plan->console.count,
				     write_console, NULL, error);
	if (rc == 0)
		rc = pvb_window_each(builder, plan->boot_stack.first, plan->boot_stack.count,
				     pvb_write_zero, NULL, error);
	return rc;
}

/* ---- start_info ---- */

static int write_start_info(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
			    uint64_t count, struct pvb_error *error)
{
	const struct pvb_start_info *info = opaque;
	const struct pvb_abi_start_info *to =
		builder->plan->guest_bits == 64 ? &pvb_abi_start_info_64 : &pvb_abi_start_info_32;
	unsigned word = to->word;
	int rc = pvb_write_zero(builder, NULL, at, first, count, error);

	memcpy(at + to->magic, info->magic, PVB_ABI_MAGIC_SIZE);
	put_word(at, to->nr_pages, info->nr_pages, word);
	put_word(at, to->shared_info, info->shared_info, word);
	put32(at, to->flags, info->flags);
	put_word(at, to->store_mfn, info->store_mfn, word);
	put32(at, to->store_evtchn, info->store_evtchn);
	put_word(at, to->console_mfn, info->console_mfn, word);
	put32(at, to->console_evtchn, info->console_evtchn);
	put_word(at, to->pt_base, info->pt_base, word);
	put_word(at, to->nr_pt_frames, info->nr_pt_frames, word);
	put_word(at, to->mfn_list, info->mfn_list, word);
	put_word(at, to->mod_start, info->mod_start, word);
	put_word(at, to->mod_len, info->mod_len, word);
	memcpy(at + to->cmd_line, info->cmd_line, strlen(info->cmd_line));
	put_word(at, to->first_p2m_pfn, info->first_p2m_pfn, word);
	put_word(at, to->nr_p2m_frames, info->nr_p2m_frames, word);
	return rc;
}

int pvb_build_find_shared_info(struct pvb_builder *builder, struct pvb_error *error)
{
	struct pvb_host_domain domain;
	unsigned shift = builder->host->page_shift;
	unsigned bits = builder->address_bits;
	int rc = pvb_host_get_domain(builder->host, builder->domid, &domain, error);

	if (rc)
		return rc;
	/* start_info holds its byte address in a word of the guest */
	if (bits > builder->plan->guest_bits)
		bits = builder->plan->guest_bits;
	if (domain.shared_info.n >> (bits - shift)) {
		rc = pvb_fail(error, PVB_E_HOST_FRAME_TOO_HIGH, builder->stage,
			      "the shared info page is frame 0x%" PRIx64
			      ", but must lie below frame 0x%" PRIx64 " (%u address bits)",
			      domain.shared_info.n, UINT64_C(1) << (bits - shift), bits);
		pvb_hint(error,
			 "Xen takes this page of a 64-bit guest from where it likes (from "
			 "4.22, 4.21.1, 4.20.3 and 4.19.5 on), and cannot be asked for a low "
			 "one: allow more address bits");
		return rc;
	}
	builder->shared_info = domain.shared_info;
	memcpy(builder->uuid, domain.uuid, sizeof builder->uuid);
	return 0;
}

int pvb_build_start_info(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	struct pvb_start_info *info = pvb_result_start_info(builder->domain);
	pvb_mfn_t store, console;
	int rc = pvb_builder_frame(builder, plan->xenstore.first, &store, error);

	if (rc == 0)
		rc = pvb_builder_frame(builder, plan->console.first, &console, error);
	if (rc)
		return rc;

	const char *magic = pvb_guest_type_name(plan->guest_type);
	memcpy(info->magic, magic, pvb_min(strlen(magic), sizeof info->magic - 1));
	info->nr_pages = plan->pages;
	info->shared_info = builder->shared_info.n << builder->host->page_shift;
	info->flags = PVB_ABI_SIF_VIRT_P2M_4TOOLS;
	info->store_mfn = store.n;
	info->store_evtchn = builder->store_port;
	info->console_mfn = console.n;
	info->console_evtchn = builder->console_port;
	info->pt_base = plan->page_tables.va.a;
	info->nr_pt_frames = plan->page_tables.count;
	info->mfn_list = plan->p2m.va.a;
	if (plan->has_module) {
		info->mod_start = plan->module_unmapped ? plan->module.first.n : plan->module.va.a;
		info->mod_len = plan->module.bytes;
	}
	if (plan->module_unmapped)
		info->flags |= PVB_ABI_SIF_MOD_START_PFN;
	if (plan->p2m_outside) {
		info->first_p2m_pfn = plan->p2m.first.n;
		info->nr_p2m_frames =
			plan->p2m.count + plan->p2m_tables.count + plan->p2m_tree.count;
	}
	return pvb_window_each(builder, plan->start_info.first, plan->start_info.count,
			       write_start_info, info, error);
}

/* ---- shared_info ---- */

/* The answer to a kernel that asked, behind all that Xen keeps in the page. */
static void publish(const struct pvb_builder *builder, uint8_t *page)
{
	const struct pvb_plan_pte_bits *bits = &builder->pte_bits;
	const unsigned levels = builder->plan->p2m_levels;
	struct pvb_guest_abi abi = {
		.magic = htole64(PVB_GUEST_ABI_MAGIC),
		.version = htole32(PVB_GUEST_ABI_VERSION),
		.size = htole32(sizeof abi),
		.valid = htole64(PVB_GUEST_ABI_HAS_ADDRESS_BITS | PVB_GUEST_ABI_HAS_PTE_BITS |
				 PVB_GUEST_ABI_HAS_GRANULE |
				 (levels ? PVB_GUEST_ABI_HAS_P2M_TREE : 0)),
		.address_bits = (uint8_t)builder->address_bits,
		.pte_kernel_bit = (uint8_t)bits->kernel_bit,
		.pte_grant_bit = (uint8_t)bits->grant_bit,
		.pte_flags = bits->keys ? PVB_GUEST_PTE_KEYS : 0,
		.granule_shift = (uint8_t)builder->host->page_shift,
		.p2m_levels = htole32(levels),
		.p2m_root = levels ? htole64(builder->p2m_root.n) : 0,
	};

	static_assert(PVB_GUEST_ABI_OFFSET >= PVB_ABI_SHARED_INFO_SIZE_64 &&
			      PVB_GUEST_ABI_OFFSET >= PVB_ABI_SHARED_INFO_SIZE_32,
		      "it lies behind the hypervisor's fields");
	memcpy(page + PVB_GUEST_ABI_OFFSET, &abi, sizeof abi);
}

/*
 * Of a tree, as if the guest had set it up: how far it goes, and its root where readers that know
 * of nothing else can follow it. Those find all ones above a tree of another depth, and
 * refuse. p2m_cr3 and p2m_vaddr are for the guest alone: to a reader they go before all else,
 * and a kernel that does not write them would leave it with what was true once.
 */
static void publish_anchors(const struct pvb_builder *builder, uint8_t *page)
{
	const struct pvb_plan *plan = builder->plan;
	const struct pvb_abi_shared_info *to =
		plan->guest_bits == 64 ? &pvb_abi_shared_info_64 : &pvb_abi_shared_info_32;
	uint64_t root =
		plan->p2m_levels == PVB_ABI_FRAME_LIST_LEVELS ? builder->p2m_root.n : UINT64_MAX;

	put_word(page, to->max_pfn, plan->p2m_geometry.pfns, to->word);
	put_word(page, to->frame_list_list, root, to->word);
}

/* Before the vCPU: Xen writes the wall clock into it when vCPU 0 gets its registers. */
int pvb_build_shared_info(struct pvb_builder *builder, struct pvb_error *error)
{
	uint8_t *at;
	int rc = pvb_window_frame(builder, builder->shared_info, &at, error);

	if (rc)
		return rc;
	memset(at, 0,
	       builder->plan->guest_bits == 64 ? PVB_ABI_SHARED_INFO_SIZE_64
					       : PVB_ABI_SHARED_INFO_SIZE_32);
	for (unsigned i = 0; i < PVB_ABI_LEGACY_VCPUS; i++)
		at[i * PVB_ABI_VCPU_INFO_SIZE + PVB_ABI_VCPU_UPCALL_MASK] = 1;
	if (builder->plan->info.guest_abi)
		publish(builder, at);
	if (builder->plan->p2m_levels)
		publish_anchors(builder, at);
	pvb_window_close(builder, at, 1);
	return 0;
}
