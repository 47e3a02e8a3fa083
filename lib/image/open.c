/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk from a file to an image: container, codec, container, facts, judgement. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "image/arm64.h"
#include "image/bzimage.h"
#include "image/codec.h"
#include "image/declares.h"
#include "image/elf.h"
#include "image/flat.h"
#include "image/identify.h"
#include "image/image.h"
#include "image/keep.h"
#include "image/limits.h"
#include "image/notes.h"
#include "image/pv.h"
#include "image/segments.h"
#include "image/sink.h"
#include "image/source.h"

/* What one opening has in hand. */
struct walk {
	struct pvb_image *image;
	struct pvb_limits limits;
	struct pvb_source source;
	enum pvb_kind kind;
	uint8_t head_bytes[PVB_IDENTIFY_HEAD];
	struct pvb_span head;
};

static int read_head(struct walk *walk, struct pvb_error *error)
{
	size_t size = (size_t)pvb_min(walk->source.size, sizeof walk->head_bytes);

	walk->head = pvb_span(walk->head_bytes, size);
	return pvb_source_read(&walk->source, 0, walk->head_bytes, size, error);
}

static int no_loader(const struct walk *walk, struct pvb_error *error)
{
	char why[480];
	const char *advice = pvb_identify_advice(walk->head);
	int rc = pvb_fail(error, PVB_E_IMAGE_NO_LOADER, PVB_IMAGE_STAGE,
			  "no loader for this file: tried %s",
			  pvb_identify_reasons(walk->head, why, sizeof why));

	if (advice)
		pvb_hint(error, "%s", advice);
	return rc;
}

/* Part of the source as it is, or through a codec, into a file in memory. */
static int unpack(struct walk *walk, const struct pvb_codec_entry *codec, uint64_t offset,
		  uint64_t size, enum pvb_expect expect, struct pvb_store *store,
		  struct pvb_error *error)
{
	PVB_SINK_AUTO struct pvb_sink sink = PVB_SINK_INIT;
	int rc = pvb_sink_open(&sink, &walk->limits, expect, error);

	if (!rc && codec) {
		rc = pvb_codec_run(codec, &walk->source, offset, size, expect == PVB_EXPECT_KERNEL,
				   &walk->limits, &sink, error);
		walk->image->info.codec = codec->codec;
		walk->image->info.layers++;
	}
	while (!rc && !codec && size) {
		uint8_t buffer[16384];
		size_t part = (size_t)pvb_min(size, sizeof buffer);

		rc = pvb_source_read(&walk->source, offset, buffer, part, error);
		if (!rc)
			rc = pvb_sink_write(&sink, buffer, part, error);
		offset += part;
		size -= part;
	}
	return rc ? rc : pvb_sink_finish(&sink, store, error);
}

/* One layer of compression around the whole file: what is inside takes the file's place. */
static int undo_outer_layer(struct walk *walk, const struct pvb_codec_entry *codec,
			    struct pvb_error *error)
{
	PVB_STORE_AUTO struct pvb_store store = PVB_STORE_INIT;
	int rc = unpack(walk, codec, 0, walk->source.size, PVB_EXPECT_KERNEL, &store, error);

	if (rc) {
		pvb_context(error, "unpacking the whole file, which is %s-compressed", codec->name);
		return rc;
	}
	pvb_source_replace(&walk->source, &store);
	rc = read_head(walk, error);
	walk->kind = pvb_identify(walk->head).kind;
	return rc;
}

/* The source as it is now is the unpacked image, all of it. */
static int keep_source(struct walk *walk, struct pvb_error *error)
{
	PVB_STORE_AUTO struct pvb_store store = pvb_store_steal(&walk->source.store);
	uint64_t size = walk->source.size;
	int rc = 0;

	if (store.fd < 0) {
		rc = pvb_limits_check(&walk->limits, 0, size, "its size", error);
		if (!rc)
			rc = unpack(walk, NULL, 0, size, PVB_EXPECT_ANYTHING, &store, error);
	}
	return rc ? rc : pvb_keep_store(walk->image, &store, error);
}

