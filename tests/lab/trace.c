/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 400

struct line {
	char text[LINE_MAX_BYTES];
	size_t used;
};

static void add(struct line *line, const char *format, ...) PVB_PRINTF(2, 3);

static void add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line->text + line->used, sizeof line->text - line->used, format,
			       arguments);
	va_end(arguments);
	line->used += (size_t)length;
	if (line->used >= sizeof line->text)
		line->used = sizeof line->text - 1;
}

/* "PFN 0x10", or what else a frame may be that a builder names. */
static void add_frame(struct line *line, const struct relay *relay, uint64_t mfn)
{
	uint64_t pfn = relay_pfn(relay, mfn);

	if (pfn == PVB_NO_FRAME)
		add(line, " (not given to the domain)");
	else
		add(line, " PFN 0x%" PRIx64, pfn);
}

/* The frames of a mapping: the first, and whether the others follow it. */
static void add_frames(struct line *line, const struct relay *relay, const pvb_mfn_t *frames,
		       size_t count)
{
	uint64_t first = relay_pfn(relay, frames[0].n);
	size_t in_line = 1;

	add_frame(line, relay, frames[0].n);
	while (first != PVB_NO_FRAME && in_line < count &&
	       relay_pfn(relay, frames[in_line].n) == first + in_line)
		in_line++;
	if (in_line < count)
		add(line, " and %zu others", count - in_line);
}

static void add_registers(struct line *line, const struct relay *relay,
			  const struct pvb_host_vcpu *vcpu)
{
	add(line, " rip=0x%" PRIx64 " rsp=0x%" PRIx64 " rsi=0x%" PRIx64 " flags=0x%x root",
	    vcpu->rip, vcpu->rsp, vcpu->rsi, vcpu->flags);
	add_frame(line, relay, vcpu->cr[3] >> 12);
}

static void add_grants(struct line *line, const struct relay *relay, const struct relay_call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		add(line, " [%u: 0x%x to %u", call->grants[i].index, call->grants[i].flags,
		    call->grants[i].domid);
		add_frame(line, relay, call->grants[i].frame.n);
		add(line, "]");
	}
}

static void add_introduction(struct line *line, const struct relay *relay,
			     const struct pvb_host_introduction *introduction)
{
	add(line, " %s, %" PRIu64 " bytes, store", introduction->name, introduction->memory);
	add_frame(line, relay, introduction->store_frame.n);
	add(line, " port %u, console", introduction->store_port);
	add_frame(line, relay, introduction->console_frame.n);
	add(line, " port %u, %u of %u vCPUs", introduction->console_port,
	    introduction->online_vcpus, introduction->vcpus);
}

static void add_config(struct line *line, const struct pvb_host_domain_config *config)
{
	add(line,
	    " %u vCPUs, %u event channels, %u grant frames, %u maptrack frames, grants of version "
	    "%u, pool %u",
	    config->vcpus, config->max_event_channel, config->max_grant_frames,
	    config->max_maptrack_frames, config->max_grant_version, config->pool);
}

static void add_affinity(struct line *line, const struct relay_call *call)
{
	add(line, " vCPU %" PRIu64 " hard %s", call->value,
	    call->hard ? pvb_cpus_format(call->hard).text : "as it is");
	add(line, " soft %s", call->soft ? pvb_cpus_format(call->soft).text : "as it is");
}

static void add_arguments(struct line *line, const struct relay *relay,
			  const struct relay_call *call)
{
	if (call->populate)
		add(line, " address 0x%" PRIx64 " 2^%u bytes times %" PRIu64 " below %u bits",
		    call->populate->address, call->populate->shift, call->populate->count,
		    call->populate->address_bits);
	else if (call->vcpu)
		add_registers(line, relay, call->vcpu);
	else if (call->grants)
		add_grants(line, relay, call);
	else if (call->introduction)
		add_introduction(line, relay, call->introduction);
	else if (call->config)
		add_config(line, call->config);
	else if (call->call == PVB_CALL_SET_AFFINITY)
		add_affinity(line, call);
	else if (call->share)
		add(line, " weight %u cap %u", call->share->weight, call->share->cap);
	else
		add(line, " %" PRIu64, call->value);
	if (call->frames) {
		add(line, " %zu%s frames", call->count, call->writable ? " writable" : "");
		add_frames(line, relay, call->frames, call->count);
	} else if (call->call == PVB_CALL_UNMAP_FRAMES) {
		add(line, " %zu frames", call->count);
	}
}

static void note(struct relay *relay, const struct relay_call *call)
{
	struct trace *trace = relay->watcher.opaque;
	struct line line = {.used = 0};
	char place[32];

	add(&line, "%s", relay_call_name(relay, call->call));
	add_arguments(&line, relay, call);
	if (call->rc)
		add(&line, ": %s", pvb_code_name(-call->rc));
	else
		add(&line, ": %" PRIu64, call->result);
	(void)snprintf(place, sizeof place, "call %u", ++trace->calls);
	facts_add(trace->facts, place, "%s", line.text);
}

struct relay_watcher trace_watcher(struct trace *trace)
{
	return (struct relay_watcher){.after = note, .opaque = trace};
}
