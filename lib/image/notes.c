/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/notes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"
#include "image/declares.h"

static const struct {
	const char *name;
	enum pvb_note_kind kind;
} xen_notes[PVB_XEN_NOTES] = {
	[PVB_XEN_NOTE_INFO] = {"INFO", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_ENTRY] = {"ENTRY", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_HYPERCALL_PAGE] = {"HYPERCALL_PAGE", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_VIRT_BASE] = {"VIRT_BASE", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_PADDR_OFFSET] = {"PADDR_OFFSET", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_XEN_VERSION] = {"XEN_VERSION", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_GUEST_OS] = {"GUEST_OS", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_GUEST_VERSION] = {"GUEST_VERSION", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_LOADER] = {"LOADER", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_PAE_MODE] = {"PAE_MODE", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_FEATURES] = {"FEATURES", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_BSD_SYMTAB] = {"BSD_SYMTAB", PVB_NOTE_KIND_STRING},
	[PVB_XEN_NOTE_HV_START_LOW] = {"HV_START_LOW", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_L1_MFN_VALID] = {"L1_MFN_VALID", PVB_NOTE_KIND_BYTES},
	[PVB_XEN_NOTE_SUSPEND_CANCEL] = {"SUSPEND_CANCEL", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_INIT_P2M] = {"INIT_P2M", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_MOD_START_PFN] = {"MOD_START_PFN", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_SUPPORTED_FEATURES] = {"SUPPORTED_FEATURES", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_PHYS32_ENTRY] = {"PHYS32_ENTRY", PVB_NOTE_KIND_NUMBER},
	[PVB_XEN_NOTE_PHYS32_RELOC] = {"PHYS32_RELOC", PVB_NOTE_KIND_BYTES},
};

bool pvb_xen_note_is_string(uint32_t type)
{
	return type < PVB_XEN_NOTES && xen_notes[type].kind == PVB_NOTE_KIND_STRING;
}

const char *pvb_xen_note_name(uint32_t type)
{
	return type < PVB_XEN_NOTES ? xen_notes[type].name : NULL;
}

/* ---- features ------------------------------------------------------------------ */

/* Those that FEATURES can name (libelf), by their bits (Xen public features.h). */
static const char *const feature_names[] = {
	[0] = "writable_page_tables",
	[1] = "writable_descriptor_tables",
	[2] = "auto_translated_physmap",
	[3] = "supervisor_mode_kernel",
	[4] = "pae_pgdir_above_4gb",
	[8] = "hvm_callback_vector",
	[11] = "dom0",
};

enum { FEATURES = sizeof feature_names / sizeof feature_names[0] };

const char *pvb_feature_name(unsigned bit)
{
	return bit < FEATURES ? feature_names[bit] : NULL;
}

static bool is(struct pvb_span text, const char *word)
{
	return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0;
}

static int feature(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span name,
		   struct pvb_error *error)
{
	bool required = name.size && name.bytes[0] == '!';

	if (required)
		name = pvb_span(name.bytes + 1, name.size - 1);
	for (unsigned bit = 0; bit < FEATURES; bit++) {
		if (!feature_names[bit] || !is(name, feature_names[bit]))
			continue;
		declared->features_supported |= UINT32_C(1) << bit;
		if (required)
			declared->features_required |= UINT32_C(1) << bit;
		return 0;
	}
	if (!required || declared->unknown_feature)
		return 0;
	declared->unknown_feature = pvb_arena_escaped(&image->arena, name);
	if (!declared->unknown_feature)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a feature's name");
	return 0;
}

int pvb_notes_features(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span text,
		       struct pvb_error *error)
{
	for (;;) {
		const uint8_t *bar =
			text.size ? (const uint8_t *)memchr(text.bytes, '|', text.size) : NULL;
		uint64_t length = bar ? (uint64_t)(bar - text.bytes) : text.size;
		int rc = feature(image, declared, pvb_span(text.bytes, length), error);

		if (rc || !bar)
			return rc;
		text = pvb_span(bar + 1, text.size - length - 1);
	}
}

/* ---- keeping what was found ------------------------------------------------------ */

