/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/spoils.h"

#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "plan/plan.h"

const struct spoil *spoil_at(size_t index)
{
	const struct {
		const struct spoil *spoils;
		size_t count;
	} tables[] = {
		{spoils_of_calls, spoils_of_calls_count},
		{spoils_of_contents, spoils_of_contents_count},
		{spoils_of_tables, spoils_of_tables_count},
		{spoils_of_trees, spoils_of_trees_count},
	};

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		if (index < tables[i].count)
			return &tables[i].spoils[index];
		index -= tables[i].count;
	}
	return NULL;
}

const struct spoil *spoil_find(const char *name)
{
	const struct spoil *spoil;

	for (size_t i = 0; (spoil = spoil_at(i)); i++)
		if (strcmp(spoil->name, name) == 0)
			return spoil;
	return NULL;
}

/* ---- the plan ------------------------------------------------------------------------- */

/* What the spoils want of the command line, behind the guest's. */
static void join_command_line(const struct guest *guest, const struct spoil_set *set, char *line,
			      size_t size)
{
	int used = snprintf(line, size, "%s", guest->command_line ? guest->command_line : "");

	for (size_t i = 0; i < set->n; i++)
		if (set->v[i]->cmdline)
			used += snprintf(line + used, size - (size_t)used, "%s%s", used ? " " : "",
					 set->v[i]->cmdline);
}

static int plan(struct guest *guest, const struct spoil_set *set, const struct pvb_host_info *host,
		struct pvb_error *error)
{
	char line[1024];
	struct guest other = *guest;
	bool ramdisk = guest->ramdisk, longer = false, undeclared = false;

	for (size_t i = 0; i < set->n; i++) {
		ramdisk &= !set->v[i]->no_ramdisk;
		longer |= !set->v[i]->act;
		undeclared |= set->v[i]->undeclared;
		if (set->v[i]->tree) {
			other.p2m = PVB_P2M_WANT_TREE;
			other.p2m_levels = set->v[i]->tree;
		}
	}
	join_command_line(guest, set, line, sizeof line);
	other.command_line = line;
	int rc = guest_plan(&other, host, ramdisk, error);

	guest->plan = other.plan;
	guest->has_ramdisk = other.has_ramdisk;
	if (rc || (!longer && !undeclared))
		return rc;

	/* A plan for a kernel that is a page longer, or that copes with more. */
	struct pvb_image_info image = *pvb_image_info(guest->image);
	struct pvb_spec spec = PVB_SPEC_INIT;

	if (longer)
		image.pv.kernel_end += UINT64_C(4096);
	if (undeclared && image.declares.address_bits_source != PVB_BITS_NOTE)
		return pvb_fail(error, PVB_E_ARG_UNSUPPORTED, "spoil",
				"the kernel declares no address width");
	if (undeclared) {
		image.declares.address_bits = 0;
		image.declares.address_bits_source = PVB_BITS_DEFAULT;
	}
	spec.memory = guest->memory;
	spec.vcpus = guest->vcpus;
	spec.command_line = line;
	spec.p2m = other.p2m;
	spec.p2m_levels = other.p2m_levels;
	pvb_plan_free(guest->plan);
	guest->plan = NULL;
	return pvb_plan_from_info(&image, &spec, host, &guest->plan, error);
}

/* ---- the build ------------------------------------------------------------------------- */

/* Those whose time has come. */
static int spoil_now(struct spoiling *spoiling, enum pvb_host_call at, struct relay_call *call,
		     struct pvb_error *error)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < spoiling->set->n; i++) {
		const struct spoil *spoil = spoiling->set->v[i];

		if (spoiling->done[i] || !spoil->act || spoil->at != at)
			continue;
		spoiling->done[i] = true;
		rc = spoil->act(spoiling, call, error);
	}
	return rc;
}

static int on_call(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	return spoil_now(relay->watcher.opaque, call->call, call, error);
}

static int build(struct spoiling *spoiling, const struct guest *guest, uint32_t *domid,
		 struct pvb_error *error)
{
	struct pvb_domain *domain = NULL;
	int rc = guest_build(guest, &spoiling->relay.host, true, &domain, error);

	if (rc)
		return rc;
	*domid = pvb_domain_info(domain)->domid;
	pvb_domain_free(domain);
	rc = spoil_now(spoiling, SPOIL_LAST, NULL, error);
	for (size_t i = 0; rc == 0 && i < spoiling->set->n; i++)
		if (spoiling->set->v[i]->act && !spoiling->done[i])
			rc = pvb_fail(error, PVB_E_ARG_INVALID, "spoil",
				      "the build never came to where %s is done",
				      spoiling->set->v[i]->name);
	if (rc)
		(void)pvb_host_destroy_domain(spoiling->relay.inner, *domid, NULL);
	return rc;
}

int spoil_build(struct spoiling *spoiling, const struct spoil_set *set, struct guest *guest,
		struct pvb_host *host, uint32_t *domid, struct pvb_error *error)
{
	struct pvb_host_info info;
	int rc = pvb_host_get_info(host, &info, error);

	if (rc == 0)
		rc = plan(guest, set, &info, error);
	if (rc)
		return rc;
	*spoiling = (struct spoiling){.set = set, .image = guest->image, .plan = guest->plan};
	relay_open(&spoiling->relay, host,
		   (struct relay_watcher){.before = on_call, .opaque = spoiling});
	rc = build(spoiling, guest, domid, error);
	relay_close(&spoiling->relay);
	return rc;
}
