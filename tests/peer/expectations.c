/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The differences that are as they should be, each with its reason. */
#include "peer/compare.h"

#include <inttypes.h>
#include <string.h>

#include <pvbuild/image.h>

#include "differential/judge.h"

#define SIF_4TOOLS UINT64_C(0x10)

static bool always(const struct comparison *comparison)
{
	(void)comparison;
	return true;
}

static bool as_libxl(const struct comparison *comparison)
{
	return !comparison->which->keep_flags;
}

static bool only_4tools_more(const struct comparison *comparison,
			     const struct difference *difference)
{
	(void)comparison;
	return difference->ours == (difference->theirs | SIF_4TOOLS) &&
	       !(difference->theirs & SIF_4TOOLS);
}

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + VIEW_PAGE_SIZE - 1) / VIEW_PAGE_SIZE * VIEW_PAGE_SIZE;
}

static bool odd_unmapped_ramdisk(const struct comparison *comparison)
{
	return comparison->which->ramdisk >= 0 &&
	       comparison->which->ramdisk_bytes % VIEW_PAGE_SIZE != 0 &&
	       comparison->theirs->layout.module.va == PVB_NONE;
}

static bool exact_and_rounded(const struct comparison *comparison,
			      const struct difference *difference)
{
	return difference->ours == comparison->which->ramdisk_bytes &&
	       difference->theirs == whole_pages(comparison->which->ramdisk_bytes);
}

/* Entries are 8 bytes, or 4 in a 32-bit guest. */
static bool list_ends_within_a_page(const struct comparison *comparison)
{
	uint64_t entry = comparison->b.levels == 4 ? 8 : 4;

	return comparison->b.start_info.nr_pages * entry % VIEW_PAGE_SIZE != 0;
}

static bool ones_and_zero(const struct comparison *comparison, const struct difference *difference)
{
	(void)comparison;
	return difference->ours == 0xff && difference->theirs == 0;
}

static bool ours_zero(const struct comparison *comparison, const struct difference *difference)
{
	(void)comparison;
	return difference->ours == 0;
}

const struct expectation expectations[] = {
	{
		.field = "start_info.flags",
		.ours = "`SIF_VIRT_P2M_4TOOLS` set",
		.theirs = "set by `xc_dom_allocate()`, then erased by libxl",
		.when_text = "the domain is built as libxl builds it; with the flag kept, as "
			     "`xc_linux_build()` does, there is no difference",
		.reason = "libxl assigns `dom->flags` where it means to add to it. The flag tells "
			  "the guest that tools can follow a p2m mapped linearly; without it Linux "
			  "also keeps the three-level tree, which ends at 512 GiB.",
		.when = as_libxl,
		.right = only_4tools_more,
	},
	{
		.field = "start_info.mod_len",
		.ours = "the ramdisk's length in bytes",
		.theirs = "rounded up to whole pages",
		.when_text = "the kernel takes its ramdisk by PFN (`MOD_START_PFN`), and its "
			     "length is no "
			     "multiple of 4096; of a mapped ramdisk both give the exact length",
		.reason = "The public header says \"size (bytes) of pre-loaded module\". "
			  "libxenguest derives it from the segment's pages; a guest that takes "
			  "the length for exact, as one with an appended signature or a "
			  "strict unpacker must, reads the padding as data.",
		.when = odd_unmapped_ramdisk,
		.right = exact_and_rounded,
	},
	{
		.field = "contents.p2m.tail",
		.ours = "all ones: no frame",
		.theirs = "zero: machine frame 0",
		.when_text = "the list does not fill its last page, which a 64-bit guest's does "
			     "for any even "
			     "number of MiB",
		.reason = "A reader that goes by pages finds entries that say that there is "
			  "nothing, as libxenguest itself writes them for holes.",
		.when = list_ends_within_a_page,
		.right = ones_and_zero,
	},
	{
		.field = "contents.start_info.tail",
		.ours = "zero",
		.theirs = "what the frame held before",
		.when_text = "always: memory arrives dirty",
		.reason = "libxenguest clears the structure and not the rest of its page. The rest "
			  "may hold another domain's data where the hypervisor does not scrub.",
		.when = always,
		.right = ours_zero,
	},
	{
		.field = "contents.boot_stack",
		.ours = "zero",
		.theirs = "what the frame held before",
		.when_text = "always: memory arrives dirty",
		.reason = "libxenguest allocates the page and leaves it. Nothing promises zeros, "
			  "but what a guest can see should be decided by its builder.",
		.when = always,
		.right = ours_zero,
	},
};

const size_t expectation_count = sizeof expectations / sizeof expectations[0];

