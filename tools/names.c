/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "names.h"

#include <elf.h>
#include <stddef.h>
#include <stdio.h>

const char *machine_name(unsigned elf_machine)
{
	switch (elf_machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_386:
		return "i386";
	case EM_AARCH64:
		return "aarch64";
	default:
		return "other";
	}
}

const char *note_origin_name(enum pvb_note_origin origin)
{
	switch (origin) {
	case PVB_NOTE_PT_NOTE:
		return "PT_NOTE";
	case PVB_NOTE_SHT_NOTE:
		return "SHT_NOTE";
	case PVB_NOTE_XEN_GUEST:
		return "__xen_guest";
	case PVB_NOTE_PE:
		return "PE";
	}
	return "unknown";
}

const char *severity_name(enum pvb_severity severity)
{
	return severity == PVB_SEVERITY_WARNING ? "warning" : "error";
}

/* Xen public features.h; the spellings are those that FEATURES notes use. */
const char *feature_name(unsigned bit)
{
	static const char *const names[] = {
		[0] = "writable_page_tables",
		[1] = "writable_descriptor_tables",
		[2] = "auto_translated_physmap",
		[3] = "supervisor_mode_kernel",
		[4] = "pae_pgdir_above_4gb",
		[8] = "hvm_callback_vector",
		[11] = "dom0",
	};

	return bit < sizeof names / sizeof names[0] ? names[bit] : NULL;
}

/* The spellings of libxl. */
const char *shutdown_reason_name(unsigned reason)
{
	static const char *const names[] = {
		[PVB_SHUTDOWN_POWEROFF] = "poweroff", [PVB_SHUTDOWN_REBOOT] = "reboot",
		[PVB_SHUTDOWN_SUSPEND] = "suspend",   [PVB_SHUTDOWN_CRASH] = "crash",
		[PVB_SHUTDOWN_WATCHDOG] = "watchdog", [PVB_SHUTDOWN_SOFT_RESET] = "soft_reset",
	};

	return reason < sizeof names / sizeof names[0] ? names[reason] : NULL;
}

struct segment_flags_text segment_flags(uint32_t flags)
{
	struct segment_flags_text text = {{
		flags & PVB_SEGMENT_R ? 'r' : '-',
		flags & PVB_SEGMENT_W ? 'w' : '-',
		flags & PVB_SEGMENT_X ? 'x' : '-',
		'\0',
	}};

	return text;
}

struct uuid_text format_uuid(const uint8_t uuid[16])
{
	struct uuid_text result = {""};
	char *at = result.text;

	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += snprintf(at, 3, "%02x", uuid[i]);
	}
	return result;
}

const char *p2m_entry_name(enum pvb_p2m_entry kind)
{
	switch (kind) {
	case PVB_P2M_ENTRY_FRAME:
		return "frame";
	case PVB_P2M_ENTRY_INVALID:
		return "hole";
	case PVB_P2M_ENTRY_FOREIGN:
		return "foreign";
	case PVB_P2M_ENTRY_IDENTITY:
		return "identity";
	case PVB_P2M_ENTRY_WILD:
		break;
	}
	return "wild";
}
