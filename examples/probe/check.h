/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the checks have in common. */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include "hypercall.h"
#include "probe.h"

/* check-p2m.c: the list, once it is known to be mapped. */
const uint64_t *p2m(void);

/* check-module.c */
bool module_mapped(void);
uint64_t module_pages(void);

void check_registers_rsi(void);
void check_registers_rsp(void);
void check_registers_segments(void);
void check_registers_flags(void);
void check_registers_rest(void);
void check_boot_stack_zero(void);

void check_start_info_magic(void);
void check_start_info_nr_pages(void);
void check_start_info_flags(void);
void check_start_info_pt_base(void);
void check_start_info_nr_pt_frames(void);
void check_start_info_p2m_frames(void);
void check_start_info_rest(void);
void check_memory_size(void);
void check_memory_map(void);
void check_command_line_ends(void);
void check_command_line_rest(void);
void check_command_line_expected(void);

void check_tables_once(void);
void check_tables_placed(void);
void check_tables_read_only(void);
void check_pages_writable(void);
void check_entry_flags(void);
void check_xen_slots(void);
void check_page_table_updates(void);

void check_region_contiguous(void);
void check_region_end(void);
void check_region_order(void);
void check_region_alone(void);

void check_p2m_placed(void);
void check_p2m_mapped(void);
void check_p2m_frames(void);
void check_p2m_rest(void);

void check_image_data(void);
void check_image_bss(void);
void check_hypercall_page(void);

void check_ramdisk_placed(void);
void check_ramdisk_length(void);
void check_ramdisk_contents(void);
void check_ramdisk_rest(void);

void check_console_page(void);
void check_console_port(void);
void check_console_grant(void);
void check_console_ring(void);
void check_store_page(void);
void check_store_port(void);
void check_store_grant(void);
void check_store_ring(void);
void check_store_answers(void);

void check_shared_info_mapped(void);
void check_shared_info_upcalls(void);
void check_shared_info_clock(void);
void check_shared_info_events(void);
void check_shared_info_arch(void);
void check_shared_info_rest(void);

#endif
