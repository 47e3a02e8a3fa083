/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains of a host by their numbers, whoever made them.
 */
#ifndef PVBUILD_DOMAIN_H
#define PVBUILD_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>
#include <pvbuild/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a domain shut down (SHUTDOWN_* of Xen's public sched.h; others may come). */
enum pvb_shutdown_reason {
	PVB_SHUTDOWN_POWEROFF = 0,
	PVB_SHUTDOWN_REBOOT = 1,
	PVB_SHUTDOWN_SUSPEND = 2,
	PVB_SHUTDOWN_CRASH = 3,
	PVB_SHUTDOWN_WATCHDOG = 4,
	PVB_SHUTDOWN_SOFT_RESET = 5,
};

/*
 * A domain as it was at the time of the call.
 *
 *   name               empty where nobody gave it one, or name_unknown is set
 *   hvm                it is no PV guest (HVM or PVH, or translated)
 *   translated         it is an arm64 guest
 *   guest_bits         32 or 64
 *   running            a vCPU of it is on a CPU right now
 *   blocked            all its vCPUs wait for something
 *   paused             by a toolstack
 *   shutdown           it ended by itself, for shutdown_reason; its memory is still there
 *   dying              it is being destroyed
 *   memory, max_memory bytes that it has, and may have
 *   cpu_time_ns        nanoseconds that its vCPUs have run, together
 *   name_unknown       xenstored, which has the names, did not answer
 */
struct pvb_domain_state {
	uint32_t domid;
	char name[64];
	uint8_t uuid[16];
	unsigned guest_bits;
	bool hvm;
	bool running;
	bool blocked;
	bool paused;
	bool shutdown;
	bool dying;
	unsigned shutdown_reason;
	uint32_t vcpus;
	uint64_t memory;
	uint64_t max_memory;
	uint64_t cpu_time_ns;
	bool translated;
	bool name_unknown;
};

/* The most bytes that a domain's name has. */
#define PVB_DOMAIN_NAME_MAX 63

/*
 * Whether a domain can have this name: 1 to PVB_DOMAIN_NAME_MAX bytes, no slash and no control
 * character (C0, DEL, or C1 in UTF-8), for names become parts of paths and lines. Fails with
 * PVB_E_ARG_NAME. pvb_build() asks the same. A name of digits alone is allowed, but
 * pvb_domain_find() takes such a word for a number.
 */
PVB_API int pvb_domain_check_name(const char *name, struct pvb_error *error);

/*
 * All domains, ascending by number. *domains is freed with free(). Where xenstored does not answer
 * that is waited for once, and the names are unknown.
 */
PVB_API int pvb_domain_list(struct pvb_host *host, struct pvb_domain_state **domains, size_t *count,
			    struct pvb_error *error);

/* Fails with PVB_E_HOST_NO_DOMAIN where there is none of that number. */
PVB_API int pvb_domain_get(struct pvb_host *host, uint32_t domid, struct pvb_domain_state *state,
			   struct pvb_error *error);

/*
 * The domain that a person means: by its number in decimal, or by its name.
 * Fails with PVB_E_HOST_NO_DOMAIN, also where several have that name, and with PVB_E_HOST_SILENT
 * where the name may be that of a domain whose name is unknown.
 */
PVB_API int pvb_domain_find(struct pvb_host *host, const char *which,
			    struct pvb_domain_state *state, struct pvb_error *error);

/* Pauses are counted: each wants an unpause. A built domain is paused once. */
PVB_API int pvb_domain_pause(struct pvb_host *host, uint32_t domid, struct pvb_error *error);
PVB_API int pvb_domain_unpause(struct pvb_host *host, uint32_t domid, struct pvb_error *error);

/*
 * Destroy a domain, running or not, and all that the host keeps of it. The hypervisor's part comes
 * first and depends on nobody. After that the call can still fail: with PVB_E_HOST_SILENT or
 * PVB_E_HOST_STORE, where xenstore still has the domain's nodes; with PVB_E_HOST_DYING, where
 * somebody still holds pages of it after a while, so that the hypervisor keeps it until they let
 * go. The environment variable PVBUILD_PATIENCE has the seconds of that while, and of each wait for
 * an answer of xenstored; 15 where it is not set. The simulated host does not wait.
 */
PVB_API int pvb_domain_destroy(struct pvb_host *host, uint32_t domid, struct pvb_error *error);

/* A domain that was built "guarded" is to outlive this process from now on. */
PVB_API int pvb_domain_keep(struct pvb_host *host, uint32_t domid, struct pvb_error *error);

/*
 * A toolstack's monitor of a domain: a process that waits for its end, to do then what is to
 * follow. If it is killed, nobody does, and the domain stays there, ended, with its memory. So it
 * can say that it is there, for others to see when it no longer is.
 *
 * This says that the calling process is the domain's monitor from now on; or, with false, that
 * there is none any more and the domain is left as it is on purpose. Hosts without a store keep no
 * note.
 */
PVB_API int pvb_domain_set_monitor(struct pvb_host *host, uint32_t domid, bool monitored,
				   struct pvb_error *error);

/*
 *   size   sizeof(struct pvb_domain_monitor); PVB_DOMAIN_MONITOR_INIT sets it
 *   pid    of the process; 0 where none has said so
 *   gone   that process has ended: nobody waits for the domain's end any more
 */
struct pvb_domain_monitor {
	size_t size;
	uint32_t pid;
	bool gone;
};

