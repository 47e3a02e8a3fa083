/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "dumped.h"
#include "fault.h"
#include "json.h"
#include "progress.h"
#include "render.h"
#include "signals.h"
#include "size.h"
#include "target.h"

static int dump(struct target *target, const char *path, struct pvb_dump_result *result,
		struct pvb_error *error)
{
	struct pvb_dump_options wanted = PVB_DUMP_OPTIONS_INIT;
	struct progress progress;
	bool held;

	/* Whatever comes, the domain is to go on afterwards. */
	signals_catch();

	int rc = target_hold(target, &held, error);

	if (rc)
		return rc;
	progress_begin(&progress);
	wanted.progress = progress_report;
	wanted.progress_opaque = &progress;
	wanted.result = result;
	rc = pvb_dump_core(target->host, target->state.domid, path, &wanted, error);
	progress_end(&progress);
	if (rc == -PVB_E_ARG_CANCELLED)
		rc = fault(error, PVB_E_ARG_CANCELLED, "dump",
			   "stopped by a signal (%s); no core is left",
			   strsignal(signals_caught()));
	return target_release(target, held, rc, error);
}

static void render(const char *path, uint64_t size, const struct pvb_dump_result *result)
{
	render_fact("core", "%s, %s", path, format_size(size).text);
	render_fact("memory", "%" PRIu64 " of %" PRIu64 " pages", result->pages,
		    result->domain_pages);
	if (result->by_m2p)
		render_fact("", "%" PRIu64 " by the domain's p2m, %" PRIu64 " by the M2P",
			    result->by_p2m, result->by_m2p);
	if (result->missing)
		render_fact("", "%" PRIu64 " MISSING", result->missing);
	if (result->foreign)
		render_fact("", "%" PRIu64 " PFNs with frames of other domains, left out",
			    result->foreign);
}

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(target_close) struct target target = {0};
	const char *path = options->operands[1];
	struct pvb_dump_result result = PVB_DUMP_RESULT_INIT;
	struct stat status = {0};
	int rc = pvb_dump_check(path, error);

	if (!rc)
		rc = target_find(&target, options->operands[0], "dump", options, error);
	if (!rc)
		rc = dump(&target, path, &result, error);
	if (rc)
		return rc;
	(void)stat(path, &status);
	dumped_warn(&result);
	if (option_given(options, OPTION_JSON))
		return json_print_dump(&target.state, path, (uint64_t)status.st_size, &result,
				       error);
	render(path, (uint64_t)status.st_size, &result);
	return 0;
}

const struct command command_dump = {
	.name = "dump",
	.operands = "DOMAIN CORE",
	.summary = "write the core of a domain to a file",
	.details =
		"Writes a core in the format of \"xl dump-core\", which crash and \"audit\" read.\n"
		"A domain that runs is paused for that long. The file is sparse where the memory\n"
		"holds zeros; a regular file of that name is replaced. The result says how many of "
		"the\n"
		"domain's pages the core has.\n"
		"\n"
		"Examples:\n"
		"  pvbuild dump guest guest.core",
	.least = 2,
	.most = 2,
	.run = run,
};
