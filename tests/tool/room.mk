# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tool as users and programs see it.
tool_tests = \
	tests/tool/test-arm64.sh \
	tests/tool/test-completion.sh \
	tests/tool/test-config.sh \
	tests/tool/test-core.sh \
	tests/tool/test-create.sh \
	tests/tool/test-documents.sh \
	tests/tool/test-domains.sh \
	tests/tool/test-example.sh \
	tests/tool/test-inspect.sh \
	tests/tool/test-lab-outcome.sh \
	tests/tool/test-lab-usage.sh \
	tests/tool/test-p2m.sh \
	tests/tool/test-picture.sh \
	tests/tool/test-plan.sh \
	tests/tool/test-probe.sh \
	tests/tool/test-usage.sh \
	tests/tool/test-width.sh \
	tests/tool/test-words.sh

TESTS += $(tool_tests)
EXTRA_DIST += $(tool_tests) tests/tool/tap.sh
check_PROGRAMS += tests/tool/make-kernel tests/tool/manual-example

# Parts of the tool that need a live domain, without one.
# What says errors, in the tool's words.
said_by_the_tool = tools/fault.c tools/options.c tools/p2m-form.c tools/size.c tools/text.c \
	tools/words.c
of_a_ward = $(said_by_the_tool) tools/dumped.c tools/fate.c tools/logfile.c tools/monitor.c \
	tools/names.c tools/registers.c tools/restarts.c tools/ward.c
tool_part_tests = tests/tool/test-heard tests/tool/test-keeper tests/tool/test-p2m-view \
	tests/tool/test-relay tests/tool/test-ward
TESTS += $(tool_part_tests)
check_PROGRAMS += $(tool_part_tests)
tests_tool_test_heard_SOURCES = tests/tool/test-heard.c tools/heard.c
tests_tool_test_heard_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)/tools
tests_tool_test_keeper_SOURCES = tests/tool/test-keeper.c \
	$(of_a_ward) tools/keeper.c tools/signals.c
tests_tool_test_keeper_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)/tools
tests_tool_test_p2m_view_SOURCES = tests/tool/test-p2m-view.c \
	$(said_by_the_tool) tools/names.c tools/render-p2m.c tools/render.c tools/table.c
tests_tool_test_p2m_view_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)/tools
tests_tool_test_ward_SOURCES = tests/tool/test-ward.c $(of_a_ward)
tests_tool_test_ward_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)/tools
tests_tool_test_relay_SOURCES = tests/tool/test-relay.c \
	$(said_by_the_tool) tools/heard.c tools/relay.c tools/signals.c tools/terminal.c
tests_tool_test_relay_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)/tools
tests_tool_make_kernel_CPPFLAGS = $(test_cppflags)

if HAVE_JSON
check_PROGRAMS += tests/tool/check-json
tests_tool_check_json_CPPFLAGS = $(JSON_CFLAGS)
tests_tool_check_json_LDADD = $(JSON_LIBS)
endif

# The example of the manual, as a reader would take it from there.
nodist_tests_tool_manual_example_SOURCES = tests/tool/manual-example.c
tests_tool_manual_example_CPPFLAGS = -I$(top_srcdir)/include
tests_tool_manual_example_LDADD = lib/libpvbuild.la
CLEANFILES += tests/tool/manual-example.c
tests/tool/manual-example.c: doc/libpvbuild.3
	$(AM_V_GEN)$(MKDIR_P) tests/tool && $(SED) -n '/^\.Bd -literal/,/^\.Ed/{/^\./!{s/\\e/\\/g;p;};}' \
		$(srcdir)/doc/libpvbuild.3 >$@
