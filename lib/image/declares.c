/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/declares.h"

#include <inttypes.h>

#include "core/checked.h"
#include "image/linux.h"

/* Sizes of a page that a hypervisor can have on any processor: 4, 16 and 64 KiB. */
#define GRANULES (UINT32_C(1) << 12 | UINT32_C(1) << 14 | UINT32_C(1) << 16)

#define SPECIFICATION "doc/guest-abi.md has the format of every note"

static unsigned log2_of(uint64_t power)
{
	return (unsigned)__builtin_ctzll(power);
}

static bool is_width(uint64_t bits)
{
	return bits >= PVB_GUEST_ADDRESS_BITS_LEAST && bits <= PVB_GUEST_ADDRESS_BITS_MOST;
}

static int no_memory(struct pvb_error *error)
{
	return pvb_fail_memory(error, PVB_IMAGE_STAGE, "what a note means");
}

static int absurd_width(const char *which, uint64_t bits, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_NOTE_ABSURD, PVB_IMAGE_STAGE,
			  "%s declares machine addresses of %" PRIu64
			  " bits; from %d to %d make sense",
			  which, bits, PVB_GUEST_ADDRESS_BITS_LEAST, PVB_GUEST_ADDRESS_BITS_MOST);

	pvb_hint(error, "page-table entries hold %d bits; " SPECIFICATION,
		 PVB_GUEST_ADDRESS_BITS_MOST);
	return rc;
}

/*
 * Overlapping segments show one note more than once: that is still one note.
 * Which it is, its bytes tell; none is of 0 bytes.
 */
static bool seen_before(const struct pvb_image *image, size_t seen, const struct pvb_note *note)
{
	return seen && image->notes[seen - 1].bytes == note->bytes;
}

static int twice(const char *which, struct pvb_error *error)
{
	int rc = pvb_fail(error, PVB_E_NOTE_TWICE, PVB_IMAGE_STAGE,
			  "the kernel has the note %s twice", which);

	pvb_hint(error, "keep one of them, even if they say the same; " SPECIFICATION);
	return rc;
}

/* ---- our own ----------------------------------------------------------------- */

static int read_address_bits(struct pvb_image *image, struct pvb_declarations *declarations,
			     struct pvb_note *note, struct pvb_span bytes, struct pvb_error *error)
{
	uint32_t bits = 0;

	(void)pvb_span_u32(bytes, 0, &bits);
	if (!is_width(bits))
		return absurd_width("the note ADDRESS_BITS", bits, error);
	note->kind = PVB_NOTE_KIND_NUMBER;
	note->number = bits;
	note->meaning = pvb_arena_printf(
		&image->arena, "the kernel copes with machine addresses of %" PRIu32 " bits", bits);
	declarations->own_bits = bits;
	return note->meaning ? 0 : no_memory(error);
}

static int read_pte_bits(struct pvb_image *image, struct pvb_declarations *declarations,
			 struct pvb_note *note, struct pvb_span bytes, struct pvb_error *error)
{
	struct pvb_image_declares *declares = &image->info.declares;
	const uint64_t software = PVB_GUEST_PTE_SOFTWARE, keys = PVB_GUEST_PTE_KEYS;
	uint64_t l1 = 0, upper, flags = 0;

	(void)declarations;
	(void)pvb_span_u64(bytes, 0, &l1);
	if (!pvb_span_u64(bytes, 8, &upper))
		upper = l1;
	(void)pvb_span_u64(bytes, 16, &flags);
	declares->pte_bits = true;
	declares->pte_unused_l1 = l1 & software;
	declares->pte_unused_upper = upper & software;
	declares->pte_keys = (flags & keys) != 0;

	note->meaning = pvb_arena_printf(
		&image->arena,
		"the kernel leaves alone 0x%" PRIx64 " of L1 entries, 0x%" PRIx64
		" of those above%s%s%s",
		declares->pte_unused_l1, declares->pte_unused_upper,
		declares->pte_keys ? ", and wants protection keys" : "",
		(l1 | upper) & ~software ? "; ignored: bits that are not software's" : "",
		flags & ~keys ? "; ignored: flags that this pvbuild does not know" : "");
	return note->meaning ? 0 : no_memory(error);
}

