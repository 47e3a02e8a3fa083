/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/pv.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/checked.h"
#include "image/pieces.h"
#include "image/segments.h"
#include "image/symtab.h"

/* The first reason stands. A reason that found no memory is noticed in finish(). */
#define REFUSE(image, code, hint_, ...)                                                            \
	do {                                                                                       \
		if (!(image)->info.pv.refusal) {                                                   \
			(image)->info.pv.refusal = (int)(code);                                    \
			(image)->info.pv.reason = pvb_arena_printf(&(image)->arena, __VA_ARGS__);  \
			(image)->info.pv.hint = (hint_);                                           \
		}                                                                                  \
	} while (0)

static int finish(struct pvb_image *image, struct pvb_error *error)
{
	struct pvb_image_pv *pv = &image->info.pv;

	if (pv->refusal && !pv->reason)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a sentence");
	pv->supported = !pv->refusal;
	if (!pv->supported) {
		image->info.piece_count = 0;
		pv->bsd_symtab = false;
	}
	return 0;
}

static void nothing_declared(struct pvb_image *image)
{
	struct pvb_image_pv *pv = &image->info.pv;

	pv->virt_base = pv->paddr_offset = pv->entry = PVB_NONE;
	pv->kernel_start = pv->kernel_end = PVB_NONE;
	pv->hypercall_page = pv->init_p2m = pv->hv_start_low = PVB_NONE;
	image->info.pvh_entry = PVB_NONE;
}

static bool begins(const char *text, const char *word)
{
	return text && strncmp(text, word, strlen(word)) == 0;
}

/* ---- who it was built for (libelf's elf_xen_note_check) ------------------------ */

/* libelf does without any other note. */
#define NEEDED_NOTES                                                                               \
	"a PV kernel needs the Xen notes XEN_VERSION \"xen-3.0\", and LOADER \"generic\" or "      \
	"GUEST_OS \"linux\""

enum { CLAUSE_MAX = 200 };

static const char *plural(unsigned count)
{
	return count == 1 ? "" : "s";
}

/* "is missing", "is empty" or "is ..." */
static const char *says(const char *value, char text[CLAUSE_MAX])
{
	if (!value)
		return "is missing";
	if (!*value)
		return "is empty";
	(void)snprintf(text, CLAUSE_MAX, "is \"%.40s\"", value);
	return text;
}

/* What stands in the way of a note that is missed: the end of a sentence, or nothing. */
static const char *but_unread(const struct pvb_unread *unread, char text[CLAUSE_MAX])
{
	text[0] = '\0';
	if (unread->lost)
		(void)snprintf(text, CLAUSE_MAX,
			       "; padding to an alignment of %" PRIu64
			       " bytes hides %u Xen note%s from Xen's builder, from 0x%" PRIx64
			       " of the file on",
			       unread->lost_align, unread->lost, plural(unread->lost),
			       unread->lost_at);
	else if (unread->cut)
		(void)snprintf(text, CLAUSE_MAX,
			       "; the note at 0x%" PRIx64
			       " of the file is cut off, and nothing behind it is read",
			       unread->cut_at);
	else if (unread->misplaced)
		(void)snprintf(text, CLAUSE_MAX,
			       "; Xen's builder passes over %u more segment%s of notes, because "
			       "p_offset is 0",
			       unread->misplaced, plural(unread->misplaced));
	return text;
}

static const char *hint_for(const struct pvb_unread *unread, const char *otherwise)
{
	if (!unread->lost)
		return otherwise;
	return "align all notes to 4 bytes in the linker script: put .note.gnu.property behind "
	       "Xen's notes, or discard it";
}

static void refuse_without_notes(struct pvb_image *image, const struct pvb_unread *unread)
{
	char clause[CLAUSE_MAX];

	REFUSE(image, PVB_E_PV_NO_NOTES,
	       hint_for(unread, NEEDED_NOTES "; Linux has them with CONFIG_XEN_PV=y"),
	       "no Xen notes are found in %u segment%s and %u section%s of notes, and there is no "
	       "section __xen_guest%s%s",
	       unread->segments, plural(unread->segments), unread->sections,
	       plural(unread->sections), unread->lost ? "" : ": not a Xen kernel",
	       but_unread(unread, clause));
}

