/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page tables on the simulated host: what Xen takes, what it refuses and where,
 * what it makes of them, and that a refusal leaves no trace.
 */
#include "test-sim.h"

/*
 * A small guest: 64 frames, of which the first ones are its tables. The L1 maps
 * all frames, tables read-only.
 */
enum { L4, L3, L2, L1, SPARE_L1, SPARE_L2, SPARE_L3, SPARE_L4, TABLES, DATA = TABLES, FRAMES = 64 };

struct guest {
	struct pvb_host *host;
	uint32_t domid;
	pvb_mfn_t frame[FRAMES];
};

static const uint64_t zeros[512];

static void write_entry(struct guest *guest, unsigned table, unsigned index, uint64_t value)
{
	assert_int_equal(
		pvb_sim_poke(guest->host, guest->frame[table], index * 8, &value, sizeof value), 0);
}

static uint64_t read_entry(struct guest *guest, unsigned table, unsigned index)
{
	uint64_t value;

	assert_int_equal(
		pvb_sim_peek(guest->host, guest->frame[table], index * 8, &value, sizeof value), 0);
	return value;
}

static uint64_t entry(const struct guest *guest, unsigned frame, uint64_t flags)
{
	return guest->frame[frame].n << 12 | flags;
}

static struct guest new_guest_on(const char *options, unsigned bits)
{
	struct guest guest = {.host = open_sim(options)};
	struct pvb_error error;

	guest.domid = new_domain(guest.host, GIB);
	assert_ok(pvb_host_set_guest_bits(guest.host, guest.domid, bits, &error), &error);
	assert_int_equal(give(guest.host, guest.domid, 0, 0, FRAMES, guest.frame), FRAMES);
	for (unsigned i = 0; i < TABLES; i++)
		assert_int_equal(pvb_sim_poke(guest.host, guest.frame[i], 0, zeros, sizeof zeros),
				 0);
	write_entry(&guest, L4, 0, entry(&guest, L3, 0x67));
	write_entry(&guest, L3, 0, entry(&guest, L2, 0x67));
	write_entry(&guest, L2, 0, entry(&guest, L1, 0x67));
	for (unsigned i = 0; i < FRAMES; i++)
		write_entry(&guest, L1, i, entry(&guest, i, i < TABLES ? 0x21 : 0x23));
	return guest;
}

static struct guest new_guest(void)
{
	return new_guest_on("memory=4G", 64);
}

/* Frames of a PAE guest: the L3 at L4's place, and four L2s. */
enum { P_L3, P_L2_0, P_L2_1, P_L2_2, P_L2_3, P_L1 };

static struct guest new_pae_guest_on(const char *options)
{
	struct guest guest = new_guest_on(options, 32);

	for (unsigned i = 0; i < TABLES; i++)
		assert_int_equal(pvb_sim_poke(guest.host, guest.frame[i], 0, zeros, sizeof zeros),
				 0);
	for (unsigned i = 0; i < 4; i++)
		write_entry(&guest, P_L3, i, entry(&guest, P_L2_0 + i, 0x01));
	write_entry(&guest, P_L2_3, 0, entry(&guest, P_L1, 0x67));
	for (unsigned i = 0; i < FRAMES; i++)
		write_entry(&guest, P_L1, i, entry(&guest, i, i < TABLES ? 0x21 : 0x23));
	return guest;
}

static void assert_untyped(struct guest *guest)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct pvb_sim_frame frame;

		pvb_sim_look(guest->host, guest->frame[i], &frame);
		assert_int_equal(frame.references, 0);
		assert_int_equal(frame.use, PVB_SIM_NOTHING);
		assert_false(frame.pinned);
	}
	assert_books_balance(guest->host);
}

static int pin(struct guest *guest, unsigned level, unsigned frame, struct pvb_error *error)
{
	return pvb_host_pin_table(guest->host, guest->domid, level, guest->frame[frame], error);
}

/* A refusal names the table, its level, the index and the entry, and leaves no trace. */
static void assert_refused(struct guest *guest, unsigned root_level, unsigned root, unsigned level,
			   unsigned table, unsigned index, uint64_t value, const char *why)
{
	struct pvb_error error;
	char wanted[200];

	assert_fails_with(pin(guest, root_level, root, &error), PVB_E_HOST_PIN, &error);
	(void)snprintf(wanted, sizeof wanted,
		       "L%u table of domain %u in machine frame %#llx, PFN %#x, entry %u, %#018llx",
		       level, guest->domid, (unsigned long long)guest->frame[table].n, table, index,
		       (unsigned long long)value);
	if (!strstr(error.message, wanted) || !strstr(error.message, why))
		print_error("wanted \"%s\" and \"%s\"\n   got \"%s\"\n", wanted, why,
			    error.message);
	assert_non_null(strstr(error.message, wanted));
	assert_non_null(strstr(error.message, why));
	assert_untyped(guest);
}