int pvb_notes_keep(struct pvb_image *image, const struct pvb_note *note, struct pvb_error *error)
{
	size_t count = image->info.note_count;

	if (count >= PVB_BUDGET_NOTES || image->arena.total > PVB_BUDGET_TEXT)
		return pvb_fail(error, PVB_E_NOTE_TOO_MANY, PVB_IMAGE_STAGE,
				"more than %zu notes with %" PRIu64 " bytes of names and strings",
				count, image->arena.total);
	if (count == image->note_capacity) {
		size_t capacity = count ? count * 2 : 32;
		struct pvb_note *notes = (struct pvb_note *)reallocarray(image->notes, capacity,
									 sizeof *image->notes);

		if (!notes)
			return pvb_fail_memory(error, PVB_IMAGE_STAGE, "notes");
		image->notes = notes;
		image->note_capacity = capacity;
	}
	image->notes[count] = *note;
	image->info.note_count = count + 1;
	return 0;
}

void pvb_notes_took_effect(struct pvb_image *image, struct pvb_declared *declared, uint32_t type)
{
	size_t last = image->info.note_count - 1;

	if (declared->effective[type] >= 0)
		image->notes[declared->effective[type]].used = false;
	declared->effective[type] = (long)last;
	image->notes[last].used = true;
}

/* ---- what they mean ---------------------------------------------------------------- */

static bool contains(struct pvb_span text, const char *word)
{
	return text.size && memmem(text.bytes, text.size, word, strlen(word));
}

/*
 * Let a Xen note take effect, as libelf does: the last of duplicates wins, but
 * features add up, and "no" for PAE_MODE or BSD_SYMTAB is the same as silence.
 */
static int apply(struct pvb_image *image, struct pvb_declared *declared,
		 const struct pvb_note *note, struct pvb_span text, struct pvb_error *error)
{
	switch ((enum pvb_xen_note)note->type) {
	case PVB_XEN_NOTE_ENTRY:
		declared->entry = note->number;
		break;
	case PVB_XEN_NOTE_HYPERCALL_PAGE:
		declared->hypercall_page = note->number;
		break;
	case PVB_XEN_NOTE_VIRT_BASE:
		declared->virt_base = note->number;
		break;
	case PVB_XEN_NOTE_PADDR_OFFSET:
		declared->paddr_offset = note->number;
		break;
	case PVB_XEN_NOTE_INIT_P2M:
		declared->init_p2m = note->number;
		break;
	case PVB_XEN_NOTE_HV_START_LOW:
		declared->hv_start_low = note->number;
		break;
	case PVB_XEN_NOTE_PHYS32_ENTRY:
		declared->phys32_entry = note->number;
		break;
	case PVB_XEN_NOTE_MOD_START_PFN:
		declared->mod_start_pfn = note->number != 0;
		break;
	case PVB_XEN_NOTE_XEN_VERSION:
		declared->xen_version = note->string;
		break;
	case PVB_XEN_NOTE_GUEST_OS:
		declared->guest_os = note->string;
		break;
	case PVB_XEN_NOTE_LOADER:
		declared->loader = note->string;
		break;
	case PVB_XEN_NOTE_PAE_MODE:
		if (is(text, "yes"))
			declared->pae = PVB_PAE_EXTENDED_CR3;
		else if (contains(text, "bimodal"))
			declared->pae = PVB_PAE_BIMODAL;
		else
			return 0;
		break;
	case PVB_XEN_NOTE_BSD_SYMTAB:
		if (!is(text, "yes"))
			return 0;
		declared->bsd_symtab = true;
		break;
	case PVB_XEN_NOTE_FEATURES:
		image->notes[image->info.note_count - 1].used = true;
		return pvb_notes_features(image, declared, text, error);
	case PVB_XEN_NOTE_SUPPORTED_FEATURES:
		/* Words of 32 features each; there is one word yet. */
		image->notes[image->info.note_count - 1].used = true;
		declared->features_supported |= (uint32_t)note->number;
		return 0;
	case PVB_XEN_NOTE_INFO:
	case PVB_XEN_NOTE_GUEST_VERSION:
	case PVB_XEN_NOTE_L1_MFN_VALID:
	case PVB_XEN_NOTE_SUSPEND_CANCEL:
	case PVB_XEN_NOTE_PHYS32_RELOC:
	case PVB_XEN_NOTES:
	default:
		return 0; /* of no consequence to a builder */
	}
	pvb_notes_took_effect(image, declared, note->type);
	return 0;
}

