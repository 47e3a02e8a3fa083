/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <pvbuild/pvbuild.h>

#include "auto.h"
#include "command.h"
#include "fault.h"
#include "json.h"
#include "outfile.h"
#include "p2m-convert.h"
#include "p2m-file.h"
#include "p2m-view.h"
#include "picture.h"
#include "render.h"
#include "signals.h"
#include "target.h"

/* What is held while a p2m is looked at. */
struct look {
	struct target target;
	struct p2m_file file;
	struct pvb_p2m *p2m;
	struct pvb_p2m_path walk;
	struct conversion conversion;
	struct p2m_view view;
};

static void look_end(struct look *look)
{
	pvb_p2m_free(look->p2m);
	p2m_file_close(&look->file);
	target_close(&look->target);
}

static int choose_anchor(struct pvb_p2m_options *wanted, const char *name, struct pvb_error *error)
{
	if (!name)
		return 0;
	for (unsigned i = PVB_P2M_ANCHOR_CR3; i <= PVB_P2M_ANCHOR_START_INFO; i++)
		if (!strcmp(name, pvb_p2m_anchor_name((enum pvb_p2m_anchor)i))) {
			wanted->anchor = (enum pvb_p2m_anchor)i;
			return 0;
		}
	return fault(error, PVB_E_ARG_USAGE, "usage",
		     "--anchor takes p2m_cr3, p2m_root, pfn_to_mfn_frame_list_list or mfn_list, "
		     "not \"%s\"",
		     name);
}

/* Whatever can be known to fail, before any work is done. */
static int check(struct look *look, const struct options *options, struct pvb_error *error)
{
	const bool convert = option_given(options, OPTION_CONVERT);
	int rc = 0;

	if (convert != option_given(options, OPTION_OUTPUT))
		return fault(error, PVB_E_ARG_USAGE, "usage",
			     "--convert and --output are given together, or not at all");
	if (option_given(options, OPTION_PFN) &&
	    (convert || options->picture || option_given(options, OPTION_ALL)))
		return fault(error, PVB_E_ARG_USAGE, "usage",
			     "--pfn is about one PFN, and --all, --convert and --picture are about "
			     "all of them");
	if (convert) {
		look->conversion = (struct conversion){
			.path = options->output,
			.tree = options->convert.wish == PVB_P2M_WANT_TREE,
			.levels = options->convert.levels,
		};
		rc = outfile_check(options->output, "convert", error);
	}
	if (!rc && options->picture)
		rc = picture_check(options->picture, error);
	return rc;
}

/* Of a live domain, a core, or a file that --convert has made. */
static int read_p2m(struct look *look, const struct options *options,
		    const struct pvb_p2m_options *wanted, struct pvb_error *error)
{
	const bool one = option_given(options, OPTION_PFN);
	const char *operand = options->operands[0];
	bool there = false;
	int rc =
		access(operand, F_OK) == 0 ? p2m_file_open(&look->file, operand, &there, error) : 0;

	if (rc)
		return rc;
	if (!there && target_is_domain(operand, options)) {
		rc = target_find(&look->target, operand, "read the p2m of", options, error);
		if (rc)
			return rc;
		look->view.domain = &look->target.state;
		return one ? pvb_p2m_domain_trace(look->target.host, look->target.state.domid,
						  wanted, options->pfn, &look->walk, error)
			   : pvb_p2m_domain(look->target.host, look->target.state.domid, wanted,
					    &look->p2m, error);
	}
	look->view.file = operand;
	if (there)
		return one ? pvb_p2m_trace(&look->file.access, &look->file.anchors, wanted,
					   options->pfn, &look->walk, error)
			   : pvb_p2m_read(&look->file.access, &look->file.anchors, wanted,
					  &look->p2m, error);
	return one ? pvb_p2m_core_trace(operand, wanted, options->pfn, &look->walk, error)
		   : pvb_p2m_core(operand, wanted, &look->p2m, error);
}

static int print(const struct p2m_view *view, const struct options *options,
		 struct pvb_error *error)
{
	if (option_given(options, OPTION_JSON))
		return view->walk ? json_print_p2m_entry(view, error) : json_print_p2m(view, error);
	if (view->walk)
		render_p2m_entry(view);
	else
		render_p2m(view);
	return 0;
}

static int run(const struct options *options, struct pvb_error *error)
{
	AUTO(look_end) struct look look = {.file = P2M_FILE_INIT};
	struct pvb_p2m_options wanted = PVB_P2M_OPTIONS_INIT;
	int rc = check(&look, options, error);

	if (!rc)
		rc = choose_anchor(&wanted, options->anchor, error);
	wanted.max_extents = (size_t)options->max_extents;
	if (option_given(options, OPTION_ALL))
		wanted.max_disagreements = SIZE_MAX;
	if (!rc)
		rc = read_p2m(&look, options, &wanted, error);
	if (rc)
		return rc;
	look.view.all = option_given(options, OPTION_ALL);
	if (option_given(options, OPTION_PFN))
		look.view.walk = &look.walk;
	else
		look.view.info = pvb_p2m_info(look.p2m);
	if (look.conversion.path) {
		/* A signal is not to leave half a file. */
		signals_catch();
		rc = conversion_write(&look.conversion, look.view.info, error);
		look.view.conversion = &look.conversion;
	}
	if (!rc && options->picture)
		rc = picture_draw_p2m(options->picture, &look.view, error);
	if (!rc)
		rc = print(&look.view, options, error);
	if (rc)
		return rc;
	return p2m_view_good(&look.view) ? 0 : EXIT_FINDINGS;
}

const struct command command_p2m = {
	.name = "p2m",
	.operands = "CORE | DOMAIN [options]",
	.summary = "show, walk and convert the p2m of a domain",
	.details =
		"Reads the physical-to-machine map that a guest keeps, or was given, in any form: "
		"a\n"
		"list or a tree; by whichever anchor leads to it; and holds it against the\n"
		"hypervisor's M2P. DOMAIN is the number or the name of a domain, which may run. "
		"CORE\n"
		"is a core in the format of \"xl dump-core\", or a file that --convert has made of "
		"a\n"
		"tree. Exit status 4 tells that they disagree.\n"
		"\n"
		"Examples:\n"
		"  pvbuild p2m guest\n"
		"  pvbuild p2m guest.core --pfn 0x1234\n"
		"  pvbuild p2m guest.core --convert tree:4 --output guest.tree --picture tree.svg",
	.options = OPTION_BIT(OPTION_ANCHOR) | OPTION_BIT(OPTION_PFN) | OPTION_BIT(OPTION_ALL) |
		   OPTION_BIT(OPTION_CONVERT) | OPTION_BIT(OPTION_OUTPUT) |
		   OPTION_BIT(OPTION_PICTURE) | OPTION_BIT(OPTION_MAX_EXTENTS),
	.least = 1,
	.most = 1,
	.run = run,
};
