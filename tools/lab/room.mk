# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pvbuild-lab: real Xen under emulation. Shell, with its parts in a folder of its own.
bin_SCRIPTS += pvbuild-lab
labdir = $(pkgdatadir)/lab
dist_lab_DATA = \
	tools/lab/archive.sh \
	tools/lab/common.sh \
	tools/lab/image.sh \
	tools/lab/load.sh \
	tools/lab/machine.sh
dist_lab_SCRIPTS = tools/lab/dom0-init
EXTRA_DIST += tools/lab/pvbuild-lab.in
CLEANFILES += pvbuild-lab
pvbuild-lab: tools/lab/pvbuild-lab.in Makefile
	$(AM_V_GEN)$(SED) -e 's|@pkgdatadir[@]|$(pkgdatadir)|' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' \
		$(srcdir)/tools/lab/pvbuild-lab.in >$@.part && chmod +x $@.part && mv $@.part $@

nodist_bashcompletion_DATA += tools/lab/completion/pvbuild-lab
EXTRA_DIST += tools/lab/pvbuild-lab.bash-completion
CLEANFILES += tools/lab/completion/pvbuild-lab
tools/lab/completion/pvbuild-lab: tools/lab/pvbuild-lab.bash-completion
	$(AM_V_GEN)$(MKDIR_P) tools/lab/completion && cp $(srcdir)/tools/lab/pvbuild-lab.bash-completion $@
