/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/relay.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"

static struct relay *relay_of(struct pvb_host *host)
{
	return (struct relay *)(void *)host;
}

static int before(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	return relay->watcher.before ? relay->watcher.before(relay, call, error) : 0;
}

static int after(struct relay *relay, struct relay_call *call, int rc)
{
	call->rc = rc;
	if (relay->watcher.after)
		relay->watcher.after(relay, call);
	return rc;
}

/*
 * Ask the watcher, make the call, tell the watcher. "call" is the struct relay_call, made
 * by the function around it; what is refused on the way is told to the watcher too.
 */
#define HAND_ON(relay, call, error, expression)                                                    \
	do {                                                                                       \
		int rc_ = before(relay, call, error);                                              \
                                                                                                   \
		if (rc_ == 0)                                                                      \
			rc_ = (expression);                                                        \
		return after(relay, call, rc_ == RELAY_DONE ? 0 : rc_);                            \
	} while (0)

static int get_info(struct pvb_host *host, struct pvb_host_info *info, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_INFO};

	HAND_ON(relay, &call, error, pvb_host_get_info(relay->inner, info, error));
}

static void forget_memory(struct relay *relay)
{
	pvb_runs_free(&relay->memory);
	pvb_runs_free(&relay->pfns);
}

static int create_domain(struct pvb_host *host, const struct pvb_host_domain_config *config,
			 uint32_t *domid, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct pvb_host_domain_config copy = *config;
	struct relay_call call = {
		.call = PVB_CALL_CREATE_DOMAIN, .value = config->vcpus, .config = &copy};
	int rc = before(relay, &call, error);

	if (rc == 0)
		rc = pvb_host_create_domain(relay->inner, &copy, domid, error);
	if (rc == 0) {
		forget_memory(relay);
		relay->domid = *domid;
	}
	call.domid = relay->domid;
	return after(relay, &call, rc);
}

/* Calls that are about a domain and nothing else. */
#define DOMAIN_CALL(name, NAME)                                                                    \
	static int name(struct pvb_host *host, uint32_t domid, struct pvb_error *error)            \
	{                                                                                          \
		struct relay *relay = relay_of(host);                                              \
		struct relay_call call = {.call = PVB_CALL_##NAME, .domid = domid};                \
                                                                                                   \
		HAND_ON(relay, &call, error, pvb_host_##name(relay->inner, domid, error));         \
	}

DOMAIN_CALL(keep_domain, KEEP_DOMAIN)
DOMAIN_CALL(destroy_domain, DESTROY_DOMAIN)
DOMAIN_CALL(pause_domain, PAUSE_DOMAIN)
DOMAIN_CALL(unpause_domain, UNPAUSE_DOMAIN)
DOMAIN_CALL(apply_cpu_policy, APPLY_CPU_POLICY)

/* Calls that are about a domain and one number. */
#define NUMBER_CALL(name, NAME, type)                                                              \
	static int name(struct pvb_host *host, uint32_t domid, type value,                         \
			struct pvb_error *error)                                                   \
	{                                                                                          \
		struct relay *relay = relay_of(host);                                              \
		struct relay_call call = {                                                         \
			.call = PVB_CALL_##NAME, .domid = domid, .value = value};                  \
                                                                                                   \
		HAND_ON(relay, &call, error,                                                       \
			pvb_host_##name(relay->inner, domid, (type)call.value, error));            \
	}

static int set_pte_bits(struct pvb_host *host, uint32_t domid, const struct pvb_host_pte_bits *bits,
			struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {
		.call = PVB_CALL_SET_PTE_BITS, .domid = domid, .value = bits->kernel_bit};

	HAND_ON(relay, &call, error, pvb_host_set_pte_bits(relay->inner, domid, bits, error));
}

static int get_pte_bits(struct pvb_host *host, uint32_t domid, struct pvb_host_pte_bits *bits,
			struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_PTE_BITS, .domid = domid};

	HAND_ON(relay, &call, error, pvb_host_get_pte_bits(relay->inner, domid, bits, error));
}

NUMBER_CALL(set_guest_bits, SET_GUEST_BITS, unsigned)
NUMBER_CALL(set_max_memory, SET_MAX_MEMORY, uint64_t)
NUMBER_CALL(claim_memory, CLAIM_MEMORY, uint64_t)

/* As many as a build's memory map can have. */
#define MAP_MAX 128

static int hand_on_map(struct relay *relay, uint32_t domid, const struct pvb_host_memory *map,
		       size_t count, uint64_t last, struct pvb_error *error)
{
	struct pvb_host_memory copy[MAP_MAX];

	if (!count || count > MAP_MAX)
		return pvb_fail(error, PVB_E_BUG, "relay", "a memory map of %zu pieces", count);
	memcpy(copy, map, count * sizeof *map);
	copy[count - 1].bytes = last;
	return pvb_host_set_memory_map(relay->inner, domid, copy, count, error);
}

/* The call's value is the size of the last piece. */
static int set_memory_map(struct pvb_host *host, uint32_t domid, const struct pvb_host_memory *map,
			  size_t count, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_SET_MEMORY_MAP,
				  .domid = domid,
				  .value = count ? map[count - 1].bytes : 0};

	HAND_ON(relay, &call, error, hand_on_map(relay, domid, map, count, call.value, error));
}

static int get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
		      struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_DOMAIN, .domid = domid};

	HAND_ON(relay, &call, error, pvb_host_get_domain(relay->inner, domid, domain, error));
}

