/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/limits.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <pvbuild/guest-abi.h>

#include "core/checked.h"
#include "core/error.h"

#define STAGE "plan"

/* The page size that the x86 PV ABI is made of. */
#define X86_PAGE_SHIFT 12

/*
 * A PV guest looks up MFNs in the read-only M2P. The window for 64-bit guests
 * is 256 GiB of 8-byte entries (0xffff800000000000 to 0xffff803fffffffff): MFNs
 * below 2^35. The compat one holds a little more than 2^25 entries, and Xen
 * clamps what it gives a 32-bit guest to the power of two.
 */
#define M2P_PAGES_64 (UINT64_C(1) << 35)
#define M2P_PAGES_32 (UINT64_C(1) << 25)
#define ABI_BITS_64 47
#define ABI_BITS_32 37

/* What a kernel is taken to handle that does not say: Linux up to 4.14 masks PTEs to 46 bits. */
#define DEFAULT_BITS_64 46
#define DEFAULT_BITS_32 37

static bool has_token(const char *list, const char *token)
{
	size_t length = strlen(token);

	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == length && !memcmp(list, token, n))
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

int pvb_check_guest_type(enum pvb_guest_type type, const struct pvb_host_info *host,
			 struct pvb_error *error)
{
	const char *name = pvb_guest_type_name(type);

	if (!host)
		return 0;
	if (type != PVB_GUEST_ARM64 && host->page_shift != X86_PAGE_SHIFT) {
		int rc =
			pvb_fail(error, PVB_E_HOST_GUEST_TYPE, STAGE,
				 "the host has pages of 2^%u bytes; an x86 PV guest (%s) has pages "
				 "of 2^%u bytes",
				 host->page_shift, name, X86_PAGE_SHIFT);

		pvb_hint(error, "build this kernel on a host with 4 KiB pages");
		return rc;
	}
	if (!has_token(host->capabilities, name)) {
		int rc = pvb_fail(error, PVB_E_HOST_GUEST_TYPE, STAGE,
				  "the host does not run %s guests: it offers \"%s\"", name,
				  host->capabilities);

		if (type == PVB_GUEST_X86_32P)
			pvb_hint(error,
				 "32-bit PV guests need a hypervisor built with CONFIG_PV32 and "
				 "not started with pv=no-32; or take a 64-bit kernel");
		else if (type == PVB_GUEST_ARM64)
			pvb_hint(error, "an arm64 guest needs an arm64 machine, or a simulated "
					"one: pvb_host_open(\"sim:arch=arm64\")");
		else
			pvb_hint(error, "PV guests need a hypervisor built with CONFIG_PV");
		return rc;
	}
	return 0;
}

static void take_own_width(const struct pvb_image_info *image, unsigned admin,
			   struct pvb_address_bits *result)
{
	const struct pvb_image_declares *declares = &image->declares;
	bool wide = image->pv.guest_type == PVB_GUEST_X86_64;
	bool noted = declares->address_bits && declares->address_bits_source == PVB_BITS_NOTE;

	if (admin && !(noted && declares->address_bits < admin)) {
		result->own = admin;
		result->own_source = PVB_BITS_ADMIN;
	} else if (declares->address_bits) {
		result->own = declares->address_bits;
		result->own_source = declares->address_bits_source;
	} else {
		result->own = wide ? DEFAULT_BITS_64 : DEFAULT_BITS_32;
		result->own_source = PVB_BITS_DEFAULT;
	}
}

int pvb_check_admin_bits(unsigned admin, struct pvb_error *error)
{
	if (!admin ||
	    (admin >= PVB_GUEST_ADDRESS_BITS_LEAST && admin <= PVB_GUEST_ADDRESS_BITS_MOST))
		return 0;
	int rc = pvb_fail(error, PVB_E_ARG_ADDRESS_BITS, STAGE,
			  "machine addresses of %u bits: from %u to %u make sense", admin,
			  PVB_GUEST_ADDRESS_BITS_LEAST, PVB_GUEST_ADDRESS_BITS_MOST);

	pvb_hint(error, "give pvb_spec.max_address_bits a width in bits, or leave it out");
	return rc;
}

