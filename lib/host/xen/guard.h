/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No orphan, ever. A domain that is being built belongs to the process that
 * builds it, and Xen knows nothing of that: if the process is killed, the domain
 * stays, half built. So before a domain is created, a process of its own is
 * started that outlives the builder: its guard. It holds one end of a socket
 * and a pidfd of the builder, and when either says that the builder is gone, it
 * destroys the domain, unless it was told before to let go.
 *
 * What is told when, so that there is no moment in which a kill leaves a domain:
 *
 *   guard    READY     it has opened all that it will need
 *   builder  EXPECT    a domain is about to come whose handle is "birth", a random number
 *                      that no other domain has; whoever has it is that domain, whether or
 *                      not the builder lived to hear its number
 *            CREATED   its number; from here on its handle is "birth" or, once the builder has
 *                      given it the one that was asked for, "uuid"
 *            KEEP      it is whole and shall stay
 *   guard    KEPT      and goes
 *   builder  FORGET    it is gone already, or never came; the guard goes
 *
 * A builder that closes the channel without a last word leaves to the guard what there is to do.
 *
 * What the builder has written arrives even where it is killed right after. If the
 * guard is the one that is killed, the builder hears of it when it next speaks to
 * it, at the latest when the domain is to be kept; the build then fails and is undone.
 */
#ifndef PVB_HOST_XEN_GUARD_H
#define PVB_HOST_XEN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/error.h>

#define XEN_HANDLE_SIZE 16

/* ---- the builder's side: guard.c ---- */

struct xen_guard;

/*
 * Start a guard, wait until it is ready and tell it to expect a domain with this
 * handle. The guard is in nobody's way: it is no child of this process for more than a
 * moment, which costs one SIGCHLD, and no file of it is open but its own.
 *
 * program   NULL for the installed one
 */
int xen_guard_start(const char *program, const uint8_t birth[XEN_HANDLE_SIZE],
		    const uint8_t uuid[XEN_HANDLE_SIZE], struct xen_guard **guard,
		    struct pvb_error *error);

/* The domain is there, and this is its number. */
int xen_guard_created(struct xen_guard *guard, uint32_t domid, struct pvb_error *error);

/*
 * Let the domain be. Returns once the guard has let go; fails with PVB_E_HOST_GUARD
 * where it is no more. Frees the guard where it succeeds.
 */
int xen_guard_keep(struct xen_guard *guard, struct pvb_error *error);

/* There is no such domain any more, or never was. NULL is fine. */
void xen_guard_dismiss(struct xen_guard *guard);

/*
 * The domain is gone from the hypervisor, but others still know of it and could not be told: that
 * is left to the guard, which has more patience. Returns at once. NULL is fine.
 */
void xen_guard_hand_over(struct xen_guard *guard);

/* One of a list of guards: put into it, and taken out of it again; NULL where none guards this
 * domain. */
void xen_guard_add(struct xen_guard **list, struct xen_guard *guard);
struct xen_guard *xen_guard_take(struct xen_guard **list, uint32_t domid);

/* Free what is kept of guards that go on guarding until this process ends. NULL is fine. */
void xen_guard_leave(struct xen_guard *list);

/* ---- the guard's side: guard-run.c ---- */

/*
 * What a guard does to the host.
 *
 *   open      everything that the others will need; called once, first
 *   find      the domain with this handle
 *   get       the handle of this domain
 *   destroy   the domain and all that others know of it; the hypervisor's part first
 *   forget    what others know of a domain that is gone from the hypervisor: its builder could
 *             destroy it, and not tell the others
 *   report    that it was destroyed, or (with the error) that it could not be: whoever could
 *             be told otherwise is gone
 */
struct xen_guard_ops {
	int (*open)(void *opaque, struct pvb_error *error);
	int (*find)(void *opaque, const uint8_t handle[XEN_HANDLE_SIZE], uint32_t *domid,
		    bool *found, struct pvb_error *error);
	int (*get)(void *opaque, uint32_t domid, uint8_t handle[XEN_HANDLE_SIZE], bool *found,
		   struct pvb_error *error);
	int (*destroy)(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		       struct pvb_error *error);
	int (*forget)(void *opaque, uint32_t domid, const uint8_t uuid[XEN_HANDLE_SIZE],
		      struct pvb_error *error);
	void (*report)(void *opaque, uint32_t domid, const struct pvb_error *error);
};

/*
 * The life of a guard, from when it is ready until it may go.
 *
 *   channel   its end of the socket
 *   builder   a pidfd of the builder, or -1 where the kernel has none
 */
int xen_guard_run(int channel, int builder, const struct xen_guard_ops *ops, void *opaque);

/*
 * The main function of a guard's program: become nobody's child and deaf to signals, let
 * go of everything that was inherited, run. Returns the exit status.
 */
int xen_guard_main(int argc, char **argv, const struct xen_guard_ops *ops, void *opaque);

/* ---- both ---- */

enum xen_guard_word {
	XEN_GUARD_READY = 1,
	XEN_GUARD_UNABLE, /* instead of READY, with why */
	XEN_GUARD_EXPECT,
	XEN_GUARD_CREATED,
	XEN_GUARD_KEEP,
	XEN_GUARD_KEPT,
	XEN_GUARD_FORGET,
};

struct xen_guard_message {
	enum xen_guard_word word;
	uint32_t domid;
	uint8_t birth[XEN_HANDLE_SIZE];
	uint8_t uuid[XEN_HANDLE_SIZE];
	struct pvb_error error;
};

/* The descriptors that a guard's program is started with. */
#define XEN_GUARD_CHANNEL 3
#define XEN_GUARD_BUILDER 4

#endif