unsigned explain(struct comparison *comparison, say_fn *say, void *opaque)
{
	unsigned wrong = 0;
	char line[512];

	for (size_t i = 0; i < expectation_count; i++) {
		const struct expectation *expected = &expectations[i];
		bool due = expected->when(comparison), found = false;

		for (size_t j = 0; j < comparison->difference_count; j++) {
			struct difference *difference = &comparison->differences[j];

			if (strcmp(difference->field, expected->field) != 0)
				continue;
			found = true;
			difference->explained = due && expected->right(comparison, difference);
		}
		if (due && !found) {
			snprintf(line, sizeof line,
				 "%s is listed as different in this case, and is the same",
				 expected->field);
			say(opaque, line);
			wrong++;
		}
	}
	for (size_t i = 0; i < comparison->difference_count; i++) {
		const struct difference *difference = &comparison->differences[i];

		if (difference->explained)
			continue;
		snprintf(line, sizeof line,
			 "%s: 0x%" PRIx64 ", libxenguest has 0x%" PRIx64 "%s%s (%" PRIu64
			 " such places)",
			 difference->field, difference->ours, difference->theirs,
			 difference->where[0] ? " at " : "", difference->where, difference->count);
		say(opaque, line);
		wrong++;
	}
	return wrong;
}

/* Tried by test-behaviour.c, in this order. */
static const struct {
	const char *what, *ours, *theirs, *reason;
} behaviours[] = {
	{"a command line of more than 1023 bytes", "refused (`arg.command-line`)",
	 "cut at 1023 bytes, silently",
	 "What is cut off may be what made the guest secure, or bootable."},
	{"a ramdisk in gzip", "passed as it is", "unpacked into the guest (up to 4.19)",
	 "Every kernel unpacks its own ramdisk; a decoder in the toolstack costs memory and is "
	 "attack surface. libxenguest itself stopped in 4.20."},
	{"an ELF segment that lies outside of the file", "refused (`elf.segment-file`)",
	 "left out; the build succeeds", "The guest would start without a part of itself."},
	{"segments or sections of notes that overlap so far that they come to more bytes than the "
	 "file has",
	 "refused (`note.too-many`)", "read again and again",
	 "What is known of a kernel has to be in proportion to its file: a thousand bytes led to "
	 "gigabytes."},
	{"a guest that does not fit its memory", "refused by the plan, before memory is allocated",
	 "refused after all of it was allocated",
	 "A refusal should cost nothing, and be possible without a hypervisor."},
};

static const char introduction[] =
	"`make check` has libxenguest 4.17, unmodified, build the same kernels as libpvbuild over "
	"the same simulated\n"
	"host (tests/peer), and compares the two domains: the layout, every field of `start_info` "
	"and `shared_info`,\n"
	"vCPU 0's registers, every page-table entry, every entry of the p2m list, the contents of "
	"every page that a\n"
	"builder writes, the grants, and what the hypervisor takes each frame for. Machine frames "
	"are compared as the\n"
	"PFNs that they are. A difference that is not in the first table fails the test; so does "
	"one that is, and does\n"
	"not occur where it should. Our audit of libxenguest's domain finds nothing, but for the "
	"rounded `mod_len`.\n";

static const char of_mutants[] =
	"`make check` also changes kernels in places that mean something and in places that do "
	"not, thousands of them, and\n"
	"has libxenguest (`xc_dom_parse_image()`) and libpvbuild read each (tests/differential). "
	"What libxenguest accepts,\n"
	"libpvbuild accepts, and finds the same: where the kernel begins and ends, its entry, "
	"`VIRT_BASE`, hypercall page,\n"
	"features and the rest. Of some, both build the domain, and the two are compared as above. "
	"A difference that is not\n"
	"in this table fails the test; so does one that is, and never occurs. For each row the "
	"test "
	"finds out from the file\n"
	"itself whether it is of that kind.\n";

void write_expectations(FILE *to)
{
	fprintf(to,
		"<!-- Made by tests/peer/test-peer --document from tests/peer/expectations.c; do "
		"not edit. -->\n"
		"# Where pvbuild and libxenguest differ\n\n%s\n"
		"## In a field\n\n"
		"| field | pvbuild | libxenguest 4.17 | when | why |\n"
		"|---|---|---|---|---|\n",
		introduction);
	for (size_t i = 0; i < expectation_count; i++) {
		const struct expectation *expected = &expectations[i];

		fprintf(to, "| `%s` | %s | %s | %s | %s |\n", expected->field, expected->ours,
			expected->theirs, expected->when_text, expected->reason);
	}
	fputs("\n## In what they do\n\n"
	      "| what | pvbuild | libxenguest 4.17 | why |\n"
	      "|---|---|---|---|\n",
	      to);
	for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++)
		fprintf(to, "| %s | %s | %s | %s |\n", behaviours[i].what, behaviours[i].ours,
			behaviours[i].theirs, behaviours[i].reason);
	fprintf(to, "\n## In what they take for a kernel\n\n%s\n", of_mutants);
	excuses_write(to);
}
