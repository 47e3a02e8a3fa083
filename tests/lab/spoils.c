/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/spoils.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

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

/* The spoil's command line behind the guest's. */
static void join_command_line(const struct guest *guest, const struct spoil *spoil, char *line,
			      size_t size)
{
	const char *more = spoil && spoil->cmdline ? spoil->cmdline : "";
	const char *mark = strstr(more, "%CRC");
	int before = mark ? (int)(mark - more) : (int)strlen(more);
	int used = snprintf(line, size, "%s%s%.*s", guest->command_line ? guest->command_line : "",
			    guest->command_line && *more ? " " : "", before, more);

	if (mark && (size_t)used < size)
		(void)snprintf(line + used, size - (size_t)used, "0x%lx",
			       crc32(0, (const Bytef *)line, (uInt)(used - before)));
}

static int plan(struct guest *guest, const struct spoil *spoil, const struct pvb_host_info *host,
		struct pvb_error *error)
{
	char line[1024];
	struct guest other = *guest;

	join_command_line(guest, spoil, line, sizeof line);
	other.command_line = line;
	int rc = guest_plan(&other, host, guest->ramdisk && !(spoil && spoil->no_ramdisk), error);

	guest->plan = other.plan;
	guest->has_ramdisk = other.has_ramdisk;
	if (rc || !spoil || spoil->act)
		return rc;

	/* A plan for a kernel that is a page longer. */
	struct pvb_image_info longer = *pvb_image_info(guest->image);
	struct pvb_spec spec = PVB_SPEC_INIT;

	longer.pv.kernel_end += UINT64_C(4096);
	spec.memory = guest->memory;
	spec.vcpus = guest->vcpus;
	spec.command_line = line;
	pvb_plan_free(guest->plan);
	guest->plan = NULL;
	return pvb_plan_from_info(&longer, &spec, host, &guest->plan, error);
}

/* ---- the build ------------------------------------------------------------------------- */

static int spoil_call(struct relay *relay, struct relay_call *call, struct pvb_error *error)
{
	struct spoiling *spoiling = relay->watcher.opaque;

	if (!spoiling->spoil || spoiling->done || call->call != spoiling->spoil->at)
		return 0;
	spoiling->done = true;
	return spoiling->spoil->act(spoiling, call, error);
}

static int build(struct spoiling *spoiling, const struct guest *guest, uint32_t *domid,
		 struct pvb_error *error)
{
	const struct spoil *spoil = spoiling->spoil;
	struct pvb_domain *domain = NULL;
	int rc = guest_build(guest, &spoiling->relay.host, true, &domain, error);

	if (rc)
		return rc;
	*domid = pvb_domain_info(domain)->domid;
	pvb_domain_free(domain);
	if (spoil && spoil->at == SPOIL_LAST) {
		spoiling->done = true;
		rc = spoil->act(spoiling, NULL, error);
	}
	if (rc == 0 && !spoiling->done)
		rc = pvb_fail(error, PVB_E_ARG_INVALID, "spoil",
			      "the build never came to where it would have been spoiled");
	if (rc)
		(void)pvb_host_destroy_domain(spoiling->relay.inner, *domid, NULL);
	return rc;
}

int spoil_build(struct spoiling *spoiling, const struct spoil *spoil, struct guest *guest,
		struct pvb_host *host, uint32_t *domid, struct pvb_error *error)
{
	struct pvb_host_info info;
	int rc = pvb_host_get_info(host, &info, error);

	if (rc == 0)
		rc = plan(guest, spoil, &info, error);
	if (rc)
		return rc;
	*spoiling = (struct spoiling){
		.spoil = spoil,
		.image = guest->image,
		.plan = guest->plan,
		.done = !spoil || !spoil->act,
	};
	relay_open(&spoiling->relay, host,
		   (struct relay_watcher){.before = spoil_call, .opaque = spoiling});
	rc = build(spoiling, guest, domid, error);
	relay_close(&spoiling->relay);
	return rc;
}