static int read_granules(struct pvb_image *image, struct pvb_declarations *declarations,
			 struct pvb_note *note, struct pvb_span bytes, struct pvb_error *error)
{
	uint32_t mask = 0;

	(void)declarations;
	(void)pvb_span_u32(bytes, 0, &mask);
	if (!(mask & GRANULES)) {
		int rc = pvb_fail(error, PVB_E_NOTE_ABSURD, PVB_IMAGE_STAGE,
				  "the note GRANULES is 0x%" PRIx32
				  ", and none of these is a page of 4, 16 or 64 KiB",
				  mask);

		pvb_hint(error, "it is the sum of the sizes in bytes: 0x1000, 0x4000, "
				"0x10000; " SPECIFICATION);
		return rc;
	}
	image->info.declares.granules = mask & GRANULES;
	note->kind = PVB_NOTE_KIND_NUMBER;
	note->number = mask;
	note->meaning = pvb_arena_printf(
		&image->arena, "pages of the hypervisor's that the kernel copes with:%s%s%s%s",
		mask & 1u << 12 ? " 4 KiB" : "", mask & 1u << 14 ? " 16 KiB" : "",
		mask & 1u << 16 ? " 64 KiB" : "",
		mask & ~GRANULES ? "; ignored: sizes that no processor has" : "");
	return note->meaning ? 0 : no_memory(error);
}

static int read_p2m_tree(struct pvb_image *image, struct pvb_declarations *declarations,
			 struct pvb_note *note, struct pvb_span bytes, struct pvb_error *error)
{
	struct pvb_image_declares *declares = &image->info.declares;
	uint32_t levels = 0;

	(void)declarations;
	(void)pvb_span_u32(bytes, 0, &levels);
	if (levels > PVB_GUEST_P2M_LEVELS_MOST) {
		int rc = pvb_fail(error, PVB_E_NOTE_ABSURD, PVB_IMAGE_STAGE,
				  "the note P2M_TREE asks for a tree of %" PRIu32
				  " levels; there are trees of at most %d",
				  levels, PVB_GUEST_P2M_LEVELS_MOST);

		pvb_hint(error, "0 asks for the fewest that suffice; " SPECIFICATION);
		return rc;
	}
	declares->p2m_tree = true;
	declares->p2m_levels = levels;
	note->kind = PVB_NOTE_KIND_NUMBER;
	note->number = levels;
	if (levels)
		note->meaning = pvb_arena_printf(
			&image->arena,
			"the kernel wants its p2m as a tree, too, of %" PRIu32 " level%s or more",
			levels, levels == 1 ? "" : "s");
	else
		note->meaning =
			"the kernel wants its p2m as a tree, too, of the fewest levels that do";
	return note->meaning ? 0 : no_memory(error);
}

static const struct own_note {
	const char *name;
	uint64_t least, most, step; /* bytes of the descriptor */
	const char *sizes;
	int (*read)(struct pvb_image *image, struct pvb_declarations *declarations,
		    struct pvb_note *note, struct pvb_span bytes, struct pvb_error *error);
} own_notes[PVB_OWN_NOTES] = {
	[PVB_GUEST_NOTE_ADDRESS_BITS] = {"ADDRESS_BITS", 4, 4, 1, "4", read_address_bits},
	[PVB_GUEST_NOTE_PTE_BITS] = {"PTE_BITS", 8, 24, 8, "8, 16 or 24", read_pte_bits},
	[PVB_GUEST_NOTE_GRANULES] = {"GRANULES", 4, 4, 1, "4", read_granules},
	[PVB_GUEST_NOTE_P2M_TREE] = {"P2M_TREE", 4, 4, 1, "4", read_p2m_tree},
};

static int check_size(const struct own_note *known, const struct pvb_note *note,
		      struct pvb_error *error)
{
	if (note->size >= known->least && note->size <= known->most &&
	    note->size % known->step == 0)
		return 0;
	int rc = pvb_fail(error, PVB_E_NOTE_SIZE, PVB_IMAGE_STAGE,
			  "the note %s has %" PRIu64 " bytes; it is one of %s", note->name,
			  note->size, known->sizes);

	pvb_hint(error, ".long makes 4 bytes, .quad 8; " SPECIFICATION);
	return rc;
}

