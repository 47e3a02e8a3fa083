/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hypervisor offers to one who builds, reads or runs PV domains, in our
 * own types. Two implementations stand beside each other: sim/ and xen/.
 *
 * Each call is one hypercall's worth of work (or one library call's) and takes
 * batches. Each returns 0, or -code with *error filled; none leaves anything
 * half done unless it says so. Frame numbers are in units of the host's page
 * size, (1 << pvb_host_info.page_shift) bytes.
 *
 * Two kinds of domains: an x86 PV guest is told its machine frames, and whoever names
 * a page of it names the machine frame. A translated one (arm64) knows guest physical
 * addresses only, and whoever names a page of it does so by guest frame number (GFN),
 * which calls that take frames of a domain take in the place of the machine frame.
 *
 * The rest of the library calls the pvb_host_*() functions below, which count
 * calls and mapped memory and then go through the table.
 */
#ifndef PVB_HOST_HOST_H
#define PVB_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/domain.h>
#include <pvbuild/host.h>

#include "core/cpus.h"
#include "core/error.h"
#include "core/extent.h"
#include "core/frames.h"

#define PVB_HOST_NAME_MAX 64

/* The domain that runs the toolstack, where nothing else is said. */
#define PVB_DOMID_0 0u

/*
 *   vcpus                    that the domain has, whether they are online or not
 *   max_event_channel        highest port
 *   max_grant_frames         pages of its grant table
 *   max_maptrack_frames      pages for what it maps of others; PVB_HOST_NO_MAPTRACK for none
 *   max_grant_version        of its grant table
 *                            0 in these four stands for what the host gives by itself, which an
 *                            administrator can have lowered
 *   translated               an auto-translated arm64 guest, not a PV one
 *   pool                     number of the CPU pool that it runs in
 */
#define PVB_HOST_NO_MAPTRACK UINT32_MAX

struct pvb_host_domain_config {
	char name[PVB_HOST_NAME_MAX];
	uint8_t uuid[16];
	uint32_t vcpus;
	uint32_t max_event_channel;
	uint32_t max_grant_frames;
	bool translated;
	uint32_t max_maptrack_frames;
	uint32_t max_grant_version;
	uint32_t pool;
};

/*
 * A domain as the hypervisor knows it.
 *
 *   guest_bits       32 or 64
 *   shared_info      frame of its shared info page; none in a translated domain, where
 *                    the guest asks for it itself
 *   pages, max_pages allocated to it, and allowed
 */
struct pvb_host_domain {
	uint32_t domid;
	uint8_t uuid[16];
	char name[PVB_HOST_NAME_MAX]; /* empty where the host does not keep names */
	unsigned guest_bits;
	bool hvm;        /* not a PV guest: its memory cannot be read as one's */
	bool translated; /* an arm64 guest, built as one */
	bool running;
	bool blocked;
	bool paused;
	bool dying;
	bool name_unknown; /* whoever keeps the host's names does not tell */
	bool shutdown;
	unsigned shutdown_reason;
	uint32_t vcpus;
	uint64_t pages;
	uint64_t max_pages;
	uint64_t claimed_pages;
	uint64_t cpu_time_ns;
	pvb_mfn_t shared_info;
	uint32_t pool;
};

/*
 * CPUs that are scheduled together.
 *
 *   name        empty where the host does not keep names
 *   scheduler   "credit2", "credit", "rtds", "null", "arinc653", or its number
 */
#define PVB_HOST_SCHEDULER_MAX 16
struct pvb_host_pool {
	uint32_t number;
	char name[PVB_HOST_NAME_MAX];
	char scheduler[PVB_HOST_SCHEDULER_MAX];
	struct pvb_cpus cpus;
};

/*
 * What a domain gets of its pool's CPUs.
 *
 *   weighted   the pool's scheduler knows a weight and a cap; else both are 0
 *   weight     its share beside others'
 *   cap        in percent of a CPU; 0 for no limit
 */
