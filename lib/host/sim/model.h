/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated host from inside. One thread uses a host at a time, so nothing
 * here is locked.
 */
#ifndef PVB_HOST_SIM_MODEL_H
#define PVB_HOST_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "host/host.h"
#include "host/sim/books.h"
#include "host/sim/contents.h"
#include "host/sim/heap.h"
#include "host/sim/options.h"
#include "host/sim/stage2.h"

/* Xen public xen.h, and what Xen allows a PV domain. */
#define SIM_FIRST_RESERVED_DOMID 0x7ff0u
#define SIM_MAX_VCPUS 8192u
#define SIM_GRANT_FRAMES 64u
#define SIM_MAPTRACK_FRAMES 1024u
#define SIM_MAX_GRANT_VERSION 2u
#define SIM_DEFAULT_EVENT_CHANNELS 1023u
#define SIM_SHUTDOWN_CRASH 3u

/*
 * Bits of L1 entries that Xen has for itself (asm-x86/x86_64/page.h): what tells the kernel's
 * pages from the user's, _PAGE_GUEST_KERNEL, and in debug builds grants, _PAGE_GNTTAB.
 */
#define SIM_KERNEL_BIT 52u
#define SIM_GRANT_BIT 62u

/* root: the page tables that it holds, of the kernel and of user space; PVB_NO_FRAME for none. */
struct sim_vcpu {
	struct pvb_host_vcpu registers;
	uint64_t root[2];
	bool online;
};

struct sim_arm64_vcpu {
	struct pvb_host_arm64_vcpu registers;
	bool set_up;
};

/* What a translated domain has beside, or in the place of, what a PV one has. */
struct sim_translated {
	struct sim_stage2 stage2;
	struct sim_arm64_vcpu *vcpu;
	uint64_t parameter[PVB_PARAMETER_COUNT];
};

/* Where a vCPU may run, and should. */
struct sim_affinity {
	struct pvb_cpus hard;
	struct pvb_cpus soft;
};

struct sim_introduction {
	struct pvb_host_introduction told;
	char *strings[4];
};

/*
 *   last_node       whose memory it was given last (struct sim_request)
 *   pages           Xen's tot_pages; an unsigned int there, which ends at 16 TiB
 *   l4_tables       validated L4 tables, which get the hypervisor's entries
 *   vm_assist       of vCPU 0's context, for the whole domain
 *   ports           the remote domain of each event channel; SIM_NO_PORT where there is none
 *   vcpu            NULL for those that have no context yet
 *   grant_frame     pages of the grant table; what is in it stands in grants alone
 *   affinity        NULL for vCPUs of which nothing was said
 *   translated      NULL for PV domains
 */
struct sim_domain {
	uint32_t domid;
	unsigned bits;
	char name[PVB_HOST_NAME_MAX];
	uint8_t uuid[16];
	bool dying;
	bool shutdown;
	bool created;
	bool cpu_policy;
	unsigned shutdown_reason;
	unsigned pauses;
	unsigned last_node;
	uint32_t pages;
	uint32_t max_pages;
	uint64_t claim;
	struct pvb_host_memory *memory_map;
	size_t memory_map_count;
	uint64_t shared_info;
	struct pvb_host_pte_bits pte_bits;
	uint32_t vm_assist;
	uint32_t l4_tables;
	uint32_t vcpu_count;
	struct sim_vcpu **vcpu;
	uint32_t *ports;
	uint32_t port_count;
	uint32_t port_limit;
	struct pvb_host_grant *grants;
	size_t grant_count;
	size_t grant_capacity;
	uint32_t grant_limit;
	uint64_t *grant_frame;
	uint32_t grant_frame_count;
	uint32_t maptrack_limit;
	uint32_t grant_version;
	uint32_t pool;
	struct sim_affinity **affinity;
	uint32_t weight;
	uint32_t cap;
	struct sim_introduction *introduction;
	struct pvb_host_record record;
	struct sim_translated *translated;
};

#define SIM_NO_PORT UINT32_MAX

struct sim_mapped_run {
	uint64_t mfn;
	uint64_t count;
};

