/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the probe share: the facts that it finds without believing start_info, how
 * memory is looked at, and how a check says what it found.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

/* ---- the kernel itself (probe.lds, entry.S) ---- */

extern const uint8_t bss_end[], kernel_end[]; /* kernel_end: of its last page */

struct entry_registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags, cs, ss, ds, es, fs, gs;
};
extern const struct entry_registers entry_registers;

/* ---- text.c ---- */

bool text_equal(const char *a, const char *b);
size_t text_length(const char *text);
/* Decimal, or hexadecimal behind 0x; false if there is anything else in it. */
bool text_number(const char *text, size_t length, uint64_t *number);
uint32_t crc32(uint32_t so_far, const uint8_t *bytes, uint64_t count);

/* %s, %u and %x of unsigned, %lu and %lx of unsigned long, %c; *at only grows up to size. */
void text_format(char *to, size_t size, size_t *at, const char *format,
		 __builtin_va_list arguments);

/* Copies and compares: the compiler asks for them by these names. */
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);

/* The first byte of these that is not zero, or count. */
uint64_t first_nonzero(const void *bytes, uint64_t count);

/* ---- exceptions.c ---- */

void exceptions_start(void);
bool peek_word(const volatile void *from, uint64_t *to); /* entry.S */

/* ---- pages.c: memory, looked at from below ---- */

#define NO_PFN UINT64_MAX

/*
 * Pages of our own whose place in the address space is lent to other frames, to look at what
 * is not mapped anywhere.
 */
enum window {
	WINDOW_TABLE,
	WINDOW_SHARED_INFO,
	WINDOW_GRANTS,
	WINDOW_CONSOLE,
	WINDOW_STORE,
	WINDOW_PAGE,
	WINDOW_TREE, /* and the following: one for each level of a p2m tree */
	WINDOW_TREE_LAST = WINDOW_TREE + 4,
	WINDOWS,
};

/* Must come first, with what the rest of this part needs. False with nothing to stand on. */
bool pages_start(void);

void *window_page(enum window window);
/* Map that frame there. Xen refuses frames that are not ours to see. */
bool window_map(enum window window, uint64_t mfn, uint64_t flags);
/* Put back the window's own page. */
bool window_close(enum window window);

/* The PFN that the M2P has for a frame; NO_PFN for a frame that it does not know. */
uint64_t m2p(uint64_t mfn);

/* Where the initial mapping should have that page of memory, and the frame that is there. */
void *direct(uint64_t pfn);
static inline uint64_t page_of(const void *va)
{
	return ((uint64_t)va - PROBE_VIRT_BASE) >> PAGE_SHIFT;
}
uint64_t frame_of(uint64_t pfn);

/* The leaf entry for an address, 0 if there is none; where it stands in machine memory. */
uint64_t leaf_of(uint64_t va, uint64_t *place);
/* An entry of the root table. */
uint64_t root_entry(uint64_t slot);

static inline uint64_t entry_mfn(uint64_t entry)
{
	return (entry & PTE_FRAME) >> PAGE_SHIFT;
}

/* What a walk tells of. table() is told of a table before of what is in it. */
struct walker {
	void *context;
	void (*table)(void *context, unsigned level, uint64_t va, uint64_t mfn);
	void (*upper)(void *context, unsigned level, uint64_t va, uint64_t entry);
	void (*leaf)(void *context, uint64_t va, uint64_t entry);
};

/* All that is mapped, upwards, but for Xen's slots of the root. */
void walk(const struct walker *walker);

/* ---- facts.c: what was found before any check ---- */

#define MEMORY_MAP_ENTRIES 128

/* What Xen answers to XENMEM_memory_map; no entries where it has none. */
struct memory_map_found {
	unsigned count;
	struct e820_entry entries[MEMORY_MAP_ENTRIES];
};

/* A PFN that has memory, and is in no hole. */
bool in_memory(uint64_t pfn);

