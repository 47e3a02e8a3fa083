/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the checks have in common. */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include "hypercall.h"
#include "probe.h"

/* check-p2m.c: the list, once it is known to be mapped. */
const uint64_t *p2m(void);

/* check-declared.c: the place of the answer, with one or without. */
struct pvb_guest_abi;
const struct pvb_guest_abi *guest_abi(void);

/*
 * check-p2m-tree.c: whether the answer tells of a tree; its levels, 0 without one; and how many
 * pages it has above the leaves.
 */
bool p2m_tree_is_there(void);
unsigned p2m_tree_levels(void);
uint64_t p2m_tree_pages(void);

/* check-module.c */
bool module_mapped(void);
uint64_t module_pages(void);

void check_registers_rsi(void);
void check_registers_rsp(void);
void check_registers_segments(void);
void check_registers_rflags(void);
void check_registers_general(void);
void check_registers_bases(void);
void check_registers_debug(void);
void check_registers_stack(void);

void check_start_info_magic(void);
void check_start_info_nr_pages(void);
void check_start_info_flags(void);
void check_start_info_shared_info(void);
void check_start_info_store_mfn(void);
void check_start_info_store_evtchn(void);
void check_start_info_console_mfn(void);
void check_start_info_console_evtchn(void);
void check_start_info_pt_base(void);
void check_start_info_nr_pt_frames(void);
void check_start_info_mfn_list(void);
void check_start_info_first_p2m_pfn(void);
void check_start_info_nr_p2m_frames(void);
void check_start_info_cmd_line(void);
void check_start_info_tail(void);
void check_memory_size(void);
void check_memory_map(void);

void check_tables_map(void);
void check_tables_stray(void);
void check_tables_place(void);
void check_tables_read_only(void);
void check_tables_flags(void);
void check_tables_xen_slots(void);
void check_layout_order(void);
void check_layout_padding(void);

void check_kernel_data(void);
void check_kernel_bss(void);
void check_kernel_hypercall_page(void);

void check_p2m_mapped(void);
void check_p2m_list(void);
void check_p2m_tail(void);
void check_tables_update(void);

void check_module_place(void);
void check_module_length(void);
void check_module_checksum(void);
void check_module_tail(void);

void check_shared_info_mask(void);
void check_shared_info_clock(void);
void check_shared_info_events(void);
void check_shared_info_arch(void);
void check_shared_info_tail(void);

void check_width_memory(void);
void check_width_tables(void);
void check_width_shared(void);
void check_width_grants(void);
void check_guest_abi_answer(void);
void check_guest_abi_address_bits(void);
void check_guest_abi_pte_bits(void);
void check_guest_abi_granule(void);

void check_p2m_tree_levels(void);
void check_p2m_tree_root(void);
void check_p2m_tree_nodes(void);
void check_p2m_tree_leaves(void);
void check_p2m_tree_entries(void);
void check_p2m_tree_tail(void);
void check_p2m_tree_list_list(void);
void check_p2m_tree_max_pfn(void);

void check_console_page(void);
void check_store_page(void);
void check_grants_console(void);
void check_grants_store(void);
void check_events_remote(void);
void check_store_answers(void);

void check_limits_vcpus(void);
void check_limits_grant_frames(void);
void check_limits_grant_version(void);
void check_limits_event_channels(void);
void check_store_cpus(void);

#endif