static struct pvb_sim_frame look(struct guest *guest, unsigned frame)
{
	struct pvb_sim_frame out;

	pvb_sim_look(guest->host, guest->frame[frame], &out);
	return out;
}

static void good_tables_are_pinned_and_counted(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_host_frame_info info[FRAMES];
	struct pvb_error error;

	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_int_equal(look(&guest, L4).use, PVB_SIM_L4);
	assert_int_equal(look(&guest, L4).references, 1);
	assert_true(look(&guest, L4).pinned);
	assert_true(look(&guest, L4).validated);
	assert_int_equal(look(&guest, L1).use, PVB_SIM_L1);
	assert_int_equal(look(&guest, L1).references, 1);
	assert_int_equal(look(&guest, DATA).use, PVB_SIM_WRITABLE);
	assert_int_equal(look(&guest, DATA).references, 1);
	assert_int_equal(look(&guest, SPARE_L1).references, 0);
	assert_int_equal(look(&guest, DATA).domid, guest.domid);
	assert_int_equal(look(&guest, DATA).pfn, DATA);

	assert_ok(
		pvb_host_get_frame_info(guest.host, guest.domid, guest.frame, FRAMES, info, &error),
		&error);
	assert_int_equal(info[L4].type, PVB_FRAME_L4);
	assert_true(info[L4].pinned);
	assert_int_equal(info[L3].type, PVB_FRAME_L3);
	assert_int_equal(info[L2].type, PVB_FRAME_L2);
	assert_int_equal(info[L1].type, PVB_FRAME_L1);
	assert_false(info[L1].pinned);
	assert_int_equal(info[DATA].type, PVB_FRAME_PLAIN);
	assert_int_equal(info[SPARE_L1].type, PVB_FRAME_PLAIN);

	/* Once is enough. */
	assert_fails_with(pin(&guest, 4, L4, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.message, "pinned already"));
	assert_int_equal(look(&guest, L4).references, 1);
	/* A table below can be pinned, too, but not as something else. */
	assert_ok(pin(&guest, 2, L2, &error), &error);
	assert_int_equal(look(&guest, L2).references, 2);
	assert_fails_with(pin(&guest, 3, L2, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.message, "an L2 table (2 times)"));
	assert_fails_with(pin(&guest, 1, DATA, &error), PVB_E_HOST_PIN, &error);
	assert_fails_with(pin(&guest, 0, L1, &error), PVB_E_ARG_INVALID, &error);
	assert_fails_with(pin(&guest, 5, L1, &error), PVB_E_ARG_INVALID, &error);
	close_sim(guest.host);
}

static void entries_are_adjusted_exactly_as_xen_does(void **state)
{
	(void)state;
	static const uint64_t leaves[][2] = {
		{0x21, 0x0010000000000025},
		{0x23, 0x0010000000000027},
		{0x01, 0x0010000000000005},
		{0x25, 0x125}, /* user: global */
		{0x27, 0x127},
		{0x8000000000000023, 0x8010000000000027},
		{0x0010000000000027, 0x0010000000000027}, /* adjusted already */
		{0x0010000000000023, 0x0010000000000027},
		{0x0010000000000123, 0x0010000000000127}, /* kernel and global: warned of */
		{0x7fe0000000000e63, 0x7ff0000000000e67}, /* all that is software's */
		{0x00, 0x00},
	};
	struct guest guest = new_guest();
	struct pvb_error error;

	for (unsigned i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
		write_entry(&guest, L1, 100 + i,
			    leaves[i][0] ? entry(&guest, DATA + i, leaves[i][0]) : 0);
	write_entry(&guest, L2, 1, entry(&guest, SPARE_L1, 0x01));
	write_entry(&guest, L3, 1, entry(&guest, SPARE_L2, 0x8000000000000e63));
	write_entry(&guest, L4, 1, entry(&guest, SPARE_L3, 0x03));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	for (unsigned i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
		assert_true(read_entry(&guest, L1, 100 + i) ==
			    (leaves[i][0] ? entry(&guest, DATA + i, leaves[i][1]) : 0));
	assert_true(read_entry(&guest, L1, L4) == entry(&guest, L4, 0x0010000000000025));
	assert_true(read_entry(&guest, L2, 0) == entry(&guest, L1, 0x67));
	assert_true(read_entry(&guest, L2, 1) == entry(&guest, SPARE_L1, 0x05));
	assert_true(read_entry(&guest, L3, 1) == entry(&guest, SPARE_L2, 0x8000000000000e67));
	assert_true(read_entry(&guest, L4, 0) == entry(&guest, L3, 0x67));
	assert_true(read_entry(&guest, L4, 1) == entry(&guest, SPARE_L3, 0x27));
	close_sim(guest.host);
}

static void the_hypervisors_slots_are_not_looked_at_but_overwritten(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_error error;

	for (unsigned slot = 255; slot <= 272; slot++)
		if (slot != 255 && slot != 272)
			write_entry(&guest, L4, slot, UINT64_MAX);
	assert_ok(pin(&guest, 4, L4, &error), &error);
	/* The M2P is seen only once a vCPU has these tables; MMCFG there is none. */
	assert_true(read_entry(&guest, L4, 256) == 0);
	assert_true(read_entry(&guest, L4, 257) == 0);
	assert_true(read_entry(&guest, L4, 258) == entry(&guest, L4, 0x8000000000000063));
	assert_true(read_entry(&guest, L4, 259) == 0);
	/* Memory, of less than 512 GiB, is behind one slot, and not to be executed. */
	for (unsigned slot = 260; slot <= 262; slot++) {
		uint64_t value = read_entry(&guest, L4, slot);

		assert_true((value & 0xfff) == 0x63);
		assert_true(value >> 63 == (slot != 261));
		assert_true((value & UINT64_C(0x000ffffffffff000)) < MIB);
	}
	for (unsigned slot = 263; slot <= 271; slot++)
		assert_true(read_entry(&guest, L4, slot) == 0);
	assert_true(read_entry(&guest, L4, 255) == 0);
	assert_true(read_entry(&guest, L4, 272) == 0);
	close_sim(guest.host);
}

static void the_hypervisors_slots_map_memory_as_far_as_there_is_any(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		unsigned last;
	} hosts[] = {
		{"layout=1M+1G/1023G+1G", 263},
		{"layout=1M+1G/64T+1G", 271},
	};

	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		struct guest guest = new_guest_on(hosts[i].options, 64);
		struct pvb_error error;

		assert_ok(pin(&guest, 4, L4, &error), &error);
		for (unsigned slot = 262; slot <= 271; slot++)
			assert_true((read_entry(&guest, L4, slot) & 1) == (slot <= hosts[i].last));
		close_sim(guest.host);
	}
}