struct table {
	uint64_t mfn;
	unsigned level;
	bool of_region;
};

struct facts {
	struct memory_map_found map;
	uint64_t xen_version; /* major << 16 | minor */
	uint64_t pages;       /* of memory, as Xen counts them */
	uint64_t max_pages;
	uint64_t pfns; /* up to the last that has memory: more than pages where there are holes */
	uint64_t root; /* MFN */
	uint64_t m2p_start, m2p_frames;

	const struct start_info *start_info;
	uint64_t start_info_pfn;
	uint64_t store_pfn, console_pfn; /* behind start_info, by the order of xen.h */
	uint64_t list_pages;             /* that a p2m list of so many PFNs takes */

	uint64_t region_end;    /* the PFN behind the last page mapped, up to 4 MiB */
	unsigned tables;        /* all that the processor walks */
	uint64_t region_tables; /* those that map something of the region, and the root */
	uint64_t list_tables;   /* those that map the list where INIT_P2M wants it */

	/* Where they could be mapped, which start_info has a say in only for the first. */
	bool has_shared_info, has_grants, has_console, has_store;
	uint64_t grant_mfn; /* of the first page of the grant table */

	/* As they were found. */
	struct grant_entry grants[2];
	struct console_ring console_ring;
	struct store_ring store_ring;
};
extern struct facts facts;

struct page {
	uint8_t bytes[PAGE_SIZE];
} __attribute__((aligned(PAGE_SIZE)));
extern struct page shared_info_page, boot_stack_page;

/* The page as Xen goes on writing it; NULL if it could not be mapped. */
struct shared_info *shared_info_live(void);

/* Whether an address is in the part where the initial mapping is, or where INIT_P2M wants the list.
 */
bool in_region(uint64_t va);
bool in_list(uint64_t va);

/* Whether a frame is one of the tables that the processor walks. */
bool is_table(uint64_t mfn);
/* The tables, in the order of a walk. */
const struct table *table_at(unsigned i);

/* False without a start_info: nothing can be said then. */
bool facts_find(void);

/* ---- options.c: the command line ---- */

bool option(const char *name);
/* What follows "=", up to the next space; NULL if it is not there. */
const char *option_text(const char *name, size_t *length);
bool option_number(const char *name, uint64_t *number);
/* The first word "probe.*" that is no option of ours, or lacks its number, copied; else false. */
bool option_unknown(char *word, size_t size);
const char *command_line(void);
/* The CRC-32 of all before the option that has it, if it is there. */
bool option_crc_right(uint32_t *found);
void options_start(const char *text, size_t size);

/* ---- events.c ---- */

/* Channel to another domain, or waiting for one? Then who that is. */
bool event_channel_status(uint64_t port, uint16_t *remote);
void event_send(uint32_t port);
uint64_t time_now(void);
/* True, once, of an event that came. */
bool event_take(uint32_t port);
/* Wait for an event a little; false when that has taken too long since *since, which starts as 0.
 */
bool event_wait(uint32_t port, uint64_t *since);

/* ---- console.c ---- */

void console_start(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Until all that was said has been read; to Xen's own console if there is no other. */
void console_drain(void);

/* ---- store.c ---- */

/* One request over the ring, and its answer. */
bool store_read(const char *path, char *value, size_t size, const char **why);
bool store_write(const char *path, const char *value, const char **why);

/* ---- checks.c ---- */

struct check {
	const char *name;
	void (*run)(void);
	const char *says;
	const char *needs[2]; /* other checks, before it, that must have been passed */
};
extern const struct check checks[];
extern const unsigned check_count;

/* What a check says, in any number; with nothing said, it has passed. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Nothing that the ABI forbids: a note, and a failure only under probe.strict. */
void odd(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Does not apply here, or cannot be looked at. */
void untested(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is being checked, for one who reports an accident. */
const char *current_check(void);

_Noreturn void end(unsigned reason);

#endif