static void judge_xen_version(struct pvb_image *image, const struct pvb_declared *declared)
{
	const char *version = declared->xen_version;
	char clause[CLAUSE_MAX];

	if (begins(version, "xen-3.0"))
		return;
	if (version && *version)
		REFUSE(image, PVB_E_PV_XEN_VERSION,
		       "the interface of every Xen since 2005 is called xen-3.0",
		       "the kernel was built for the Xen interface \"%.40s\", not xen-3.0",
		       version);
	else
		REFUSE(image, PVB_E_PV_XEN_VERSION, hint_for(&declared->unread, NEEDED_NOTES),
		       "the kernel's %s %s%s",
		       declared->legacy ? "key XEN_VER of the section __xen_guest"
					: "note XEN_VERSION",
		       version ? "is empty" : "is missing", but_unread(&declared->unread, clause));
}

static void judge_identity(struct pvb_image *image, const struct pvb_declared *declared)
{
	const struct pvb_unread *unread = &declared->unread;
	char loader[CLAUSE_MAX], guest_os[CLAUSE_MAX], clause[CLAUSE_MAX];

	if (!declared->xen) {
		refuse_without_notes(image, unread);
		return;
	}
	/*
	 * A kernel with a PVH entry and none for PV. libelf would go on with e_entry,
	 * which is that of the machine's own boot.
	 */
	if (declared->phys32_entry != PVB_NONE && declared->entry == PVB_NONE)
		REFUSE(image, PVB_E_PV_PVH_ONLY,
		       hint_for(unread, "boot it in a PVH domain: type=\"pvh\""),
		       "PVH-only image: it has the note PHYS32_ENTRY and no PV entry%s",
		       but_unread(unread, clause));
	if (!begins(declared->loader, "generic") && !begins(declared->guest_os, "linux"))
		REFUSE(image, PVB_E_PV_LOADER, hint_for(unread, NEEDED_NOTES),
		       "the generic loader is the only one that there is; the kernel's %s LOADER "
		       "%s, and its GUEST_OS %s%s",
		       declared->legacy ? "key" : "note", says(declared->loader, loader),
		       says(declared->guest_os, guest_os), but_unread(unread, clause));
	judge_xen_version(image, declared);
}

/* ---- what it asks for ------------------------------------------------------------ */

/*
 * What no domain of ours can have. Everything else that FEATURES can name is
 * fine: Linux requires writable_page_tables, which no builder ever had to do
 * anything about.
 */
static const struct {
	uint32_t bit;
	const char *name, *why;
} unprovided[] = {
	{PVB_FEATURE_DOM0, "dom0", "it runs only as the control domain"},
	{PVB_FEATURE_AUTO_TRANSLATED_PHYSMAP, "auto_translated_physmap",
	 "PV guests do without hardware's second level of translation"},
	{PVB_FEATURE_SUPERVISOR_MODE_KERNEL, "supervisor_mode_kernel",
	 "no Xen lets PV kernels run in ring 0 any more"},
	{PVB_FEATURE_HVM_CALLBACK_VECTOR, "hvm_callback_vector", "only HVM guests have it"},
};

static void judge_features(struct pvb_image *image, const struct pvb_declared *declared)
{
	if (declared->unknown_feature)
		REFUSE(image, PVB_E_PV_FEATURE, "is the kernel newer than this pvbuild?",
		       "the kernel requires feature %.80s, which we do not provide: nobody knows "
		       "it",
		       *declared->unknown_feature ? declared->unknown_feature
						  : "\"!\" without a name");
	for (size_t i = 0; i < sizeof unprovided / sizeof unprovided[0]; i++)
		if (declared->features_required & unprovided[i].bit)
			REFUSE(image, PVB_E_PV_FEATURE,
			       "configure the kernel so that it does not require this feature",
			       "the kernel requires feature %s, which we do not provide: %s",
			       unprovided[i].name, unprovided[i].why);
}

