# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kernels of a distribution, fetched by fetch-kernels.
check_PROGRAMS += tests/real/test-real
TESTS += tests/real/test-real
dist_check_SCRIPTS = tests/real/fetch-kernels