/*
 * An array of words, of which there is one yet. Like libelf, take nothing of one that is no
 * array of whole words: what a kernel supports is a matter of information.
 */
static void read_supported_features(struct pvb_note *note, struct pvb_span bytes)
{
	uint32_t word = 0;

	if (note->size == 8 && pvb_span_u64(bytes, 0, &note->number))
		return;
	if (note->size % sizeof word == 0)
		(void)pvb_span_u32(bytes, 0, &word);
	note->number = word;
	if (note->size != sizeof word)
		note->kind = PVB_NOTE_KIND_BYTES;
}

/*
 * Numbers are 4 or 8 bytes (elfnote.h), 1 or 2 in libelf besides, which reads
 * any other size as 0. We would rather not run a kernel at an address that
 * nobody wrote down. Only SUSPEND_CANCEL is nothing to a builder.
 */
static int read_number(struct pvb_note *note, struct pvb_error *error)
{
	struct pvb_span bytes = pvb_span(note->bytes, note->size);
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;

	if (note->type == PVB_XEN_NOTE_SUPPORTED_FEATURES)
		read_supported_features(note, bytes);
	else if (note->size == 1 && pvb_span_u8(bytes, 0, &v8))
		note->number = v8;
	else if (note->size == 2 && pvb_span_u16(bytes, 0, &v16))
		note->number = v16;
	else if (note->size == 4 && pvb_span_u32(bytes, 0, &v32))
		note->number = v32;
	else if (note->size == 8 && pvb_span_u64(bytes, 0, &note->number))
		;
	else if (note->type == PVB_XEN_NOTE_SUSPEND_CANCEL)
		note->kind = PVB_NOTE_KIND_BYTES;
	else
		return pvb_fail(error, PVB_E_NOTE_VALUE, PVB_IMAGE_STAGE,
				"the Xen note %s is a number of %" PRIu64
				" bytes; numbers have 1, 2, 4 or 8",
				note->name, note->size);
	return 0;
}

static int take_xen_note(struct pvb_image *image, struct pvb_declared *declared,
			 struct pvb_note *note, struct pvb_error *error)
{
	struct pvb_span text = pvb_span(note->bytes, note->size);
	int rc = 0;

	declared->xen = true;
	if (note->type < PVB_XEN_NOTES) {
		note->name = xen_notes[note->type].name;
		note->kind = xen_notes[note->type].kind;
	}
	if (note->kind == PVB_NOTE_KIND_NUMBER) {
		rc = read_number(note, error);
	} else if (note->kind == PVB_NOTE_KIND_STRING) {
		(void)pvb_span_string(text, 0, &text.size);
		if (text.size > PVB_NOTE_STRING_MAX)
			return pvb_fail(error, PVB_E_NOTE_VALUE, PVB_IMAGE_STAGE,
					"the Xen note %s is a string of %" PRIu64
					" bytes; %d is the limit",
					note->name, text.size, PVB_NOTE_STRING_MAX);
		note->string = pvb_arena_escaped(&image->arena, text);
		if (!note->string)
			rc = pvb_fail_memory(error, PVB_IMAGE_STAGE, "a note");
	} else if (note->type == PVB_XEN_NOTE_PHYS32_RELOC) {
		rc = pvb_declares_xen_19(image, &declared->declarations, note, error);
	}
	if (!rc)
		rc = pvb_notes_keep(image, note, error);
	if (!rc)
		rc = apply(image, declared, note, text, error);
	return rc;
}

int pvb_notes_take(struct pvb_image *image, struct pvb_declared *declared, struct pvb_note *note,
		   struct pvb_error *error)
{
	int rc = 0;

	if (strcmp(note->owner, "Xen") == 0)
		return take_xen_note(image, declared, note, error);
	if (strcmp(note->owner, PVB_GUEST_NOTE_OWNER) == 0)
		rc = pvb_declares_own(image, &declared->declarations, note, error);
	return rc ? rc : pvb_notes_keep(image, note, error);
}
