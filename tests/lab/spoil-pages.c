/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/spoil-pages.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/error.h"
#include "plan/plan.h"

uint64_t spoil_mfn(const struct spoiling *spoiling, uint64_t pfn)
{
	return relay_mfn(&spoiling->relay, pfn);
}

uint64_t spoil_maddr(const struct spoiling *spoiling, uint64_t pfn)
{
	return spoil_mfn(spoiling, pfn) << PAGE_SHIFT;
}

static int map_frame(struct spoiling *spoiling, uint64_t mfn, uint8_t **at, struct pvb_error *error)
{
	const struct relay *relay = &spoiling->relay;
	const pvb_mfn_t frame = PVB_MFN(mfn);
	void *mapped;
	int rc = pvb_host_map_frames(relay->inner, relay->domid, &frame, 1, true, &mapped, error);

	*at = rc ? NULL : mapped;
	return rc;
}

static void unmap_frame(struct spoiling *spoiling, uint8_t *at)
{
	pvb_host_unmap_frames(spoiling->relay.inner, at, 1);
}

int spoil_read(struct spoiling *spoiling, uint64_t pfn, size_t offset, void *bytes, size_t size,
	       struct pvb_error *error)
{
	uint8_t *at;
	int rc = map_frame(spoiling, spoil_mfn(spoiling, pfn), &at, error);

	if (rc)
		return rc;
	memcpy(bytes, at + offset, size);
	unmap_frame(spoiling, at);
	return 0;
}

int spoil_write_frame(struct spoiling *spoiling, uint64_t mfn, size_t offset, const void *bytes,
		      size_t size, struct pvb_error *error)
{
	uint8_t *at;
	int rc = map_frame(spoiling, mfn, &at, error);

	if (rc)
		return rc;
	memcpy(at + offset, bytes, size);
	unmap_frame(spoiling, at);
	return 0;
}

int spoil_write(struct spoiling *spoiling, uint64_t pfn, size_t offset, const void *bytes,
		size_t size, struct pvb_error *error)
{
	return spoil_write_frame(spoiling, spoil_mfn(spoiling, pfn), offset, bytes, size, error);
}

int spoil_write_word(struct spoiling *spoiling, uint64_t pfn, size_t offset, uint64_t word,
		     struct pvb_error *error)
{
	return spoil_write(spoiling, pfn, offset, &word, sizeof word, error);
}

int spoil_byte(struct spoiling *spoiling, uint64_t pfn, size_t offset, struct pvb_error *error)
{
	uint8_t *at;
	int rc = map_frame(spoiling, spoil_mfn(spoiling, pfn), &at, error);

	if (rc)
		return rc;
	at[offset] ^= 0x5a;
	unmap_frame(spoiling, at);
	return 0;
}

int spoil_shared_info(struct spoiling *spoiling, size_t offset, uint64_t value, size_t size,
		      struct pvb_error *error)
{
	const struct relay *relay = &spoiling->relay;
	struct pvb_host_domain domain;
	int rc = pvb_host_get_domain(relay->inner, relay->domid, &domain, error);

	return rc ? rc
		  : spoil_write_frame(spoiling, domain.shared_info.n, offset, &value, size, error);
}

/* ---- page tables ------------------------------------------------------------------- */

int spoil_find_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t *table,
		     size_t *offset, struct pvb_error *error)
{
	*table = spoiling->plan->initial.level[spoiling->plan->levels - 1].first.n;
	for (unsigned at = spoiling->plan->levels;; at--) {
		uint64_t entry;

		*offset = (va >> (PAGE_SHIFT + 9 * (at - 1)) & 511) * sizeof entry;
		if (at == level)
			return 0;
		int rc = spoil_read(spoiling, *table, *offset, &entry, sizeof entry, error);
		if (rc)
			return rc;
		*table = relay_pfn(&spoiling->relay, (entry & PTE_FRAME) >> PAGE_SHIFT);
		if (!(entry & PTE_P) || *table == PVB_NO_FRAME)
			return pvb_fail(error, PVB_E_ARG_INVALID, "spoil",
					"address %#llx is not mapped", (unsigned long long)va);
	}
}

int spoil_read_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t *entry,
		     struct pvb_error *error)
{
	uint64_t table;
	size_t offset;
	int rc = spoil_find_entry(spoiling, va, level, &table, &offset, error);

	return rc ? rc : spoil_read(spoiling, table, offset, entry, sizeof *entry, error);
}

int spoil_entry(struct spoiling *spoiling, uint64_t va, unsigned level, uint64_t clear,
		uint64_t set, struct pvb_error *error)
{
	uint64_t table, entry;
	size_t offset;
	int rc = spoil_find_entry(spoiling, va, level, &table, &offset, error);

	if (rc == 0)
		rc = spoil_read(spoiling, table, offset, &entry, sizeof entry, error);
	if (rc == 0)
		rc = spoil_write_word(spoiling, table, offset, (entry & ~clear) | set, error);
	return rc;
}

/* ---- symbols ---------------------------------------------------------------------------- */

/* Our own kernels are looked into here, and images that the library has accepted: no defence. */
static const Elf64_Sym *find_symbol(const uint8_t *elf, const char *name)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)elf;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(const void *)(elf + header->e_shoff);

	for (unsigned i = 0; header->e_shoff && i < header->e_shnum; i++) {
		if (sections[i].sh_type != SHT_SYMTAB)
			continue;

		const Elf64_Sym *symbols =
			(const Elf64_Sym *)(const void *)(elf + sections[i].sh_offset);
		const char *names = (const char *)elf + sections[sections[i].sh_link].sh_offset;

		for (size_t k = 0; k < sections[i].sh_size / sizeof *symbols; k++)
			if (strcmp(names + symbols[k].st_name, name) == 0)
				return &symbols[k];
	}
	return NULL;
}

int spoil_symbol(struct spoiling *spoiling, const char *name, uint64_t *pfn, size_t *offset,
		 struct pvb_error *error)
{
	size_t size = pvb_image_info(spoiling->image)->unpacked_size;
	void *elf = mmap(NULL, size, PROT_READ, MAP_PRIVATE, pvb_image_fd(spoiling->image), 0);
	const Elf64_Sym *symbol = elf == MAP_FAILED ? NULL : find_symbol(elf, name);
	uint64_t from = symbol ? symbol->st_value - spoiling->plan->virt_base.a : 0;

	*pfn = from >> PAGE_SHIFT;
	*offset = from % PAGE_SIZE;
	int rc = symbol ? 0
			: pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "spoil",
				   "the kernel has no symbol \"%s\"", name);

	if (elf != MAP_FAILED)
		(void)munmap(elf, size);
	return rc;
}