int pvb_declares_own(struct pvb_image *image, struct pvb_declarations *declarations,
		     struct pvb_note *note, struct pvb_error *error)
{
	const struct own_note *known = note->type < PVB_OWN_NOTES && own_notes[note->type].name
					       ? &own_notes[note->type]
					       : NULL;
	image->info.declares.guest_abi = true;
	/* Later versions may declare more: that is no reason not to run the kernel. */
	if (!known) {
		note->meaning = "not known to this pvbuild, and ignored";
		return 0;
	}
	note->name = known->name;
	int rc = check_size(known, note, error);
	if (rc)
		return rc;

	size_t *seen = &declarations->own[note->type];
	bool again = seen_before(image, *seen, note);

	if (*seen && !again)
		return twice(note->name, error);
	rc = known->read(image, declarations, note, pvb_span(note->bytes, note->size), error);
	if (rc)
		return rc;
	if (!again) {
		*seen = image->info.note_count + 1;
		note->used = true;
	}
	return 0;
}

/* ---- number 19 ---------------------------------------------------------------- */

/*
 * In 2017 it was proposed as MAXPHYS_SIZE, a width or a boundary of machine
 * addresses in a number of 4 or 8 bytes, and never merged. Since Xen 4.19 it is
 * PHYS32_RELOC: up to three 32-bit words {alignment, lowest, highest}, of which
 * libelf takes those that there are. The values tell them apart: an alignment is
 * a power of two of at least 4 KiB, a width is far smaller, and a boundary of 32
 * bits or more has zeros, or ones, in its lower half.
 */
enum reading { READING_RELOC, READING_MAXPHYS, READING_NEITHER };

enum { RELOC_WORDS = 3, RELOC_SIZE = 4 * RELOC_WORDS, LEAST_ALIGNMENT = 0x1000 };
enum { WIDTHS_END = 64 };

/* What libelf takes for a word that is not there; an alignment of 0 is that of the kernel's. */
struct reloc {
	uint32_t alignment, lowest, highest;
};

static bool is_alignment(uint32_t value)
{
	return value >= LEAST_ALIGNMENT && pvb_is_power_of_two(value);
}

/* Of 8 bytes: a boundary 1 << w with w of at least 32, or the last address below it. */
static bool read_boundary(uint32_t low, uint32_t high, unsigned *bits)
{
	uint64_t boundary = high;

	if (low == UINT32_MAX)
		boundary++;
	else if (low)
		return false;
	if (!pvb_is_power_of_two(boundary))
		return false;
	*bits = 32 + log2_of(boundary);
	return true;
}

static enum reading classify(struct pvb_span bytes, struct reloc *reloc, unsigned *bits)
{
	uint32_t low = 0, high = 0;

	*reloc = (struct reloc){.highest = UINT32_MAX};
	if (!bytes.size)
		return READING_RELOC;
	(void)pvb_span_u32(bytes, 0, &low);
	(void)pvb_span_u32(bytes, 4, &high);
	if (bytes.size >= RELOC_SIZE) {
		reloc->alignment = low;
		reloc->lowest = high;
		(void)pvb_span_u32(bytes, 8, &reloc->highest);
		return READING_RELOC;
	}
	if (bytes.size != 4 && bytes.size != 8)
		return READING_NEITHER;
	if (low >= PVB_GUEST_ADDRESS_BITS_LEAST && low <= WIDTHS_END && !high) {
		*bits = low;
		return READING_MAXPHYS;
	}
	if (is_alignment(low)) {
		reloc->alignment = low;
		reloc->lowest = high;
		return READING_RELOC;
	}
	if (bytes.size == 8 && read_boundary(low, high, bits))
		return READING_MAXPHYS;
	return READING_NEITHER;
}

/*
 * It says where a PVH kernel may be put, which is nothing to a PV domain. So one that
 * makes no sense (the words stood in another order while the patch was under review) is
 * reported, and the kernel is run as every Xen runs it.
 */
static int read_reloc(struct pvb_image *image, struct pvb_note *note, const struct reloc *reloc,
		      struct pvb_error *error)
{
	bool sound = note->size < RELOC_SIZE ||
		     (is_alignment(reloc->alignment) && reloc->lowest <= reloc->highest);