/* Frames of one domain, mapped by the toolstack. */
struct sim_mapping {
	struct sim_mapping *next;
	void *at;
	size_t count;
	uint32_t domid;
	bool writable;
	size_t run_count;
	struct sim_mapped_run run[];
};

/* ops: those that a host with these options has. */
struct sim {
	struct pvb_host host;
	struct pvb_host_ops ops;
	struct sim_options options;
	struct sim_books books;
	struct sim_heap heap;
	struct sim_contents contents;
	struct sim_domain **domains; /* ascending */
	size_t domain_count;
	size_t domain_capacity;
	uint32_t last_domid;
	struct sim_mapping *mappings;
	uint64_t calls;
	char verdict[200]; /* of pvb_sim_check() */
};

/* What is x86 through and through has pages of this size. */
#define SIM_PAGE_SHIFT 12u
#define SIM_PAGE_SIZE (UINT64_C(1) << SIM_PAGE_SHIFT)

static inline struct sim *sim_of(struct pvb_host *host)
{
	return (struct sim *)(void *)host;
}

/* Count a call; -PVB_E_HOST_INJECTED if it is the one that is to fail. */
int sim_enter(struct sim *sim, const char *call, struct pvb_error *error);

/* sim_enter(), and look up the domain. sim_call_live() also wants it not to be dying. */
int sim_call(struct sim *sim, const char *call, uint32_t domid, struct sim_domain **domain,
	     struct pvb_error *error);
int sim_call_live(struct sim *sim, const char *call, uint32_t domid, struct sim_domain **domain,
		  struct pvb_error *error);

/* The memfd that stands for memory failed, for the reason in errno. */
int sim_contents_failed(const char *call, struct pvb_error *error);

/* ---- domain.c ---- */

/* NULL if there is none. */
struct sim_domain *sim_find_domain(const struct sim *sim, uint32_t domid);

/* Give back what of a dying domain nobody has mapped; the last of it ends the domain. */
void sim_domain_release(struct sim *sim, struct sim_domain *domain);

/* Take it off the list and free it, whatever state it is in. */
void sim_domain_free(struct sim *sim, struct sim_domain *domain);

/* ---- populate.c ---- */

/* So many pages of the grant table, or more. */
int sim_grow_grant_table(struct sim *sim, struct sim_domain *domain, const char *call,
			 uint32_t pages, struct pvb_error *error);

/* Is it this domain's memory, or the hypervisor's that is shared with it? */
bool sim_owns(const struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
	      struct sim_frame *frame);

#define SIM_WHOSE_MAX 40

/* "free", "domain 3's", ...: whose a frame is, for messages. */
const char *sim_whose(const struct sim *sim, uint64_t mfn, char *text, size_t size);

/*
 * A frame of the hypervisor's own for this domain, zeroed, below 1 << bits bytes (0: any that
 * Xen has for itself).
 */
int sim_xen_frame_alloc(struct sim *sim, const struct sim_domain *domain, const char *call,
			enum sim_xen_use use, unsigned bits, uint64_t *mfn,
			struct pvb_error *error);
void sim_xen_frame_free(struct sim *sim, uint64_t mfn);

/* ---- map.c ---- */

/* Whether any of these frames is mapped by the toolstack. */
bool sim_is_mapped(const struct sim *sim, uint64_t mfn, uint64_t count);

/* ---- translated.c ---- */

uint32_t sim_arm64_max_vcpus(const struct sim *sim);

/* Whether this host has domains of this kind. */
int sim_translated_check(const struct sim *sim, const struct pvb_host_domain_config *config,
			 struct pvb_error *error);

/* NULL if this process has no memory. */
struct sim_translated *sim_translated_new(const struct sim *sim, uint32_t vcpus);
void sim_translated_free(struct sim_translated *translated);

/* Refuse a call that has no meaning for a translated domain. */
int sim_want_pv(const struct sim_domain *domain, const char *call, struct pvb_error *error);

/* What a translated domain asks of a populate beyond what all do. */
int sim_translated_check_populate(const struct sim_domain *domain,
				  const struct pvb_host_populate *request, struct pvb_error *error);

