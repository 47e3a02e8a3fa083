/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/pin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "plan/pte-pin.h"

#define ADDRESS UINT64_C(0x000ffffffffff000)
#define LAST_GIB (UINT64_C(3) << 18) /* in pages */

static int read_frame(struct relay *relay, uint64_t mfn, uint64_t *entries, struct pvb_error *error)
{
	const pvb_mfn_t frame = PVB_MFN(mfn);
	void *at;
	int rc = pvb_host_map_frames(relay->inner, relay->domid, &frame, 1, false, &at, error);

	if (rc)
		return rc;
	memcpy(entries, at, PIN_ENTRIES * sizeof *entries);
	pvb_host_unmap_frames(relay->inner, at, 1);
	return 0;
}

static int add_table(struct pin *pin, struct relay *relay, uint64_t mfn, unsigned level,
		     uint64_t page, struct pvb_error *error)
{
	if (pin->count == pin->capacity) {
		size_t capacity = pin->capacity ? 2 * pin->capacity : 64;
		struct pin_table *tables = reallocarray(pin->tables, capacity, sizeof *tables);

		if (!tables)
			return pvb_fail_memory(error, "predict", "page tables");
		pin->tables = tables;
		pin->capacity = capacity;
	}

	struct pin_table *table = &pin->tables[pin->count++];

	*table = (struct pin_table){.mfn = mfn, .page = page, .level = level};
	return read_frame(relay, mfn, table->entries, error);
}

static bool is_xens(const struct pin *pin, const struct pin_table *table, unsigned index)
{
	return pvb_pte_is_hypervisors(pin->guest_bits, table->level, table->page == LAST_GIB,
				      index);
}

/* All tables, level by level: the list grows while it is gone through. */
static int take(struct pin *pin, struct relay *relay, unsigned level, uint64_t root,
		struct pvb_error *error)
{
	int rc = add_table(pin, relay, root, level, 0, error);

	for (size_t i = 0; !rc && i < pin->count; i++) {
		for (unsigned index = 0; !rc && index < PIN_ENTRIES; index++) {
			/* Not a copy kept across the call: the array moves. */
			const struct pin_table *table = &pin->tables[i];
			uint64_t entry = table->entries[index];
			uint64_t page = table->page + ((uint64_t)index << (9 * (table->level - 1)));

			if (table->level > 1 && entry & 1 && !is_xens(pin, table, index))
				rc = add_table(pin, relay, (entry & ADDRESS) >> 12,
					       table->level - 1, page, error);
		}
	}
	return rc;
}

static void compare_entry(struct pin *pin, const struct pin_table *table, unsigned index,
			  uint64_t after)
{
	const uint64_t before = table->entries[index];
	const uint64_t wanted =
		pvb_pte_pinned(pin->guest_bits, pin->kernel_bit, table->level, before);
	const uint64_t again =
		pvb_pte_pinned(pin->guest_bits, pin->kernel_bit, table->level, after);

	pin->entries++;
	pin->present += before & 1;
	pin->changed += before != after;
	if (after == wanted && again == after)
		return;
	pin->wrong++;
	if (pin->out)
		fprintf(pin->out,
			"L%u table in machine frame 0x%" PRIx64 ", entry %u: 0x%016" PRIx64
			" became 0x%016" PRIx64 ", and 0x%016" PRIx64
			" was predicted (and 0x%016" PRIx64 " of what it is now)\n",
			table->level, table->mfn, index, before, after, wanted, again);
}

static int compare(struct pin *pin, struct relay *relay, struct pvb_error *error)
{
	uint64_t after[PIN_ENTRIES];

	for (size_t i = 0; i < pin->count; i++) {
		const struct pin_table *table = &pin->tables[i];
		int rc = read_frame(relay, table->mfn, after, error);

		if (rc)
			return rc;
		for (unsigned index = 0; index < PIN_ENTRIES; index++) {
			if (is_xens(pin, table, index))
				pin->xens++;
			else
				compare_entry(pin, table, index, after[index]);
		}
	}
	return 0;
}

static int before_call(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	struct pin *pin = relay->watcher.opaque;

	if (call->call != PVB_CALL_PIN_TABLE)
		return 0;
	return take(pin, relay, (unsigned)call->value, call->frames[0].n, error);
}

static void after_call(struct relay *relay, const struct relay_call *call)
{
	struct pin *pin = relay->watcher.opaque;

	if (call->call == PVB_CALL_PIN_TABLE && call->rc == 0)
		pin->rc = compare(pin, relay, &pin->error);
}

struct relay_watcher pin_watcher(struct pin *pin)
{
	return (struct relay_watcher){.before = before_call, .after = after_call, .opaque = pin};
}

void pin_free(struct pin *pin)
{
	free(pin->tables);
	*pin = (struct pin){0};
}