/* ---- containers ------------------------------------------------------------------ */

static int read_elf(struct walk *walk, struct pvb_keep *keep, struct pvb_error *error)
{
	struct pvb_image *image = walk->image;
	struct pvb_declared declared;
	struct pvb_elf elf;
	int rc = pvb_keep_elf_tables(keep, &elf, error);

	if (rc)
		return rc;
	image->info.elf_bits = elf.bits;
	image->info.elf_machine = elf.machine;
	rc = pvb_keep_elf_parts(keep, &elf, error);
	if (!rc)
		rc = pvb_segments_read(image, &elf, walk->limits.flags, error);
	if (!rc)
		rc = pvb_notes_read(image, &elf, &declared, error);
	if (!rc && declared.bsd_symtab)
		rc = pvb_keep_elf_symbols(keep, &elf, error);
	if (!rc)
		rc = pvb_pv_judge_elf(image, &elf, &declared, &walk->limits, error);
	if (!rc)
		rc = pvb_declares_finish(image, &declared.declarations, error);
	pvb_keep_drop_rest(keep, elf.file.size);
	return rc;
}

static int read_version(struct walk *walk, const struct pvb_bzimage *bzimage,
			struct pvb_error *error)
{
	uint8_t bytes[PVB_BZIMAGE_VERSION_MAX];
	uint64_t length;

	if (!bzimage->version_offset)
		return 0;
	int rc = pvb_source_read(&walk->source, bzimage->version_offset, bytes,
				 (size_t)bzimage->version_size, error);
	if (rc)
		return rc;
	struct pvb_span text = pvb_span(bytes, bzimage->version_size);

	if (!pvb_span_string(text, 0, &length) || !length)
		return 0;
	walk->image->info.kernel_version = pvb_arena_escaped(&walk->image->arena, text);
	if (!walk->image->info.kernel_version)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "the kernel's version");
	return 0;
}

static int open_bzimage(struct walk *walk, struct pvb_error *error)
{
	struct pvb_bzimage bzimage;
	uint8_t bytes[32];
	int rc = pvb_bzimage_parse(walk->head, walk->source.size, &bzimage, error);

	if (!rc)
		rc = read_version(walk, &bzimage, error);
	if (rc)
		return rc;

	struct pvb_span head = pvb_span(bytes, pvb_min(sizeof bytes, bzimage.payload_size));
	rc = pvb_source_read(&walk->source, bzimage.payload_offset, bytes, (size_t)head.size,
			     error);
	if (rc)
		return rc;
	struct pvb_identity payload = pvb_identify(head);

	if (payload.kind != PVB_KIND_COMPRESSED && payload.kind != PVB_KIND_ELF) {
		char found[16], codecs[96];

		return pvb_fail(error, PVB_E_CODEC_UNKNOWN, PVB_IMAGE_STAGE,
				"the bzImage's payload begins with %s, which is none of %s",
				pvb_identify_bytes(head, found, sizeof found),
				pvb_codec_list(codecs, sizeof codecs));
	}

	PVB_STORE_AUTO struct pvb_store store = PVB_STORE_INIT;
	rc = unpack(walk, payload.codec, bzimage.payload_offset, bzimage.payload_size,
		    PVB_EXPECT_ELF, &store, error);
	if (rc) {
		pvb_context(error, "unpacking the bzImage's payload, %" PRIu64 " bytes at %" PRIu64,
			    bzimage.payload_size, bzimage.payload_offset);
		return rc;
	}
	walk->image->info.container = PVB_CONTAINER_BZIMAGE;
	pvb_source_close(&walk->source);

	PVB_KEEP_AUTO struct pvb_keep keep = {.image = walk->image, .limits = &walk->limits};
	rc = pvb_keep_store(walk->image, &store, error);
	return rc ? rc : read_elf(walk, &keep, error);
}

