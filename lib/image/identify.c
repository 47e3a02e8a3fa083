/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/identify.h"

#include <inttypes.h>
#include <stdio.h>

#include "image/arm64.h"
#include "image/bzimage.h"

static bool begins_with(struct pvb_span head, const char *magic, size_t size)
{
	return head.size >= size && memcmp(head.bytes, magic, size) == 0;
}

/*
 * In order of how much each asks for. An ELF or a bzImage that happens to hold
 * the flat binary's table is what its own magic says.
 */
struct pvb_identity pvb_identify(struct pvb_span head)
{
	struct pvb_identity id = {.kind = PVB_KIND_NONE};
	uint64_t table;

	if (begins_with(head, "\177ELF", 4))
		id.kind = PVB_KIND_ELF;
	else if (pvb_bzimage_is(head))
		id.kind = PVB_KIND_BZIMAGE;
	else if (pvb_arm64_is(head))
		id.kind = PVB_KIND_ARM64;
	else if (pvb_flat_find(head, &table))
		id.kind = PVB_KIND_FLAT;
	else if ((id.codec = pvb_codec_of(head)))
		id.kind = PVB_KIND_COMPRESSED;
	return id;
}

const char *pvb_identify_bytes(struct pvb_span head, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint64_t i = 0; i < head.size && i < 4 && used + 4 < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%02x", i ? " " : "",
					 head.bytes[i]);
	return text;
}

const char *pvb_identify_reasons(struct pvb_span head, char *text, size_t size)
{
	char bytes[16], codecs[96];

	(void)pvb_identify_bytes(head, bytes, sizeof bytes);
	(void)snprintf(text, size,
		       "ELF (it begins with %s, not 7f 45 4c 46), bzImage (%s), arm64 Image (%s), "
		       "%s (it begins like none of these), flat binary (%s in the first %u bytes)",
		       bytes,
		       head.size < 0x206 ? "too short to have its header" : "no HdrS at 0x202",
		       head.size < 64 ? "too short to have its header" : "no ARM\\x64 at 0x38",
		       pvb_codec_list(codecs, sizeof codecs),
		       pvb_flat_bad_checksum(head) ? "its magic, but a wrong checksum behind it,"
						   : "no magic 0x336ec578",
		       (unsigned)PVB_FLAT_SEARCH);
	return text;
}

const char *pvb_identify_advice(struct pvb_span head)
{
	static const char lz4_frame[] = "\x04\x22\x4d\x18";

	if (begins_with(head, "MZ", 2) && head.size >= 8 && memcmp(head.bytes + 4, "zimg", 4) == 0)
		return "it is an EFI zboot image; the kernel is inside, compressed";
	if (begins_with(head, "MZ", 2))
		return "it is an EFI program; of a unified kernel image, take the .linux section "
		       "(objcopy -O binary -j .linux)";
	if (begins_with(head, lz4_frame, 4))
		return "it is an lz4 frame of the current kind; Linux uses the legacy kind (lz4 "
		       "-l)";
	if (begins_with(head, "\x27\x05\x19\x56", 4))
		return "it is a U-Boot image; use the kernel that went into it";
	return NULL;
}
