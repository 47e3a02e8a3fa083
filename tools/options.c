/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "fault.h"
#include "size.h"

#define STAGE "usage"

static const struct option_text texts[OPTION_COUNT] = {
	[OPTION_HOST] = {"host", "HOST", "use this host: xen, or sim[:KEY=VALUE,...]", 0},
	[OPTION_JSON] = {"json", NULL, "print one JSON object, also for errors", 0},
	[OPTION_VERBOSE] = {"verbose", NULL, "say on standard error what is being done", 'v'},
	[OPTION_HELP] = {"help", NULL, "explain the command", 'h'},
	[OPTION_VERSION] = {"version", NULL, "print the version, and what this build can do", 0},
	[OPTION_KERNEL] = {"kernel", "FILE", "the kernel", 0},
	[OPTION_RAMDISK] = {"ramdisk", "FILE", "the ramdisk, passed as it is", 0},
	[OPTION_CMDLINE] = {"cmdline", "STRING", "the kernel command line", 0},
	[OPTION_MEMORY] = {"memory", "SIZE",
			   "guest memory: bytes, or with K, M, G or T behind the number", 0},
	[OPTION_MEMORY_RANGE] = {"memory-range", "RANGE",
				 "guest memory from an address on: GPA+SIZE, and @NODE to|"
				 "say where from, or @NODE,exact for there alone; again for|"
				 "the next, with a hole in between",
				 0},
	[OPTION_VCPUS] = {"vcpus", "N", "vCPUs that are online at the start (default 1)", 0},
	[OPTION_MAX_VCPUS] = {"max-vcpus", "N",
			      "vCPUs that the domain has (default: as many as are|online)", 0},
	[OPTION_MAX_ADDRESS_BITS] = {"max-address-bits", "N",
				     "keep the guest below machine address 2^N; a kernel's|"
				     "own limit stays where it is lower",
				     0},
	[OPTION_P2M] = {"p2m", "FORM",
			"form of the p2m: list, or tree[:LEVELS] beside it; without|"
			"this, as the kernel asks, or a list",
			0},
	[OPTION_STRICT_P2M] = {"strict-p2m", NULL,
			       "refuse a kernel whose INIT_P2M address cannot be used,|"
			       "instead of putting the list into the initial mapping",
			       0},
	[OPTION_GUEST_PAGE_SIZE] = {"guest-page-size", "SIZE",
				    "page size of an arm64 kernel whose header does not|"
				    "say: 4K, 16K or 64K",
				    0},
	[OPTION_NAME] = {"name", "NAME", "name of the domain", 0},
	[OPTION_CONSOLE] = {"console", NULL,
			    "stay, with the guest's console on standard input and|"
			    "output; Ctrl-] leaves it",
			    'c'},
	[OPTION_PAUSED] = {"paused", NULL, "leave the domain paused", 'p'},
	[OPTION_NO_MONITOR] = {"no-monitor", NULL,
			       "do nothing when the guest ends: leave the domain there", 'e'},
	[OPTION_DRY_RUN] = {"dry-run", NULL, "check all and show the plan; create nothing", 'n'},
	[OPTION_AUDIT] = {"audit", NULL, "audit the domain (always done on sim)", 0},
	[OPTION_STRICT_ADDRESS_BITS] =
		{"strict-address-bits", NULL,
		 "refuse a grant table above the guest's addresses, which Xen|"
		 "takes from where it likes, instead of warning of it",
		 0},
	[OPTION_DUMP] = {"dump", "CORE", "write the finished domain's core to a file", 0},
	[OPTION_PICTURE] = {"picture", "FILE", "draw it into a .svg or .png file", 0},
	[OPTION_OUTPUT] = {"output", "FILE", "where to write what --convert makes", 0},
	[OPTION_ANCHOR] = {"anchor", "NAME",
			   "follow this one, and not the first that is there: p2m_cr3,|"
			   "p2m_root, pfn_to_mfn_frame_list_list or mfn_list",
			   0},
	[OPTION_PFN] = {"pfn", "N", "look up one PFN, and tell the way to it", 0},
	[OPTION_ALL] = {"all", NULL, "list all extents and everything that is wrong, however many",
			0},
	[OPTION_CONVERT] = {"convert", "FORM",
			    "write the p2m into a file, as list or tree[:LEVELS]", 0},
	[OPTION_MAX_EXTENTS] = {"max-extents", "N",
				"most pieces that a domain's memory may be in (default: as|"
				"many as take 384M to remember, and no more than a domain has|"
				"pages)",
				0},
	[OPTION_MAX_UNPACKED] = {"max-unpacked", "SIZE",
				 "most that an image may unpack to (default 1G)", 0},
	[OPTION_MAX_DECODER_MEMORY] = {"max-decoder-memory", "SIZE",
				       "most that a decoder may need (default 256M)", 0},
	[OPTION_MAX_RATIO] = {"max-ratio", "N",
			      "most that an image may grow by unpacking,|"
			      "in times its own size (default 256)",
			      0},
	[OPTION_REFUSE_WX] = {"refuse-wx", NULL, "refuse segments that are writable and executable",
			      0},
};