static void bits_that_are_not_allowed_are_refused_at_each_level(void **state)
{
	(void)state;
	static const struct {
		unsigned level;
		unsigned table;
		uint64_t bit;
	} wrong[] = {
		{1, L1, 0x008}, {1, L1, 0x010}, {1, L1, 0x080}, {2, L2, 0x008}, {2, L2, 0x010},
		{2, L2, 0x080}, {2, L2, 0x100}, {3, L3, 0x008}, {3, L3, 0x010}, {3, L3, 0x080},
		{3, L3, 0x100}, {4, L4, 0x008}, {4, L4, 0x010}, {4, L4, 0x080}, {4, L4, 0x100},
	};
	struct guest guest = new_guest();
	struct pvb_error error;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		unsigned index = wrong[i].level == 1 ? FRAMES - 1 : 0;
		uint64_t good = read_entry(&guest, wrong[i].table, index);

		write_entry(&guest, wrong[i].table, index, good | wrong[i].bit);
		assert_refused(&guest, 4, L4, wrong[i].level, wrong[i].table, index,
			       good | wrong[i].bit, "bits that a PV guest may not set");
		write_entry(&guest, wrong[i].table, index, good);
	}
	/* Global is for leaves. */
	write_entry(&guest, L1, DATA, entry(&guest, DATA, 0x123));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	close_sim(guest.host);
}

static void superpages_get_a_hint(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_error error;

	write_entry(&guest, L2, 5, 0xe7);
	assert_fails_with(pin(&guest, 4, L4, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.hint, "superpages"));
	close_sim(guest.host);
}

static void a_debug_xen_keeps_bit_62(void **state)
{
	(void)state;
	uint64_t bit = UINT64_C(1) << 62;
	struct guest guest = new_guest_on("memory=4G,debug", 64);
	struct pvb_error error;
	uint64_t value = entry(&guest, DATA, 0x23 | bit);

	write_entry(&guest, L1, DATA, value);
	assert_refused(&guest, 4, L4, 1, L1, DATA, value, "0x4000000000000000");
	/* It is L1 entries that grants are mapped by. */
	write_entry(&guest, L1, DATA, entry(&guest, DATA, 0x23));
	write_entry(&guest, L2, 0, entry(&guest, L1, 0x67 | bit));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	close_sim(guest.host);

	guest = new_guest();
	write_entry(&guest, L1, DATA, entry(&guest, DATA, 0x23 | bit));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	close_sim(guest.host);
}

