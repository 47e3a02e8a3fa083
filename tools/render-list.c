/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains in a table with the columns and the letters of xl list. */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>

#include "table.h"

struct state_text {
	char text[7];
};

/* Running, blocked, paused, shut down, and how; dying. */
static struct state_text state_letters(const struct pvb_domain_state *domain)
{
	/* By enum pvb_shutdown_reason, as xl has them. */
	static const char reasons[] = "-rscwS";
	unsigned reason = domain->shutdown ? domain->shutdown_reason : PVB_SHUTDOWN_POWEROFF;

	struct state_text state = {"------"};

	if (domain->running)
		state.text[0] = 'r';
	if (domain->blocked)
		state.text[1] = 'b';
	if (domain->paused)
		state.text[2] = 'p';
	if (domain->shutdown)
		state.text[3] = 's';
	state.text[4] = '?';
	if (reason < sizeof reasons - 1)
		state.text[4] = reasons[reason];
	if (domain->dying)
		state.text[5] = 'd';
	return state;
}

/* One without a name is shown as xl shows it. */
static const char *name_text(const struct pvb_domain_state *domain)
{
	if (domain->name_unknown)
		return "(unknown)";
	return *domain->name ? domain->name : "(null)";
}

void render_list(const struct pvb_domain_state *domains, size_t count)
{
	struct table *table = table_new("lrrrlr");

	table_cell(table, "Name");
	table_cell(table, "ID");
	table_cell(table, "Mem");
	table_cell(table, "VCPUs");
	table_cell(table, "State");
	table_cell(table, "Time(s)");
	for (size_t i = 0; i < count; i++) {
		table_cell(table, "%s", name_text(&domains[i]));
		table_cell(table, "%" PRIu32, domains[i].domid);
		table_cell(table, "%" PRIu64, domains[i].memory >> 20);
		table_cell(table, "%" PRIu32, domains[i].vcpus);
		table_cell(table, "%s", state_letters(&domains[i]).text);
		table_cell(table, "%.1f", (double)domains[i].cpu_time_ns / 1e9);
	}
	table_print(table, "", stdout);
}
