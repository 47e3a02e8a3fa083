/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel image: its container, its codec, its ELF, its notes, and what it
 * asks of the one who builds a domain from it.
 *
 * Opening an image needs no hypervisor and no privilege. A file that is
 * malformed is refused; a sound file that merely is no PV kernel (a PVH-only
 * unikernel, an arm64 Image) opens, and says in pv.refusal why no PV domain
 * can be built from it.
 */
#ifndef PVBUILD_IMAGE_H
#define PVBUILD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pvb_image;

/* "No such address": no page, no slot. */
#define PVB_NONE UINT64_MAX

enum pvb_container {
	PVB_CONTAINER_ELF,
	PVB_CONTAINER_BZIMAGE,
	PVB_CONTAINER_MULTIBOOT, /* flat binary behind magic 0x336ec578 */
	PVB_CONTAINER_ARM64_IMAGE,
};

enum pvb_codec {
	PVB_CODEC_NONE,
	PVB_CODEC_GZIP,
	PVB_CODEC_BZIP2,
	PVB_CODEC_LZMA,
	PVB_CODEC_XZ,
	PVB_CODEC_LZO,
	PVB_CODEC_LZ4, /* the legacy frame that Linux uses */
	PVB_CODEC_ZSTD,
};

/* Names as printed: "elf", "bzImage", "multiboot", "arm64-image"; "none", "gzip", ... */
PVB_API const char *pvb_container_name(enum pvb_container container);
PVB_API const char *pvb_codec_name(enum pvb_codec codec);

/* Whether this build of the library can decode it. */
PVB_API bool pvb_codec_available(enum pvb_codec codec);

/* Refuse segments that are both writable and executable. */
#define PVB_IMAGE_REFUSE_WX (UINT32_C(1) << 0)

/*
 * Limits on what an untrusted image may cost. Zero means the default.
 *
 *   size                 sizeof(struct pvb_image_options); PVB_IMAGE_OPTIONS_INIT sets it
 *   flags                PVB_IMAGE_*
 *   max_unpacked         bytes that the image may unpack to, of all layers that are there at
 *                        once (default 1 GiB)
 *   max_decoder_memory   bytes that a decoder may take for its window (default 256 MiB)
 *   max_ratio            the image may take at most this many times its file's size in
 *                        memory, or 32 MiB if that is more (default 256). Pages of zeros
 *                        take none
 */
struct pvb_image_options {
	size_t size;
	uint32_t flags;
	uint32_t max_ratio;
	uint64_t max_unpacked;
	uint64_t max_decoder_memory;
};

#define PVB_IMAGE_OPTIONS_INIT                                                                     \
	{                                                                                          \
		.size = sizeof(struct pvb_image_options)                                           \
	}

enum pvb_note_origin {
	PVB_NOTE_PT_NOTE,
	PVB_NOTE_SHT_NOTE,
	PVB_NOTE_XEN_GUEST, /* a key of the legacy "__xen_guest" section */
	PVB_NOTE_PE,        /* the section PVB_GUEST_NOTE_SECTION of an arm64 Image */
};

enum pvb_note_kind {
	PVB_NOTE_KIND_BYTES,
	PVB_NOTE_KIND_NUMBER,
	PVB_NOTE_KIND_STRING,
};

/*
 * One note as found, duplicates and unknown ones included. A note of another owner that
 * cannot be read is one, too: its meaning says what is wrong, and bytes are what there is.
 *
 *   owner     "Xen", "pvbuild", "Linux", "GNU", ...; printable, escaped where it was not
 *   type      the note's number; for legacy keys the number of the note that means the
 *             same, or UINT32_MAX where there is none; UINT32_MAX, too, for bytes behind
 *             the last note that are too few for another
 *   name      the public name of a Xen note ("VIRT_BASE") or of one of ours ("PTE_BITS"),
 *             the key of a legacy string, or NULL for one that we do not know
 *   kind      how to read the value
 *   number    the value, where kind is NUMBER
 *   string    the value, where kind is STRING: bounded by its descriptor, printable
 *   bytes     the raw descriptor; size in bytes. Never NULL unless size is 0
 *   used      whether this one took effect (the last of duplicates does)
 *   meaning   what it is taken for and what of it is ignored, in words, where the value does
 *             not speak for itself; or why the note cannot be read, or has no effect; or NULL
 */
struct pvb_note {
	const char *owner;
	const char *name;
	const char *string;
	const uint8_t *bytes;
	uint64_t size;
	uint64_t number;
	uint32_t type;
	enum pvb_note_origin origin;
	enum pvb_note_kind kind;
	bool used;
	const char *meaning;
};

/* Flags of a segment, as in an ELF program header. */
#define PVB_SEGMENT_X 1u
#define PVB_SEGMENT_W 2u
#define PVB_SEGMENT_R 4u

/*
 * A loadable segment as the file states it. Addresses and sizes in bytes. One without any flag is
 * not loaded, and nobody has checked that what it states can be.
 */