	if (reloc->alignment || !sound)
		note->meaning =
			pvb_arena_printf(&image->arena,
					 "for PVH: %sa place aligned to 0x%" PRIx32
					 ", from 0x%" PRIx32 " to 0x%" PRIx32,
					 sound ? "" : "malformed, and ignored: ", reloc->alignment,
					 reloc->lowest, reloc->highest);
	else
		note->meaning = "for PVH: any place with the kernel's own alignment";
	return note->meaning ? 0 : no_memory(error);
}

/* A limit may have been meant, and we would not know which. */
static int neither(const struct pvb_note *note, struct pvb_span bytes, struct pvb_error *error)
{
	static const char advice[] =
		"an address width of its own has the note ADDRESS_BITS; " SPECIFICATION;
	uint32_t low = 0, high = 0;
	int rc;

	(void)pvb_span_u32(bytes, 0, &low);
	(void)pvb_span_u32(bytes, 4, &high);
	if (note->size == 4 || note->size == 8)
		rc = pvb_fail(error, PVB_E_NOTE_VALUE, PVB_IMAGE_STAGE,
			      "the Xen note 19 is 0x%" PRIx64
			      ", which is neither a width of addresses (MAXPHYS_SIZE) nor an "
			      "alignment (PHYS32_RELOC)",
			      (uint64_t)high << 32 | low);
	else
		rc = pvb_fail(error, PVB_E_NOTE_SIZE, PVB_IMAGE_STAGE,
			      "the Xen note 19 has %" PRIu64
			      " bytes; MAXPHYS_SIZE has 4 or 8, PHYS32_RELOC 0, 4, 8, or 12",
			      note->size);
	pvb_hint(error, "%s", advice);
	return rc;
}

int pvb_declares_xen_19(struct pvb_image *image, struct pvb_declarations *declarations,
			struct pvb_note *note, struct pvb_error *error)
{
	struct pvb_span bytes = pvb_span(note->bytes, note->size);
	struct reloc reloc;
	unsigned bits = 0;

	switch (classify(bytes, &reloc, &bits)) {
	case READING_RELOC:
		return read_reloc(image, note, &reloc, error);
	case READING_NEITHER:
		return neither(note, bytes, error);
	case READING_MAXPHYS:
		break;
	}
	note->name = "MAXPHYS_SIZE";
	if (!is_width(bits))
		return absurd_width("the Xen note 19 (MAXPHYS_SIZE)", bits, error);

	bool again = seen_before(image, declarations->maxphys, note);

	if (declarations->maxphys && !again)
		return twice("19 (MAXPHYS_SIZE)", error);
	note->meaning = pvb_arena_printf(
		&image->arena, "the kernel copes with machine addresses of %u bits", bits);
	if (!note->meaning)
		return no_memory(error);
	if (!again) {
		declarations->maxphys = image->info.note_count + 1;
		declarations->maxphys_bits = bits;
		note->used = true;
	}
	return 0;
}

/* ---- all of it ---------------------------------------------------------------- */

int pvb_declares_finish(struct pvb_image *image, const struct pvb_declarations *declarations,
			struct pvb_error *error)
{
	struct pvb_image_declares *declares = &image->info.declares;
	unsigned own = declarations->own_bits, maxphys = declarations->maxphys_bits;
	int rc = pvb_linux_find_version(image, error);

	if (rc)
		return rc;
	if (own && maxphys && own != maxphys) {
		rc = pvb_fail(error, PVB_E_NOTE_CONTRADICTION, PVB_IMAGE_STAGE,
			      "the note ADDRESS_BITS declares %u bits of machine address, and the "
			      "Xen note 19 (MAXPHYS_SIZE) %u",
			      own, maxphys);
		pvb_hint(error, "let both say the same, or drop the older one, number 19");
		return rc;
	}
	declares->address_bits = own ? own : maxphys;
	declares->address_bits_source = declares->address_bits ? PVB_BITS_NOTE : PVB_BITS_DEFAULT;
	if (!declares->address_bits)
		declares->address_bits = pvb_linux_address_bits(&image->info);
	if (declares->address_bits && declares->address_bits_source == PVB_BITS_DEFAULT)
		declares->address_bits_source = PVB_BITS_KERNEL;
	return 0;
}