static void frames_of_others_cannot_be_mapped(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	uint32_t other = new_domain(guest.host, GIB);
	struct pvb_host_domain domain;
	struct pvb_error error;
	pvb_mfn_t foreign;
	uint64_t value;

	assert_int_equal(give(guest.host, other, 0, 0, 1, &foreign), 1);
	value = foreign.n << 12 | 0x21;
	write_entry(&guest, L1, 99, value);
	assert_refused(&guest, 4, L4, 1, L1, 99, value, "memory of domain 2");

	value = foreign.n << 12 | 0x67;
	write_entry(&guest, L1, 99, 0);
	write_entry(&guest, L3, 511, value);
	assert_refused(&guest, 4, L4, 3, L3, 511, value, "memory of domain 2");
	write_entry(&guest, L3, 511, 0);

	value = 0x21;
	write_entry(&guest, L1, 99, value);
	assert_refused(&guest, 4, L4, 1, L1, 99, value, "not memory at all");
	value = UINT64_C(0x000ffffffffff021);
	write_entry(&guest, L1, 99, value);
	assert_refused(&guest, 4, L4, 1, L1, 99, value, "not memory at all");
	value = GIB | 0x21;
	write_entry(&guest, L1, 99, value);
	assert_refused(&guest, 4, L4, 1, L1, 99, value, "no domain's memory");

	assert_ok(pvb_host_get_domain(guest.host, other, &domain, &error), &error);
	value = domain.shared_info.n << 12 | 0x21;
	write_entry(&guest, L1, 99, value);
	assert_refused(&guest, 4, L4, 1, L1, 99, value, "shared info of domain 2");

	/* One's own shared info page can be mapped, but is no page table. */
	assert_ok(pvb_host_get_domain(guest.host, guest.domid, &domain, &error), &error);
	write_entry(&guest, L1, 99, domain.shared_info.n << 12 | 0x23);
	value = domain.shared_info.n << 12 | 0x67;
	write_entry(&guest, L2, 7, value);
	assert_refused(&guest, 4, L4, 2, L2, 7, value, "is wanted as an L1 table");
	write_entry(&guest, L2, 7, 0);
	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_fails_with(pvb_host_pin_table(guest.host, guest.domid, 4, foreign, &error),
			  PVB_E_HOST_PIN, &error);
	close_sim(guest.host);
}

static void a_table_is_never_writable(void **state)
{
	(void)state;
	struct pvb_error error;

	/* Each table in turn, mapped writable by a leaf. */
	for (unsigned table = L4; table <= L1; table++) {
		struct guest guest = new_guest();
		uint64_t value = entry(&guest, table, 0x23);

		write_entry(&guest, L1, table, value);
		assert_refused(&guest, 4, L4, 1, L1, table, value,
			       "is wanted as writable memory, but is in use as an L");
		close_sim(guest.host);
	}

	/* A leaf that comes first makes the frame writable; it is the table that is refused. */
	struct guest guest = new_guest();
	write_entry(&guest, L1, SPARE_L1, entry(&guest, SPARE_L1, 0x23));
	write_entry(&guest, L2, 1, entry(&guest, SPARE_L1, 0x67));
	assert_refused(&guest, 4, L4, 2, L2, 1, entry(&guest, SPARE_L1, 0x67),
		       "is wanted as an L1 table, but is in use as writable memory (1 times)");
	write_entry(&guest, L2, 1, 0);

	/* The toolstack's own mappings count, too. */
	void *at;
	assert_ok(pvb_host_map_frames(guest.host, guest.domid, &guest.frame[L2], 1, true, &at,
				      &error),
		  &error);
	assert_fails_with(pin(&guest, 4, L4, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.hint, "unmap"));
	assert_fails_with(pin(&guest, 2, L2, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.hint, "unmap"));
	assert_int_equal(look(&guest, L2).references, 1);
	pvb_host_unmap_frames(guest.host, at, 1);
	assert_untyped(&guest);

	/* And a table in use cannot be mapped writable; reading is fine. */
	assert_ok(pin(&guest, 4, L4, &error), &error);
	pvb_mfn_t frames[] = {guest.frame[DATA], guest.frame[L2]};
	assert_fails_with(
		pvb_host_map_frames(guest.host, guest.domid, frames, 2, true, &at, &error),
		PVB_E_HOST_MAP, &error);
	assert_non_null(strstr(error.message, "an L2 table"));
	assert_int_equal(look(&guest, DATA).references, 1);
	assert_ok(pvb_host_map_frames(guest.host, guest.domid, frames, 2, false, &at, &error),
		  &error);
	assert_true(((const uint64_t *)at)[512] == entry(&guest, L1, 0x67));
	pvb_host_unmap_frames(guest.host, at, 2);
	close_sim(guest.host);
}

static void a_table_has_one_level(void **state)
{
	(void)state;
	struct guest guest = new_guest();

	write_entry(&guest, L2, 9, entry(&guest, L3, 0x65));
	assert_refused(&guest, 4, L4, 2, L2, 9, entry(&guest, L3, 0x65),
		       "is wanted as an L1 table, but is in use as an L3 table");
	write_entry(&guest, L2, 9, 0);
	write_entry(&guest, L3, 9, entry(&guest, L1, 0x67));
	assert_refused(&guest, 4, L4, 3, L3, 9, entry(&guest, L1, 0x67),
		       "is wanted as an L2 table, but is in use as an L1 table");
	write_entry(&guest, L3, 9, 0);
	write_entry(&guest, L4, 511, entry(&guest, L1, 0x67));
	assert_refused(&guest, 4, L4, 4, L4, 511, entry(&guest, L1, 0x67),
		       "is wanted as an L3 table");
	close_sim(guest.host);
}

