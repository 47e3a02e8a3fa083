/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Console and xenstore: their pages, ports, rings and grants, and that the store answers. */
#include "check.h"

#define BACKEND 0 /* dom0 */

static void page(uint64_t mfn, uint64_t pfn)
{
	if (m2p(mfn) != pfn)
		fail("start_info has frame %lx, which is PFN %lx; the page is PFN %lx", mfn,
		     m2p(mfn), pfn);
}

static void port(uint64_t port, uint64_t other)
{
	uint16_t remote;

	if (!event_channel_status(port, &remote))
		fail("port %lu is no channel to another domain", port);
	else if (port == other)
		fail("port %lu is the console's and the store's", port);
}

static void leads_home(const char *whose, uint64_t port)
{
	uint16_t remote;

	if (event_channel_status(port, &remote) && remote != BACKEND)
		odd("the channel of the %s leads to domain %u", whose, (unsigned)remote);
}

/* Both daemons are dom0's, but on hosts that have their own domains for them. */
void check_events_remote(void)
{
	leads_home("store", facts.start_info->store_evtchn);
	leads_home("console", facts.start_info->console_evtchn);
}

static void grant(unsigned index, uint64_t pfn)
{
	const struct grant_entry *entry = &facts.grants[index];
	uint64_t mfn = frame_of(pfn);

	if (!facts.has_grants) {
		fail("the grant table cannot be seen");
		return;
	}
	if ((entry->flags & ~(GTF_READING | GTF_WRITING)) != GTF_PERMIT_ACCESS) {
		fail("entry %u has flags %x, not %x", index, (unsigned)entry->flags,
		     GTF_PERMIT_ACCESS);
		return;
	}
	if (entry->frame != mfn)
		fail("entry %u grants frame %x, and the page is frame %lx", index, entry->frame,
		     mfn);
	if (entry->domid != BACKEND)
		odd("entry %u grants to domain %u", index, (unsigned)entry->domid);
}

void check_start_info_console_mfn(void)
{
	page(facts.start_info->console_mfn, facts.console_pfn);
}

void check_start_info_console_evtchn(void)
{
	port(facts.start_info->console_evtchn, facts.start_info->store_evtchn);
}

void check_grants_console(void)
{
	grant(GRANT_CONSOLE, facts.console_pfn);
}

void check_console_page(void)
{
	const struct console_ring *ring = &facts.console_ring;

	if (ring->out_cons || ring->out_prod || ring->in_cons)
		fail("out_cons, out_prod, in_cons are %u, %u, %u and should be 0", ring->out_cons,
		     ring->out_prod, ring->in_cons);
	if (ring->in_prod > CONSOLE_IN_SIZE)
		fail("in_prod is %u, in a ring of %u", ring->in_prod, CONSOLE_IN_SIZE);
	else if (ring->in_prod)
		odd("there are %u bytes of input already", ring->in_prod);
	if (ring->connection > 1)
		fail("connection is %u", (unsigned)ring->connection);
	if (!ring->in_prod && first_nonzero(ring, offsetof(struct console_ring, in_cons)) <
				      offsetof(struct console_ring, in_cons))
		odd("something stands in the ring where nothing was written");
}

void check_start_info_store_mfn(void)
{
	page(facts.start_info->store_mfn, facts.store_pfn);
}

void check_start_info_store_evtchn(void)
{
	port(facts.start_info->store_evtchn, facts.start_info->console_evtchn);
}

void check_grants_store(void)
{
	grant(GRANT_STORE, facts.store_pfn);
}

void check_store_page(void)
{
	const struct store_ring *ring = &facts.store_ring;

	if (ring->req_cons || ring->req_prod || ring->rsp_cons || ring->rsp_prod)
		fail("req_cons, req_prod, rsp_cons, rsp_prod are %u, %u, %u, %u and should be 0",
		     ring->req_cons, ring->req_prod, ring->rsp_cons, ring->rsp_prod);
	if (ring->connection || ring->error)
		fail("connection is %u and error %u", ring->connection, ring->error);
	if (first_nonzero(ring, offsetof(struct store_ring, req_cons)) <
	    offsetof(struct store_ring, req_cons))
		odd("something stands in the ring where nothing was written");
}

void check_store_answers(void)
{
	uint32_t port = facts.start_info->store_evtchn;
	static char answer[64];
	const char *why = "";
	uint64_t since = 0, domid;

	if (!facts.has_store) {
		fail("the ring cannot be mapped");
		return;
	}
	if (!store_read("domid", answer, sizeof answer, &why)) {
		fail("asked for \"domid\": %s", why);
		return;
	}
	if (!text_number(answer, text_length(answer), &domid))
		fail("\"domid\" is \"%s\", which is no number", answer);
	while (facts.has_shared_info && !event_take(port))
		if (!event_wait(port, &since)) {
			fail("there was an answer, but no event at port %u", port);
			return;
		}
}
