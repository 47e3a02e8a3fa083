/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring of a console: what a guest says of it, and what it has written last. */
#include "test-sim.h"

#include <pvbuild/domain.h>

#include "host/console.h"

/* Xen's public io/console.h: 1024 bytes in, 2048 out, in_cons, in_prod, out_cons, out_prod. */
struct page {
	char in[1024];
	char out[2048];
	uint32_t in_cons, in_prod, out_cons, out_prod;
};

static struct pvb_console_ring ring_of(const struct page *page)
{
	struct pvb_console_ring ring = PVB_CONSOLE_RING_INIT;

	pvb_console_ring_read(&ring, page);
	return ring;
}

static uint32_t unread(const struct page *page)
{
	struct pvb_console_ring ring = ring_of(page);

	return ring.written - ring.taken;
}

/* As a guest's driver does. */
static void guest_writes(struct page *page, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		page->out[page->out_prod++ % sizeof page->out] = bytes[i];
}

static void what_nobody_has_read_is_counted(void **state)
{
	(void)state;
	static struct page page;

	assert_int_equal(unread(&page), 0);
	page.out_prod = 5;
	assert_int_equal(unread(&page), 5);
	page.out_cons = UINT32_MAX - 9;
	assert_int_equal(unread(&page), 15);
	page.out_prod = page.out_cons + 2048;
	assert_int_equal(unread(&page), 2048);
	/* What no ring can hold a guest made up. */
	page.out_prod = page.out_cons + 2049;
	assert_int_equal(unread(&page), 0);
	assert_int_equal(ring_of(&page).count, 0);
	page.out_prod = page.out_cons - 1;
	assert_int_equal(unread(&page), 0);
	assert_int_equal(ring_of(&page).count, 0);
}

static void what_was_written_last_is_there_though_it_was_taken(void **state)
{
	(void)state;
	static struct page page;
	char said[10000];

	for (size_t i = 0; i < sizeof said; i++)
		said[i] = (char)('a' + i % 26 + i / 1000);
	/* In pieces of all lengths: less than a ring holds, as much, and round it many times. */
	for (size_t total = 0, step = 1; total + step <= sizeof said; step += 7) {
		guest_writes(&page, said + total, step);
		total += step;
		page.out_cons = page.out_prod - (uint32_t)(step < 2048 ? step : 2048);

		struct pvb_console_ring ring = ring_of(&page);
		size_t kept = total < 2048 ? total : 2048;

		assert_int_equal(ring.written, total);
		assert_int_equal(ring.taken, page.out_cons);
		assert_int_equal(ring.count, kept);
		assert_memory_equal(ring.last, said + total - kept, kept);
	}
}

static void numbers_may_come_round(void **state)
{
	(void)state;
	static struct page page = {.out_cons = UINT32_MAX - 3, .out_prod = UINT32_MAX - 3};

	guest_writes(&page, "12345678", 8);

	struct pvb_console_ring ring = ring_of(&page);

	assert_int_equal(ring.written, 4);
	assert_int_equal(ring.written - ring.taken, 8);
	/* It is taken for a guest that has written four bytes. */
	assert_int_equal(ring.count, 4);
	assert_memory_equal(ring.last, "5678", 4);
}

/* A domain whose console is known. */
static uint32_t with_console(struct pvb_host *host, pvb_mfn_t *console)
{
	struct pvb_host_introduction told = {.name = "guest"};
	uint32_t domid = new_domain(host, 4 * MIB);
	struct pvb_error error;
	pvb_mfn_t frames[2];

	assert_int_equal(give(host, domid, 0, 0, 2, frames), 2);
	assert_ok(pvb_host_alloc_event_channel(host, domid, 0, &told.store_port, &error), &error);
	assert_ok(pvb_host_alloc_event_channel(host, domid, 0, &told.console_port, &error), &error);
	told.store_frame = frames[0];
	told.console_frame = *console = frames[1];
	assert_ok(pvb_host_introduce_domain(host, domid, &told, &error), &error);
	return domid;
}

static void a_domains_ring_is_read_where_it_is(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_console_ring ring = PVB_CONSOLE_RING_INIT;
	static struct page page;
	struct pvb_error error;
	pvb_mfn_t console;
	uint32_t domid = with_console(host, &console);
	uint32_t pending;

	guest_writes(&page, "last words", 10);
	page.out_cons = 4;
	assert_int_equal(pvb_sim_poke(host, console, 0, &page, sizeof page), 0);
	assert_ok(pvb_domain_console_ring(host, domid, &ring, &error), &error);
	assert_int_equal(ring.size, sizeof ring);
	assert_int_equal(ring.written, 10);
	assert_int_equal(ring.taken, 4);
	assert_int_equal(ring.count, 10);
	assert_memory_equal(ring.last, "last words", 10);
	assert_ok(pvb_domain_console_pending(host, domid, &pending, &error), &error);
	assert_int_equal(pending, 6);

	/* Each of the calls that it takes can fail. */
	for (unsigned nth = 1; nth <= 2; nth++) {
		pvb_sim_fail_after(host, nth);
		assert_fails_with(pvb_domain_console_ring(host, domid, &ring, &error),
				  PVB_E_HOST_INJECTED, &error);
	}
	close_sim(host);
}

static void callers_may_know_less_of_a_ring_or_more(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct {
		struct pvb_console_ring ring;
		uint64_t to_come;
	} more = {.ring = {.size = sizeof more}, .to_come = 4711};
	struct pvb_console_ring ring = {.size = offsetof(struct pvb_console_ring, count),
					.count = 4711};
	struct pvb_console_ring none = {.size = 4};
	static struct page page;
	struct pvb_error error;
	pvb_mfn_t console;
	uint32_t domid = with_console(host, &console);

	guest_writes(&page, "last words", 10);
	assert_int_equal(pvb_sim_poke(host, console, 0, &page, sizeof page), 0);
	assert_ok(pvb_domain_console_ring(host, domid, &ring, &error), &error);
	assert_int_equal(ring.written, 10);
	assert_int_equal(ring.count, 4711);
	assert_ok(pvb_domain_console_ring(host, domid, &more.ring, &error), &error);
	assert_int_equal(more.ring.count, 10);
	assert_int_equal(more.to_come, 0);
	assert_fails_with(pvb_domain_console_ring(host, domid, &none, &error), PVB_E_ARG_INVALID,
			  &error);
	close_sim(host);
}

static void a_domain_without_a_console_has_an_empty_ring(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_console_ring ring = {.size = sizeof ring, .written = 1, .count = 1};
	struct pvb_error error;
	uint32_t domid = new_domain(host, 4 * MIB);

	assert_ok(pvb_domain_console_ring(host, domid, &ring, &error), &error);
	assert_true(!ring.written && !ring.taken && !ring.count);
	assert_fails_with(pvb_domain_console_ring(host, domid + 1, &ring, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);
	close_sim(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_has_read_is_counted),
		cmocka_unit_test(what_was_written_last_is_there_though_it_was_taken),
		cmocka_unit_test(numbers_may_come_round),
		cmocka_unit_test(a_domains_ring_is_read_where_it_is),
		cmocka_unit_test(callers_may_know_less_of_a_ring_or_more),
		cmocka_unit_test(a_domain_without_a_console_has_an_empty_ring),
	};

	return cmocka_run_group_tests_name("console ring", tests, NULL, NULL);
}