struct pvb_image_segment {
	uint64_t paddr;
	uint64_t vaddr;
	uint64_t offset; /* in the unpacked image */
	uint64_t filesz;
	uint64_t memsz;
	uint32_t flags;
};

/*
 * A piece to copy into guest memory: size bytes at offset of the unpacked
 * image (pvb_image_fd()) go to guest virtual address va, and the bytes from
 * there up to memory_size are zero. Pieces ascend and do not overlap. The
 * symbol table that a BSD kernel asks for is one of them.
 */
struct pvb_image_piece {
	uint64_t va;
	uint64_t offset;
	uint64_t size;
	uint64_t memory_size;
};

/* How a PV guest is to be run. */
enum pvb_guest_type {
	PVB_GUEST_NONE = 0,
	PVB_GUEST_X86_64,  /* "xen-3.0-x86_64" */
	PVB_GUEST_X86_32P, /* "xen-3.0-x86_32p": 32-bit with PAE */
	PVB_GUEST_ARM64,   /* "xen-3.0-aarch64": auto-translated, from an Image */
};

PVB_API const char *pvb_guest_type_name(enum pvb_guest_type type);

/* Features of a PV guest (the XENFEAT_* numbers as bits). */
#define PVB_FEATURE_WRITABLE_PAGE_TABLES (UINT32_C(1) << 0)
#define PVB_FEATURE_WRITABLE_DESCRIPTOR_TABLES (UINT32_C(1) << 1)
#define PVB_FEATURE_AUTO_TRANSLATED_PHYSMAP (UINT32_C(1) << 2)
#define PVB_FEATURE_SUPERVISOR_MODE_KERNEL (UINT32_C(1) << 3)
#define PVB_FEATURE_PAE_PGDIR_ABOVE_4GB (UINT32_C(1) << 4)
#define PVB_FEATURE_HVM_CALLBACK_VECTOR (UINT32_C(1) << 8)
#define PVB_FEATURE_DOM0 (UINT32_C(1) << 11)

/*
 * How a 32-bit kernel stands to PAE (the note PAE_MODE or the legacy key).
 * YES means an L3 below 4 GiB; EXTENDED_CR3 and BIMODAL lift that.
 */
enum pvb_pae_mode {
	PVB_PAE_NO,
	PVB_PAE_YES,
	PVB_PAE_EXTENDED_CR3,
	PVB_PAE_BIMODAL,
};

/*
 * What a PV builder needs to know of the kernel. Virtual addresses in bytes;
 * PVB_NONE where the kernel does not say. An arm64 Image runs without translation at first and
 * at an address of the builder's choice: its addresses, and those of its piece, count from the
 * boundary of 2 MiB at which it is placed, and there is no virt_base.
 *
 *   supported        a PV domain can be built; else refusal and reason tell why not
 *   refusal          an enum pvb_code of the image group, or 0
 *   reason           the sentence that goes with it, or NULL
 *   hint             what to do about it, or NULL
 *   virt_base        where PFN 0 is mapped
 *   paddr_offset     subtracted from an ELF p_paddr before virt_base is added
 *   entry            first instruction
 *   kernel_start/end extent of the kernel in virtual addresses, [start, end)
 *   hypercall_page   page to fill with hypercall stubs, or PVB_NONE
 *   init_p2m         where the kernel wants its p2m list mapped, or PVB_NONE. As the kernel
 *                    says it: whether it is usable is for the plan
 *   hv_start_low     lowest address that the hypervisor may use (32-bit), or PVB_NONE
 *   mod_start_pfn    the kernel takes its ramdisk unmapped, by PFN
 *   features_*       PVB_FEATURE_* bits required and supported
 *   is_linux         GUEST_OS says Linux, whose boot code takes over 1 GiB of mapping
 *   bsd_symtab       the kernel asked for its symbol table, and a piece carries it
 */
struct pvb_image_pv {
	bool supported;
	bool mod_start_pfn;
	bool is_linux;
	bool bsd_symtab;
	enum pvb_guest_type guest_type;
	enum pvb_pae_mode pae;
	int refusal;
	const char *reason;
	const char *hint;
	uint64_t virt_base;
	uint64_t paddr_offset;
	uint64_t entry;
	uint64_t kernel_start;
	uint64_t kernel_end;
	uint64_t hypercall_page;
	uint64_t init_p2m;
	uint64_t hv_start_low;
	uint32_t features_required;
	uint32_t features_supported;
};

/* What the header of an arm64 Image says (Linux Documentation/arch/arm64/booting.rst). */
struct pvb_image_arm64 {
	uint64_t text_offset;
	uint64_t image_size; /* 0: from before the field existed */
	uint64_t flags;
	uint32_t page_size; /* bytes; 0: not stated */
	bool big_endian;
	bool anywhere;           /* may be placed anywhere, not only near the start of memory */
	uint64_t reserved_flags; /* those of flags that have no meaning yet: to be ignored */
};