const struct option_text *option_text(enum option_id id)
{
	return &texts[id];
}

/* Above what getopt uses for letters. */
#define LONG_ONLY 0x100

static int refuse_value(enum option_id id, const char *value, const char *wanted,
			struct pvb_error *error)
{
	return fault(error, PVB_E_ARG_USAGE, STAGE, "--%s takes %s, not \"%s\"", texts[id].name,
		     wanted, value);
}

static int take_size(enum option_id id, const char *value, uint64_t *result,
		     struct pvb_error *error)
{
	if (parse_size(value, result) && *result)
		return 0;
	int rc = refuse_value(id, value, "a size", error);

	fault_hint(error, "write bytes, or a whole number with K, M, G or T behind it: 512M");
	return rc;
}

static int take_count(enum option_id id, const char *value, uint64_t most, uint64_t *result,
		      struct pvb_error *error)
{
	char wanted[48];

	(void)snprintf(wanted, sizeof wanted, "a number from 1 to %" PRIu64, most);
	if (!parse_number(value, most, result) || !*result)
		return refuse_value(id, value, wanted, error);
	return 0;
}

static int take_number(enum option_id id, const char *value, uint64_t most, uint32_t *result,
		       struct pvb_error *error)
{
	uint64_t number = 0;
	int rc = take_count(id, value, most, &number, error);

	*result = (uint32_t)number;
	return rc;
}

static int take_string(enum option_id id, const char *value, const char **result,
		       struct pvb_error *error)
{
	if (!*value && id != OPTION_CMDLINE)
		return fault(error, PVB_E_ARG_USAGE, STAGE, "--%s was given nothing",
			     texts[id].name);
	*result = value;
	return 0;
}

static int take_memory(const char *value, uint64_t *result, struct pvb_error *error)
{
	int rc = take_size(OPTION_MEMORY, value, result, error);

	/* Other tools take a plain number for MiB. No guest fits into so little. */
	if (rc || *result >= UINT64_C(65536))
		return rc;
	rc = refuse_value(OPTION_MEMORY, value, "a size of 64K or more", error);
	if (strspn(value, "0123456789") == strlen(value))
		fault_hint(error, "a plain number means bytes: for MiB write --memory %sM", value);
	return rc;
}

/* "4G+512M", "0+1G@0", "8G+1G@1,exact": sizes as everywhere, so that GPA may be 0. */
static int take_range(struct options *options, const char *value, struct pvb_error *error)
{
	struct pvb_memory_range range = {.node = PVB_ANY_NODE};
	char text[96];
	char *size, *node, *exact;
	uint64_t number = 0;

	if (options->range_count == OPTION_RANGES_MAX)
		return fault(error, PVB_E_ARG_RANGES, STAGE,
			     "--memory-range was given more than %d times", OPTION_RANGES_MAX);
	bool right = strlen(value) < sizeof text;

	(void)snprintf(text, sizeof text, "%s", value);
	size = strchr(text, '+');
	node = strchr(text, '@');
	exact = node ? strchr(node, ',') : NULL;
	for (size_t i = 0; i < 3; i++) {
		char *cut = i == 0 ? size : i == 1 ? node : exact;

		if (cut)
			*cut = '\0';
	}
	right = right && size && (!node || node > size) && parse_size(text, &range.gpa) &&
		parse_size(size + 1, &range.bytes) &&
		(!node || parse_number(node + 1, INT32_MAX, &number)) &&
		(!exact || !strcmp(exact + 1, "exact"));
	if (!right) {
		int rc = refuse_value(OPTION_MEMORY_RANGE, value, "GPA+SIZE[@NODE[,exact]]", error);

		fault_hint(error, "1 GiB at 4 GiB, from node 1: --memory-range 4G+1G@1");
		return rc;
	}
	if (node)
		range.node = (int)number;
	range.exact = exact != NULL;
	options->ranges[options->range_count++] = range;
	return 0;
}