static void tables_can_be_shared_and_are_counted(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_error error;

	write_entry(&guest, L2, 1, entry(&guest, L1, 0x67));
	write_entry(&guest, L3, 5, entry(&guest, L2, 0x67));
	write_entry(&guest, SPARE_L4, 3, entry(&guest, L3, 0x67));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_ok(pin(&guest, 4, SPARE_L4, &error), &error);
	assert_int_equal(look(&guest, L1).references, 2);
	assert_int_equal(look(&guest, L2).references, 2);
	assert_int_equal(look(&guest, L3).references, 2);
	assert_int_equal(look(&guest, DATA).references, 1);
	close_sim(guest.host);
}

static void linear_page_tables_are_as_xen_has_them(void **state)
{
	(void)state;
	struct pvb_error error;

	/* A table may lead to itself, read-only. */
	for (unsigned level = 2; level <= 4; level++) {
		unsigned table = 4 - level;
		struct guest guest = new_guest();

		write_entry(&guest, table, 100, entry(&guest, table, 0x65));
		assert_ok(pin(&guest, 4, L4, &error), &error);
		assert_int_equal(look(&guest, table).references, 1);
		close_sim(guest.host);

		guest = new_guest();
		write_entry(&guest, table, 100, entry(&guest, table, 0x67));
		assert_refused(&guest, 4, L4, level, table, 100, entry(&guest, table, 0x67),
			       "in use as an L");
		close_sim(guest.host);
	}

	/* Or to another of its level that is valid. */
	struct guest guest = new_guest();
	write_entry(&guest, SPARE_L4, 1, entry(&guest, L4, 0x65));
	write_entry(&guest, SPARE_L4, 2, entry(&guest, L3, 0x67));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_ok(pin(&guest, 4, SPARE_L4, &error), &error);
	assert_int_equal(look(&guest, L4).references, 2);
	assert_books_balance(guest.host);
	close_sim(guest.host);

	/* One that is used so may have no such entries itself, and the other way round. */
	guest = new_guest();
	write_entry(&guest, L3, 7, entry(&guest, SPARE_L2, 0x67));
	write_entry(&guest, L3, 8, entry(&guest, SPARE_L3, 0x65));
	write_entry(&guest, L4, 7, entry(&guest, SPARE_L4, 0x67));
	write_entry(&guest, SPARE_L4, 0, entry(&guest, L2, 0x67));
	/* SPARE_L3 is a valid L3, and so is SPARE_L4, which stands in L4's slot 7. */
	assert_ok(pin(&guest, 3, SPARE_L3, &error), &error);
	assert_ok(pin(&guest, 3, L3, &error), &error);
	write_entry(&guest, SPARE_L4, 1, entry(&guest, L3, 0x65));
	assert_fails_with(pin(&guest, 3, SPARE_L4, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.message, "is wanted as an L2 table, but is in use as an L3"));
	assert_int_equal(look(&guest, L3).references, 1);
	assert_int_equal(look(&guest, SPARE_L3).references, 2);
	assert_books_balance(guest.host);
	close_sim(guest.host);
}

static void a_refusal_lets_linear_references_go(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_error error;

	assert_ok(pin(&guest, 4, L4, &error), &error);
	write_entry(&guest, SPARE_L4, 1, entry(&guest, L4, 0x65));
	write_entry(&guest, SPARE_L4, 2, entry(&guest, SPARE_L4, 0x65));
	write_entry(&guest, SPARE_L4, 3, entry(&guest, SPARE_L3, 0x67));
	write_entry(&guest, SPARE_L4, 4, 0x1);
	assert_fails_with(pin(&guest, 4, SPARE_L4, &error), PVB_E_HOST_PIN, &error);
	assert_int_equal(look(&guest, L4).references, 1);
	assert_int_equal(look(&guest, SPARE_L3).references, 0);
	assert_books_balance(guest.host);

	/* L4 may still have linear entries: nothing uses it as one any more. */
	write_entry(&guest, SPARE_L4, 4, 0);
	assert_ok(pin(&guest, 4, SPARE_L4, &error), &error);
	close_sim(guest.host);
}

