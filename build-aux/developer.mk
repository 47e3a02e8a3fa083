# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Targets for those who work on pvbuild.

EXTRA_DIST += \
	.clang-format \
	.clang-tidy \
	CONTRIBUTING.md \
	LICENSE \
	NEWS.md \
	README.md \
	SECURITY.md \
	autogen.sh \
	build-aux/banned-functions \
	build-aux/install-packages \
	tests/support/run-test

# Not in EXTRA_DIST, where make would take "check" for its own target and run the tests.
dist-hook:
	cp -p $(srcdir)/check $(srcdir)/demo $(distdir)/

# What is in the tree, and belongs to us.
our_sources = $$(cd $(srcdir) && git ls-files '*.c' '*.h' | sed 's|^|$(srcdir)/|')
our_scripts = $(srcdir)/check $(srcdir)/demo $(srcdir)/autogen.sh $(srcdir)/.ci/run \
	$(srcdir)/build-aux/banned-functions $(srcdir)/build-aux/install-packages \
	$(srcdir)/tests/fuzz/run-fuzzers \
	$(srcdir)/tests/real/fetch-kernels $(srcdir)/tests/support/run-test \
	$(srcdir)/tools/lab/dom0-init $(srcdir)/tests/lab/guest-init $(srcdir)/tests/lab/run-suite \
	$(addprefix $(srcdir)/,$(lab_scripts))
# With what they source.
our_scripts_of_parts = $(srcdir)/tools/lab/pvbuild-lab.in \
	$(srcdir)/tools/lab/pvbuild-lab.bash-completion \
	$(srcdir)/tests/tool/test-lab-usage.sh $(srcdir)/tests/lab/suite/*.sh

.PHONY: format lint lint-format lint-functions lint-shell lint-tidy lint-cppcheck \
	coverage check-small check-dist check-valgrind check-lab check-newer-xen lab-programs check-differential

format:
	$(CLANG_FORMAT) -i $(our_sources)

lint: lint-format lint-functions lint-shell lint-cppcheck lint-tidy

lint-format:
	$(CLANG_FORMAT) --dry-run -Werror $(our_sources)

lint-functions:
	$(srcdir)/build-aux/banned-functions $(our_sources)

lint-shell:
	shellcheck $(our_scripts)
	shellcheck -x $(our_scripts_of_parts)

lint_includes = -I$(srcdir)/include -I$(srcdir)/lib -I$(builddir)

lint-cppcheck:
	$(CPPCHECK) --std=c11 --quiet --inline-suppr --error-exitcode=1 -j2 \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppress=unknownMacro \
		-DHAVE_CONFIG_H -DPVB_API= $(lint_includes) $(srcdir)/lib $(srcdir)/tools

# Two processes: it is slow, and there is nothing to share.
lint-tidy:
	cd $(srcdir) && git ls-files 'lib/*.c' 'tools/*.c' | \
		xargs -P2 -n1 sh -c '"$$0" --quiet --warnings-as-errors="*" "$$@" -- \
		-std=gnu17 -include config.h -I$(abs_top_builddir) -Iinclude -Ilib -Itools \
		-DPVB_GUARD_PROGRAM=__FILE__ $(XEN_CFLAGS) \
		$(JSON_CFLAGS) $(CAIRO_CFLAGS)' $(CLANG_TIDY)

# A build of its own beside this one, so that the counters fit the sources. LINES is the least
# share of lines, in percent, that the tests must reach.
LINES = 90
# By the tests of the parts: scripts go through the same parts by way of the tool.
coverage:
	$(MKDIR_P) coverage
	cd coverage && { test -f Makefile || \
		$(abs_srcdir)/configure --enable-coverage CFLAGS='-Og -g'; }
	cd coverage && $(MAKE) $(AM_MAKEFLAGS) all && find . -name '*.gcda' -delete && \
		$(MAKE) $(AM_MAKEFLAGS) check \
			TESTS='$(filter-out %.sh %/test-p2m-sizes %/test-peer,$(TESTS))'
	cd coverage && $(GCOVR) --root $(abs_srcdir) --filter '$(abs_srcdir)/lib/' \
		--print-summary --sort-uncovered --fail-under-line $(LINES) .

# Guests of terabytes are the same code as smaller ones, and take minutes under a sanitizer.
check-small:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(filter-out %/test-p2m-sizes,$(TESTS))'

# Tests that make allocations fail count blocks in their own way, and that of the codecs packs
# hundreds of MiB, and audits by the hundred take minutes; all other tests of the parts, and
# images that lie, run under valgrind.
valgrind_tests = \
	$(filter-out %/test-audit-mutation %/test-audit-random %/test-image-codec \
		%/test-image-failures %/test-p2m-read-errors %/test-sim-fail,$(unit_tests)) \
	$(filter-out %/test-xen-guard,$(xen_tests)) \
	tests/malformed/test-malformed-codecs tests/malformed/test-malformed-containers \
	tests/malformed/test-malformed-elf tests/malformed/test-malformed-notes

check-valgrind:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(valgrind_tests)' \
		LOG_COMPILER='$(LOG_COMPILER) $(abs_top_builddir)/libtool --mode=execute $(VALGRIND) --quiet \
		--error-exitcode=99 --exit-on-first-error=no --leak-check=full \
		--errors-for-leak-kinds=definite,indirect'

# Every test has run before this: here those that need files beside their programs.
check-dist:
	$(MAKE) $(AM_MAKEFLAGS) distcheck AM_DISTCHECK_CONFIGURE_FLAGS=--enable-werror \
		TESTS='$(tool_tests) tests/fuzz/test-fuzz-replay'

distclean-local:
	-rm -rf coverage
