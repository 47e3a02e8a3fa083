/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel has to mean the same to us as to libelf, so notes are found as libelf finds
 * them (xen/common/libelf: elf_xen_parse_notes, elf_note_next, elf_note_name):
 *
 * - Name and descriptor are padded to 4 bytes, whatever p_align says, and padded sizes are
 *   numbers of 32 bits: a size of nearly 4 GiB is padded to 0.
 * - A note is Xen's if the string behind its header is "Xen", whatever the length of its name.
 * - Notes of other owners are not looked at. One that reaches beyond the list ends the reading.
 *
 * GNU ld puts .note.gnu.property, of alignment 8, behind notes of alignment 4, and zeros
 * between. libelf takes these for a header and loses its way; in most kernels nothing of
 * Xen's follows. We pass over such zeros where libelf finds nothing more, so that notes behind
 * them are shown, and ours read. Xen's notes behind them have no effect, because a domain
 * from libxenguest would not have it either.
 */
#include "image/notes-walk.h"

#include <inttypes.h>

#include "core/checked.h"

/*
 * LARGEST_ALIGNMENT bounds the zeros that are looked at one by one; linkers have no reason for
 * more than 16.
 */
enum { OWNER_MAX = 64, NOTE_HEADER = 12, WORD = 4, LARGEST_ALIGNMENT = 64 };

enum whose { NOBODYS, XENS, OURS };

struct header {
	struct pvb_span rest; /* of the list, from the header on */
	bool whole;           /* else the list ends within the header, and the rest is 0 */
	uint32_t name_size, size, type;
	enum whose whose;
	uint64_t descriptor, next; /* offsets from the header: where libelf takes them to be */
};

struct walk {
	struct pvb_image *image;
	struct pvb_declared *declared;
	struct pvb_span bytes;
	const struct pvb_note_place *place;
	uint64_t align;  /* that explains padding, or 0 */
	uint64_t sure;   /* libelf finds a note that matters at or behind each place below this */
	bool padded;     /* behind padding that libelf does not pass over */
	bool lost_known; /* what is lost here was met in the segment around */
};

/*
 * Whether a note could be this owner's: the string behind its header says so. If the list
 * ends within that string, what there is of it must fit, and the length of the name.
 */
static bool could_be(const struct header *header, const char *owner)
{
	const struct pvb_span rest = header->rest;
	const uint64_t length = strlen(owner);
	const uint8_t with_nul[WORD] = {(uint8_t)(length + 1)};
	uint64_t there = rest.size > NOTE_HEADER ? rest.size - NOTE_HEADER : 0;
	uint64_t seen = pvb_min(there, length);

	if (seen && memcmp(rest.bytes + NOTE_HEADER, owner, seen) != 0)
		return false;
	if (there > length)
		return !rest.bytes[NOTE_HEADER + length] || header->name_size == length;
	return seen == length || memcmp(rest.bytes, with_nul, pvb_min(rest.size, WORD)) == 0;
}

static struct header read_header(struct pvb_span bytes, uint64_t at)
{
	struct header header = {.rest = bytes, .whole = true};

	(void)pvb_span_part(bytes, at, bytes.size - at, &header.rest);
	if (!pvb_span_u32(header.rest, 0, &header.name_size) ||
	    !pvb_span_u32(header.rest, 4, &header.size) ||
	    !pvb_span_u32(header.rest, 8, &header.type)) {
		header.whole = false;
		header.name_size = header.size = 0;
	}
	if (could_be(&header, "Xen"))
		header.whose = XENS;
	else if (could_be(&header, PVB_GUEST_NOTE_OWNER))
		header.whose = OURS;

	uint32_t name = (header.name_size + 3) & ~UINT32_C(3);
	uint32_t size = (header.size + 3) & ~UINT32_C(3);

	header.descriptor = NOTE_HEADER + (uint64_t)name;
	header.next = header.descriptor + size;
	return header;
}

/* ---- padding ------------------------------------------------------------------------- */

/* Where libelf's last note of Xen's, or of ours, ends that it finds from there on; or 0. */
static uint64_t last_that_matters(const struct walk *walk, uint64_t at)
{
	const struct pvb_span bytes = walk->bytes;
	uint64_t last = 0;

	for (unsigned notes = 0; at < bytes.size && notes < PVB_BUDGET_NOTES; notes++) {
		struct header header = read_header(bytes, at);

		walk->image->cost.notes++;
		at += header.next;
		if (header.whose != NOBODYS)
			last = at;
	}
	return last;
}

