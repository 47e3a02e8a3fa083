/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain can be called. */
#include <assert.h>
#include <string.h>

#include <pvbuild/domain.h>

#include "core/error.h"
#include "host/host.h"

static_assert(PVB_DOMAIN_NAME_MAX == PVB_HOST_NAME_MAX - 1, "a name fits wherever it is kept");

/* The length of the control character at text, or 0: C0 and DEL, and C1 in UTF-8. */
static size_t control_at(const unsigned char *text)
{
	if (text[0] < 0x20 || text[0] == 0x7f)
		return 1;
	return text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f ? 2 : 0;
}

int pvb_domain_check_name(const char *name, struct pvb_error *error)
{
	size_t length = name ? strlen(name) : 0;

	if (!length || length > PVB_DOMAIN_NAME_MAX)
		return pvb_fail(error, PVB_E_ARG_NAME, "name",
				"a domain's name has 1 to %d bytes, not %zu", PVB_DOMAIN_NAME_MAX,
				length);
	for (size_t i = 0; i < length; i++) {
		bool slash = name[i] == '/';

		if (slash || control_at((const unsigned char *)name + i))
			return pvb_fail(
				error, PVB_E_ARG_NAME, "name",
				"a domain cannot be called \"%s\": byte %zu of the name is %s",
				name, i, slash ? "a slash" : "a control character");
	}
	return 0;
}
