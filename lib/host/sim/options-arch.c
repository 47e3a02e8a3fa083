/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about the processor: its kind, its page sizes, and what follows from them. */
#include "host/sim/options-parse.h"

#include <string.h>

#include "core/error.h"
#include "host/sim/books.h"

/* The sizes that a page or an extent can have, on one machine or another. */
static const struct {
	const char *name;
	unsigned shift;
} sizes[] = {
	{"4K", 12}, {"16K", 14}, {"64K", 16}, {"2M", 21}, {"32M", 25}, {"512M", 29}, {"1G", 30},
};

#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])
#define PAGE_SHIFT_MAX 16u

/* A size's log2, up to "end"; 0 if that is none of them. */
static unsigned size_shift(const char *text, size_t length)
{
	for (size_t i = 0; i < SIZE_COUNT; i++)
		if (strlen(sizes[i].name) == length && memcmp(text, sizes[i].name, length) == 0)
			return sizes[i].shift;
	return 0;
}

static unsigned page_shift(const char *text, size_t length)
{
	unsigned shift = size_shift(text, length);

	return shift <= PAGE_SHIFT_MAX ? shift : 0;
}

uint32_t sim_extent_orders(unsigned shift)
{
	unsigned bits = shift - 3;

	return shift == 12 ? 1u | 1u << bits | 1u << 2 * bits : 1u | 1u << bits;
}

int sim_option_arch(struct sim_parser *parser, const char *key, const char *value)
{
	if (strcmp(value, "x86") != 0 && strcmp(value, "arm64") != 0)
		return sim_option_refuse(parser, key, value, "not x86 or arm64");
	parser->options->arm64 = *value == 'a';
	return 0;
}

int sim_option_granule(struct sim_parser *parser, const char *key, const char *value)
{
	parser->granule = page_shift(value, strlen(value));
	return parser->granule ? 0 : sim_option_refuse(parser, key, value, "not 4K, 16K or 64K");
}

int sim_option_guest_pages(struct sim_parser *parser, const char *key, const char *value)
{
	for (const char *at = value, *end;; at = end + 1) {
		end = strchrnul(at, '+');

		unsigned shift = page_shift(at, (size_t)(end - at));
		if (!shift)
			return sim_option_refuse(parser, key, value,
						 "not some of 4K, 16K and 64K with + between them");
		parser->options->guest_page_sizes |= 1u << shift;
		if (!*end)
			return 0;
	}
}

int sim_option_gic(struct sim_parser *parser, const char *key, const char *value)
{
	if (strcmp(value, "2") != 0 && strcmp(value, "3") != 0)
		return sim_option_refuse(parser, key, value, "not 2 or 3");
	parser->gic = (unsigned)(*value - '0');
	return 0;
}

int sim_option_extent(struct sim_parser *parser, const char *key, const char *value)
{
	parser->extent = size_shift(value, strlen(value));
	return parser->extent
		       ? 0
		       : sim_option_refuse(parser, key, value, "not a size that extents have");
}

/* x86 has pages of one size, and other machinery. */
static int finish_x86(struct sim_parser *parser)
{
	struct sim_options *options = parser->options;

	if (parser->granule && parser->granule != 12)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option granule: x86 PV guests have 4K pages and no other");
	if (options->guest_page_sizes || parser->gic)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option %s is for arch=arm64",
				parser->gic ? "gic" : "guest-pages");
	options->page_shift = 12;
	options->guest_page_sizes = 1u << 12;
	return 0;
}

static int finish_arm64(struct sim_parser *parser)
{
	struct sim_options *options = parser->options;

	if (!options->pv32)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option no-pv32 is for arch=x86");
	options->page_shift = parser->granule ? parser->granule : 12;
	options->gic_version = parser->gic ? parser->gic : 3;
	if (!options->guest_page_sizes)
		options->guest_page_sizes = 1u << 12 | 1u << 14 | 1u << 16;
	return 0;
}

int sim_option_finish_arch(struct sim_parser *parser)
{
	struct sim_options *options = parser->options;
	int rc = options->arm64 ? finish_arm64(parser) : finish_x86(parser);

	if (rc)
		return rc;

	uint32_t orders = sim_extent_orders(options->page_shift);

	if (parser->extent && (parser->extent < options->page_shift ||
			       !(orders >> (parser->extent - options->page_shift) & 1)))
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option extent: no table entry maps 2^%u bytes where pages "
				"have 2^%u",
				parser->extent, options->page_shift);
	/*
	 * dom0 may ask for 1 GiB (memop-max-order of the control domain), but before 4.22 all
	 * of it is scrubbed in one go, which trips watchdogs.
	 */
	options->max_order = 31 - (unsigned)__builtin_clz(orders);
	options->advised_order = options->max_order;
	if (options->max_order == 18 && !sim_xen_since(options, 4, 22))
		options->advised_order = 9;
	if (parser->extent)
		options->max_order = options->advised_order = parser->extent - options->page_shift;
	return 0;
}
