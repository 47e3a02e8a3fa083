/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/sim/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "host/sim/books.h"
#include "host/sim/options-parse.h"

/* A hint has room for some of their values; pvbuild(1) has all. */
#define KNOWN_KEYS                                                                                 \
	"memory=SIZE, layout=, width=BITS, nodes=N, arch=x86|arm64, granule=, "                    \
	"guest-pages=, gic=2|3, fragment=PERCENT, scramble, descending, short=, xen=, "            \
	"extent=, debug, no-pv32, noclaim, scrubbing=, used=, claimed=, fail=N, clean, "           \
	"pte-bits=xen|domain, cpus=N, pools=N, sched="

/* Where a PC's memory is interrupted for devices, and where it goes on. */
#define LOW_START (UINT64_C(1) << 20)
#define HOLE_START (UINT64_C(0xd0000000))
#define HOLE_END (UINT64_C(1) << 32)

/* And an Arm server's, after devices and flash: 2 GiB, and the rest far above. */
#define ARM64_LOW_START (UINT64_C(2) << 30)
#define ARM64_LOW_END (UINT64_C(4) << 30)
#define ARM64_HIGH_START (UINT64_C(34) << 30)

#define DEFAULT_MEMORY (UINT64_C(64) << 30)
#define DEFAULT_WIDTH 46u
#define DEFAULT_ARM64_WIDTH 48u
#define DEFAULT_CPUS 4u

int sim_option_refuse(struct sim_parser *parser, const char *key, const char *value,
		      const char *why)
{
	return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host", "sim option %s=%s: %s", key,
			value, why);
}

/* "64G", "0x100000", "3328M": bytes, with a binary suffix or none. */
static bool parse_size(const char *text, const char **end, uint64_t *bytes)
{
	static const char suffixes[] = "KMGT";
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, &after, 0);

	if (errno)
		return false;
	const char *suffix = *after ? strchr(suffixes, *after) : NULL;

	*bytes = number;
	if (suffix) {
		after++;
		if (!pvb_mul(number, UINT64_C(1) << (10 * (suffix - suffixes + 1)), bytes))
			return false;
	}
	*end = after;
	return true;
}

static uint64_t page_size(const struct sim_parser *parser)
{
	return UINT64_C(1) << parser->options->page_shift;
}

static bool whole_size(const char *text, uint64_t *bytes)
{
	const char *end;

	return parse_size(text, &end, bytes) && *end == '\0';
}

static int get_pages(struct sim_parser *parser, const char *key, const char *value, uint64_t *bytes)
{
	if (!whole_size(value, bytes))
		return sim_option_refuse(parser, key, value,
					 "not a size (a number, with K, M, G or T)");
	if (!pvb_is_aligned(*bytes, page_size(parser)))
		return sim_option_refuse(parser, key, value, "not a whole number of pages");
	return 0;
}

static int get_number(struct sim_parser *parser, const char *key, const char *value, uint64_t least,
		      uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || *number < least || *number > most)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option %s=%s: not a number from %llu to %llu", key, value,
				(unsigned long long)least, (unsigned long long)most);
	return 0;
}

static int set_memory(struct sim_parser *parser, const char *key, const char *value)
{
	int rc = get_pages(parser, key, value, &parser->memory);

	if (rc == 0 && parser->memory == 0)
		return sim_option_refuse(parser, key, value, "a host without memory");
	return rc;
}

static int add_range(struct sim_parser *parser, const char *value, uint64_t base, uint64_t size)
{
	struct sim_options *options = parser->options;
	uint64_t end, previous_end = 0;

	if (options->range_count) {
		const struct sim_range *last = &options->ranges[options->range_count - 1];
		previous_end = last->base + last->size;
	}
	if (!size || !pvb_is_aligned(base | size, page_size(parser)))
		return sim_option_refuse(parser, "layout", value, "a range is not whole pages");
	if (!pvb_add(base, size, &end) || end > UINT64_C(1) << SIM_MAX_WIDTH)
		return sim_option_refuse(parser, "layout", value, "a range ends above 2 PiB");
	if (base < previous_end)
		return sim_option_refuse(parser, "layout", value,
					 "ranges do not ascend, or overlap");
	if (options->range_count == SIM_MAX_RANGES)
		return sim_option_refuse(parser, "layout", value, "more than 64 ranges");

	/* The first MiB is the firmware's and the hypervisor's on every machine. */
	if (end <= LOW_START)
		return 0;
	if (base < LOW_START)
		base = LOW_START;
	options->ranges[options->range_count++] =
		(struct sim_range){.base = base, .size = end - base};
	options->memory += end - base;
	return 0;
}

static int set_layout(struct sim_parser *parser, const char *key, const char *value)
{
	const char *at = value;

	for (;;) {
		uint64_t base, size;

		if (!parse_size(at, &at, &base) || *at != '+' || !parse_size(at + 1, &at, &size) ||
		    (*at && *at != '/'))
			return sim_option_refuse(parser, key, value, "not BASE+SIZE/BASE+SIZE/...");

		int rc = add_range(parser, value, base, size);
		if (rc)
			return rc;
		if (!*at++)
			break;
	}
	if (!parser->options->range_count)
		return sim_option_refuse(parser, key, value, "no memory above the first MiB");
	parser->has_layout = true;
	return 0;
}