struct pvb_host_share {
	char scheduler[PVB_HOST_SCHEDULER_MAX];
	bool weighted;
	uint32_t weight;
	uint32_t cap;
};

/*
 * Allocate extents of 1 << shift bytes for the guest's (pseudo-)physical addresses
 * address, address + (1 << shift), ... In a translated domain the address of an extent is
 * a multiple of its size, which is one that a table entry of the host's granule maps.
 *
 *   address_bits   every frame must lie below 1 << address_bits bytes; 0 for no limit
 *   node           NUMA node, or -1; exact_node refuses others
 *   out            the extents of machine memory, count of them, each of 1 << shift bytes
 */
struct pvb_host_populate {
	uint64_t address;
	unsigned shift;
	uint64_t count;
	unsigned address_bits;
	int node;
	bool exact_node;
	pvb_extent_t *out;
};

#define PVB_HOST_ANY_NODE (-1)

/* Memory in a guest's physical addresses. */
struct pvb_host_memory {
	uint64_t address;
	uint64_t bytes;
};

/*
 * Registers of a vCPU. cr3 is the guest's register value, in the guest's own
 * encoding: machine address of the root for 64-bit, folded for 32-bit (Xen's
 * xen_pfn_to_cr3()). flags are VGCF_*, vm_assist is a mask of (1 << VMASST_TYPE_*).
 */
struct pvb_host_vcpu {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
	uint16_t cs, ss, ds, es, fs, gs;
	uint64_t kernel_ss, kernel_sp;
	uint64_t cr[8];
	uint64_t debugreg[8];
	uint64_t event_callback_cs, event_callback_eip;
	uint64_t failsafe_callback_cs, failsafe_callback_eip;
	uint64_t syscall_callback_eip;
	uint64_t fs_base, gs_base_kernel, gs_base_user;
	uint64_t ldt_base, ldt_entries, gdt_entries;
	uint32_t flags;
	uint32_t vm_assist;
};

/*
 * Registers of a vCPU of a translated arm64 domain, as it starts: in EL1, its MMU as
 * sctlr_el1 says. x are the first four, which a boot protocol hands things over in; the
 * others are 0. cpsr is SPSR_EL2, that is PSTATE as the guest finds it.
 */
struct pvb_host_arm64_vcpu {
	uint64_t pc;
	uint64_t x[4];
	uint64_t cpsr;
	uint64_t spsr_el1;
	uint64_t sctlr_el1;
	uint64_t tcr_el1;
	uint64_t ttbr0_el1;
	uint64_t ttbr1_el1;
	bool online;
};

/*
 * What a translated domain asks the hypervisor for (HVMOP_get_param), as its start_info
 * does not tell it. Pages by guest physical address, in bytes.
 */
enum pvb_host_parameter {
	PVB_PARAMETER_STORE_PAGE,
	PVB_PARAMETER_STORE_PORT,
	PVB_PARAMETER_CONSOLE_PAGE,
	PVB_PARAMETER_CONSOLE_PORT,
	PVB_PARAMETER_COUNT,
};

/* An entry of a version 1 grant table: "domid may access frame". */
struct pvb_host_grant {
	uint32_t index;
	uint16_t flags; /* GTF_*: 1 is permit_access */
	uint16_t domid;
	pvb_mfn_t frame;
};

/*
 * What a domain was given on the strength of what its kernel declares and of what the
 * host has, for those who come later: an audit, a restore. Kept beside the domain, out of
 * its guest's reach, and gone with it.
 *
 *   known            there is a record: whoever made the domain left one
 *   guest_abi        the guest was told of it, in its shared info page
 *   address_bits     width of machine addresses that its builder kept to
 *   granule_shift    log2 of the hypervisor's page size
 *   pte_bits         bits of page-table entries were settled: pte_kernel_bit and
 *                    pte_grant_bit (PVB_GUEST_PTE_NO_BIT for none), and pte_flags
 *   p2m_levels       of the p2m's tree; 0 where it was built as a list alone
 */
