/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/watch.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"
#include "image/bzimage.h"
#include "image/elf.h"
#include "image/identify.h"
#include "image/image.h"
#include "image/sink.h"

/*
 * What follows the end that a header accounts for: Linux appends relocations,
 * 4 bytes each, 1.3 to 1.8 % of the ELF in Debian's kernels; signatures come to
 * kilobytes. A quarter and 64 KiB are far above any of them, far below a bomb.
 */
#define SLACK_SHARE 4
#define SLACK_BYTES 65536

struct pvb_watch {
	enum pvb_expect expect;
	bool identified;
	bool is_elf, segments_seen, sections_seen;
	const char *header; /* what accounts for bytes */
	uint64_t accounted; /* 0: nothing does */
	struct pvb_elf elf;
	uint8_t head[PVB_IDENTIFY_HEAD];
};

struct pvb_watch *pvb_watch_new(enum pvb_expect expect)
{
	struct pvb_watch *watch = (struct pvb_watch *)calloc(1, sizeof *watch);

	if (watch)
		watch->expect = expect;
	return watch;
}

void pvb_watch_free(struct pvb_watch *watch)
{
	free(watch);
}

static void account(struct pvb_watch *watch, uint64_t offset, uint64_t size)
{
	uint64_t end;

	if (!pvb_add(offset, size, &end))
		end = UINT64_MAX;
	watch->accounted = pvb_max(watch->accounted, end);
}

/* What nobody needs may lie about where it is; then it accounts for nothing. */
static void account_if_plausible(struct pvb_watch *watch, const struct pvb_sink *sink,
				 uint64_t offset, uint64_t size)
{
	uint64_t end;

	if (pvb_add(offset, size, &end) &&
	    !pvb_limits_check(sink->limits, sink->held, end, NULL, NULL))
		account(watch, offset, size);
}

/*
 * The program headers say where segments end. What is loaded, or has notes, is needed, so what
 * such segments claim must fit.
 */
static int account_segments(struct pvb_watch *watch, struct pvb_sink *sink, struct pvb_error *error)
{
	for (uint32_t i = 0; i < watch->elf.phnum; i++) {
		uint8_t raw[PVB_ELF_PHDR_MAX];
		struct pvb_elf_segment segment;
		unsigned size = watch->elf.phentsize;
		uint64_t at = watch->elf.phoff + (uint64_t)i * watch->elf.phstride;
		int rc = pvb_sink_read_back(sink, at, raw, size, error);

		if (rc)
			return rc;
		pvb_elf_decode_segment(&watch->elf, pvb_span(raw, size), &segment);
		if (pvb_elf_is_loaded(&segment) || segment.type == PT_NOTE)
			account(watch, segment.offset, segment.filesz);
		else
			account_if_plausible(watch, sink, segment.offset, segment.filesz);
	}
	return pvb_limits_check(sink->limits, sink->held, watch->accounted, watch->header, error);
}

/* Sections may hold what no segment does (symbols). */
static int account_sections(struct pvb_watch *watch, struct pvb_sink *sink, struct pvb_error *error)
{
	for (uint32_t i = 0; i < watch->elf.shnum; i++) {
		uint8_t raw[PVB_ELF_SHDR_MAX];
		struct pvb_elf_section section;
		unsigned size = watch->elf.shentsize;
		uint64_t at = watch->elf.shoff + (uint64_t)i * watch->elf.shstride;
		int rc = pvb_sink_read_back(sink, at, raw, size, error);

		if (rc)
			return rc;
		pvb_elf_decode_section(&watch->elf, pvb_span(raw, size), &section);
		if (section.in_file)
			account_if_plausible(watch, sink, section.offset, section.size);
	}
	return 0;
}

static int begin_elf(struct pvb_watch *watch, const struct pvb_sink *sink, struct pvb_span head,
		     struct pvb_error *error)
{
	int rc = pvb_elf_header(head, &watch->elf, error);

	if (rc)
		return rc;
	watch->is_elf = true;
	watch->header = "its ELF header";
	account(watch, watch->elf.phoff, (uint64_t)watch->elf.phnum * watch->elf.phstride);
	account(watch, watch->elf.shoff, (uint64_t)watch->elf.shnum * watch->elf.shstride);
	return pvb_limits_check(sink->limits, sink->held, watch->accounted, watch->header, error);
}