static uint64_t usable_alignment(const struct pvb_note_place *place)
{
	uint64_t align = place->align;

	if (align <= WORD || align > LARGEST_ALIGNMENT || !pvb_is_power_of_two(align) ||
	    !pvb_is_aligned(place->at, WORD))
		return 0;
	return align;
}

/* Whether a word of zeros, which can also begin a note without an owner, is padding. */
static bool is_padding(struct walk *walk, uint64_t at)
{
	uint32_t word;

	if (!walk->align || pvb_is_aligned(walk->place->at + at, walk->align) ||
	    !pvb_span_u32(walk->bytes, at, &word) || word)
		return false;
	if (walk->padded)
		return true;
	if (at < walk->sure)
		return false;
	walk->sure = last_that_matters(walk, at);
	walk->padded = !walk->sure;
	return walk->padded;
}

/* ---- a note ---------------------------------------------------------------------------- */

static int malformed(const struct walk *walk, uint64_t at, const char *why, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_NOTE_MALFORMED, PVB_IMAGE_STAGE,
			  "the ELF note at 0x%" PRIx64 ", in %s at 0x%" PRIx64 " of the file, %s",
			  walk->place->at + at, walk->place->what, walk->place->at, why);

	pvb_hint(error, "link the kernel again, or take another copy of it");
	return rc;
}

/* Of another owner, and up to its NUL. Thousands of sections may name the same huge owner. */
static const char *owner_of(struct pvb_image *image, const struct header *header)
{
	uint64_t there = header->rest.size > NOTE_HEADER ? header->rest.size - NOTE_HEADER : 0;
	uint64_t size = pvb_min(pvb_min(header->name_size, there), OWNER_MAX);
	struct pvb_span owner = pvb_span(NULL, 0);

	(void)pvb_span_part(header->rest, NOTE_HEADER, size, &owner);
	return pvb_arena_escaped(&image->arena, owner);
}

static int keep_remark(struct walk *walk, const struct header *header, struct pvb_note *note,
		       struct pvb_error *error)
{
	if (!note->owner)
		note->owner = owner_of(walk->image, header);
	if (!note->owner || !note->meaning)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a remark on a note");
	return pvb_notes_keep(walk->image, note, error);
}

/* Another owner's note that cannot be read: that is no fault of the kernel that has it. */
static int unreadable(struct walk *walk, uint64_t at, const struct header *header,
		      struct pvb_error *error)
{
	struct pvb_unread *unread = &walk->declared->unread;
	const bool ends = header->next >= header->rest.size;
	const char *end = ends ? "; nothing behind it is read" : "";
	struct pvb_arena *arena = &walk->image->arena;
	struct pvb_note note = {.type = header->type, .origin = walk->place->origin};
	struct pvb_span value;

	if (walk->place->quiet)
		return 0;
	if (header->whole && ends && !unread->cut) {
		unread->cut = true;
		unread->cut_at = walk->place->at + at;
	}
	if (!header->whole) {
		note.type = UINT32_MAX;
		note.bytes = header->rest.bytes;
		note.size = header->rest.size;
		note.meaning = pvb_arena_printf(
			arena, "no note: only %" PRIu64 " of the %d bytes of a header are left",
			note.size, NOTE_HEADER);
	} else if (!pvb_span_has(header->rest, NOTE_HEADER, header->name_size)) {
		note.meaning = pvb_arena_printf(
			arena,
			"cut off: a name of %" PRIu32 " bytes, of which %" PRIu64 " are left%s",
			header->name_size, header->rest.size - NOTE_HEADER, end);
	} else {
		uint64_t start = pvb_min(header->descriptor, header->rest.size);

		(void)pvb_span_part(header->rest, start, header->rest.size - start, &value);
		note.bytes = value.size ? value.bytes : NULL;
		note.size = value.size;
		note.meaning = pvb_arena_printf(arena,
						"cut off: a value of %" PRIu32
						" bytes, of which %" PRIu64 " are left%s",
						header->size, value.size, end);
	}
	return keep_remark(walk, header, &note, error);
}

/*
 * The descriptor of a note, which may be said to be longer than what is left.
 * GRUB's i386-xen image ends with such a one: a PAE_MODE of 12 bytes, of which
 * there are "yes" and its NUL. A string that ends is whole, whatever its size.
 */