struct pvb_host_record {
	bool known;
	bool guest_abi;
	bool pte_bits;
	uint8_t address_bits;
	uint8_t granule_shift;
	uint8_t pte_kernel_bit;
	uint8_t pte_grant_bit;
	uint8_t pte_flags;
	uint8_t p2m_levels;
};

/*
 * The software bits of L1 entries by which the hypervisor marks kernel mappings of a 64-bit
 * domain and (debug builds) mapped grants; PVB_GUEST_PTE_NO_BIT for none. keys: the guest
 * may use protection keys.
 */
struct pvb_host_pte_bits {
	unsigned kernel_bit;
	unsigned grant_bit;
	bool keys;
};

/*
 * What a frame is to the hypervisor: not the domain's, plain or writable, or a
 * table of a level, and whether it is pinned as one.
 */
enum pvb_frame_type {
	PVB_FRAME_FOREIGN,
	PVB_FRAME_PLAIN,
	PVB_FRAME_L1,
	PVB_FRAME_L2,
	PVB_FRAME_L3,
	PVB_FRAME_L4,
};

struct pvb_host_frame_info {
	enum pvb_frame_type type;
	bool pinned;
};

/* Frames one after the other. */
struct pvb_host_frames {
	pvb_mfn_t first;
	uint64_t count;
};

/*
 * What a toolstack tells the rest of the host of a finished domain.
 *
 *   console_domid   whoever serves the console: its nodes in the store name both domains
 *   vcpus           that the domain has, of which the first online_vcpus are to be online
 */
struct pvb_host_introduction {
	const char *name;
	uint64_t memory;
	uint32_t vcpus;
	uint32_t online_vcpus;
	pvb_mfn_t store_frame;
	uint32_t store_port;
	pvb_mfn_t console_frame;
	uint32_t console_port;
	uint32_t console_domid;
	const char *kernel; /* path, or NULL */
	const char *ramdisk;
	const char *command_line;
};

/*
 * Who waits for a domain's end, to do then what was said of that.
 *
 *   pid    of that process; 0 where nobody has said that he does
 *   gone   it has ended, and the domain is still there
 */
struct pvb_host_monitor {
	uint32_t pid;
	bool gone;
};

struct pvb_host_ops {
	const char *name;
	void (*close)(struct pvb_host *host);
	int (*get_info)(struct pvb_host *, struct pvb_host_info *, struct pvb_error *);

	/* Life of a domain. A new one is paused, 64-bit, and has no memory. */
	int (*create_domain)(struct pvb_host *, const struct pvb_host_domain_config *,
			     uint32_t *domid, struct pvb_error *);
	/*
	 * The domain is to outlive this process. Until then whoever created it takes it along
	 * when it ends, killed or not. NULL: there is nothing to do.
	 */
	int (*keep_domain)(struct pvb_host *, uint32_t domid, struct pvb_error *);
	/*
	 * Fails with PVB_E_HOST_DYING where the domain was destroyed and stays all the same:
	 * somebody has pages of it mapped, and did not let go of them in a while.
	 */
	int (*destroy_domain)(struct pvb_host *, uint32_t domid, struct pvb_error *);
	int (*pause_domain)(struct pvb_host *, uint32_t domid, struct pvb_error *);
	int (*unpause_domain)(struct pvb_host *, uint32_t domid, struct pvb_error *);
	int (*get_domain)(struct pvb_host *, uint32_t domid, struct pvb_host_domain *,
			  struct pvb_error *);
	/* Up to room domains with numbers from first on, ascending; *count of them. */
	int (*list_domains)(struct pvb_host *, uint32_t first, struct pvb_host_domain *,
			    size_t room, size_t *count, struct pvb_error *);