static int not_a_kernel(const struct pvb_watch *watch, struct pvb_span head,
			struct pvb_error *error)
{
	char why[420];

	if (!head.size)
		return pvb_fail(error, PVB_E_IMAGE_NOT_A_KERNEL, PVB_IMAGE_STAGE,
				"the compressed stream unpacks to nothing");
	if (watch->expect == PVB_EXPECT_ELF)
		return pvb_fail(error, PVB_E_IMAGE_NOT_A_KERNEL, PVB_IMAGE_STAGE,
				"what the payload unpacks to is no kernel: it begins with %s, not "
				"with an ELF header",
				pvb_identify_bytes(head, why, sizeof why));
	return pvb_fail(error, PVB_E_IMAGE_NOT_A_KERNEL, PVB_IMAGE_STAGE,
			"what unpacks is no kernel: tried %s",
			pvb_identify_reasons(head, why, sizeof why));
}

static int identify(struct pvb_watch *watch, const struct pvb_sink *sink, struct pvb_span head,
		    struct pvb_error *error)
{
	struct pvb_identity id = pvb_identify(head);
	int rc;

	switch (id.kind) {
	case PVB_KIND_COMPRESSED:
		rc = pvb_fail(error, PVB_E_IMAGE_NESTED, PVB_IMAGE_STAGE,
			      "what unpacks is again compressed, with %s: one layer around a file "
			      "and one inside a bzImage is all that any kernel has",
			      pvb_codec_name(id.codec->codec));
		pvb_hint(error, "unpack the file once and use what comes out");
		return rc;
	case PVB_KIND_ELF:
		return begin_elf(watch, sink, head, error);
	case PVB_KIND_BZIMAGE:
		if (watch->expect == PVB_EXPECT_ELF)
			return not_a_kernel(watch, head, error);
		watch->header = "its setup header";
		watch->accounted = pvb_bzimage_accounts_for(head);
		return pvb_limits_check(sink->limits, sink->held, watch->accounted, watch->header,
					error);
	case PVB_KIND_ARM64:
	case PVB_KIND_FLAT:
		return watch->expect == PVB_EXPECT_ELF ? not_a_kernel(watch, head, error) : 0;
	case PVB_KIND_NONE:
		break;
	}
	return not_a_kernel(watch, head, error);
}

int pvb_watch_progress(struct pvb_watch *watch, struct pvb_sink *sink, bool all,
		       struct pvb_error *error)
{
	if (watch->expect == PVB_EXPECT_ANYTHING)
		return 0;
	if (!watch->identified) {
		size_t wanted =
			watch->expect == PVB_EXPECT_ELF ? PVB_ELF_EHDR_MAX : PVB_IDENTIFY_HEAD;
		size_t there = (size_t)pvb_min(sink->size, sizeof watch->head);

		if (there < wanted && !all)
			return 0;
		int rc = pvb_sink_read_back(sink, 0, watch->head, there, error);
		if (!rc)
			rc = identify(watch, sink, pvb_span(watch->head, there), error);
		if (rc)
			return rc;
		watch->identified = true;
	}
	if (!watch->is_elf)
		return 0;

	const struct pvb_elf *elf = &watch->elf;
	if (!watch->segments_seen &&
	    sink->size >= elf->phoff + (uint64_t)elf->phnum * elf->phstride) {
		int rc = account_segments(watch, sink, error);

		if (rc)
			return rc;
		watch->segments_seen = true;
	}
	if (!watch->sections_seen &&
	    sink->size >= elf->shoff + (uint64_t)elf->shnum * elf->shstride) {
		int rc = account_sections(watch, sink, error);

		if (rc)
			return rc;
		watch->sections_seen = true;
	}
	return 0;
}

int pvb_watch_limits(const struct pvb_watch *watch, const struct pvb_sink *sink,
		     struct pvb_error *error)
{
	if (watch->accounted) {
		uint64_t most = watch->accounted + watch->accounted / SLACK_SHARE + SLACK_BYTES;

		if (sink->size > most)
			return pvb_fail(error, PVB_E_IMAGE_OUTGROWN, PVB_IMAGE_STAGE,
					"%" PRIu64 " bytes have been unpacked, but %s accounts for "
					"only %" PRIu64,
					sink->size, watch->header, watch->accounted);
	}
	return pvb_limits_check(sink->limits, sink->held, sink->size, NULL, error);
}
