# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tool, over the public headers alone; how a file is put in its place it has from the library's
# source, which needs nothing of the library. All of it but its main function is a library, which
# tests can link.
bin_PROGRAMS += pvbuild
pvbuild_SOURCES = tools/pvbuild.c lib/core/newfile.c lib/core/newfile.h
pvbuild_CPPFLAGS = $(tool_cppflags)
pvbuild_LDADD = tools/libpvbuild-tool.la lib/libpvbuild.la

tool_cppflags = -include config.h -I$(top_builddir) -I$(top_srcdir)/include -I$(top_srcdir)/tools
noinst_LTLIBRARIES += tools/libpvbuild-tool.la
tools_libpvbuild_tool_la_CPPFLAGS = $(tool_cppflags)
tools_libpvbuild_tool_la_CFLAGS = $(AM_CFLAGS)
tools_libpvbuild_tool_la_LIBADD =
tools_libpvbuild_tool_la_SOURCES = \
	tools/attach.c \
	tools/attach.h \
	tools/auto.h \
	tools/cfg.h \
	tools/cmd-audit.c \
	tools/cmd-console.c \
	tools/cmd-control.c \
	tools/cmd-create.c \
	tools/cmd-dump.c \
	tools/cmd-help.c \
	tools/cmd-inspect.c \
	tools/cmd-list.c \
	tools/cmd-p2m.c \
	tools/cmd-plan.c \
	tools/cmd-version.c \
	tools/cmd-wait.c \
	tools/command.c \
	tools/command.h \
	tools/construct.c \
	tools/construct.h \
	tools/creation.h \
	tools/dumped.c \
	tools/dumped.h \
	tools/fate.c \
	tools/fate.h \
	tools/fault.c \
	tools/fault.h \
	tools/guest.c \
	tools/guest.h \
	tools/heard.c \
	tools/heard.h \
	tools/help.h \
	tools/json.h \
	tools/keeper.c \
	tools/keeper.h \
	tools/logfile.c \
	tools/logfile.h \
	tools/machine.c \
	tools/machine.h \
	tools/monitor.c \
	tools/monitor.h \
	tools/names.c \
	tools/names.h \
	tools/options.c \
	tools/options.h \
	tools/outfile.c \
	tools/outfile.h \
	tools/p2m-convert.c \
	tools/p2m-convert.h \
	tools/p2m-file.c \
	tools/p2m-file.h \
	tools/p2m-form.c \
	tools/p2m-form.h \
	tools/p2m-view.h \
	tools/picture.h \
	tools/progress.c \
	tools/progress.h \
	tools/registers.c \
	tools/registers.h \
	tools/relay.c \
	tools/relay.h \
	tools/render-arm64.c \
	tools/render-domain.c \
	tools/render-image.c \
	tools/render-list.c \
	tools/render-p2m.c \
	tools/render-plan.c \
	tools/render.c \
	tools/render.h \
	tools/restarts.c \
	tools/restarts.h \
	tools/session.c \
	tools/session.h \
	tools/signals.c \
	tools/signals.h \
	tools/size.c \
	tools/size.h \
	tools/table.c \
	tools/table.h \
	tools/target.c \
	tools/target.h \
	tools/terminal.c \
	tools/terminal.h \
	tools/text.c \
	tools/text.h \
	tools/ward.c \
	tools/ward.h \
	tools/words.c \
	tools/words.h

if HAVE_XEN
tools_libpvbuild_tool_la_SOURCES += tools/cfg-keys.c tools/cfg-keys.h tools/cfg-read.h \
	tools/cfg-schedule.c tools/cfg.c
tools_libpvbuild_tool_la_CFLAGS += $(XEN_CFLAGS) $(XLUTIL_CFLAGS)
tools_libpvbuild_tool_la_LIBADD += $(XLUTIL_LIBS)
else
tools_libpvbuild_tool_la_SOURCES += tools/cfg-none.c
endif

if HAVE_JSON
tools_libpvbuild_tool_la_SOURCES += \
	tools/json-arm64.c \
	tools/json-build.c \
	tools/json-build.h \
	tools/json-domain.c \
	tools/json-help.c \
	tools/json-image.c \
	tools/json-list.c \
	tools/json-p2m.c \
	tools/json-plan.c \
	tools/json-registers.c \
	tools/json.c
tools_libpvbuild_tool_la_CFLAGS += $(JSON_CFLAGS)
tools_libpvbuild_tool_la_LIBADD += $(JSON_LIBS)
else
tools_libpvbuild_tool_la_SOURCES += tools/json-none.c
endif

if HAVE_CAIRO
tools_libpvbuild_tool_la_SOURCES += \
	tools/picture-layout.c \
	tools/picture-layout.h \
	tools/picture-p2m-machine.c \
	tools/picture-p2m-rows.c \
	tools/picture-p2m-rows.h \
	tools/picture-p2m.c \
	tools/picture-p2m.h \
	tools/picture-paint.c \
	tools/picture-paint.h \
	tools/picture-pen.c \
	tools/picture-pen.h \
	tools/picture.c
tools_libpvbuild_tool_la_CFLAGS += $(CAIRO_CFLAGS)
tools_libpvbuild_tool_la_LIBADD += $(CAIRO_LIBS) -lm
else
tools_libpvbuild_tool_la_SOURCES += tools/picture-none.c
endif

# bash looks for it under the name of the command.
nodist_bashcompletion_DATA += tools/completion/pvbuild
EXTRA_DIST += tools/pvbuild.bash-completion
CLEANFILES += tools/completion/pvbuild
tools/completion/pvbuild: tools/pvbuild.bash-completion
	$(AM_V_GEN)$(MKDIR_P) tools/completion && cp $(srcdir)/tools/pvbuild.bash-completion $@