static int list_domains(struct pvb_host *host, uint32_t first, struct pvb_host_domain *domains,
			size_t room, size_t *count, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_LIST_DOMAINS, .value = first};

	HAND_ON(relay, &call, error,
		pvb_host_list_domains(relay->inner, first, domains, room, count, error));
}

static int open_console(struct pvb_host *host, uint32_t domid,
			const struct pvb_console_options *options, int *fd, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_OPEN_CONSOLE, .domid = domid};

	HAND_ON(relay, &call, error,
		pvb_host_open_console(relay->inner, domid, options, fd, error));
}

static int watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_WATCH_DOMAINS};

	HAND_ON(relay, &call, error, pvb_host_watch_domains(relay->inner, fd, error));
}

static int alloc_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote,
			       uint32_t *port, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {
		.call = PVB_CALL_ALLOC_EVENT_CHANNEL, .domid = domid, .value = remote};
	int rc = before(relay, &call, error);

	if (rc == 0)
		rc = pvb_host_alloc_event_channel(relay->inner, domid, (uint32_t)call.value, port,
						  error);
	if (rc == 0)
		call.result = *port;
	return after(relay, &call, rc);
}

static int introduce_domain(struct pvb_host *host, uint32_t domid,
			    const struct pvb_host_introduction *introduction,
			    struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct pvb_host_introduction copy = *introduction;
	struct relay_call call = {
		.call = PVB_CALL_INTRODUCE_DOMAIN, .domid = domid, .introduction = &copy};

	HAND_ON(relay, &call, error, pvb_host_introduce_domain(relay->inner, domid, &copy, error));
}

static int note_memory(struct relay *relay, const struct pvb_host_populate *request, uint64_t done,
		       struct pvb_error *error)
{
	unsigned shift = relay->host.page_shift;
	uint64_t size = UINT64_C(1) << (request->shift - shift);

	for (uint64_t i = 0; i < done; i++) {
		uint64_t pfn = (request->address >> shift) + i * size;
		uint64_t mfn = pvb_extent_frame(request->out[i], shift).n;

		if (pvb_runs_add(&relay->memory, pfn, mfn, size) ||
		    pvb_runs_add(&relay->pfns, mfn, pfn, size))
			return pvb_fail(error, PVB_E_BUG, "relay",
					"PFN %#llx or machine frame %#llx was given twice",
					(unsigned long long)pfn, (unsigned long long)mfn);
	}
	return 0;
}

static int populate(struct pvb_host *host, uint32_t domid, const struct pvb_host_populate *request,
		    uint64_t *done, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_POPULATE, .domid = domid, .populate = request};
	int rc = before(relay, &call, error);

	*done = 0;
	if (rc == 0)
		rc = pvb_host_populate(relay->inner, domid, request, done, error);
	if (rc == 0 && domid == relay->domid)
		rc = note_memory(relay, request, *done, error);
	call.result = *done;
	return after(relay, &call, rc);
}

