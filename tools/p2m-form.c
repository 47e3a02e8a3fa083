/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "p2m-form.h"

#include <string.h>

#include "size.h"

#define TREE_OF "tree:"

bool parse_p2m_form(const char *text, struct p2m_form *form)
{
	uint64_t levels = 0;

	if (!strcmp(text, "list")) {
		*form = (struct p2m_form){.wish = PVB_P2M_WANT_LIST};
		return true;
	}
	if (strcmp(text, "tree") != 0 &&
	    (strncmp(text, TREE_OF, strlen(TREE_OF)) != 0 ||
	     !parse_number(text + strlen(TREE_OF), UINT32_MAX, &levels) || !levels))
		return false;
	*form = (struct p2m_form){.wish = PVB_P2M_WANT_TREE, .levels = (uint32_t)levels};
	return true;
}