	/* A terminal at the other end of which the guest's console is; the caller closes it. */
	int (*open_console)(struct pvb_host *, uint32_t domid, const struct pvb_console_options *,
			    int *fd, struct pvb_error *);
	/*
	 * The frame of the ring that is the guest's console; PVB_NO_FRAME where it has none, as
	 * everywhere on a host where this is NULL.
	 */
	int (*find_console)(struct pvb_host *, uint32_t domid, pvb_mfn_t *frame,
			    struct pvb_error *);
	/*
	 * A descriptor, the host's own, that is readable once a domain has come or ended since
	 * the last time that this was called.
	 */
	int (*watch_domains)(struct pvb_host *, int *fd, struct pvb_error *);

	/* Before any memory: 32 or 64 bits. It may move the shared info page. */
	int (*set_guest_bits)(struct pvb_host *, uint32_t domid, unsigned bits, struct pvb_error *);
	/*
	 * After that, and before any memory. NULL: they are wired in, and pvb_host_info says what
	 * they are.
	 */
	int (*set_pte_bits)(struct pvb_host *, uint32_t domid, const struct pvb_host_pte_bits *,
			    struct pvb_error *);
	int (*get_pte_bits)(struct pvb_host *, uint32_t domid, struct pvb_host_pte_bits *,
			    struct pvb_error *);
	int (*set_max_memory)(struct pvb_host *, uint32_t domid, uint64_t bytes,
			      struct pvb_error *);
	/*
	 * Where the guest's memory is, count pieces ascending and apart: what it is told when it
	 * asks for its memory map. What lies between them is in no entry of it.
	 */
	int (*set_memory_map)(struct pvb_host *, uint32_t domid, const struct pvb_host_memory *,
			      size_t count, struct pvb_error *);
	int (*apply_cpu_policy)(struct pvb_host *, uint32_t domid, struct pvb_error *);
	int (*alloc_event_channel)(struct pvb_host *, uint32_t domid, uint32_t remote,
				   uint32_t *port, struct pvb_error *);
	int (*introduce_domain)(struct pvb_host *, uint32_t domid,
				const struct pvb_host_introduction *, struct pvb_error *);

	/* Memory. claim 0 gives back what is left of a claim. */
	int (*claim_memory)(struct pvb_host *, uint32_t domid, uint64_t bytes, struct pvb_error *);
	/*
	 * *done extents were allocated, which may be fewer than asked for (0 included) without
	 * that being an error: as in Xen, no cause is given.
	 */
	int (*populate)(struct pvb_host *, uint32_t domid, const struct pvb_host_populate *,
			uint64_t *done, struct pvb_error *);

	/* Map frames of a domain (or its shared info) one after the other. */
	int (*map_frames)(struct pvb_host *, uint32_t domid, const pvb_mfn_t *frames, size_t count,
			  bool writable, void **at, struct pvb_error *);
	void (*unmap_frames)(struct pvb_host *, void *at, size_t count);

	/*
	 * The M2P from first on: *pfn is that frame's PFN (PVB_NO_FRAME if it has none) and
	 * *count how many frames from there on continue it, 1 <= *count <= limit.
	 */
	int (*get_m2p_run)(struct pvb_host *, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
			   uint64_t *count, struct pvb_error *);
	int (*get_frame_info)(struct pvb_host *, uint32_t domid, const pvb_mfn_t *frames,
			      size_t count, struct pvb_host_frame_info *, struct pvb_error *);

	int (*fill_hypercall_page)(struct pvb_host *, uint32_t domid, pvb_mfn_t frame,
				   struct pvb_error *);
	/* Validate a tree of page tables with this root, and keep it so. */
	int (*pin_table)(struct pvb_host *, uint32_t domid, unsigned level, pvb_mfn_t frame,
			 struct pvb_error *);
	int (*set_vcpu)(struct pvb_host *, uint32_t domid, uint32_t vcpu,
			const struct pvb_host_vcpu *, struct pvb_error *);
	int (*get_vcpu)(struct pvb_host *, uint32_t domid, uint32_t vcpu, struct pvb_host_vcpu *,
			struct pvb_error *);
	int (*set_grants)(struct pvb_host *, uint32_t domid, const struct pvb_host_grant *,
			  size_t count, struct pvb_error *);
	int (*get_grants)(struct pvb_host *, uint32_t domid, struct pvb_host_grant *, size_t room,
			  size_t *count, struct pvb_error *);