/* unread is NULL for an image that has no notes. */
static void judge_pae(struct pvb_image *image, enum pvb_pae_mode pae,
		      const struct pvb_unread *unread)
{
	const char *hint = "build the kernel with PAE";
	char clause[CLAUSE_MAX] = "";

	image->info.pv.pae = pae;
	image->info.pv.guest_type = PVB_GUEST_X86_32P;
	if (pae != PVB_PAE_NO)
		return;
	image->info.pv.guest_type = PVB_GUEST_NONE;
	if (unread) {
		hint = hint_for(unread, "build the kernel with PAE; a 32-bit PV kernel needs the "
					"Xen note PAE_MODE \"yes\"");
		(void)but_unread(unread, clause);
	}
	REFUSE(image, PVB_E_PV_NON_PAE, hint, "32-bit non-PAE kernel: no Xen since 4.0 runs them%s",
	       clause);
}

/* ---- where it goes --------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct pvb_image_piece *x = (const struct pvb_image_piece *)a;
	const struct pvb_image_piece *y = (const struct pvb_image_piece *)b;

	return (x->va > y->va) - (x->va < y->va);
}

/* The pieces, at the addresses that the kernel has for them. */
static int make_pieces(struct pvb_image *image, uint64_t virt_offset, struct pvb_error *error)
{
	int rc = pvb_pieces_make(image, error);

	for (size_t i = 0; i < image->info.piece_count; i++)
		image->pieces[i].va += virt_offset;
	return rc;
}

static int add_symtab(struct pvb_image *image, const struct pvb_elf *elf,
		      const struct pvb_limits *limits, uint64_t *physical_end, uint64_t virt_offset,
		      struct pvb_error *error)
{
	struct pvb_symtab symtab;
	uint64_t start, end;
	int rc = pvb_symtab_append(elf, &image->store, limits, &symtab, error);

	if (rc || !symtab.present)
		return rc;
	if (!pvb_round_up(*physical_end, symtab.alignment, &start) ||
	    !pvb_add(start, symtab.size, &end)) {
		REFUSE(image, PVB_E_PV_ADDRESSES, NULL,
		       "there is no room for the symbol table behind the kernel's end at "
		       "0x%" PRIx64,
		       *physical_end);
		return 0;
	}
	image->pieces[image->info.piece_count++] = (struct pvb_image_piece){
		.va = start + virt_offset,
		.offset = symtab.offset,
		.size = symtab.size,
		.memory_size = symtab.size,
	};
	image->info.unpacked_size = symtab.offset + symtab.size;
	image->info.pv.bsd_symtab = true;
	*physical_end = end;
	return 0;
}

/* Whether all of it makes sense together (libelf's elf_xen_addr_calc_check, and xc_dom's needs). */
static void judge_addresses(struct pvb_image *image, unsigned bits)
{
	const struct pvb_image_pv *pv = &image->info.pv;
	static const char hint[] = "the kernel's link addresses and its Xen notes VIRT_BASE, "
				   "PADDR_OFFSET and ENTRY must go together";

	if (pv->kernel_start >= pv->kernel_end)
		REFUSE(image, PVB_E_PV_ADDRESSES, hint,
		       "the kernel would go from 0x%" PRIx64 " to 0x%" PRIx64
		       " and so wrap around the address space",
		       pv->kernel_start, pv->kernel_end);
	if (bits == 32 && pv->kernel_end > UINT64_C(1) << 32)
		REFUSE(image, PVB_E_PV_ADDRESSES, hint,
		       "the kernel ends at 0x%" PRIx64 ", which a 32-bit guest cannot address",
		       pv->kernel_end);
	if (pv->virt_base > pv->kernel_start)
		REFUSE(image, PVB_E_PV_ADDRESSES, hint,
		       "the kernel starts at 0x%" PRIx64
		       ", below the start of its memory at 0x%" PRIx64 " (VIRT_BASE)",
		       pv->kernel_start, pv->virt_base);
	if (pv->entry < pv->kernel_start || pv->entry >= pv->kernel_end)
		REFUSE(image, PVB_E_PV_ADDRESSES, hint,
		       "the entry 0x%" PRIx64 " is outside the kernel, which goes from 0x%" PRIx64
		       " to 0x%" PRIx64,
		       pv->entry, pv->kernel_start, pv->kernel_end);
	if (!pvb_is_aligned(pv->virt_base, PVB_X86_PAGE) ||
	    !pvb_is_aligned(pv->kernel_start, PVB_X86_PAGE))
		REFUSE(image, PVB_E_PV_ADDRESSES, hint,
		       "the kernel starts at 0x%" PRIx64 " of memory that starts at 0x%" PRIx64
		       "; both must be page boundaries",
		       pv->kernel_start, pv->virt_base);
}