static bool descriptor_of(const struct header *header, struct pvb_span *descriptor)
{
	const struct pvb_span rest = header->rest;
	uint64_t length, start = pvb_min(header->descriptor, rest.size);

	if (pvb_span_part(rest, start, header->size, descriptor))
		return true;
	(void)pvb_span_part(rest, start, rest.size - start, descriptor);
	return header->whose == XENS && pvb_xen_note_is_string(header->type) &&
	       pvb_span_string(*descriptor, 0, &length);
}

/* libelf goes by the NUL: without one, the name is longer than its length says. */
static bool name_ends(const struct header *header)
{
	uint64_t length = strlen(header->whose == XENS ? "Xen" : PVB_GUEST_NOTE_OWNER);
	uint8_t end = 1;

	return pvb_span_u8(header->rest, NOTE_HEADER + length, &end) && !end;
}

/* A note of Xen's that libelf does not find. */
static int keep_lost(struct walk *walk, uint64_t at, const struct header *header,
		     struct pvb_note *note, struct pvb_error *error)
{
	struct pvb_unread *unread = &walk->declared->unread;

	if (walk->lost_known)
		return 0;
	if (!unread->lost++) {
		unread->lost_at = walk->place->at + at;
		unread->lost_align = walk->align;
	}
	note->name = pvb_xen_note_name(note->type);
	note->meaning = pvb_arena_printf(&walk->image->arena,
					 "without effect: behind padding to %" PRIu64
					 " bytes, where Xen's builder does not find it",
					 walk->align);
	return keep_remark(walk, header, note, error);
}

static int sound(struct walk *walk, uint64_t at, const struct header *header,
		 struct pvb_span descriptor, struct pvb_error *error)
{
	struct pvb_note note = {
		.owner = header->whose == XENS ? "Xen" : PVB_GUEST_NOTE_OWNER,
		.bytes = descriptor.size ? descriptor.bytes : NULL,
		.size = descriptor.size,
		.type = header->type,
		.origin = walk->place->origin,
		.kind = PVB_NOTE_KIND_BYTES,
	};

	if ((walk->place->own_only && header->whose == XENS) ||
	    (walk->place->quiet && header->whose == NOBODYS))
		return 0;
	if (header->whose == NOBODYS)
		note.owner = owner_of(walk->image, header);
	if (!note.owner)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a note's owner");
	if (header->whose == XENS && walk->padded)
		return keep_lost(walk, at, header, &note, error);
	return pvb_notes_take(walk->image, walk->declared, &note, error);
}

static int take(struct walk *walk, uint64_t at, const struct header *header,
		struct pvb_error *error)
{
	const bool matters = walk->place->ours || header->whose == OURS ||
			     (header->whose == XENS && !walk->place->own_only);
	struct pvb_span descriptor;
	const char *wrong = NULL;

	if (!header->whole)
		wrong = "is cut off within its header";
	else if (!pvb_span_has(header->rest, NOTE_HEADER, header->name_size))
		wrong = "is cut off within its owner's name";
	else if (matters && header->whose != NOBODYS && !name_ends(header))
		wrong = "has an owner's name without its end";
	else if (!descriptor_of(header, &descriptor))
		wrong = "is cut off within its descriptor";
	if (!wrong)
		return sound(walk, at, header, descriptor, error);
	return matters ? malformed(walk, at, wrong, error) : unreadable(walk, at, header, error);
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Zeros behind the last note, or between two: nobody's note is without owner, value and type. */
static bool is_blank(const struct header *header)
{
	if (header->whole)
		return header->whose == NOBODYS && !header->name_size && !header->size &&
		       !header->type;
	for (uint64_t i = 0; i < header->rest.size; i++)
		if (header->rest.bytes[i])
			return false;
	return true;
}

int pvb_notes_walk(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span bytes,
		   const struct pvb_note_place *place, struct pvb_error *error)
{
	struct walk walk = {
		.image = image,
		.declared = declared,
		.bytes = bytes,
		.place = place,
		.align = usable_alignment(place),
		.lost_known = place->quiet && declared->unread.lost,
	};

	for (uint64_t at = 0; at < bytes.size;) {
		if (is_padding(&walk, at)) {
			at += WORD;
			continue;
		}

		struct header header = read_header(bytes, at);

		image->cost.notes++;
		if (is_blank(&header)) {
			if (declared->unread.blank++ >= PVB_BUDGET_NOTES)
				return 0;
		} else {
			int rc = take(&walk, at, &header, error);

			if (rc)
				return rc;
		}
		at += header.next;
	}
	return 0;
}
