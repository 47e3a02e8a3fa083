/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malformed/invariants.h"

#include <pvbuild/guest-abi.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define WRONG_UNLESS(condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return #condition;                                                         \
	} while (0)

/* Safe to print: no control characters, and terminated (a sanitizer sees if it is not). */
static bool printable(const char *text)
{
	for (size_t i = 0; i < strlen(text); i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static const char *broken_file(const struct pvb_image *image, const struct pvb_image_info *info)
{
	const int fd = pvb_image_fd(image);
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct stat status;

	WRONG_UNLESS(fd >= 0);
	WRONG_UNLESS(fstat(fd, &status) == 0);
	WRONG_UNLESS((uint64_t)status.st_size == info->unpacked_size);
	WRONG_UNLESS((fcntl(fd, F_GET_SEALS) & seals) == seals);
	WRONG_UNLESS((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	WRONG_UNLESS(info->unpacked_size <= UINT64_C(1) << 30);
	WRONG_UNLESS(info->codec != PVB_CODEC_NONE || info->layers == 0);
	WRONG_UNLESS(info->layers <= 2);
	return NULL;
}

static const char *broken_segments(const struct pvb_image_info *info)
{
	for (size_t i = 0; i < info->segment_count; i++) {
		const struct pvb_image_segment *segment = &info->segments[i];

		if (!segment->flags)
			continue; /* not loaded, and not checked */
		WRONG_UNLESS(segment->filesz <= segment->memsz);
		WRONG_UNLESS(segment->filesz == 0 || segment->offset <= info->unpacked_size);
		WRONG_UNLESS(segment->filesz == 0 ||
			     segment->filesz <= info->unpacked_size - segment->offset);
		WRONG_UNLESS(segment->memsz == 0 ||
			     segment->memsz - 1 <= UINT64_MAX - segment->paddr);
	}
	return NULL;
}

static const char *broken_notes(const struct pvb_image_info *info)
{
	volatile uint8_t sink = 0;

	for (size_t i = 0; i < info->note_count; i++) {
		const struct pvb_note *note = &info->notes[i];

		WRONG_UNLESS(note->owner && printable(note->owner));
		WRONG_UNLESS(!note->name || printable(note->name));
		WRONG_UNLESS(!note->meaning || printable(note->meaning));
		WRONG_UNLESS(note->bytes || !note->size);
		for (uint64_t byte = 0; byte < note->size; byte++)
			sink = (uint8_t)(sink ^ note->bytes[byte]);
		WRONG_UNLESS(note->kind != PVB_NOTE_KIND_STRING || note->string);
		WRONG_UNLESS(!note->string || printable(note->string));
		WRONG_UNLESS(note->kind == PVB_NOTE_KIND_BYTES ||
			     note->kind == PVB_NOTE_KIND_NUMBER ||
			     note->kind == PVB_NOTE_KIND_STRING);
	}
	return NULL;
}

static const char *broken_declares(const struct pvb_image_info *info)
{
	const struct pvb_image_declares *declares = &info->declares;
	const uint64_t software = PVB_GUEST_PTE_SOFTWARE;

	WRONG_UNLESS(declares->address_bits == 0 ||
		     (declares->address_bits >= 32 && declares->address_bits <= 52));
	WRONG_UNLESS((declares->address_bits == 0) ==
		     (declares->address_bits_source == PVB_BITS_DEFAULT));
	WRONG_UNLESS(((declares->pte_unused_l1 | declares->pte_unused_upper) & ~software) == 0);
	WRONG_UNLESS((declares->granules & ~UINT32_C(0x15000)) == 0);
	WRONG_UNLESS(declares->guest_abi ||
		     (!declares->pte_bits && !declares->granules && !declares->p2m_tree));
	WRONG_UNLESS(declares->p2m_tree || !declares->p2m_levels);
	WRONG_UNLESS(declares->p2m_levels <= PVB_GUEST_P2M_LEVELS_MOST);
	WRONG_UNLESS(declares->pte_bits || (!declares->pte_keys && !declares->pte_unused_l1 &&
					    !declares->pte_unused_upper));
	return NULL;
}

static const char *broken_pieces(const struct pvb_image_info *info)
{
	const struct pvb_image_pv *pv = &info->pv;
	uint64_t end = 0;

	for (size_t i = 0; i < info->piece_count; i++) {
		const struct pvb_image_piece *piece = &info->pieces[i];

		WRONG_UNLESS(i == 0 || piece->va >= end);
		WRONG_UNLESS(piece->size <= piece->memory_size);
		WRONG_UNLESS(piece->size == 0 || piece->offset <= info->unpacked_size);
		WRONG_UNLESS(piece->size == 0 ||
			     piece->size <= info->unpacked_size - piece->offset);
		WRONG_UNLESS(!__builtin_add_overflow(piece->va, piece->memory_size, &end));
		WRONG_UNLESS(piece->va >= pv->kernel_start);
		WRONG_UNLESS(end <= pv->kernel_end);
	}
	return NULL;
}

static const char *broken_pv(const struct pvb_image_info *info)
{
	const struct pvb_image_pv *pv = &info->pv;

	if (!pv->supported) {
		WRONG_UNLESS(pvb_code_fault(pv->refusal) == PVB_FAULT_IMAGE);
		WRONG_UNLESS(strcmp(pvb_code_name(pv->refusal), "unknown"));
		WRONG_UNLESS(pv->reason && pv->reason[0] && printable(pv->reason));
		WRONG_UNLESS(!pv->hint || printable(pv->hint));
		WRONG_UNLESS(info->piece_count == 0);
		return NULL;
	}
	WRONG_UNLESS(pv->refusal == 0);
	WRONG_UNLESS(!pv->reason);
	WRONG_UNLESS(pv->guest_type == PVB_GUEST_X86_64 || pv->guest_type == PVB_GUEST_X86_32P ||
		     pv->guest_type == PVB_GUEST_ARM64);
	WRONG_UNLESS(info->piece_count > 0);
	WRONG_UNLESS(pv->kernel_start < pv->kernel_end);
	WRONG_UNLESS(pv->virt_base <= pv->kernel_start || pv->guest_type == PVB_GUEST_ARM64);
	WRONG_UNLESS(pv->entry >= pv->kernel_start && pv->entry < pv->kernel_end);
	WRONG_UNLESS(pv->guest_type != PVB_GUEST_X86_32P || pv->kernel_end <= UINT64_C(1) << 32);
	return broken_pieces(info);
}

const char *broken_invariant(const struct pvb_image *image)
{
	const struct pvb_image_info *info = pvb_image_info(image);
	const char *broken;

	WRONG_UNLESS(info);
	WRONG_UNLESS(info->file && printable(info->file));
	WRONG_UNLESS(!info->kernel_version || printable(info->kernel_version));
	WRONG_UNLESS(pvb_container_name(info->container));
	WRONG_UNLESS(pvb_codec_name(info->codec));
	WRONG_UNLESS(info->elf_bits == 0 || info->elf_bits == 32 || info->elf_bits == 64);
	if ((broken = broken_file(image, info)))
		return broken;
	if ((broken = broken_segments(info)))
		return broken;
	if ((broken = broken_notes(info)))
		return broken;
	if ((broken = broken_declares(info)))
		return broken;
	return broken_pv(info);
}
