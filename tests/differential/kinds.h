/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kinds of files that the list of differences (excuses.c) is about. Whether a file is of a kind is
 * found out from the file (look.h) and from what libxenguest made of it, never from our own
 * reading.
 */
#ifndef PVB_TESTS_DIFFERENTIAL_KINDS_H
#define PVB_TESTS_DIFFERENTIAL_KINDS_H

#include "differential/look.h"

typedef bool kind_fn(const struct look *look);

kind_fn has_a_class_of_no_meaning;
kind_fn is_i386_in_64_bits;
kind_fn has_headers_that_overlap;
kind_fn has_very_many_segments;
kind_fn has_sections_that_wrap;
kind_fn has_a_table_that_ends_just_beyond;
kind_fn has_numbers_in_section_0;
kind_fn has_a_segment_outside_of_the_file;
kind_fn has_a_segment_larger_in_the_file;
kind_fn has_a_segment_that_wraps;
kind_fn has_nothing_to_load;
kind_fn is_entered_at_its_end;
kind_fn begins_within_a_page;
kind_fn ends_beyond_4_gib;
kind_fn has_a_symbol_table_that_is_broken;
kind_fn has_a_symbol_table_of_32_bits;
kind_fn is_loaded_more_than_twice;
kind_fn has_a_hypercall_page_elsewhere;
kind_fn has_notes_outside_of_the_file;
kind_fn has_a_note_that_is_cut;
kind_fn has_a_number_of_an_odd_size;
kind_fn has_a_note_without_an_end;
kind_fn has_a_very_long_string;
kind_fn has_very_many_notes;
kind_fn has_note_19;
kind_fn has_notes_of_our_own;
kind_fn has_an_init_p2m_of_no_use;
kind_fn has_the_hypervisor_low;
kind_fn is_pvh_only;
kind_fn has_a_wide_pvh_entry;
kind_fn requires_what_is_not_there;
kind_fn has_a_legacy_feature_that_is_unknown;
kind_fn has_a_legacy_number_that_is_none;
kind_fn has_a_long_legacy_value;
kind_fn has_a_legacy_string_without_an_end;
kind_fn has_a_legacy_name_outside;
kind_fn is_flat_and_ends_before_it_begins;
kind_fn is_flat_and_begins_below_0;
kind_fn is_flat_and_entered_outside;

#endif