static int open_elf(struct walk *walk, struct pvb_error *error)
{
	PVB_KEEP_AUTO struct pvb_keep keep = {.image = walk->image, .limits = &walk->limits};
	int rc;

	walk->image->info.container = PVB_CONTAINER_ELF;
	if (walk->source.store.fd >= 0) {
		rc = keep_source(walk, error);
	} else {
		keep.source = &walk->source;
		rc = pvb_keep_begin(&keep, error);
	}
	return rc ? rc : read_elf(walk, &keep, error);
}

static int open_flat(struct walk *walk, struct pvb_error *error)
{
	struct pvb_flat flat;
	int rc = keep_source(walk, error);

	walk->image->info.container = PVB_CONTAINER_MULTIBOOT;
	if (!rc)
		rc = pvb_flat_parse(walk->image->bytes, &flat, error);
	return rc ? rc : pvb_pv_judge_flat(walk->image, &flat, error);
}

static int read_arm64_notes(struct pvb_image *image, struct pvb_declared *declared,
			    struct pvb_error *error)
{
	struct pvb_pe_section section;
	struct pvb_span bytes = {0};
	bool found;
	int rc = pvb_arm64_find_notes(image->bytes, &section, &found, error);

	if (rc)
		return rc;
	if (found)
		(void)pvb_span_part(image->bytes, section.offset, section.size, &bytes);
	return pvb_notes_read_section(image, bytes, found ? section.offset : 0, declared, error);
}

static int open_arm64(struct walk *walk, struct pvb_error *error)
{
	struct pvb_image *image = walk->image;
	struct pvb_declared declared = {0};
	int rc = keep_source(walk, error);

	image->info.container = PVB_CONTAINER_ARM64_IMAGE;
	if (!rc)
		rc = pvb_arm64_parse(image->bytes, &image->info.arm64, error);
	if (!rc)
		rc = read_arm64_notes(image, &declared, error);
	if (!rc)
		rc = pvb_pv_judge_arm64(image, error);
	return rc ? rc : pvb_declares_finish(image, &declared.declarations, error);
}

/* ---- the walk -------------------------------------------------------------------- */

static int open_kind(struct walk *walk, struct pvb_error *error)
{
	switch (walk->kind) {
	case PVB_KIND_ELF:
		return open_elf(walk, error);
	case PVB_KIND_BZIMAGE:
		return open_bzimage(walk, error);
	case PVB_KIND_ARM64:
		return open_arm64(walk, error);
	case PVB_KIND_FLAT:
		return open_flat(walk, error);
	case PVB_KIND_NONE:
	case PVB_KIND_COMPRESSED:
		break;
	}
	return no_loader(walk, error);
}

static void count_facts(struct pvb_image *image)
{
	const struct pvb_image_info *info = &image->info;

	image->cost.kept = image->arena.total + image->note_capacity * sizeof *image->notes +
			   info->segment_count * sizeof *image->segments +
			   info->piece_count * sizeof *image->pieces;
}

