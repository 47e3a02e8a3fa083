/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a finished image answers. */
#include <stdlib.h>
#include <sys/mman.h>

#include "image/image.h"

const char *pvb_container_name(enum pvb_container container)
{
	switch (container) {
	case PVB_CONTAINER_ELF:
		return "elf";
	case PVB_CONTAINER_BZIMAGE:
		return "bzImage";
	case PVB_CONTAINER_MULTIBOOT:
		return "multiboot";
	case PVB_CONTAINER_ARM64_IMAGE:
		return "arm64-image";
	}
	return "unknown";
}

const char *pvb_guest_type_name(enum pvb_guest_type type)
{
	switch (type) {
	case PVB_GUEST_NONE:
		return "none";
	case PVB_GUEST_X86_64:
		return "xen-3.0-x86_64";
	case PVB_GUEST_X86_32P:
		return "xen-3.0-x86_32p";
	case PVB_GUEST_ARM64:
		return "xen-3.0-aarch64";
	}
	return "unknown";
}

const char *pvb_bits_source_name(enum pvb_bits_source source)
{
	switch (source) {
	case PVB_BITS_DEFAULT:
		return "default";
	case PVB_BITS_NOTE:
		return "note";
	case PVB_BITS_KERNEL:
		return "kernel-version";
	case PVB_BITS_ADMIN:
		return "admin";
	case PVB_BITS_ABI:
		return "abi";
	case PVB_BITS_HOST:
		return "host";
	}
	return "unknown";
}

void pvb_image_free(struct pvb_image *image)
{
	if (!image)
		return;
	if (image->bytes.size)
		(void)munmap((void *)(uintptr_t)image->bytes.bytes, image->bytes.size);
	pvb_store_close(&image->store);
	free(image->segments);
	free(image->pieces);
	free(image->notes);
	pvb_arena_free(&image->arena);
	free(image);
}

const struct pvb_image_info *pvb_image_info(const struct pvb_image *image)
{
	return &image->info;
}

int pvb_image_fd(const struct pvb_image *image)
{
	return image->store.fd;
}