	/*
	 * Whether a page was touched since it was allocated, so that a dump can be sparse.
	 * *count frames from first on share the answer. NULL: everything may have been.
	 */
	int (*get_touched_run)(struct pvb_host *, pvb_mfn_t first, uint64_t limit, bool *touched,
			       uint64_t *count, struct pvb_error *);

	/*
	 * Free bytes below 1 << bits of machine address, on all nodes. NULL: the host cannot tell,
	 * and whoever asks is told PVB_E_HOST_STATE.
	 */
	int (*get_free_below)(struct pvb_host *, unsigned bits, uint64_t *bytes,
			      struct pvb_error *);
	/*
	 * The frames of a domain's grant table that there are so far, which the hypervisor took
	 * from where it liked. *count of them, of which the first room. NULL: none.
	 */
	int (*get_grant_frames)(struct pvb_host *, uint32_t domid, pvb_mfn_t *frames, size_t room,
				size_t *count, struct pvb_error *);
	/*
	 * Once the domain is introduced. What is read where nobody left a record is all zero. NULL:
	 * the host keeps none.
	 */
	int (*set_record)(struct pvb_host *, uint32_t domid, const struct pvb_host_record *,
			  struct pvb_error *);
	int (*get_record)(struct pvb_host *, uint32_t domid, struct pvb_host_record *,
			  struct pvb_error *);
	/* Beside it; pid 0 for nobody. NULL: the host keeps none. */
	int (*set_monitor)(struct pvb_host *, uint32_t domid, uint32_t pid, struct pvb_error *);
	int (*get_monitor)(struct pvb_host *, uint32_t domid, struct pvb_host_monitor *,
			   struct pvb_error *);

	/* Pages that a domain's grant table can grow to. */
	int (*get_grant_limit)(struct pvb_host *, uint32_t domid, uint32_t *frames,
			       struct pvb_error *);

	/* CPUs. Those of a NUMA node, or of them all (PVB_HOST_ANY_NODE), online or not. */
	int (*get_cpus)(struct pvb_host *, int node, struct pvb_cpus *, struct pvb_error *);
	/* The pool of this number or else the next one; PVB_E_HOST_POOL where there is none. */
	int (*get_pool)(struct pvb_host *, uint32_t first, struct pvb_host_pool *,
			struct pvb_error *);
	/*
	 * Where a vCPU may run (hard) and where it should (soft); NULL: as it is. PVB_E_ARG_CPUS
	 * where it could run nowhere.
	 */
	int (*set_affinity)(struct pvb_host *, uint32_t domid, uint32_t vcpu,
			    const struct pvb_cpus *hard, const struct pvb_cpus *soft,
			    struct pvb_error *);
	int (*get_affinity)(struct pvb_host *, uint32_t domid, uint32_t vcpu, struct pvb_cpus *hard,
			    struct pvb_cpus *soft, struct pvb_error *);
	/* PVB_E_HOST_STATE where the pool's scheduler has no weight and no cap to be set. */
	int (*set_share)(struct pvb_host *, uint32_t domid, const struct pvb_host_share *,
			 struct pvb_error *);
	int (*get_share)(struct pvb_host *, uint32_t domid, struct pvb_host_share *,
			 struct pvb_error *);

	/* Of translated domains alone; NULL on a host that has none. */
	int (*set_parameter)(struct pvb_host *, uint32_t domid, enum pvb_host_parameter,
			     uint64_t value, struct pvb_error *);
	/* 0 for what was never set. */
	int (*get_parameter)(struct pvb_host *, uint32_t domid, enum pvb_host_parameter,
			     uint64_t *value, struct pvb_error *);
	/*
	 * Whether there is memory at a guest physical address, and *bytes how many from there on
	 * share the answer, 1 page <= *bytes <= limit. address and limit are whole pages.
	 */
	int (*get_memory_run)(struct pvb_host *, uint32_t domid, uint64_t address, uint64_t limit,
			      bool *present, uint64_t *bytes, struct pvb_error *);
	int (*set_arm64_vcpu)(struct pvb_host *, uint32_t domid, uint32_t vcpu,
			      const struct pvb_host_arm64_vcpu *, struct pvb_error *);
	int (*get_arm64_vcpu)(struct pvb_host *, uint32_t domid, uint32_t vcpu,
			      struct pvb_host_arm64_vcpu *, struct pvb_error *);

