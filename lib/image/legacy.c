/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The string that kernels carried before there were Xen notes, in a section
 * "__xen_guest": "GUEST_OS=linux,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,...".
 */
#include "image/notes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/checked.h"

static const struct {
	const char *key;
	enum pvb_note_kind kind;
	uint32_t type; /* the note that means the same */
} keys[] = {
	{"LOADER", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_LOADER},
	{"GUEST_OS", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_GUEST_OS},
	{"GUEST_VER", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_GUEST_VERSION},
	{"XEN_VER", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_XEN_VERSION},
	{"PAE", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_PAE_MODE},
	{"BSD_SYMTAB", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_BSD_SYMTAB},
	{"FEATURES", PVB_NOTE_KIND_STRING, PVB_XEN_NOTE_FEATURES},
	{"VIRT_BASE", PVB_NOTE_KIND_NUMBER, PVB_XEN_NOTE_VIRT_BASE},
	{"VIRT_ENTRY", PVB_NOTE_KIND_NUMBER, PVB_XEN_NOTE_ENTRY},
	{"ELF_PADDR_OFFSET", PVB_NOTE_KIND_NUMBER, PVB_XEN_NOTE_PADDR_OFFSET},
	{"HYPERCALL_PAGE", PVB_NOTE_KIND_NUMBER, PVB_XEN_NOTE_HYPERCALL_PAGE},
};

/* A number as C writes it, to its last character; libelf would take what it understands of it. */
static bool read_number(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	unsigned long long value = strtoull(text, &end, 0);

	/* All ones is what an overflow gives, and no address either. */
	if (*end || value == UINT64_MAX)
		return false;
	*number = value;
	return true;
}

static bool begins(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

static int apply(struct pvb_image *image, struct pvb_declared *declared,
		 const struct pvb_note *note, struct pvb_error *error)
{
	switch ((enum pvb_xen_note)note->type) {
	case PVB_XEN_NOTE_LOADER:
		declared->loader = note->string;
		break;
	case PVB_XEN_NOTE_GUEST_OS:
		declared->guest_os = note->string;
		break;
	case PVB_XEN_NOTE_XEN_VERSION:
		declared->xen_version = note->string;
		break;
	case PVB_XEN_NOTE_PAE_MODE:
		if (strcmp(note->string, "yes[extended-cr3]") == 0)
			declared->pae = PVB_PAE_EXTENDED_CR3;
		else if (begins(note->string, "yes"))
			declared->pae = PVB_PAE_YES;
		else
			return 0;
		break;
	case PVB_XEN_NOTE_BSD_SYMTAB:
		declared->bsd_symtab = true; /* that it is there is enough */
		break;
	case PVB_XEN_NOTE_FEATURES:
		image->notes[image->info.note_count - 1].used = true;
		return pvb_notes_features(image, declared, pvb_span(note->bytes, note->size),
					  error);
	case PVB_XEN_NOTE_VIRT_BASE:
		declared->virt_base = note->number;
		break;
	case PVB_XEN_NOTE_ENTRY:
		declared->entry = note->number;
		break;
	case PVB_XEN_NOTE_PADDR_OFFSET:
		declared->paddr_offset = note->number;
		break;
	case PVB_XEN_NOTE_HYPERCALL_PAGE:
		declared->hypercall_page = note->number; /* a page's number, until all is read */
		break;
	case PVB_XEN_NOTE_INFO:
	case PVB_XEN_NOTE_GUEST_VERSION:
	case PVB_XEN_NOTE_HV_START_LOW:
	case PVB_XEN_NOTE_L1_MFN_VALID:
	case PVB_XEN_NOTE_SUSPEND_CANCEL:
	case PVB_XEN_NOTE_INIT_P2M:
	case PVB_XEN_NOTE_MOD_START_PFN:
	case PVB_XEN_NOTE_SUPPORTED_FEATURES:
	case PVB_XEN_NOTE_PHYS32_ENTRY:
	case PVB_XEN_NOTE_PHYS32_RELOC:
	case PVB_XEN_NOTES:
	default:
		return 0;
	}
	pvb_notes_took_effect(image, declared, note->type);
	return 0;
}

static int one_key(struct pvb_image *image, struct pvb_declared *declared, struct pvb_span key,
		   struct pvb_span value, struct pvb_error *error)
{
	struct pvb_note note = {
		.owner = "Xen",
		.name = pvb_arena_escaped(&image->arena, key),
		.string = pvb_arena_escaped(&image->arena, value),
		.bytes = value.size ? value.bytes : NULL,
		.size = value.size,
		.type = UINT32_MAX,
		.origin = PVB_NOTE_XEN_GUEST,
		.kind = PVB_NOTE_KIND_STRING,
	};

	if (!note.name || !note.string)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "the __xen_guest string");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strcmp(note.name, keys[i].key) != 0)
			continue;
		note.type = keys[i].type;
		note.kind = keys[i].kind;
	}
	if (note.kind == PVB_NOTE_KIND_NUMBER && !read_number(note.string, &note.number))
		return pvb_fail(error, PVB_E_NOTE_VALUE, PVB_IMAGE_STAGE,
				"the __xen_guest string says %s=%s, and %s is no number", note.name,
				note.string, *note.string ? "that" : "an empty value");
	if (note.kind == PVB_NOTE_KIND_NUMBER)
		note.string = NULL;

	int rc = pvb_notes_keep(image, &note, error);
	if (!rc && note.type != UINT32_MAX)
		rc = apply(image, declared, &note, error);
	return rc;
}