static int map_frames(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		      bool writable, void **at, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_MAP_FRAMES,
				  .domid = domid,
				  .frames = frames,
				  .count = count,
				  .writable = writable};

	HAND_ON(relay, &call, error,
		pvb_host_map_frames(relay->inner, domid, frames, count, writable, at, error));
}

static void unmap_frames(struct pvb_host *host, void *at, size_t count)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {
		.call = PVB_CALL_UNMAP_FRAMES, .domid = relay->domid, .count = count};

	pvb_host_unmap_frames(relay->inner, at, count);
	(void)after(relay, &call, 0);
}

static int get_m2p_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		       uint64_t *count, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_M2P_RUN, .frames = &first, .count = 1};

	HAND_ON(relay, &call, error,
		pvb_host_get_m2p_run(relay->inner, first, limit, pfn, count, error));
}

static int get_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			  size_t count, struct pvb_host_frame_info *info, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {
		.call = PVB_CALL_GET_FRAME_INFO, .domid = domid, .frames = frames, .count = count};

	HAND_ON(relay, &call, error,
		pvb_host_get_frame_info(relay->inner, domid, frames, count, info, error));
}

static int fill_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
			       struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {
		.call = PVB_CALL_FILL_HYPERCALL_PAGE, .domid = domid, .frames = &frame, .count = 1};

	HAND_ON(relay, &call, error,
		pvb_host_fill_hypercall_page(relay->inner, domid, frame, error));
}

static int pin_table(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		     struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_PIN_TABLE,
				  .domid = domid,
				  .value = level,
				  .frames = &frame,
				  .count = 1};

	HAND_ON(relay, &call, error, pvb_host_pin_table(relay->inner, domid, level, frame, error));
}

static int set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		    const struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct pvb_host_vcpu copy = *registers;
	struct relay_call call = {
		.call = PVB_CALL_SET_VCPU, .domid = domid, .value = vcpu, .vcpu = &copy};

	HAND_ON(relay, &call, error, pvb_host_set_vcpu(relay->inner, domid, vcpu, &copy, error));
}

static int get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		    struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_VCPU, .domid = domid, .value = vcpu};

	HAND_ON(relay, &call, error,
		pvb_host_get_vcpu(relay->inner, domid, vcpu, registers, error));
}

static int set_grants(struct pvb_host *host, uint32_t domid, const struct pvb_host_grant *grants,
		      size_t count, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct pvb_host_grant *copy = calloc(count ? count : 1, sizeof *copy);

	if (!copy)
		return pvb_fail_memory(error, "relay", "grants");
	memcpy(copy, grants, count * sizeof *copy);
	struct relay_call call = {
		.call = PVB_CALL_SET_GRANTS, .domid = domid, .grants = copy, .count = count};
	int rc = before(relay, &call, error);

	if (rc == 0)
		rc = pvb_host_set_grants(relay->inner, domid, copy, count, error);
	(void)after(relay, &call, rc);
	free(copy);
	return rc;
}

static int get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
		      size_t room, size_t *count, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_GRANTS, .domid = domid, .count = room};

	HAND_ON(relay, &call, error,
		pvb_host_get_grants(relay->inner, domid, grants, room, count, error));
}

static int get_touched_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, bool *touched,
			   uint64_t *count, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_TOUCHED_RUN, .frames = &first, .count = 1};

	HAND_ON(relay, &call, error,
		pvb_host_get_touched_run(relay->inner, first, limit, touched, count, error));
}

static int get_grant_limit(struct pvb_host *host, uint32_t domid, uint32_t *frames,
			   struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_GRANT_LIMIT, .domid = domid};

	HAND_ON(relay, &call, error, pvb_host_get_grant_limit(relay->inner, domid, frames, error));
}

static int get_cpus(struct pvb_host *host, int node, struct pvb_cpus *cpus, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_CPUS, .value = (uint64_t)node};

	HAND_ON(relay, &call, error, pvb_host_get_cpus(relay->inner, node, cpus, error));
}

static int get_pool(struct pvb_host *host, uint32_t first, struct pvb_host_pool *pool,
		    struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_POOL, .value = first};

	HAND_ON(relay, &call, error, pvb_host_get_pool(relay->inner, first, pool, error));
}