static void absent_entries_must_be_safe_from_l1tf(void **state)
{
	(void)state;
	static const struct {
		unsigned level;
		unsigned table;
		uint64_t value;
	} wrong[] = {
		{1, L1, 0x1000},
		{1, L1, 0x1002},
		{1, L1, UINT64_C(0x2fff) << 32},
		{2, L2, 0x80},
		{3, L3, 0x5000},
		{4, L4, 0x5000},
		{4, L4, 0x80},
		{3, L3, UINT64_C(1) << 45},
	};
	struct pvb_host_domain domain;
	struct pvb_error error;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct guest guest = new_guest();

		write_entry(&guest, wrong[i].table, 300, wrong[i].value);
		assert_refused(&guest, 4, L4, wrong[i].level, wrong[i].table, 300, wrong[i].value,
			       "L1TF");
		/* Xen without shadow paging crashes the guest. */
		assert_ok(pvb_host_get_domain(guest.host, guest.domid, &domain, &error), &error);
		assert_true(domain.shutdown);
		assert_int_equal(domain.shutdown_reason, 3);
		close_sim(guest.host);
	}

	/* No address at all, or one where no memory can be (46 bits: the top quarter). */
	struct guest guest = new_guest();
	write_entry(&guest, L1, 300, 0xffe);
	write_entry(&guest, L1, 301, UINT64_C(3) << 44);
	write_entry(&guest, L1, 302, ~UINT64_C(0x1fff));
	write_entry(&guest, L2, 300, UINT64_C(3) << 44 | 2);
	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_true(read_entry(&guest, L1, 300) == 0xffe);
	close_sim(guest.host);
}

static void a_table_that_nobody_wrote_is_refused(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	uint64_t dirty = UINT64_C(0xc2c2c2c2c2c2c2c2);

	write_entry(&guest, L2, 1, entry(&guest, DATA, 0x67));
	write_entry(&guest, L1, DATA, entry(&guest, DATA, 0x21));
	assert_refused(&guest, 4, L4, 1, DATA, 0, dirty, "not present");
	close_sim(guest.host);

	/* On a clean host such a table is empty, and good. */
	struct pvb_error error;
	guest = new_guest_on("memory=4G,clean", 64);
	write_entry(&guest, L2, 1, entry(&guest, DATA, 0x67));
	write_entry(&guest, L1, DATA, entry(&guest, DATA, 0x21));
	assert_ok(pin(&guest, 4, L4, &error), &error);
	close_sim(guest.host);
}

/* ---- 32-bit -------------------------------------------------------------------- */

static void pae_tables_are_pinned(void **state)
{
	(void)state;
	struct guest guest = new_pae_guest_on("memory=4G");
	struct pvb_error error;

	/* Past the four entries there may be anything. */
	for (unsigned i = 4; i < 512; i++)
		write_entry(&guest, P_L3, i, 0x1234567);
	write_entry(&guest, P_L2_3, 428, UINT64_MAX);
	write_entry(&guest, P_L2_3, 511, UINT64_MAX);
	assert_ok(pin(&guest, 4, P_L3, &error), &error); /* ignored */
	assert_int_equal(look(&guest, P_L3).references, 0);
	assert_ok(pin(&guest, 3, P_L3, &error), &error);
	for (unsigned i = 0; i < 4; i++)
		assert_true(read_entry(&guest, P_L3, i) == entry(&guest, P_L2_0 + i, 0x07));
	for (unsigned i = 4; i < 512; i++)
		assert_true(read_entry(&guest, P_L3, i) == 0);
	/* Nothing is added to what is below. */
	assert_true(read_entry(&guest, P_L2_3, 0) == entry(&guest, P_L1, 0x67));
	assert_true(read_entry(&guest, P_L1, P_L3) == entry(&guest, P_L3, 0x21));
	assert_true(read_entry(&guest, P_L1, DATA) == entry(&guest, DATA, 0x23));
	/* The hypervisor's part of the last L2: the M2P, as far as memory goes (4.75 GiB). */
	for (unsigned i = 428; i < 512; i++) {
		uint64_t value = read_entry(&guest, P_L2_3, i);

		assert_int_equal(value & 1, i < 431);
		assert_true((value & UINT64_C(0x000ffffffffff000)) < MIB);
	}
	assert_int_equal(look(&guest, P_L2_3).references, 1);
	close_sim(guest.host);
}

