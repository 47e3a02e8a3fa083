/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forms of the p2m as people write them: "list", "tree", "tree:4". */
#ifndef PVB_TOOLS_P2M_FORM_H
#define PVB_TOOLS_P2M_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include <pvbuild/plan.h>

#define P2M_FORMS "list, tree or tree:LEVELS"

/* AS_GUEST_ASKS: nothing was said. levels 0: the fewest that suffice. */
struct p2m_form {
	enum pvb_p2m_wish wish;
	uint32_t levels;
};

/* Which levels there can be is for the plan to say. */
bool parse_p2m_form(const char *text, struct p2m_form *form);

#endif
