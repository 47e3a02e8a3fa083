/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One audit in progress: the view, what was found out about the domain so far,
 * and the findings. The rules stand in rules-*.c, one file a subject.
 *
 * Every function that can meet a failure of the host returns 0 or -code;
 * whatever the guest did wrong is a finding and no failure.
 */
#ifndef PVB_AUDIT_CHECK_H
#define PVB_AUDIT_CHECK_H

#include <pvbuild/audit.h>

#include "audit/rules.h"
#include "audit/view.h"
#include "audit/walk.h"
#include "core/error.h"

/* start_info as found in the guest, at the offsets of its width. */
struct start_info {
	char magic[33];
	uint64_t nr_pages;
	uint64_t shared_info;
	uint32_t flags;
	uint64_t store_mfn;
	uint32_t store_evtchn;
	uint64_t console_mfn;
	uint32_t console_evtchn;
	uint64_t pt_base;
	uint64_t nr_pt_frames;
	uint64_t mfn_list;
	uint64_t mod_start;
	uint64_t mod_len;
	char cmd_line[1025];
	bool cmd_line_terminated;
	uint64_t first_p2m_pfn;
	uint64_t nr_p2m_frames;
};

#define SIF_PRIVILEGED_ (1u << 0)
#define SIF_INITDOMAIN_ (1u << 1)
#define SIF_MULTIBOOT_MOD_ (1u << 2)
#define SIF_MOD_START_PFN_ (1u << 3)
#define SIF_VIRT_P2M_4TOOLS_ (1u << 4)

/*
 * Where things are, once start_info was found.
 *
 *   base           virtual page of PFN 0, by start_info's own page
 *   end            first virtual page past the initial region
 *   list           virtual page of the p2m list, list_pages of them; list_inside the
 *                  initial region. It is as long as its mapping or its place allows, and
 *                  no shorter than what the domain's pages need
 *   *_page         PFNs; PVB_NO_FRAME where unknown
 *   pfns           that the list has entries for, once it was read and found whole; else 0
 *   p2m_tables     tables of a list outside the initial region
 *   module_*       first PFN and pages of the ramdisk, where has_module and where it lies
 *                  within the guest
 */
struct layout {
	uint64_t base;
	uint64_t end;
	uint64_t list;
	uint64_t list_pages;
	bool list_inside;
	bool list_usable;
	uint64_t pfns;
	pvb_pfn_t start_info_page;
	pvb_pfn_t store_page;
	pvb_pfn_t console_page;
	uint64_t initial_tables;
	uint64_t p2m_tables;
	bool has_module;
	pvb_pfn_t module_page;
	uint64_t module_pages;
};

/* Of valid. */
#define HAS_ADDRESS_BITS 1u
#define HAS_PTE_BITS 2u
#define HAS_GRANULE 4u
#define HAS_P2M_TREE 8u

/* In the place of a bit's number, where there is none. */
#define NO_BIT 0xffu

/*
 * What the guest was told of its ABI, as it stands in shared info: there where present, and
 * to be read where whole. The fields mean something by valid.
 */
struct answer {
	bool present;
	bool whole;
	uint32_t size;
	uint64_t valid;
	uint8_t address_bits;
	uint8_t pte_kernel_bit;
	uint8_t pte_grant_bit;
	uint8_t pte_flags;
	uint8_t granule_shift;
	bool has_tree; /* what follows means something */
	uint32_t p2m_levels;
	uint64_t p2m_root;
};

/*
 * The p2m's tree as the guest is told of it, where it is: by the answer, and by arch of shared
 * info, where all ones of either width are UINT64_MAX.
 */
struct tree {
	bool told;
	unsigned levels;
	uint64_t root;
	uint64_t max_pfn;
	uint64_t list_list;
};

/*
 * What the hypervisor marks in L1 entries, as masks; none where it marks nothing. known: somebody
 * said so, and it is not what is usual.
 */