/* Which the machine says, and not the class of the ELF. */
static unsigned guest_bits(const struct pvb_elf *elf)
{
	return elf->machine == EM_386 ? 32 : 64;
}

static int place_elf(struct pvb_image *image, const struct pvb_elf *elf,
		     const struct pvb_declared *declared, const struct pvb_limits *limits,
		     struct pvb_error *error)
{
	struct pvb_image_pv *pv = &image->info.pv;
	uint64_t low = UINT64_MAX, high = 0;

	if (declared->paddr_offset != PVB_NONE && declared->virt_base == PVB_NONE)
		REFUSE(image, PVB_E_PV_ADDRESSES, "a kernel that sets PADDR_OFFSET sets VIRT_BASE",
		       "the kernel says PADDR_OFFSET (0x%" PRIx64 ") but not VIRT_BASE",
		       declared->paddr_offset);

	/* Defaults: with notes an offset of 0, with the legacy string one of virt_base. */
	pv->virt_base = declared->virt_base == PVB_NONE ? 0 : declared->virt_base;
	pv->paddr_offset = declared->paddr_offset;
	if (pv->paddr_offset == PVB_NONE)
		pv->paddr_offset = declared->legacy ? pv->virt_base : 0;
	pv->entry = declared->entry == PVB_NONE ? elf->entry : declared->entry;

	for (size_t i = 0; i < image->info.segment_count; i++) {
		const struct pvb_image_segment *segment = &image->segments[i];

		if (!pvb_segment_has_place(segment))
			continue;
		low = pvb_min(low, segment->paddr);
		/* Checked not to wrap; only to the very end of 64 bits, which reads as 0. */
		if (segment->memsz)
			high = pvb_max(high, segment->paddr + segment->memsz - 1);
		else if (segment->paddr)
			high = pvb_max(high, segment->paddr - 1);
	}
	high++;

	/* Addresses are modulo 2^64: an offset above a p_paddr is as good as one below. */
	uint64_t virt_offset = pv->virt_base - pv->paddr_offset;
	int rc = make_pieces(image, virt_offset, error);
	if (!rc && declared->bsd_symtab && !pv->refusal)
		rc = add_symtab(image, elf, limits, &high, virt_offset, error);
	if (rc)
		return rc;
	pv->kernel_start = low + virt_offset;
	pv->kernel_end = high + virt_offset;
	judge_addresses(image, guest_bits(elf));
	/* In order of place, which is the order of p_paddr unless it wraps, and then we refused. */
	qsort(image->pieces, image->info.piece_count, sizeof *image->pieces, by_address);
	return 0;
}

int pvb_pv_judge_elf(struct pvb_image *image, const struct pvb_elf *elf,
		     const struct pvb_declared *declared, const struct pvb_limits *limits,
		     struct pvb_error *error)
{
	struct pvb_image_pv *pv = &image->info.pv;