/* The machine frame behind a guest frame; PVB_E_HOST_MAP if there is none. */
int sim_translated_frame(const struct sim_domain *domain, const char *call, uint64_t gfn,
			 uint64_t *mfn, struct pvb_error *error);

/* ---- types.c: what a frame is in use as ---- */

/*
 * Take a reference to an owned frame as something writable. 0, or -1: it is in use
 * as a table, or this process has no memory to note it (*no_memory).
 */
int sim_get_writable(struct sim *sim, uint64_t mfn, bool *no_memory);
void sim_put_writable(struct sim *sim, uint64_t mfn);

/* "an L2 table", "writable": what a frame is in use as. */
const char *sim_type_name(unsigned type);

/* ---- tables.c ---- */

/*
 * Take a reference to a frame as a page table of a level, validating all that hangs
 * off it if it was not one. On failure every reference is as it was.
 */
int sim_get_table(struct sim *sim, struct sim_domain *domain, unsigned level, uint64_t mfn,
		  struct pvb_error *error);
void sim_put_table(struct sim *sim, struct sim_domain *domain, unsigned level, uint64_t mfn);

/* The L4 slot of the read-only M2P: filled or emptied, as VMASST_TYPE_m2p_strict wants it. */
int sim_set_ro_m2p(struct sim *sim, uint64_t l4, bool filled, struct pvb_error *error);

/* The same in every validated L4 of a domain. */
int sim_fill_all_ro_m2p(struct sim *sim, struct sim_domain *domain, struct pvb_error *error);

/* Call back for each entry of a validated table that holds a reference. */
typedef void sim_reference(struct sim *sim, uint64_t mfn, bool linear, void *data);
int sim_table_references(struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
			 const struct sim_frame *frame, sim_reference *reference, void *data);

/* ---- pte-bits.c ---- */

/* Those of a domain of which nothing else was said. */
struct pvb_host_pte_bits sim_default_pte_bits(const struct sim *sim, unsigned guest_bits);

/* ---- cpus.c ---- */

/* Weight and cap as a domain is made. */
void sim_default_share(const struct sim *sim, struct sim_domain *domain);

/* ---- the calls, by file ---- */

int sim_create_domain(struct pvb_host *, const struct pvb_host_domain_config *, uint32_t *domid,
		      struct pvb_error *);
int sim_destroy_domain(struct pvb_host *, uint32_t domid, struct pvb_error *);
int sim_pause_domain(struct pvb_host *, uint32_t domid, struct pvb_error *);
int sim_unpause_domain(struct pvb_host *, uint32_t domid, struct pvb_error *);
int sim_get_domain(struct pvb_host *, uint32_t domid, struct pvb_host_domain *, struct pvb_error *);
int sim_list_domains(struct pvb_host *, uint32_t first, struct pvb_host_domain *, size_t room,
		     size_t *count, struct pvb_error *);
int sim_set_guest_bits(struct pvb_host *, uint32_t domid, unsigned bits, struct pvb_error *);
int sim_set_pte_bits(struct pvb_host *, uint32_t domid, const struct pvb_host_pte_bits *,
		     struct pvb_error *);
int sim_get_pte_bits(struct pvb_host *, uint32_t domid, struct pvb_host_pte_bits *,
		     struct pvb_error *);
int sim_set_max_memory(struct pvb_host *, uint32_t domid, uint64_t bytes, struct pvb_error *);
int sim_set_memory_map(struct pvb_host *, uint32_t domid, const struct pvb_host_memory *,
		       size_t count, struct pvb_error *);
int sim_apply_cpu_policy(struct pvb_host *, uint32_t domid, struct pvb_error *);

int sim_claim_memory(struct pvb_host *, uint32_t domid, uint64_t bytes, struct pvb_error *);
int sim_populate(struct pvb_host *, uint32_t domid, const struct pvb_host_populate *,
		 uint64_t *done, struct pvb_error *);
int sim_get_m2p_run(struct pvb_host *, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
		    uint64_t *count, struct pvb_error *);
int sim_get_touched_run(struct pvb_host *, pvb_mfn_t first, uint64_t limit, bool *touched,
			uint64_t *count, struct pvb_error *);
int sim_get_free_below(struct pvb_host *, unsigned bits, uint64_t *bytes, struct pvb_error *);