static int set_small(struct sim_parser *parser, const char *key, const char *value, uint64_t least,
		     uint64_t most, unsigned *out)
{
	uint64_t number = 0;
	int rc = get_number(parser, key, value, least, most, &number);

	*out = (unsigned)number;
	return rc;
}

static int set_width(struct sim_parser *parser, const char *key, const char *value)
{
	return set_small(parser, key, value, 32, 52, &parser->options->width);
}

static int set_nodes(struct sim_parser *parser, const char *key, const char *value)
{
	return set_small(parser, key, value, 1, SIM_MAX_NODES, &parser->options->nodes);
}

static int set_cpus(struct sim_parser *parser, const char *key, const char *value)
{
	return set_small(parser, key, value, 1, SIM_MAX_CPUS, &parser->options->cpus);
}

static int set_pools(struct sim_parser *parser, const char *key, const char *value)
{
	return set_small(parser, key, value, 1, SIM_MAX_CPUS, &parser->options->pools);
}

static int set_scheduler(struct sim_parser *parser, const char *key, const char *value)
{
	static const char *const known[] = {"credit2", "credit", "null"};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(value, known[i]) != 0)
			continue;
		(void)snprintf(parser->options->scheduler, sizeof parser->options->scheduler, "%s",
			       value);
		return 0;
	}
	return sim_option_refuse(parser, key, value, "not credit2, credit or null");
}

static int set_fragment(struct sim_parser *parser, const char *key, const char *value)
{
	return set_small(parser, key, value, 0, 100, &parser->options->fragment);
}

static int set_short(struct sim_parser *parser, const char *key, const char *value)
{
	return set_small(parser, key, value, 0, 100, &parser->options->short_percent);
}

static int set_fail(struct sim_parser *parser, const char *key, const char *value)
{
	return get_number(parser, key, value, 1, UINT64_MAX, &parser->options->fail);
}

static int set_used(struct sim_parser *parser, const char *key, const char *value)
{
	return get_pages(parser, key, value, &parser->options->used);
}

static int set_scrubbing(struct sim_parser *parser, const char *key, const char *value)
{
	return get_pages(parser, key, value, &parser->options->scrubbing);
}

static int set_claimed(struct sim_parser *parser, const char *key, const char *value)
{
	return get_pages(parser, key, value, &parser->options->claimed);
}

static int set_xen(struct sim_parser *parser, const char *key, const char *value)
{
	char *end;
	unsigned long major = strtoul(value, &end, 10), minor = 0;
	bool good = *value >= '0' && *value <= '9' && *end == '.';

	if (good) {
		const char *rest = end + 1;

		good = *rest >= '0' && *rest <= '9';
		minor = strtoul(rest, &end, 10);
	}
	if (!good || *end || major != 4 || minor < 7 || minor > 99)
		return sim_option_refuse(parser, key, value, "not a version from 4.7 on");
	parser->options->xen_major = (unsigned)major;
	parser->options->xen_minor = (unsigned)minor;
	return 0;
}

static int set_pte_bits(struct sim_parser *parser, const char *key, const char *value)
{
	if (parser->options->arm64)
		return sim_option_refuse(parser, key, value, "this is for arch=x86");
	parser->options->domain_pte_bits = strcmp(value, "domain") == 0;
	if (!parser->options->domain_pte_bits && strcmp(value, "xen") != 0)
		return sim_option_refuse(parser, key, value, "not xen or domain");
	return 0;
}

/* Those that are read first have others depend on them. */
static const struct {
	const char *key;
	int (*set)(struct sim_parser *, const char *key, const char *value);
	bool first;
} values[] = {
	{"arch", sim_option_arch, true},
	{"granule", sim_option_granule, true},
	{"guest-pages", sim_option_guest_pages, true},
	{"gic", sim_option_gic, true},
	{"extent", sim_option_extent, true},
	{"xen", set_xen, true},
	{"memory", set_memory, false},
	{"layout", set_layout, false},
	{"width", set_width, false},
	{"nodes", set_nodes, false},
	{"fragment", set_fragment, false},
	{"short", set_short, false},
	{"scrubbing", set_scrubbing, false},
	{"used", set_used, false},
	{"claimed", set_claimed, false},
	{"fail", set_fail, false},
	{"pte-bits", set_pte_bits, false},
	{"cpus", set_cpus, false},
	{"pools", set_pools, false},
	{"sched", set_scheduler, false},
};

#define VALUE_COUNT (sizeof values / sizeof values[0])

static const struct {
	const char *key;
	size_t offset;
	bool to;
} flags[] = {
	{"scramble", offsetof(struct sim_options, scramble), true},
	{"descending", offsetof(struct sim_options, descending), true},
	{"debug", offsetof(struct sim_options, debug), true},
	{"clean", offsetof(struct sim_options, clean), true},
	{"no-pv32", offsetof(struct sim_options, pv32), false},
	{"noclaim", offsetof(struct sim_options, claims), false},
};