/* Who says how wide machine addresses may be. */
enum pvb_bits_source {
	PVB_BITS_DEFAULT, /* nobody: what a kernel of this kind is taken for */
	PVB_BITS_NOTE,
	PVB_BITS_KERNEL, /* the kernel's version, of which it is known */
	PVB_BITS_ADMIN,
	PVB_BITS_ABI,
	PVB_BITS_HOST,
};
PVB_API const char *pvb_bits_source_name(enum pvb_bits_source source);

/*
 * What the kernel says that it can cope with (doc/guest-abi.md).
 *
 *   guest_abi           there is a note whose owner is PVB_GUEST_NOTE_OWNER, so that the
 *                       result is to be published in the shared info page
 *   address_bits        width of machine addresses in bits, or 0 where nothing tells;
 *                       _source is NOTE or KERNEL, or DEFAULT where it is 0
 *   pte_bits            it declares which software bits of page-table entries it leaves
 *                       alone: pte_unused_l1 in L1 entries, pte_unused_upper in others
 *   pte_keys            it wants protection keys
 *   granules            mask of 1 << log2(page size) of the hypervisor's page sizes that
 *                       it copes with, or 0 where it does not say
 *   p2m_tree            it wants the p2m as a tree, too, of p2m_levels or more; 0 for the
 *                       fewest that do
 */
struct pvb_image_declares {
	bool guest_abi;
	bool pte_bits;
	bool pte_keys;
	unsigned address_bits;
	enum pvb_bits_source address_bits_source;
	uint32_t granules;
	uint64_t pte_unused_l1;
	uint64_t pte_unused_upper;
	bool p2m_tree;
	uint32_t p2m_levels;
};

/*
 * Everything known of an image. Owned by the image, immutable, valid as long
 * as it is.
 *
 *   file             the name that it was opened by
 *   file_size        bytes of the file
 *   unpacked_size    bytes behind pvb_image_fd()
 *   container        the innermost container but the ELF that a bzImage carries
 *   codec            of the payload (bzImage) or of the whole file
 *   layers           how many layers of compression were undone
 *   kernel_version   from the formats that carry one ("6.1.0-56-amd64 ..."), else from the
 *                    banner in a Linux ELF, or NULL
 *   elf_*            of the ELF inside; elf_machine is EM_*, elf_bits 32, 64 or 0 for none
 *   segments         PT_LOAD program headers as they are (or one for a flat binary)
 *   pieces           what to load; empty where pv.supported is false
 *   pvh_entry        physical address of the PVH entry, or PVB_NONE
 *   memory_peak      most bytes of memory that the unpacked image took, with the layers around
 *                    it, while it was opened. They are in files in memory, which count for no
 *                    process's resident set
 *   overwritten      bytes of segments that other segments, whose headers come later, are
 *                    loaded over, as every loader of PV kernels does it; 0 for sound kernels
 */
struct pvb_image_info {
	const char *file;
	uint64_t file_size;
	uint64_t unpacked_size;
	enum pvb_container container;
	enum pvb_codec codec;
	unsigned layers;
	const char *kernel_version;
	unsigned elf_bits;
	unsigned elf_machine;
	const struct pvb_image_segment *segments;
	size_t segment_count;
	const struct pvb_note *notes;
	size_t note_count;
	const struct pvb_image_piece *pieces;
	size_t piece_count;
	struct pvb_image_pv pv;
	uint64_t pvh_entry;
	struct pvb_image_arm64 arm64; /* where container is ARM64_IMAGE */
	struct pvb_image_declares declares;
	uint64_t memory_peak;
	uint64_t overwritten;
};

/*
 * Open a kernel. options may be NULL. On success *image is owned by the caller
 * (pvb_image_free()). On failure *image is NULL and nothing is left behind.
 * pvb_image_open_fd() reads fd from its start to its end and leaves it open; name
 * is for messages. The file must not be written to meanwhile: it is read once.
 */
PVB_API int pvb_image_open(const char *path, const struct pvb_image_options *options,
			   struct pvb_image **image, struct pvb_error *error);
PVB_API int pvb_image_open_fd(int fd, const char *name, const struct pvb_image_options *options,
			      struct pvb_image **image, struct pvb_error *error);
PVB_API int pvb_image_open_memory(const void *bytes, size_t size, const char *name,
				  const struct pvb_image_options *options, struct pvb_image **image,
				  struct pvb_error *error);

/* NULL is fine. */
PVB_API void pvb_image_free(struct pvb_image *image);

PVB_API const struct pvb_image_info *pvb_image_info(const struct pvb_image *image);

/*
 * The unpacked image: a sealed memfd, read with pread() or a private mapping
 * (Linux before 6.7 refuses a shared one, even for reading, of what is sealed).
 * Of an ELF, what says nothing of the kernel and is not loaded (debug information) is left out,
 * and reads as zeros. Pages of zeros are holes; reading one through a mapping fills it.
 * Borrowed: do not close it, and do not move its file offset.
 */
PVB_API int pvb_image_fd(const struct pvb_image *image);

/* The public name of a Xen note number ("INIT_P2M"), or NULL. */
PVB_API const char *pvb_xen_note_name(uint32_t type);

#ifdef __cplusplus
}
#endif

#endif