int pvb_resolve_address_bits(const struct pvb_image_info *image, unsigned admin,
			     const struct pvb_host_info *host, struct pvb_address_bits *result,
			     struct pvb_error *error)
{
	bool wide = image->pv.guest_type == PVB_GUEST_X86_64;
	unsigned host_bits = host ? host->address_bits : 0;

	if (pvb_check_admin_bits(admin, error))
		return -PVB_E_ARG_ADDRESS_BITS;
	*result = (struct pvb_address_bits){0};
	take_own_width(image, admin, result);
	result->bits = result->own;
	result->source = result->own_source;

	/* Where two agree, the guest's own is named. */
	const struct {
		enum pvb_bits_source source;
		unsigned bits;
	} limits[] = {
		{PVB_BITS_ABI, wide ? ABI_BITS_64 : ABI_BITS_32},
		{PVB_BITS_HOST, host_bits},
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		if (!limits[i].bits || limits[i].bits >= result->bits)
			continue;
		result->bits = limits[i].bits;
		result->source = limits[i].source;
	}
	result->binding = !host_bits || result->bits < host_bits;
	return 0;
}

/* Somebody said how wide it may be, of this guest and not of its kind. */
static bool is_said(const struct pvb_address_bits *width)
{
	return width->own_source == PVB_BITS_ADMIN || width->own_source == PVB_BITS_NOTE;
}

void pvb_tell_declared(struct pvb_plan_info *info, const struct pvb_image_info *image,
		       const struct pvb_address_bits *width)
{
	info->address_bits = width->bits;
	info->address_bits_source = width->source;
	info->address_bits_binding = width->binding;
	info->own_address_bits = width->own;
	info->own_address_bits_source = width->own_source;
	info->declared_address_bits = image->declares.address_bits;
	info->declared_address_bits_source = image->declares.address_bits_source;
	info->guest_abi = image->declares.guest_abi;
}

static uint64_t abi_pages(enum pvb_guest_type type)
{
	return type == PVB_GUEST_X86_64 ? M2P_PAGES_64 : M2P_PAGES_32;
}

uint64_t pvb_max_pages(enum pvb_guest_type type, unsigned page_shift,
		       const struct pvb_address_bits *width)
{
	uint64_t pages = abi_pages(type);

	if (is_said(width))
		pages = pvb_min(pages, UINT64_C(1) << (width->own - page_shift));
	return pages;
}

int pvb_check_memory(enum pvb_guest_type type, uint64_t memory, unsigned page_shift,
		     const struct pvb_address_bits *width, struct pvb_error *error)
{
	uint64_t page_size = UINT64_C(1) << page_shift;

	if (!pvb_is_aligned(memory, page_size)) {
		int rc = pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
				  "%" PRIu64
				  " bytes of memory is no multiple of the page size, %" PRIu64,
				  memory, page_size);

		pvb_hint(error, "give it %" PRIu64 " bytes", pvb_round_down(memory, page_size));
		return rc;
	}
	if (memory >> page_shift > abi_pages(type)) {
		int rc = pvb_fail(error, PVB_E_ARG_MEMORY_LARGE, STAGE,
				  "%" PRIu64
				  " bytes of memory: a guest of type %s sees at most %" PRIu64
				  " bytes in the machine-to-physical map",
				  memory, pvb_guest_type_name(type), abi_pages(type) << page_shift);

		if (type == PVB_GUEST_X86_32P)
			pvb_hint(error, "give it at most 128 GiB, or take a 64-bit kernel");
		else
			pvb_hint(error, "give it at most 128 TiB");
		return rc;
	}
	/*
	 * What was said of this guest must agree with itself. A default is no more than what a
	 * silent kernel is taken for, and what the host has is for it to say.
	 */
	if (is_said(width) && memory > UINT64_C(1) << width->own) {
		bool noted = width->own_source == PVB_BITS_NOTE;
		int rc = pvb_fail(error, PVB_E_ARG_MEMORY_LARGE, STAGE,
				  "%" PRIu64
				  " bytes of memory cannot lie below machine address 2^%u, the "
				  "limit that %s",
				  memory, width->own, noted ? "the kernel declares" : "was set");

		pvb_hint(error, "%sgive the guest at most %" PRIu64 " bytes",
			 noted ? "" : "raise pvb_spec.max_address_bits, or ",
			 UINT64_C(1) << width->own);
		return rc;
	}
	return 0;
}