static int take_p2m(enum option_id id, const char *value, struct p2m_form *form,
		    struct pvb_error *error)
{
	return parse_p2m_form(value, form) ? 0 : refuse_value(id, value, P2M_FORMS, error);
}

static int take_pfn(const char *value, uint64_t *result, struct pvb_error *error)
{
	if (parse_frame_number(value, result))
		return 0;
	return refuse_value(OPTION_PFN, value, "a number, in decimal or with 0x before it", error);
}

static int take_page_size(const char *value, uint32_t *result, struct pvb_error *error)
{
	uint64_t size;

	if (!parse_size(value, &size) || (size != 4096 && size != 16384 && size != 65536))
		return refuse_value(OPTION_GUEST_PAGE_SIZE, value, "4K, 16K or 64K", error);
	*result = (uint32_t)size;
	return 0;
}

static int take(struct options *options, enum option_id id, const char *value,
		struct pvb_error *error)
{
	if (option_given(options, id) && texts[id].argument && id != OPTION_MEMORY_RANGE)
		return fault(error, PVB_E_ARG_USAGE, STAGE, "--%s was given twice", texts[id].name);
	options->given |= OPTION_BIT(id);
	switch (id) {
	case OPTION_HOST:
		return take_string(id, value, &options->host, error);
	case OPTION_KERNEL:
		return take_string(id, value, &options->kernel, error);
	case OPTION_RAMDISK:
		return take_string(id, value, &options->ramdisk, error);
	case OPTION_CMDLINE:
		return take_string(id, value, &options->cmdline, error);
	case OPTION_NAME:
		return take_string(id, value, &options->name, error);
	case OPTION_DUMP:
		return take_string(id, value, &options->dump, error);
	case OPTION_PICTURE:
		return take_string(id, value, &options->picture, error);
	case OPTION_OUTPUT:
		return take_string(id, value, &options->output, error);
	case OPTION_ANCHOR:
		return take_string(id, value, &options->anchor, error);
	case OPTION_CONVERT:
		return take_p2m(id, value, &options->convert, error);
	case OPTION_PFN:
		return take_pfn(value, &options->pfn, error);
	case OPTION_MAX_EXTENTS:
		return take_count(id, value, SIZE_MAX, &options->max_extents, error);
	case OPTION_MEMORY:
		return take_memory(value, &options->memory, error);
	case OPTION_MEMORY_RANGE:
		return take_range(options, value, error);
	case OPTION_MAX_UNPACKED:
		return take_size(id, value, &options->max_unpacked, error);
	case OPTION_MAX_DECODER_MEMORY:
		return take_size(id, value, &options->max_decoder_memory, error);
	case OPTION_MAX_RATIO:
		return take_number(id, value, UINT32_MAX, &options->max_ratio, error);
	case OPTION_VCPUS:
		return take_number(id, value, UINT32_MAX, &options->vcpus, error);
	case OPTION_MAX_VCPUS:
		return take_number(id, value, UINT32_MAX, &options->max_vcpus, error);
	case OPTION_MAX_ADDRESS_BITS:
		return take_number(id, value, 64, &options->max_address_bits, error);
	case OPTION_P2M:
		return take_p2m(id, value, &options->p2m, error);
	case OPTION_GUEST_PAGE_SIZE:
		return take_page_size(value, &options->guest_page_size, error);
	case OPTION_JSON:
	case OPTION_VERBOSE:
	case OPTION_HELP:
	case OPTION_VERSION:
	case OPTION_CONSOLE:
	case OPTION_NO_MONITOR:
	case OPTION_DRY_RUN:
	case OPTION_STRICT_P2M:
	case OPTION_STRICT_ADDRESS_BITS:
	case OPTION_PAUSED:
	case OPTION_AUDIT:
	case OPTION_ALL:
	case OPTION_REFUSE_WX:
	case OPTION_COUNT:
		break;
	}
	return 0;
}