	nothing_declared(image);
	if (elf->machine == EM_AARCH64) {
		REFUSE(image, PVB_E_PV_MACHINE, "take the Image that was made from it",
		       "an aarch64 kernel as an ELF, which says of itself nothing that a loader "
		       "needs");
		return finish(image, error);
	}
	image->info.pvh_entry = declared->phys32_entry;
	judge_identity(image, declared);
	pv->is_linux = begins(declared->guest_os, "linux");
	pv->mod_start_pfn = declared->mod_start_pfn;
	pv->features_required = declared->features_required;
	pv->features_supported = declared->features_supported;
	pv->hypercall_page = declared->hypercall_page;
	pv->init_p2m = declared->init_p2m;
	pv->hv_start_low = declared->hv_start_low;
	pv->pae = declared->pae;
	if (declared->xen) {
		pv->guest_type = PVB_GUEST_X86_64;
		if (guest_bits(elf) == 32)
			judge_pae(image, declared->pae, &declared->unread);
		judge_features(image, declared);
		int rc = place_elf(image, elf, declared, limits, error);
		if (rc)
			return rc;
	}
	return finish(image, error);
}

/*
 * A flat binary has no notes: no hypercall page, no features, no p2m of its
 * own. Its first byte, loaded or not, is at PFN 0.
 */
int pvb_pv_judge_flat(struct pvb_image *image, const struct pvb_flat *flat, struct pvb_error *error)
{
	struct pvb_image_pv *pv = &image->info.pv;
	static const enum pvb_pae_mode modes[] = {PVB_PAE_NO, PVB_PAE_YES, PVB_PAE_NO,
						  PVB_PAE_EXTENDED_CR3};

	nothing_declared(image);
	image->segments = (struct pvb_image_segment *)calloc(1, sizeof *image->segments);
	if (!image->segments)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a segment");
	image->segments[0] = (struct pvb_image_segment){
		.paddr = flat->load,
		.vaddr = flat->load,
		.offset = flat->offset,
		.filesz = flat->filesz,
		.memsz = flat->memsz,
		.flags = PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X,
	};
	image->info.segment_count = 1;
	pv->guest_type = PVB_GUEST_X86_64;
	if (flat->pae != 2)
		judge_pae(image, modes[flat->pae], NULL);
	pv->virt_base = pv->paddr_offset = flat->start;
	pv->entry = flat->entry;
	pv->kernel_start = flat->load;
	pv->kernel_end = flat->load + flat->memsz;
	int rc = make_pieces(image, 0, error);
	if (rc)
		return rc;
	judge_addresses(image, 32);
	return finish(image, error);
}

/* One piece: the file as it is, and behind it what its header says that it takes beyond that. */
int pvb_pv_judge_arm64(struct pvb_image *image, struct pvb_error *error)
{
	const struct pvb_image_arm64 *arm64 = &image->info.arm64;
	struct pvb_image_pv *pv = &image->info.pv;
	uint64_t size = image->bytes.size, memory = pvb_max(arm64->image_size, size), end;

	nothing_declared(image);
	if (!pvb_add(arm64->text_offset, memory, &end))
		return pvb_fail(error, PVB_E_ARM64_HEADER, PVB_IMAGE_STAGE,
				"the arm64 Image says that it takes %" PRIu64
				" bytes of memory, which no address space has",
				memory);
	image->segments = (struct pvb_image_segment *)calloc(1, sizeof *image->segments);
	image->pieces = (struct pvb_image_piece *)calloc(1, sizeof *image->pieces);
	if (!image->segments || !image->pieces)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a segment");
	image->segments[0] = (struct pvb_image_segment){
		.paddr = arm64->text_offset,
		.vaddr = arm64->text_offset,
		.filesz = size,
		.memsz = memory,
		.flags = PVB_SEGMENT_R | PVB_SEGMENT_W | PVB_SEGMENT_X,
	};
	image->info.segment_count = 1;
	image->pieces[0] = (struct pvb_image_piece){
		.va = arm64->text_offset,
		.size = size,
		.memory_size = memory,
	};
	image->info.piece_count = 1;
	pv->guest_type = PVB_GUEST_ARM64;
	pv->entry = pv->kernel_start = arm64->text_offset;
	pv->kernel_end = end;
	if (arm64->big_endian)
		REFUSE(image, PVB_E_PV_MACHINE, "build the kernel with CONFIG_CPU_LITTLE_ENDIAN",
		       "a big-endian arm64 Image: the hypervisor's interface is little-endian");
	return finish(image, error);
}