#define PVB_DOMAIN_MONITOR_INIT                                                                    \
	{                                                                                          \
		.size = sizeof(struct pvb_domain_monitor)                                          \
	}

PVB_API int pvb_domain_get_monitor(struct pvb_host *host, uint32_t domid,
				   struct pvb_domain_monitor *monitor, struct pvb_error *error);

/*
 * Open the guest's console: *fd reads what the guest writes, and the other way round; it is a
 * terminal, and the caller closes it. It ends (reads 0, or EIO) when the domain goes, or when the
 * console daemon does.
 *
 * The console daemon makes the terminal, a moment after the domain was introduced, and later on a
 * loaded host. This waits for up to 120 s while that daemon runs, and for 3 s where there is none.
 * Fails with PVB_E_HOST_STATE where there is no console: on the simulated host nothing runs.
 */
PVB_API int pvb_domain_open_console(struct pvb_host *host, uint32_t domid, int *fd,
				    struct pvb_error *error);

/*
 *   size       sizeof(struct pvb_console_options); PVB_CONSOLE_OPTIONS_INIT sets it
 *   progress   may be NULL; called while the terminal is waited for. Its stage is "console", done
 *              the milliseconds that it has waited, total the most that it will
 */
struct pvb_console_options {
	size_t size;
	pvb_progress_fn progress;
	void *progress_opaque;
};

#define PVB_CONSOLE_OPTIONS_INIT                                                                   \
	{                                                                                          \
		.size = sizeof(struct pvb_console_options)                                         \
	}

/* The same with options, which may be NULL. */
PVB_API int pvb_domain_open_console_with(struct pvb_host *host, uint32_t domid,
					 const struct pvb_console_options *options, int *fd,
					 struct pvb_error *error);

/*
 * Bytes that the guest has written to its console and that the console daemon has not taken from
 * there yet, as the guest has it. What was taken can still be on its way: see the ring.
 */
PVB_API int pvb_domain_console_pending(struct pvb_host *host, uint32_t domid, uint32_t *bytes,
				       struct pvb_error *error);

#define PVB_CONSOLE_RING_BYTES 2048

/*
 * The ring that a guest's console is, as it was at the time of the call (struct xencons_interface
 * of Xen's public io/console.h). All of it is what the guest says.
 *
 *   size      sizeof(struct pvb_console_ring); PVB_CONSOLE_RING_INIT sets it
 *   written   bytes that the guest has written since the ring was made, modulo 1 << 32
 *   taken     how many of these the console daemon has taken, modulo 1 << 32; it passes them on
 *             some time later
 *   count     bytes in last
 *   last      the last bytes that the guest has written, oldest first, taken or not
 *
 * Where more is written and not taken than a ring holds, the guest has made that up: count is 0,
 * and taken is written. While a guest runs, the bytes can change under the call.
 */
struct pvb_console_ring {
	size_t size;
	uint32_t written;
	uint32_t taken;
	uint32_t count;
	uint8_t last[PVB_CONSOLE_RING_BYTES];
};

#define PVB_CONSOLE_RING_INIT                                                                      \
	{                                                                                          \
		.size = sizeof(struct pvb_console_ring)                                            \
	}

/*
 * Look at the ring, also of a domain that has ended: what the guest wrote last is there when nobody
 * passes it on. All zero but size where the domain has no console.
 */
PVB_API int pvb_domain_console_ring(struct pvb_host *host, uint32_t domid,
				    struct pvb_console_ring *ring, struct pvb_error *error);

/*
 * The registers of a vCPU of an x86 PV guest, as the hypervisor has them: as they are, of a domain
 * that is paused; as it ended with them, of one that has ended.
 *
 *   size        sizeof(struct pvb_registers); PVB_REGISTERS_INIT sets it
 *   bits        of the guest: 32 or 64. A 32-bit guest has no r8 to r15 and no bases, which are 0
 *   online      it is up: its guest has brought it up, and not down again
 *   in_kernel   it runs the guest's kernel, and not a process of the guest's
 *   cr3         as the guest has it: the machine address of the root table of a 64-bit guest; of a
 *               32-bit one with the address bits above 32 in the lowest 12 (xen_pfn_to_cr3())
 *   cr2         the address of the last page fault that the hypervisor told the guest of
 */
struct pvb_registers {
	size_t size;
	unsigned bits;
	bool online;
	bool in_kernel;
	uint16_t cs, ss, ds, es, fs, gs;
	uint64_t rip, rflags, rsp, rbp;
	uint64_t rax, rbx, rcx, rdx, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t fs_base, gs_base_kernel, gs_base_user;
	uint64_t cr0, cr2, cr3, cr4;
};

#define PVB_REGISTERS_INIT                                                                         \
	{                                                                                          \
		.size = sizeof(struct pvb_registers)                                               \
	}

/*
 * Fails with PVB_E_HOST_GUEST_TYPE where the domain is no x86 PV guest, with PVB_E_ARG_INVALID
 * where it has no vCPU of that number, and with PVB_E_HOST_STATE where that was never set up.
 */
PVB_API int pvb_domain_registers(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
				 struct pvb_registers *registers, struct pvb_error *error);

/*
 * A descriptor to poll, which becomes readable once domains have come or ended since the last
 * call of this function. It belongs to the host handle; do not read or close it.
 */
PVB_API int pvb_domain_watch(struct pvb_host *host, int *fd, struct pvb_error *error);

#ifdef __cplusplus
}
#endif

#endif
