/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain's memory is, asked of the domain itself: of its p2m, which Linux and Mini-OS
 * tell toolstacks of so that they can be saved, or which a domain that has not run yet was
 * handed by its builder.
 */
#include "dump/dump.h"

#include <inttypes.h>

#include "core/error.h"
#include "reach/reach.h"

/*
 * A domain that cannot tell where its memory is cannot be dumped as it is now, whatever
 * is wrong with its p2m.
 */
static int refuse(struct pvb_error *error)
{
	struct pvb_error why;
	int rc;

	if (!error)
		return -PVB_E_HOST_STATE;
	why = *error;
	rc = pvb_fail(error, PVB_E_HOST_STATE, DUMP_STAGE, "%s", why.message);
	if (why.context[0])
		pvb_context(error, "%s", why.context);
	pvb_context(error, "looking for the memory of the domain");
	pvb_hint(error,
		 "a domain can be dumped that has not run yet, or whose kernel has published "
		 "its p2m in shared info");
	return rc;
}

static int read_published(struct reach_domain *reach, const struct pvb_host_vcpu *vcpu,
			  struct pvb_p2m **p2m, struct pvb_error *error)
{
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct pvb_p2m_anchors anchors;
	const struct reach_start start = {
		.guest_bits = reach->domain.guest_bits,
		.cr3 = vcpu->cr[3],
		.rsi = vcpu->rsi,
		.most_frames = reach->domain.max_pages,
	};
	bool built = false;
	int rc = reach->access.anchors(reach->access.opaque, &anchors, error);

	if (!rc && reach_leads_nowhere(&anchors))
		rc = reach_find_start(&reach->access, &start, &options, &built, error);
	if (rc)
		return rc;

	/*
	 * The domain is paused. If that was in the midst of a change, or it crashed there, what the
	 * M2P confirms is right all the same, and more than that is not wanted.
	 */
	reach->access.anchors = NULL;
	anchors.p2m_generation = 0;
	options.strict = built;
	options.confirmed = true;
	rc = pvb_p2m_read(&reach->access, &anchors, &options, p2m, error);
	if (rc && options.anchor == PVB_P2M_ANCHOR_BY_PREFERENCE && reach_leads_nowhere(&anchors))
		pvb_context(error, "nor does vCPU 0 point at a start_info: rsi is 0x%" PRIx64,
			    vcpu->rsi);
	return rc;
}

int pvb_dump_find_memory(struct pvb_host *host, const struct pvb_host_domain *domain,
			 const struct pvb_host_vcpu *vcpu, struct pvb_p2m **p2m,
			 struct pvb_error *error)
{
	struct reach_domain reach;
	int rc = reach_domain_open(host, domain, &reach, error);

	if (rc)
		return rc;
	rc = read_published(&reach, vcpu, p2m, error);
	reach_domain_close(&reach);
	return reach_is_guests_doing(rc) ? refuse(error) : rc;
}
