# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Targets for those who work on pvbuild.
