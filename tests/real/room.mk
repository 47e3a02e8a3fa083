# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kernels of a distribution, fetched by fetch-kernels.
real_tests = tests/real/test-real tests/real/test-real-arm64
check_PROGRAMS += $(real_tests)
TESTS += $(real_tests)
dist_check_SCRIPTS = tests/real/fetch-kernels
