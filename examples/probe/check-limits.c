/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What contains the guest, as far as a guest can see it, and what it is told of its vCPUs. */
#include "check.h"

/* XEN_ENOENT, XEN_ENOSYS of errno.h. */
#define NO_SUCH_VCPU (-2)
#define NO_SUCH_VERSION (-38)

static bool has_vcpu(uint64_t vcpu)
{
	return hypercall_vcpu_op(VCPUOP_IS_UP, vcpu, NULL) != NO_SUCH_VCPU;
}

void check_limits_vcpus(void)
{
	uint64_t expected, count = 0;

	if (!option_number("expect-vcpus", &expected)) {
		untested("nobody says how many there should be");
		return;
	}
	while (count <= expected && has_vcpu(count))
		count++;
	if (count != expected)
		fail("there are %s%lu vCPUs, and should be %lu",
		     count > expected ? "more than " : "", count > expected ? expected : count,
		     expected);
}

void check_limits_grant_frames(void)
{
	struct query_size size = {.dom = DOMID_SELF};
	uint64_t expected;

	if (!option_number("expect-grant-frames", &expected)) {
		untested("nobody says how many there should be");
		return;
	}
	if (hypercall_grant_table_op(GNTTABOP_QUERY_SIZE, &size) || size.status)
		fail("Xen does not say how far the grant table can grow");
	else if (size.max_nr_frames != expected)
		fail("the grant table can have %u pages, and should have %lu", size.max_nr_frames,
		     expected);
}

/* Version 2 is tried out, and version 1 put back: Xen carries the reserved entries over. */
void check_limits_grant_version(void)
{
	struct set_version version = {2};
	uint64_t expected, found = 2;
	long rc;

	if (!option_number("expect-grant-version", &expected)) {
		untested("nobody says which it should be");
		return;
	}
	rc = hypercall_grant_table_op(GNTTABOP_SET_VERSION, &version);
	if (rc == NO_SUCH_VERSION) {
		found = 1;
	} else if (rc) {
		untested("version 2 cannot be tried: Xen says %lu", (unsigned long)-rc);
		return;
	}
	version.version = 1;
	if (found == 2 && hypercall_grant_table_op(GNTTABOP_SET_VERSION, &version))
		fail("version 1 of the grant table cannot be put back");
	if (found != expected)
		fail("grants of version %lu can be had, and should up to %lu", found, expected);
}

/* Ports of ours from 1 on; what was taken is given back. */
void check_limits_event_channels(void)
{
	struct evtchn_alloc_unbound channel = {.dom = DOMID_SELF};
	uint64_t expected, got = 0;
	uint32_t taken[64]; /* a bit each */

	if (!option_number("expect-event-channels", &expected)) {
		untested("nobody says how many there should be");
		return;
	}
	memset(taken, 0, sizeof taken);
	while (got <= expected &&
	       hypercall_event_channel_op(EVTCHNOP_ALLOC_UNBOUND, &channel) == 0) {
		got++;
		if (channel.port / 32 < sizeof taken / sizeof taken[0])
			taken[channel.port / 32] |= 1u << channel.port % 32;
	}
	for (uint32_t port = 0; port < 8 * sizeof taken; port++) {
		struct evtchn_close close = {port};

		if (taken[port / 32] >> port % 32 & 1)
			(void)hypercall_event_channel_op(EVTCHNOP_CLOSE, &close);
	}
	if (got != expected)
		fail("%s%lu event channels are left, and should be %lu",
		     got > expected ? "more than " : "", got > expected ? expected : got, expected);
}

static void availability(uint64_t vcpu, const char *wanted)
{
	static char answer[64];
	char path[] = "cpu/0000/availability";
	const char *why = "";

	/* Numbers have no leading zeroes. */
	size_t at = 0, digits = vcpu >= 1000 ? 4 : vcpu >= 100 ? 3 : vcpu >= 10 ? 2 : 1;

	for (uint64_t left = vcpu, i = digits; i-- > 0; left /= 10)
		path[4 + i] = (char)('0' + left % 10);
	at = 4 + digits;
	memcpy(path + at, "/availability", sizeof "/availability");
	if (!store_read(path, answer, sizeof answer, &why))
		fail("asked for \"%s\": %s", path, why);
	else if (!text_equal(answer, wanted))
		fail("\"%s\" is \"%s\", not \"%s\"", path, answer, wanted);
}

void check_store_cpus(void)
{
	uint64_t expected;

	if (!option_number("expect-online", &expected)) {
		untested("nobody says how many should be online");
		return;
	}
	for (uint64_t vcpu = 0; vcpu < 10000 && has_vcpu(vcpu); vcpu++)
		availability(vcpu, vcpu < expected ? "online" : "offline");
}