/* Nobody writes to it any more, whoever holds the descriptor. */
static int seal(const struct pvb_image *image, struct pvb_error *error)
{
	if (!fcntl(image->store.fd, F_ADD_SEALS,
		   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return 0;
	return pvb_fail(error, PVB_E_ARG_NO_MEMORY, PVB_IMAGE_STAGE,
			"the unpacked image cannot be sealed: %s", strerror(errno));
}

/* No kernel is refused for its type alone; of one that is refused, the type can be the reason. */
static bool is_core(struct pvb_span head)
{
	uint16_t type;

	return pvb_identify(head).kind == PVB_KIND_ELF &&
	       pvb_span_u16(head, offsetof(Elf64_Ehdr, e_type), &type) && type == ET_CORE;
}

static int walk_source(struct walk *walk, struct pvb_error *error)
{
	struct pvb_image *image = walk->image;

	if (!walk->source.size)
		return pvb_fail(error, PVB_E_IMAGE_EMPTY, PVB_IMAGE_STAGE, "%s is empty",
				walk->source.name);
	pvb_limits_set_file(&walk->limits, walk->source.size);
	image->info.file_size = walk->source.size;
	image->info.file = pvb_arena_text(&image->arena, walk->source.name);
	if (!image->info.file)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "a name");

	int rc = read_head(walk, error);
	struct pvb_identity id = pvb_identify(walk->head);

	walk->kind = id.kind;
	if (!rc && id.kind == PVB_KIND_COMPRESSED)
		rc = undo_outer_layer(walk, id.codec, error);
	if (!rc)
		rc = open_kind(walk, error);
	if (rc && is_core(walk->head))
		pvb_hint(error, "this is a core of a domain and no kernel; pvb_audit_core() and "
				"pvb_p2m_core() read it");
	if (!rc)
		rc = seal(image, error);
	image->info.segments = image->segments;
	image->info.pieces = image->pieces;
	image->info.notes = image->notes;
	image->info.memory_peak = image->cost.stored_peak;
	return rc;
}

/* The image and its limits; what is opened is not there yet. */
static int begin(struct walk *walk, const char *name, const struct pvb_image_options *options,
		 struct pvb_error *error)
{
	*walk = (struct walk){.source = PVB_SOURCE_INIT};
	walk->source.name = name;
	walk->image = (struct pvb_image *)calloc(1, sizeof *walk->image);
	if (!walk->image)
		return pvb_fail_memory(error, PVB_IMAGE_STAGE, "an image");
	walk->image->store.fd = -1;
	return pvb_limits_init(&walk->limits, options, &walk->image->cost, error);
}

/* Whatever happens, the source is done with. cost may be NULL. */
static int finish(struct walk *walk, int rc, struct pvb_cost *cost, struct pvb_image **image,
		  struct pvb_error *error)
{
	if (!rc)
		rc = walk_source(walk, error);
	if (rc)
		pvb_context(error, "opening the kernel %s", walk->source.name);
	pvb_source_close(&walk->source);
	if (walk->image)
		count_facts(walk->image);
	if (cost && walk->image)
		*cost = walk->image->cost;
	if (rc)
		pvb_image_free(walk->image);
	else
		*image = walk->image;
	return rc;
}

static const char *name_or(const char *name, const char *otherwise)
{
	return name ? name : otherwise;
}

int pvb_image_open_fd(int fd, const char *name, const struct pvb_image_options *options,
		      struct pvb_image **image, struct pvb_error *error)
{
	struct walk walk;
	int rc = begin(&walk, name_or(name, "(file)"), options, error);

	*image = NULL;
	if (!rc)
		rc = pvb_source_fd(&walk.source, fd, walk.source.name, &walk.limits, error);
	return finish(&walk, rc, NULL, image, error);
}

int pvb_image_open_counted(struct pvb_span bytes, const char *name,
			   const struct pvb_image_options *options, struct pvb_cost *cost,
			   struct pvb_image **image, struct pvb_error *error)
{
	struct walk walk;
	int rc = begin(&walk, name_or(name, "(memory)"), options, error);

	*image = NULL;
	pvb_source_memory(&walk.source, bytes, walk.source.name);
	return finish(&walk, rc, cost, image, error);
}

int pvb_image_open_memory(const void *bytes, size_t size, const char *name,
			  const struct pvb_image_options *options, struct pvb_image **image,
			  struct pvb_error *error)
{
	return pvb_image_open_counted(pvb_span(bytes, size), name, options, NULL, image, error);
}

int pvb_image_open(const char *path, const struct pvb_image_options *options,
		   struct pvb_image **image, struct pvb_error *error)
{
	*image = NULL;
	int rc = pvb_check_path(path, PVB_IMAGE_STAGE, "the kernel", error);

	if (rc)
		return rc;
	/* Not to wait for a writer of a FIFO who may never come; reads may block all the same. */
	PVB_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fcntl(fd, F_SETFL, 0)) {
		rc = pvb_fail(error, PVB_E_ARG_FILE, PVB_IMAGE_STAGE, "%s cannot be opened: %s",
			      path, strerror(errno));
		pvb_context(error, "opening the kernel %s", path);
		return rc;
	}
	return pvb_image_open_fd(fd, path, options, image, error);
}