#define FLAG_COUNT (sizeof flags / sizeof flags[0])

static int once(struct sim_parser *parser, const char *key, size_t bit)
{
	if (parser->seen & UINT64_C(1) << bit)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option %s is given twice", key);
	parser->seen |= UINT64_C(1) << bit;
	return 0;
}

/* One "key=value" or "flag", if its turn is now; cut apart in place. */
static int parse_one(struct sim_parser *parser, char *text, bool first)
{
	char *value = strchr(text, '=');
	int rc;

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < VALUE_COUNT; i++) {
		if (strcmp(text, values[i].key) != 0)
			continue;
		if (values[i].first != first)
			return 0;
		rc = once(parser, text, i);
		return rc ? rc : values[i].set(parser, text, value);
	}
	for (size_t i = 0; !value && i < FLAG_COUNT; i++) {
		if (strcmp(text, flags[i].key) != 0)
			continue;
		if (!first)
			return 0;
		*(bool *)((char *)parser->options + flags[i].offset) = flags[i].to;
		return once(parser, text, VALUE_COUNT + i);
	}

	rc = pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
		      "the simulated host has no option \"%s%s%s\"", text, value ? "=" : "",
		      value ? value : "");
	pvb_hint(parser->error, "known: %s", KNOWN_KEYS);
	return rc;
}

/* Memory as it lies in a PC, or in an Arm server: some below 4 GiB, and the rest above. */
static int default_layout(struct sim_parser *parser)
{
	bool arm64 = parser->options->arm64;
	uint64_t low_start = arm64 ? ARM64_LOW_START : LOW_START;
	uint64_t low_end = arm64 ? ARM64_LOW_END : HOLE_START;
	uint64_t high_start = arm64 ? ARM64_HIGH_START : HOLE_END;
	uint64_t low = pvb_min(parser->memory, low_end - low_start);
	uint64_t high = parser->memory - low;
	int rc = add_range(parser, "(default)", low_start, low);

	if (rc == 0 && high) {
		if (high > (UINT64_C(1) << SIM_MAX_WIDTH) - high_start)
			return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
					"sim option memory: %llu bytes end above 2 PiB",
					(unsigned long long)parser->memory);
		rc = add_range(parser, "(default)", high_start, high);
	}
	return rc;
}

/* What depends on more than one option. */
static int finish(struct sim_parser *parser)
{
	struct sim_options *options = parser->options;

	if (parser->has_layout && parser->memory)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim options memory and layout are both given");
	if (!parser->has_layout) {
		if (!parser->memory)
			parser->memory = DEFAULT_MEMORY;
		int rc = default_layout(parser);
		if (rc)
			return rc;
	}

	const struct sim_range *last = &options->ranges[options->range_count - 1];
	unsigned needed = 64 - (unsigned)__builtin_clzll(last->base + last->size - 1);

	unsigned usual = options->arm64 ? DEFAULT_ARM64_WIDTH : DEFAULT_WIDTH;

	if (!options->width)
		options->width = needed > usual ? needed : usual;
	if (options->width < needed)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option width=%u: the memory needs %u address bits",
				options->width, needed);

	uint64_t gone;
	if (!pvb_add(options->used, options->scrubbing, &gone) || gone > options->memory ||
	    options->claimed > options->memory - gone)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim options used, scrubbing and claimed are more than the %llu "
				"bytes of memory that there are",
				(unsigned long long)options->memory);
	if (options->pools > options->cpus)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option pools=%u: there are %u CPUs", options->pools,
				options->cpus);
	if (options->memory / page_size(parser) / options->nodes < SIM_CHUNK_FRAMES &&
	    options->nodes > 1)
		return pvb_fail(parser->error, PVB_E_HOST_OPTION, "host",
				"sim option nodes=%u: less than %llu pages for a node",
				options->nodes, (unsigned long long)SIM_CHUNK_FRAMES);
	return 0;
}

static int parse_all(struct sim_parser *parser, const char *text, bool first)
{
	char *copy = strdup(text);
	int rc = 0;

	if (!copy)
		return pvb_fail_memory(parser->error, "host", "the simulated host's options");
	for (char *one = *copy ? copy : NULL; one && rc == 0;) {
		char *comma = strchr(one, ',');

		if (comma)
			*comma++ = '\0';
		rc = parse_one(parser, one, first);
		one = comma;
	}
	free(copy);
	return rc;
}

int sim_options_parse(const char *text, struct sim_options *options, struct pvb_error *error)
{
	*options = (struct sim_options){
		.nodes = 1,
		.cpus = DEFAULT_CPUS,
		.pools = 1,
		.scheduler = "credit2",
		.xen_major = 4,
		.xen_minor = 17,
		.pv32 = true,
		.claims = true,
	};
	struct sim_parser parser = {.options = options, .error = error};
	int rc = parse_all(&parser, text ? text : "", true);

	if (rc == 0)
		rc = sim_option_finish_arch(&parser);
	if (rc == 0)
		rc = parse_all(&parser, text ? text : "", false);
	return rc ? rc : finish(&parser);
}