/* getopt's view of a set of options. */
struct getopt_tables {
	struct option longs[OPTION_COUNT + 1];
	char letters[2 * OPTION_COUNT + 3];
};

static void make_tables(struct getopt_tables *tables, uint64_t allowed, bool stop)
{
	size_t n = 0;
	char *letters = tables->letters;

	/* "+": end at the first operand. ":": tell a missing argument from an unknown option. */
	if (stop)
		*letters++ = '+';
	*letters++ = ':';
	for (unsigned id = 0; id < OPTION_COUNT; id++) {
		if (!(allowed & OPTION_BIT(id)))
			continue;
		tables->longs[n++] = (struct option){
			.name = texts[id].name,
			.has_arg = texts[id].argument ? required_argument : no_argument,
			.val = LONG_ONLY + (int)id,
		};
		if (!texts[id].letter)
			continue;
		*letters++ = texts[id].letter;
		if (texts[id].argument)
			*letters++ = ':';
	}
	tables->longs[n] = (struct option){0};
	*letters = '\0';
}

static int find_option(int value)
{
	if (value >= LONG_ONLY)
		return value - LONG_ONLY;
	for (int id = 0; id < OPTION_COUNT; id++)
		if (texts[id].letter == value)
			return id;
	return -1;
}

static int refuse_unknown(const char *argument, struct pvb_error *error)
{
	size_t length = strcspn(argument, "=");

	/* optopt is the letter, also within a cluster; 0 or a long option's value else. */
	if (optopt > 0 && optopt < LONG_ONLY)
		return fault(error, PVB_E_ARG_USAGE, STAGE, "there is no option -%c here", optopt);
	if (optopt)
		return fault(error, PVB_E_ARG_USAGE, STAGE, "%.*s takes no argument", (int)length,
			     argument);
	for (unsigned id = 0; id < OPTION_COUNT; id++)
		if (length > 2 && !strncmp(argument + 2, texts[id].name, length - 2) &&
		    texts[id].name[length - 2] == '\0')
			return fault(error, PVB_E_ARG_USAGE, STAGE,
				     "this command does not take the option %.*s", (int)length,
				     argument);
	return fault(error, PVB_E_ARG_USAGE, STAGE, "there is no option %.*s, or it is ambiguous",
		     (int)length, argument);
}

int options_parse(struct options *options, uint64_t allowed, bool stop, int count, char **arguments,
		  struct pvb_error *error)
{
	struct getopt_tables tables = {0};
	int value;

	make_tables(&tables, allowed, stop);
	opterr = 0;
	optind = 0; /* glibc: start afresh, order included */
	while ((value = getopt_long(count, arguments, tables.letters, tables.longs, NULL)) != -1) {
		if (value == ':')
			return fault(error, PVB_E_ARG_USAGE, STAGE, "%s needs an argument",
				     arguments[optind - 1]);
		if (value == '?')
			return refuse_unknown(arguments[optind - 1], error);
		int rc = take(options, (enum option_id)find_option(value), optarg, error);

		if (rc)
			return rc;
	}
	options->operands = arguments + optind;
	options->operand_count = count - optind;
	return 0;
}

void options_describe(FILE *out, uint64_t set)
{
	for (unsigned id = 0; id < OPTION_COUNT; id++) {
		const struct option_text *text = &texts[id];
		char left[48];

		if (!(set & OPTION_BIT(id)))
			continue;
		(void)snprintf(left, sizeof left, "%c%c%c --%s%s%s", text->letter ? '-' : ' ',
			       text->letter ? text->letter : ' ', text->letter ? ',' : ' ',
			       text->name, text->argument ? " " : "",
			       text->argument ? text->argument : "");
		(void)fprintf(out, "  %-31s ", left);
		for (const char *c = text->help; *c; c++) {
			if (*c == '|')
				(void)fprintf(out, "\n%34s", "");
			else
				(void)putc(*c, out);
		}
		(void)putc('\n', out);
	}
}