	/*
	 * Whether frames are a PV domain's own memory. The runs are read as one sequence: *owned is
	 * true of its first frame, and *count frames from there on share the answer, 1 or more.
	 * NULL: get_frame_info is asked.
	 */
	int (*get_owned_run)(struct pvb_host *, uint32_t domid, const struct pvb_host_frames *runs,
			     size_t run_count, bool *owned, uint64_t *count, struct pvb_error *);
};

/* Calls are counted by these, in the order of the table above. */
enum pvb_host_call {
	PVB_CALL_GET_INFO,
	PVB_CALL_CREATE_DOMAIN,
	PVB_CALL_KEEP_DOMAIN,
	PVB_CALL_DESTROY_DOMAIN,
	PVB_CALL_PAUSE_DOMAIN,
	PVB_CALL_UNPAUSE_DOMAIN,
	PVB_CALL_GET_DOMAIN,
	PVB_CALL_LIST_DOMAINS,
	PVB_CALL_OPEN_CONSOLE,
	PVB_CALL_FIND_CONSOLE,
	PVB_CALL_WATCH_DOMAINS,
	PVB_CALL_SET_GUEST_BITS,
	PVB_CALL_SET_PTE_BITS,
	PVB_CALL_GET_PTE_BITS,
	PVB_CALL_SET_MAX_MEMORY,
	PVB_CALL_SET_MEMORY_MAP,
	PVB_CALL_APPLY_CPU_POLICY,
	PVB_CALL_ALLOC_EVENT_CHANNEL,
	PVB_CALL_INTRODUCE_DOMAIN,
	PVB_CALL_CLAIM_MEMORY,
	PVB_CALL_POPULATE,
	PVB_CALL_MAP_FRAMES,
	PVB_CALL_UNMAP_FRAMES,
	PVB_CALL_GET_M2P_RUN,
	PVB_CALL_GET_FRAME_INFO,
	PVB_CALL_FILL_HYPERCALL_PAGE,
	PVB_CALL_PIN_TABLE,
	PVB_CALL_SET_VCPU,
	PVB_CALL_GET_VCPU,
	PVB_CALL_SET_GRANTS,
	PVB_CALL_GET_GRANTS,
	PVB_CALL_GET_TOUCHED_RUN,
	PVB_CALL_GET_FREE_BELOW,
	PVB_CALL_GET_GRANT_FRAMES,
	PVB_CALL_SET_RECORD,
	PVB_CALL_GET_RECORD,
	PVB_CALL_SET_MONITOR,
	PVB_CALL_GET_MONITOR,
	PVB_CALL_GET_GRANT_LIMIT,
	PVB_CALL_GET_CPUS,
	PVB_CALL_GET_POOL,
	PVB_CALL_SET_AFFINITY,
	PVB_CALL_GET_AFFINITY,
	PVB_CALL_SET_SHARE,
	PVB_CALL_GET_SHARE,
	PVB_CALL_SET_PARAMETER,
	PVB_CALL_GET_PARAMETER,
	PVB_CALL_GET_MEMORY_RUN,
	PVB_CALL_SET_ARM64_VCPU,
	PVB_CALL_GET_ARM64_VCPU,
	PVB_CALL_GET_OWNED_RUN,
	PVB_CALL_COUNT,
};

