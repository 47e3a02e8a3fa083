/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of things for which the library has none, the same for people and for programs. */
#ifndef PVB_TOOLS_NAMES_H
#define PVB_TOOLS_NAMES_H

#include <stdint.h>

#include <pvbuild/audit.h>
#include <pvbuild/domain.h>
#include <pvbuild/image.h>
#include <pvbuild/p2m.h>

/* "x86-64", "i386", "aarch64", else "other". */
const char *machine_name(unsigned elf_machine);

/* "PT_NOTE", "SHT_NOTE", "__xen_guest". */
const char *note_origin_name(enum pvb_note_origin origin);

/* "warning", "error". */
const char *severity_name(enum pvb_severity severity);

/* The XENFEAT_* of a bit as FEATURES notes spell it, or NULL. */
const char *feature_name(unsigned bit);

/* "poweroff", "crash", ... of enum pvb_shutdown_reason, or NULL. */
const char *shutdown_reason_name(unsigned reason);

/* "frame", "hole", "foreign", "identity", "wild". */
const char *p2m_entry_name(enum pvb_p2m_entry kind);

struct segment_flags_text {
	char text[4];
};

/* "r-x" */
struct segment_flags_text segment_flags(uint32_t flags);

struct uuid_text {
	char text[37];
};

struct uuid_text format_uuid(const uint8_t uuid[16]);

#endif
