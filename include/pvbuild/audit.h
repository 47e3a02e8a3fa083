/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The audit: read a finished domain back from its vCPU's registers, its page
 * tables, the M2P and its shared info, and list what is wrong with it. It
 * shares no code with the builder, and needs nothing that the builder knew.
 */
#ifndef PVBUILD_AUDIT_H
#define PVBUILD_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pvbuild/error.h>
#include <pvbuild/export.h>
#include <pvbuild/host.h>
#include <pvbuild/image.h>
#include <pvbuild/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pvb_audit;

enum pvb_severity {
	PVB_SEVERITY_WARNING, /* legal, but a guest may stumble over it */
	PVB_SEVERITY_ERROR,   /* against the ABI */
};

/*
 *   rule      stable name of the rule, as listed by pvb_audit_rule()
 *   where     the place: a PFN, a virtual address, a table and index, a field
 *   message   what was found and what was expected
 */
struct pvb_finding {
	const char *rule;
	enum pvb_severity severity;
	const char *where;
	const char *message;
};

/*
 * What the domain is known to have been made of. All optional: what is not
 * given is not compared.
 *
 *   size           sizeof(struct pvb_audit_options); PVB_AUDIT_OPTIONS_INIT sets it
 *   image          the kernel: its bytes, entry, hypercall page and declarations are compared
 *   module_fds     the ramdisk, compared byte for byte
 *   command_line   compared with start_info's
 *   memory         bytes that the guest was to have, 0 for unknown
 *   ranges         where it was to have them, range_count of them as a plan has them; nodes
 *                  are not looked at. NULL for unknown: then any PFN may be a hole, as
 *                  long as no page of the domain is missing
 *   address_bits   width that every machine address must keep within; 0 for the one that
 *                  is on record of the domain, that its guest was told, or that the kernel
 *                  is known for, whichever of these there is first. Never more than a
 *                  note of the kernel's declares
 *   max_findings   stop collecting after so many (they are still counted); 0 means 100
 *   max_extents    a core whose memory is in more pieces than so many, of 32 bytes each, is
 *                  refused (PVB_E_P2M_SCATTERED); 0 means 384 MiB of them
 */
struct pvb_audit_options {
	size_t size;
	const struct pvb_image *image;
	const int *module_fds;
	size_t module_fd_count;
	const char *command_line;
	uint64_t memory;
	unsigned address_bits;
	unsigned max_findings;
	const struct pvb_memory_range *ranges;
	size_t range_count;
	size_t max_extents;
};

#define PVB_AUDIT_OPTIONS_INIT                                                                     \
	{                                                                                          \
		.size = sizeof(struct pvb_audit_options)                                           \
	}

/*
 *   passed     no finding of severity ERROR
 *   checks     rules that were applied
 *   skipped    rules that could not be applied for want of information
 *   findings   finding_count kept, of total_findings found
 */
struct pvb_audit_report {
	bool passed;
	unsigned checks;
	unsigned skipped;
	const struct pvb_finding *findings;
	size_t finding_count;
	uint64_t total_findings;
};

/*
 * Audit a domain that is paused and has not run yet, on a host or in a core
 * dump, whoever made either. Returns 0 when the audit could be carried out,
 * whatever it found. options may be NULL.
 */
PVB_API int pvb_audit_domain(struct pvb_host *host, uint32_t domid,
			     const struct pvb_audit_options *options, struct pvb_audit **audit,
			     struct pvb_error *error);
PVB_API int pvb_audit_core(const char *path, const struct pvb_audit_options *options,
			   struct pvb_audit **audit, struct pvb_error *error);

PVB_API const struct pvb_audit_report *pvb_audit_report(const struct pvb_audit *audit);

/* NULL is fine. */
PVB_API void pvb_audit_free(struct pvb_audit *audit);

/* The rules there are: name and one line of meaning; NULL past the end. */
PVB_API const char *pvb_audit_rule(size_t index, const char **meaning);

#ifdef __cplusplus
}
#endif

#endif