int sim_map_frames(struct pvb_host *, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		   bool writable, void **at, struct pvb_error *);
void sim_unmap_frames(struct pvb_host *, void *at, size_t count);

int sim_get_frame_info(struct pvb_host *, uint32_t domid, const pvb_mfn_t *frames, size_t count,
		       struct pvb_host_frame_info *, struct pvb_error *);
int sim_get_owned_run(struct pvb_host *, uint32_t domid, const struct pvb_host_frames *runs,
		      size_t run_count, bool *owned, uint64_t *count, struct pvb_error *);
int sim_fill_hypercall_page(struct pvb_host *, uint32_t domid, pvb_mfn_t frame, struct pvb_error *);
int sim_pin_table(struct pvb_host *, uint32_t domid, unsigned level, pvb_mfn_t frame,
		  struct pvb_error *);

int sim_set_vcpu(struct pvb_host *, uint32_t domid, uint32_t vcpu, const struct pvb_host_vcpu *,
		 struct pvb_error *);
int sim_get_vcpu(struct pvb_host *, uint32_t domid, uint32_t vcpu, struct pvb_host_vcpu *,
		 struct pvb_error *);

int sim_alloc_event_channel(struct pvb_host *, uint32_t domid, uint32_t remote, uint32_t *port,
			    struct pvb_error *);
int sim_set_grants(struct pvb_host *, uint32_t domid, const struct pvb_host_grant *, size_t count,
		   struct pvb_error *);
int sim_get_grants(struct pvb_host *, uint32_t domid, struct pvb_host_grant *, size_t room,
		   size_t *count, struct pvb_error *);
int sim_get_grant_frames(struct pvb_host *, uint32_t domid, pvb_mfn_t *frames, size_t room,
			 size_t *count, struct pvb_error *);
int sim_find_console(struct pvb_host *, uint32_t domid, pvb_mfn_t *frame, struct pvb_error *);
int sim_get_grant_limit(struct pvb_host *, uint32_t domid, uint32_t *frames, struct pvb_error *);
int sim_introduce_domain(struct pvb_host *, uint32_t domid, const struct pvb_host_introduction *,
			 struct pvb_error *);
int sim_set_record(struct pvb_host *, uint32_t domid, const struct pvb_host_record *,
		   struct pvb_error *);
int sim_get_record(struct pvb_host *, uint32_t domid, struct pvb_host_record *, struct pvb_error *);

int sim_get_cpus(struct pvb_host *, int node, struct pvb_cpus *, struct pvb_error *);
int sim_get_pool(struct pvb_host *, uint32_t first, struct pvb_host_pool *, struct pvb_error *);
int sim_set_affinity(struct pvb_host *, uint32_t domid, uint32_t vcpu, const struct pvb_cpus *hard,
		     const struct pvb_cpus *soft, struct pvb_error *);
int sim_get_affinity(struct pvb_host *, uint32_t domid, uint32_t vcpu, struct pvb_cpus *hard,
		     struct pvb_cpus *soft, struct pvb_error *);
int sim_set_share(struct pvb_host *, uint32_t domid, const struct pvb_host_share *,
		  struct pvb_error *);
int sim_get_share(struct pvb_host *, uint32_t domid, struct pvb_host_share *, struct pvb_error *);

int sim_set_parameter(struct pvb_host *, uint32_t domid, enum pvb_host_parameter, uint64_t value,
		      struct pvb_error *);
int sim_get_parameter(struct pvb_host *, uint32_t domid, enum pvb_host_parameter, uint64_t *value,
		      struct pvb_error *);
int sim_get_memory_run(struct pvb_host *, uint32_t domid, uint64_t address, uint64_t limit,
		       bool *present, uint64_t *bytes, struct pvb_error *);
int sim_set_arm64_vcpu(struct pvb_host *, uint32_t domid, uint32_t vcpu,
		       const struct pvb_host_arm64_vcpu *, struct pvb_error *);
int sim_get_arm64_vcpu(struct pvb_host *, uint32_t domid, uint32_t vcpu,
		       struct pvb_host_arm64_vcpu *, struct pvb_error *);

#endif