static void pae_has_rules_of_its_own(void **state)
{
	(void)state;
	struct guest guest = new_pae_guest_on("memory=4G");
	struct pvb_error error;
	static const uint64_t bits[] = {
		0x08, 0x10, 0x80, 0x100, UINT64_C(1) << 52, UINT64_C(1) << 63};

	for (unsigned slot = 1; slot <= 3; slot += 2) {
		for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
			uint64_t value = entry(&guest, P_L2_0 + slot, 0x01 | bits[i]);

			write_entry(&guest, P_L3, slot, value);
			assert_refused(&guest, 3, P_L3, 3, P_L3, slot, value, "may not set");
		}
		write_entry(&guest, P_L3, slot, entry(&guest, P_L2_0 + slot, 0x01));
	}

	write_entry(&guest, P_L3, 3, 0);
	assert_refused(&guest, 3, P_L3, 3, P_L3, 3, 0, "has to be there");

	/* The L2 of slot 3 in another slot as well. */
	write_entry(&guest, P_L3, 3, entry(&guest, P_L2_3, 0x01));
	write_entry(&guest, P_L3, 0, entry(&guest, P_L2_3, 0x01));
	assert_refused(&guest, 3, P_L3, 3, P_L3, 3, entry(&guest, P_L2_3, 0x01),
		       "is wanted as an L2 table, but is in use as an L2 table");
	/* What was adjusted on the way is as it was again. */
	assert_true(read_entry(&guest, P_L3, 0) == entry(&guest, P_L2_3, 0x01));
	write_entry(&guest, P_L3, 0, entry(&guest, P_L2_0, 0x01));

	/* Pinned by itself: it is an L2 like others then. */
	assert_ok(pin(&guest, 2, P_L2_3, &error), &error);
	assert_fails_with(pin(&guest, 3, P_L3, &error), PVB_E_HOST_PIN, &error);
	assert_int_equal(look(&guest, P_L2_3).references, 1);
	assert_int_equal(look(&guest, P_L2_0).references, 0);
	assert_books_balance(guest.host);
	close_sim(guest.host);

	/* Shared between two roots. */
	guest = new_pae_guest_on("memory=4G");
	write_entry(&guest, SPARE_L3, 3, entry(&guest, P_L2_3, 0x01));
	assert_ok(pin(&guest, 3, P_L3, &error), &error);
	assert_fails_with(pin(&guest, 3, SPARE_L3, &error), PVB_E_HOST_PIN, &error);
	assert_non_null(strstr(error.message, "shared"));
	assert_int_equal(look(&guest, P_L2_3).references, 1);
	assert_books_balance(guest.host);

	/* Absent entries are fine in slots 0 to 2; linear ones are not. */
	for (unsigned i = 0; i < 3; i++)
		write_entry(&guest, SPARE_L3, i, 0);
	assert_int_equal(pvb_sim_poke(guest.host, guest.frame[SPARE_L4], 0, zeros, sizeof zeros),
			 0);
	write_entry(&guest, SPARE_L3, 3, entry(&guest, SPARE_L4, 0x01));
	write_entry(&guest, SPARE_L3, 1, entry(&guest, SPARE_L3, 0x01));
	assert_fails_with(pin(&guest, 3, SPARE_L3, &error), PVB_E_HOST_PIN, &error);
	write_entry(&guest, SPARE_L3, 1, 0);
	assert_ok(pin(&guest, 3, SPARE_L3, &error), &error);
	close_sim(guest.host);
}

static void a_pae_root_above_4_gib(void **state)
{
	(void)state;
	static const char *const hosts[] = {"layout=1M+1G/8G+1G", "layout=1M+1G/8G+1G,xen=4.19"};
	struct pvb_host_vcpu registers = {.cs = 0xe019, .ss = 0xe021};
	struct pvb_error error;

	for (size_t i = 0; i < 2; i++) {
		struct guest guest = new_pae_guest_on(hosts[i]);
		uint64_t mfn = guest.frame[P_L3].n;

		assert_true(mfn >= 4 * GIB / PAGE);
		/* A builder may have it there before vCPU 0 is set up ... */
		registers.cr[3] = (uint32_t)(mfn << 12 | mfn >> 20);
		assert_ok(pvb_host_set_vcpu(guest.host, guest.domid, 0, &registers, &error),
			  &error);
		/* ... but not after, from 4.19 on. */
		for (unsigned k = 0; k < 512; k++)
			write_entry(&guest, SPARE_L3, k, 0);
		assert_int_equal(
			pvb_sim_poke(guest.host, guest.frame[SPARE_L4], 0, zeros, sizeof zeros), 0);
		write_entry(&guest, SPARE_L3, 3, entry(&guest, SPARE_L4, 0x01));
		if (i == 0) {
			assert_ok(pin(&guest, 3, SPARE_L3, &error), &error);
		} else {
			assert_fails_with(pin(&guest, 3, SPARE_L3, &error), PVB_E_HOST_PIN, &error);
			assert_non_null(strstr(error.message, "above 4 GiB"));
		}
		close_sim(guest.host);
	}

	/* The assist says that the guest can do it. */
	struct guest guest = new_pae_guest_on(hosts[1]);
	uint64_t mfn = guest.frame[P_L3].n;
	registers.cr[3] = (uint32_t)(mfn << 12 | mfn >> 20);
	registers.vm_assist = 1u << 3;
	assert_ok(pvb_host_set_vcpu(guest.host, guest.domid, 0, &registers, &error), &error);
	assert_int_equal(pvb_sim_poke(guest.host, guest.frame[SPARE_L4], 0, zeros, sizeof zeros),
			 0);
	write_entry(&guest, SPARE_L3, 3, entry(&guest, SPARE_L4, 0x01));
	assert_ok(pin(&guest, 3, SPARE_L3, &error), &error);
	close_sim(guest.host);
}