static int set_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			const struct pvb_cpus *hard, const struct pvb_cpus *soft,
			struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_SET_AFFINITY,
				  .domid = domid,
				  .value = vcpu,
				  .hard = hard,
				  .soft = soft};

	HAND_ON(relay, &call, error,
		pvb_host_set_affinity(relay->inner, domid, vcpu, hard, soft, error));
}

static int get_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu, struct pvb_cpus *hard,
			struct pvb_cpus *soft, struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_AFFINITY, .domid = domid, .value = vcpu};

	HAND_ON(relay, &call, error,
		pvb_host_get_affinity(relay->inner, domid, vcpu, hard, soft, error));
}

static int set_share(struct pvb_host *host, uint32_t domid, const struct pvb_host_share *share,
		     struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct pvb_host_share copy = *share;
	struct relay_call call = {.call = PVB_CALL_SET_SHARE, .domid = domid, .share = &copy};

	HAND_ON(relay, &call, error, pvb_host_set_share(relay->inner, domid, &copy, error));
}

static int get_share(struct pvb_host *host, uint32_t domid, struct pvb_host_share *share,
		     struct pvb_error *error)
{
	struct relay *relay = relay_of(host);
	struct relay_call call = {.call = PVB_CALL_GET_SHARE, .domid = domid};

	HAND_ON(relay, &call, error, pvb_host_get_share(relay->inner, domid, share, error));
}

static void close_host(struct pvb_host *host)
{
	forget_memory(relay_of(host));
}

static const struct pvb_host_ops relay_ops = {
	.name = "relay",
	.close = close_host,
	.get_info = get_info,
	.create_domain = create_domain,
	.keep_domain = keep_domain,
	.destroy_domain = destroy_domain,
	.pause_domain = pause_domain,
	.unpause_domain = unpause_domain,
	.get_domain = get_domain,
	.list_domains = list_domains,
	.open_console = open_console,
	.watch_domains = watch_domains,
	.set_guest_bits = set_guest_bits,
	.set_pte_bits = set_pte_bits,
	.get_pte_bits = get_pte_bits,
	.set_max_memory = set_max_memory,
	.set_memory_map = set_memory_map,
	.apply_cpu_policy = apply_cpu_policy,
	.alloc_event_channel = alloc_event_channel,
	.introduce_domain = introduce_domain,
	.claim_memory = claim_memory,
	.populate = populate,
	.map_frames = map_frames,
	.unmap_frames = unmap_frames,
	.get_m2p_run = get_m2p_run,
	.get_frame_info = get_frame_info,
	.fill_hypercall_page = fill_hypercall_page,
	.pin_table = pin_table,
	.set_vcpu = set_vcpu,
	.get_vcpu = get_vcpu,
	.set_grants = set_grants,
	.get_grants = get_grants,
	.get_touched_run = get_touched_run,
	.get_grant_limit = get_grant_limit,
	.get_cpus = get_cpus,
	.get_pool = get_pool,
	.set_affinity = set_affinity,
	.get_affinity = get_affinity,
	.set_share = set_share,
	.get_share = get_share,
};

void relay_open(struct relay *relay, struct pvb_host *inner, struct relay_watcher watcher)
{
	*relay = (struct relay){
		.host = {.ops = &relay_ops, .page_shift = inner->page_shift},
		.inner = inner,
		.watcher = watcher,
	};
}

void relay_close(struct relay *relay)
{
	pvb_host_close(&relay->host);
}

const char *relay_call_name(const struct relay *relay, enum pvb_host_call call)
{
	uint64_t count;

	return pvb_host_call_count(&relay->host, call, &count);
}

static uint64_t look_up(const struct pvb_runs *runs, uint64_t key)
{
	uint64_t value;

	return pvb_runs_find(runs, key, &value, NULL) ? value : PVB_NO_FRAME;
}

uint64_t relay_mfn(const struct relay *relay, uint64_t pfn)
{
	return look_up(&relay->memory, pfn);
}

uint64_t relay_pfn(const struct relay *relay, uint64_t mfn)
{
	return look_up(&relay->pfns, mfn);
}
