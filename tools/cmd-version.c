/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include <pvbuild/pvbuild.h>

#include "cfg.h"
#include "command.h"
#include "help.h"
#include "json.h"
#include "picture.h"

/* Of which release the libraries are that it was built with: it works with no other hypervisor. */
const char *version_of_xen(void)
{
#ifdef HAVE_XEN
	return XEN_LIBRARIES_VERSION;
#else
	return NULL;
#endif
}

static void print(void)
{
	(void)printf("pvbuild %s\n  kernels   ", pvb_version());
	for (unsigned codec = PVB_CODEC_NONE; codec <= PVB_CODEC_ZSTD; codec++)
		if (pvb_codec_available((enum pvb_codec)codec))
			(void)printf(" %s", codec == PVB_CODEC_NONE
						    ? "uncompressed"
						    : pvb_codec_name((enum pvb_codec)codec));
	(void)printf("\n  Xen        %s\n  xl.cfg     %s\n  JSON       %s\n  pictures   %s\n",
		     version_of_xen() ? version_of_xen() : "no", cfg_available() ? "yes" : "no",
		     json_available() ? "yes" : "no", picture_available() ? "yes" : "no");
}

int version_print(const struct options *options, struct pvb_error *error)
{
	if (option_given(options, OPTION_JSON))
		return json_print_version(error);
	print();
	return 0;
}

const struct command command_version = {
	.name = "version",
	.operands = "",
	.summary = "print the version, and what this build can do",
	.details = "Prints the version of the library, the compressions that it can undo, the\n"
		   "release of Xen that it works with, and whether this build reads xl.cfg\n"
		   "files, prints JSON and draws pictures.",
	.most = 0,
	.run = version_print,
};