static void the_hypercall_page_is_filled(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_error error;
	uint8_t page[4096];
	static const uint8_t call5[] = {0x51, 0x41, 0x53, 0xb8, 5,    0,    0,
					0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
	static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05, 0xcc};
	static const uint8_t call5_32[] = {0xb8, 5, 0, 0, 0, 0xcd, 0x82, 0xc3};
	static const uint8_t iret_32[] = {0x50, 0xb8, 23, 0, 0, 0, 0xcd, 0x82, 0xcc};

	assert_ok(pvb_host_fill_hypercall_page(guest.host, guest.domid, guest.frame[DATA], &error),
		  &error);
	assert_int_equal(pvb_sim_peek(guest.host, guest.frame[DATA], 0, page, sizeof page), 0);
	assert_memory_equal(page + 5 * 32, call5, sizeof call5);
	assert_memory_equal(page + 23 * 32, iret, sizeof iret);
	assert_int_equal(look(&guest, DATA).references, 0);

	/* It cannot be a table, nor somebody else's. */
	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_fails_with(
		pvb_host_fill_hypercall_page(guest.host, guest.domid, guest.frame[L1], &error),
		PVB_E_HOST_DENIED, &error);
	assert_non_null(strstr(error.message, "an L1 table"));
	assert_fails_with(pvb_host_fill_hypercall_page(guest.host, guest.domid, PVB_MFN(5), &error),
			  PVB_E_HOST_DENIED, &error);
	assert_non_null(strstr(error.message, "not memory at all"));
	close_sim(guest.host);

	guest = new_pae_guest_on("memory=4G");
	assert_ok(pvb_host_fill_hypercall_page(guest.host, guest.domid, guest.frame[DATA], &error),
		  &error);
	assert_int_equal(pvb_sim_peek(guest.host, guest.frame[DATA], 0, page, sizeof page), 0);
	assert_memory_equal(page + 5 * 32, call5_32, sizeof call5_32);
	assert_memory_equal(page + 23 * 32, iret_32, sizeof iret_32);
	close_sim(guest.host);
}

static void the_check_sees_what_is_wrong(void **state)
{
	(void)state;
	struct guest guest = new_guest();
	struct pvb_error error;
	uint64_t good = entry(&guest, DATA, 0x0010000000000027);

	assert_ok(pin(&guest, 4, L4, &error), &error);
	assert_books_balance(guest.host);

	/* A leaf that lost its reference, one that never had one, one that goes astray. */
	write_entry(&guest, L1, DATA, 0);
	assert_non_null(pvb_sim_check(guest.host));
	write_entry(&guest, L1, DATA, good);
	write_entry(&guest, L1, 200, good);
	assert_non_null(pvb_sim_check(guest.host));
	write_entry(&guest, L1, 200, 0x23);
	assert_non_null(strstr(pvb_sim_check(guest.host), "not the domain's"));
	write_entry(&guest, L1, 200, 0);
	assert_books_balance(guest.host);

	/* A frame that is said to be what it is not. */
	assert_int_equal(pvb_sim_set_use(guest.host, guest.frame[SPARE_L1], PVB_SIM_L1, false), 0);
	assert_non_null(strstr(pvb_sim_check(guest.host), "an L1 table"));
	assert_int_equal(pvb_sim_set_use(guest.host, guest.frame[SPARE_L1], PVB_SIM_NOTHING, false),
			 0);
	assert_books_balance(guest.host);
	assert_int_equal(pvb_sim_set_use(guest.host, PVB_MFN(1), PVB_SIM_L1, false), -1);
	close_sim(guest.host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_tables_are_pinned_and_counted),
		cmocka_unit_test(entries_are_adjusted_exactly_as_xen_does),
		cmocka_unit_test(the_hypervisors_slots_are_not_looked_at_but_overwritten),
		cmocka_unit_test(the_hypervisors_slots_map_memory_as_far_as_there_is_any),
		cmocka_unit_test(bits_that_are_not_allowed_are_refused_at_each_level),
		cmocka_unit_test(superpages_get_a_hint),
		cmocka_unit_test(a_debug_xen_keeps_bit_62),
		cmocka_unit_test(frames_of_others_cannot_be_mapped),
		cmocka_unit_test(a_table_is_never_writable),
		cmocka_unit_test(a_table_has_one_level),
		cmocka_unit_test(tables_can_be_shared_and_are_counted),
		cmocka_unit_test(linear_page_tables_are_as_xen_has_them),
		cmocka_unit_test(a_refusal_lets_linear_references_go),
		cmocka_unit_test(absent_entries_must_be_safe_from_l1tf),
		cmocka_unit_test(a_table_that_nobody_wrote_is_refused),
		cmocka_unit_test(pae_tables_are_pinned),
		cmocka_unit_test(pae_has_rules_of_its_own),
		cmocka_unit_test(a_pae_root_above_4_gib),
		cmocka_unit_test(the_hypercall_page_is_filled),
		cmocka_unit_test(the_check_sees_what_is_wrong),
	};

	return cmocka_run_group_tests_name("sim-tables", tests, NULL, NULL);
}