/* What every host begins with; an implementation embeds it as its first member. */
struct pvb_host {
	const struct pvb_host_ops *ops;
	unsigned page_shift;
	uint64_t calls[PVB_CALL_COUNT];
	uint64_t mapped_now;
	uint64_t mapped_peak;
	pvb_host_notice_fn notice;
	void *notice_opaque;
};

/* Tell whoever wants to know (pvb_host_set_notice()) what is waited for. */
void pvb_host_notice(const struct pvb_host *host, const char *format, ...) PVB_PRINTF(2, 3);

/* That a destroyed domain stays, with so many pages: PVB_E_HOST_DYING. */
int pvb_host_lingers(struct pvb_error *error, uint32_t domid, uint64_t pages);

/* The table's entries, counted. See struct pvb_host_ops for what each does. */
int pvb_host_create_domain(struct pvb_host *host, const struct pvb_host_domain_config *config,
			   uint32_t *domid, struct pvb_error *error);
/* Fine where there is nothing to do. */
int pvb_host_keep_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int pvb_host_destroy_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int pvb_host_pause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int pvb_host_unpause_domain(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int pvb_host_get_domain(struct pvb_host *host, uint32_t domid, struct pvb_host_domain *domain,
			struct pvb_error *error);
int pvb_host_list_domains(struct pvb_host *host, uint32_t first, struct pvb_host_domain *domains,
			  size_t room, size_t *count, struct pvb_error *error);
/* PVB_E_HOST_STATE where this host's domains have no console that one could look at. */
int pvb_host_open_console(struct pvb_host *host, uint32_t domid,
			  const struct pvb_console_options *options, int *fd,
			  struct pvb_error *error);
int pvb_host_find_console(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frame,
			  struct pvb_error *error);
int pvb_host_watch_domains(struct pvb_host *host, int *fd, struct pvb_error *error);
int pvb_host_set_guest_bits(struct pvb_host *host, uint32_t domid, unsigned bits,
			    struct pvb_error *error);
/* PVB_E_HOST_PTE_BITS where they are wired in. */
int pvb_host_set_pte_bits(struct pvb_host *host, uint32_t domid,
			  const struct pvb_host_pte_bits *bits, struct pvb_error *error);
int pvb_host_get_pte_bits(struct pvb_host *host, uint32_t domid, struct pvb_host_pte_bits *bits,
			  struct pvb_error *error);
int pvb_host_set_max_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
			    struct pvb_error *error);
int pvb_host_set_memory_map(struct pvb_host *host, uint32_t domid,
			    const struct pvb_host_memory *map, size_t count,
			    struct pvb_error *error);
int pvb_host_apply_cpu_policy(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
int pvb_host_alloc_event_channel(struct pvb_host *host, uint32_t domid, uint32_t remote,
				 uint32_t *port, struct pvb_error *error);
int pvb_host_introduce_domain(struct pvb_host *host, uint32_t domid,
			      const struct pvb_host_introduction *introduction,
			      struct pvb_error *error);
int pvb_host_claim_memory(struct pvb_host *host, uint32_t domid, uint64_t bytes,
			  struct pvb_error *error);
int pvb_host_populate(struct pvb_host *host, uint32_t domid,
		      const struct pvb_host_populate *request, uint64_t *done,
		      struct pvb_error *error);
int pvb_host_map_frames(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			size_t count, bool writable, void **at, struct pvb_error *error);
void pvb_host_unmap_frames(struct pvb_host *host, void *at, size_t count);
int pvb_host_get_m2p_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, pvb_pfn_t *pfn,
			 uint64_t *count, struct pvb_error *error);
int pvb_host_get_frame_info(struct pvb_host *host, uint32_t domid, const pvb_mfn_t *frames,
			    size_t count, struct pvb_host_frame_info *info,
			    struct pvb_error *error);
int pvb_host_fill_hypercall_page(struct pvb_host *host, uint32_t domid, pvb_mfn_t frame,
				 struct pvb_error *error);
int pvb_host_pin_table(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		       struct pvb_error *error);
int pvb_host_set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		      const struct pvb_host_vcpu *registers, struct pvb_error *error);
int pvb_host_get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
		      struct pvb_host_vcpu *registers, struct pvb_error *error);