struct marks {
	bool known;
	unsigned kernel_bit;
	uint64_t kernel;
	uint64_t grant;
};

struct check {
	struct pvb_audit *audit;
	struct view *view;
	const struct pvb_audit_options *options;
	const struct pvb_image_info *image; /* NULL where it was not given */
	pvb_mfn_t root;
	struct view_frame root_info;
	struct marks marks;
	struct walk walk;
	struct start_info start;
	struct layout layout;
	struct answer answer;
	struct tree tree;
	unsigned address_bits; /* that machine addresses keep to; 0 where nobody says */
	bool applied[RULE_COUNT];
};

/* A place in words. */
struct place {
	char text[96];
};

struct place place(const char *format, ...) PVB_PRINTF(1, 2);

/* A virtual page as the guest writes its address. */
uint64_t page_address(const struct check *check, uint64_t page);
struct place place_address(uint64_t address);
struct place place_page(const struct check *check, uint64_t page);

/* Index of the first byte in which they differ; size where they are alike. */
size_t first_difference(const uint8_t *a, const uint8_t *b, size_t size);

/* The rule was applied, whatever comes of it. */
void applies(struct check *check, enum audit_rule rule);

/* The rule was applied and is broken at where. */
void finding(struct check *check, enum audit_rule rule, struct place where, const char *format, ...)
	PVB_PRINTF(4, 5);

/* Like finding() unless ok. */
#define expect(check, rule, ok, where, ...)                                                        \
	do {                                                                                       \
		applies((check), (rule));                                                          \
		if (!(ok))                                                                         \
			finding((check), (rule), (where), __VA_ARGS__);                            \
	} while (0)

/* Virtual page of a guest's address; false where it is not one that the guest can have. */
bool page_of_address(const struct check *check, uint64_t address, uint64_t *page);

/* Frame in cr3. */
pvb_mfn_t root_of_cr3(const struct check *check);

/*
 * Copy count pages of guest virtual memory, or of PFNs through the p2m list. *done pages
 * were read before one that cannot be.
 */
int read_virtual(struct check *check, uint64_t page, uint64_t count, uint8_t *to, uint64_t *done,
		 struct pvb_error *error);
int read_pfns(struct check *check, pvb_pfn_t first, uint64_t count, uint8_t *to, uint64_t *done,
	      struct pvb_error *error);

/* Bytes of a page that are there and not zero: index of the first from "from" up to "to", or to. */
size_t first_nonzero(const uint8_t *bytes, size_t from, size_t to);

/* Before all rules: what was said to the guest, and to what width its addresses keep. */
void read_answer(struct check *check);
void find_address_bits(struct check *check);
void find_tree(struct check *check);

/* Pages of the tree that are not the list's, as far as it is told of and makes sense; else 0. */
uint64_t tree_pages(const struct check *check);

/* Where the answer stands in shared info, [from, to): none of it where nobody can know of one. */
void answer_place(const struct check *check, size_t *from, size_t *to);

/* Before the tables are walked: by which bits of theirs the hypervisor goes. */
void find_marks(struct check *check);

/* The rules, in the order in which they are applied. */
int check_registers(struct check *check, bool *go_on, struct pvb_error *error);
void check_tables(struct check *check);
void check_marks(struct check *check);
int check_start_info(struct check *check, bool *go_on, struct pvb_error *error);
void check_layout(struct check *check);
void check_table_places(struct check *check);
int check_types(struct check *check, struct pvb_error *error);
int check_p2m(struct check *check, struct pvb_error *error);
int check_p2m_tree(struct check *check, struct pvb_error *error);
int check_pages(struct check *check, struct pvb_error *error);
void check_shared_info(struct check *check);
void check_answer(struct check *check);
void check_address_bits(struct check *check);
void check_grants(struct check *check);
int check_kernel(struct check *check, struct pvb_error *error);
int check_module(struct check *check, struct pvb_error *error);

#endif
