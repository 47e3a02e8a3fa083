/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Event channels. The probe never takes an upcall: it waits for a port with SCHEDOP_poll, and
 * looks at the port's pending bit in shared_info.
 */
#include "hypercall.h"
#include "probe.h"

#define SECOND UINT64_C(1000000000)
#define A_LITTLE (SECOND / 10)
#define TOO_LONG (10 * SECOND)

bool event_channel_status(uint64_t port, uint16_t *remote)
{
	struct evtchn_status status = {.dom = DOMID_SELF, .port = (uint32_t)port};

	if (port > UINT32_MAX || hypercall_event_channel_op(EVTCHNOP_STATUS, &status))
		return false;
	*remote = status.remote;
	return status.status == EVTCHNSTAT_UNBOUND || status.status == EVTCHNSTAT_INTERDOMAIN;
}

void event_send(uint32_t port)
{
	struct evtchn_send send = {.port = port};

	(void)hypercall_event_channel_op(EVTCHNOP_SEND, &send);
}

static uint64_t cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Xen's time, in nanoseconds since it started; some other clock if there is no shared_info. */
uint64_t time_now(void)
{
	const struct shared_info *shared = shared_info_live();
	const volatile struct vcpu_time_info *time;
	uint64_t passed, result;
	uint32_t version;

	if (!shared)
		return cycles();
	time = &shared->vcpu_info[0].time;
	do {
		version = time->version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		passed = cycles() - time->tsc_timestamp;
		if (time->tsc_shift >= 0)
			passed <<= time->tsc_shift;
		else
			passed >>= -time->tsc_shift;
		result = time->system_time +
			 (uint64_t)((unsigned __int128)passed * time->tsc_to_system_mul >> 32);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != time->version);
	return result;
}

bool event_take(uint32_t port)
{
	struct shared_info *shared = shared_info_live();
	uint64_t bit = UINT64_C(1) << port % 64;

	if (!shared || port / 64 >= EVENT_WORDS)
		return false;
	return __atomic_fetch_and(&shared->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST) & bit;
}

bool event_wait(uint32_t port, uint64_t *since)
{
	uint64_t time = time_now();
	struct sched_poll poll = {.ports = &port, .nr_ports = 1, .timeout = time + A_LITTLE};

	if (*since == 0)
		*since = time;
	if (time - *since > TOO_LONG)
		return false;
	if (!shared_info_live() || hypercall_sched_op(SCHEDOP_POLL, &poll))
		(void)hypercall_sched_op(SCHEDOP_YIELD, NULL);
	return true;
}