int pvb_host_set_grants(struct pvb_host *host, uint32_t domid, const struct pvb_host_grant *grants,
			size_t count, struct pvb_error *error);
int pvb_host_get_grants(struct pvb_host *host, uint32_t domid, struct pvb_host_grant *grants,
			size_t room, size_t *count, struct pvb_error *error);
/* Says "touched" of everything where the host cannot tell. */
int pvb_host_get_touched_run(struct pvb_host *host, pvb_mfn_t first, uint64_t limit, bool *touched,
			     uint64_t *count, struct pvb_error *error);
int pvb_host_get_free_below(struct pvb_host *host, unsigned bits, uint64_t *bytes,
			    struct pvb_error *error);
int pvb_host_get_grant_frames(struct pvb_host *host, uint32_t domid, pvb_mfn_t *frames, size_t room,
			      size_t *count, struct pvb_error *error);
int pvb_host_set_record(struct pvb_host *host, uint32_t domid, const struct pvb_host_record *record,
			struct pvb_error *error);
int pvb_host_get_record(struct pvb_host *host, uint32_t domid, struct pvb_host_record *record,
			struct pvb_error *error);
int pvb_host_set_monitor(struct pvb_host *host, uint32_t domid, uint32_t pid,
			 struct pvb_error *error);
int pvb_host_get_monitor(struct pvb_host *host, uint32_t domid, struct pvb_host_monitor *monitor,
			 struct pvb_error *error);
/* PVB_E_HOST_STATE from these where the host has no such call. */
int pvb_host_get_grant_limit(struct pvb_host *host, uint32_t domid, uint32_t *frames,
			     struct pvb_error *error);
int pvb_host_get_cpus(struct pvb_host *host, int node, struct pvb_cpus *cpus,
		      struct pvb_error *error);
int pvb_host_get_pool(struct pvb_host *host, uint32_t first, struct pvb_host_pool *pool,
		      struct pvb_error *error);
int pvb_host_set_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			  const struct pvb_cpus *hard, const struct pvb_cpus *soft,
			  struct pvb_error *error);
int pvb_host_get_affinity(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			  struct pvb_cpus *hard, struct pvb_cpus *soft, struct pvb_error *error);
int pvb_host_set_share(struct pvb_host *host, uint32_t domid, const struct pvb_host_share *share,
		       struct pvb_error *error);
int pvb_host_get_share(struct pvb_host *host, uint32_t domid, struct pvb_host_share *share,
		       struct pvb_error *error);
/* PVB_E_HOST_STATE where this host has no translated domains. */
int pvb_host_set_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
			   uint64_t value, struct pvb_error *error);
int pvb_host_get_parameter(struct pvb_host *host, uint32_t domid, enum pvb_host_parameter parameter,
			   uint64_t *value, struct pvb_error *error);
int pvb_host_get_memory_run(struct pvb_host *host, uint32_t domid, uint64_t address, uint64_t limit,
			    bool *present, uint64_t *bytes, struct pvb_error *error);
int pvb_host_set_arm64_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			    const struct pvb_host_arm64_vcpu *registers, struct pvb_error *error);
int pvb_host_get_arm64_vcpu(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			    struct pvb_host_arm64_vcpu *registers, struct pvb_error *error);
/* In owned.c. A run of no frames is PVB_E_ARG_INVALID. */
int pvb_host_get_owned_run(struct pvb_host *host, uint32_t domid,
			   const struct pvb_host_frames *runs, size_t run_count, bool *owned,
			   uint64_t *count, struct pvb_error *error);

/* The simulated host. options is what follows "sim:", or NULL. Defined in sim/. */
int pvb_sim_open(const char *options, struct pvb_host **host, struct pvb_error *error);

/* The hypervisor that this machine runs on. Defined in xen/, where Xen's libraries are there. */
int pvb_xen_open(struct pvb_host **host, struct pvb_error *error);

#endif
