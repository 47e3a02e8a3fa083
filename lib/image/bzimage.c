/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/bzimage.h"

#include <inttypes.h>

#include "core/checked.h"
#include "image/image.h"

/* Offsets in the file (boot.rst, "The Real-Mode Kernel Header"). */
enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4, /* in paragraphs of 16 bytes */
	MAGIC = 0x202,
	PROTOCOL = 0x206,
	KERNEL_VERSION = 0x20e, /* less 0x200 */
	PAYLOAD_OFFSET = 0x248, /* from the start of the protected-mode code */
	PAYLOAD_LENGTH = 0x24c,
	SECTOR = 512,
};

struct setup {
	uint8_t sectors;
	uint16_t protocol, version;
	uint32_t syssize, payload_offset, payload_length;
	uint64_t base; /* where the protected-mode code starts */
};

bool pvb_bzimage_is(struct pvb_span head)
{
	struct pvb_span magic;

	return pvb_span_part(head, MAGIC, 4, &magic) && memcmp(magic.bytes, "HdrS", 4) == 0;
}

static bool read_setup(struct pvb_span head, struct setup *setup)
{
	if (!pvb_span_u8(head, SETUP_SECTS, &setup->sectors) ||
	    !pvb_span_u32(head, SYSSIZE, &setup->syssize) ||
	    !pvb_span_u16(head, KERNEL_VERSION, &setup->version) ||
	    !pvb_span_u32(head, PAYLOAD_OFFSET, &setup->payload_offset) ||
	    !pvb_span_u32(head, PAYLOAD_LENGTH, &setup->payload_length))
		return false;
	/* "for backwards compatibility, if the setup_sects field contains 0, the real value is 4"
	 */
	if (!setup->sectors)
		setup->sectors = 4;
	setup->base = (setup->sectors + UINT64_C(1)) * SECTOR;
	return true;
}

uint64_t pvb_bzimage_accounts_for(struct pvb_span head)
{
	struct setup setup;

	if (!read_setup(head, &setup))
		return 0;
	return setup.base + pvb_max(setup.syssize * UINT64_C(16),
				    (uint64_t)setup.payload_offset + setup.payload_length);
}

/*
 * The boot flag, the header's length and the size of the protected-mode code are for boot
 * loaders: neither libxenguest nor this looks at them. That there is a payload where the header
 * says so, its first bytes and its codec tell.
 */
int pvb_bzimage_parse(struct pvb_span head, uint64_t file_size, struct pvb_bzimage *bzimage,
		      struct pvb_error *error)
{
	struct setup setup;
	int rc;

	if (!pvb_span_u16(head, PROTOCOL, &setup.protocol))
		return pvb_fail(error, PVB_E_IMAGE_TRUNCATED, PVB_IMAGE_STAGE,
				"the file ends within the bzImage setup header, after %" PRIu64
				" bytes",
				file_size);
	if (setup.protocol < 0x208) {
		rc = pvb_fail(error, PVB_E_BZIMAGE_PROTOCOL, PVB_IMAGE_STAGE,
			      "the bzImage has boot protocol %u.%02u; only 2.08 (Linux 2.6.26) and "
			      "later say where their payload is",
			      setup.protocol >> 8, setup.protocol & 0xff);
		pvb_hint(error, "unpack the kernel with Linux's scripts/extract-vmlinux and use "
				"what comes out");
		return rc;
	}
	if (!read_setup(head, &setup))
		return pvb_fail(error, PVB_E_IMAGE_TRUNCATED, PVB_IMAGE_STAGE,
				"the file ends within the bzImage setup header, after %" PRIu64
				" bytes",
				file_size);
	if (!setup.payload_length)
		return pvb_fail(error, PVB_E_BZIMAGE_HEADER, PVB_IMAGE_STAGE,
				"the bzImage setup header says that there is no payload");

	uint64_t end = (uint64_t)setup.payload_offset + setup.payload_length;
	if (setup.base + end > file_size)
		return pvb_fail(error, PVB_E_IMAGE_TRUNCATED, PVB_IMAGE_STAGE,
				"the bzImage's payload is %" PRIu32 " bytes at %" PRIu64
				", but the file has only %" PRIu64,
				setup.payload_length, setup.base + setup.payload_offset, file_size);

	*bzimage = (struct pvb_bzimage){
		.payload_offset = setup.base + setup.payload_offset,
		.payload_size = setup.payload_length,
	};
	/* "This value should be less than (0x200 * setup_sects)." One that is not names nothing. */
	if (setup.version && setup.version < setup.sectors * SECTOR) {
		bzimage->version_offset = setup.version + UINT64_C(0x200);
		bzimage->version_size =
			pvb_min(PVB_BZIMAGE_VERSION_MAX, setup.base - bzimage->version_offset);
	}
	return 0;
}