/* Page number to address: the page is counted from VIRT_BASE, where there is one. */
static int hypercall_page(struct pvb_declared *declared, struct pvb_error *error)
{
	uint64_t page = declared->hypercall_page;
	uint64_t base = declared->virt_base == PVB_NONE ? 0 : declared->virt_base;
	uint64_t offset;

	if (page == PVB_NONE)
		return 0;
	if (!pvb_mul(page, PVB_X86_PAGE, &offset) ||
	    !pvb_add(base, offset, &declared->hypercall_page))
		return pvb_fail(error, PVB_E_NOTE_VALUE, PVB_IMAGE_STAGE,
				"the __xen_guest string says HYPERCALL_PAGE=0x%" PRIx64
				", which is no page's number",
				page);
	return 0;
}

int pvb_legacy_read(struct pvb_image *image, struct pvb_span text, struct pvb_declared *declared,
		    struct pvb_error *error)
{
	/* The string ends with its NUL, or with its section. */
	(void)pvb_span_string(text, 0, &text.size);
	while (text.size) {
		const uint8_t *comma = (const uint8_t *)memchr(text.bytes, ',', text.size);
		uint64_t length = comma ? (uint64_t)(comma - text.bytes) : text.size;
		struct pvb_span key = pvb_span(text.bytes, length);
		const uint8_t *equals =
			length ? (const uint8_t *)memchr(key.bytes, '=', length) : NULL;
		struct pvb_span value = pvb_span(text.bytes + length, 0);

		if (equals) {
			key.size = (uint64_t)(equals - key.bytes);
			value = pvb_span(equals + 1, length - key.size - 1);
		}
		if (value.size > PVB_NOTE_STRING_MAX || key.size > PVB_NOTE_STRING_MAX)
			return pvb_fail(error, PVB_E_NOTE_VALUE, PVB_IMAGE_STAGE,
					"the __xen_guest string has a key or value of %" PRIu64
					" bytes",
					length);
		if (length) {
			int rc = one_key(image, declared, key, value, error);

			if (rc)
				return rc;
		}
		text = comma ? pvb_span(comma + 1, text.size - length - 1) : pvb_span(NULL, 0);
	}
	return hypercall_page(declared, error);
}
