#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All suites, in one boot of the lab.
exec "$(dirname "$0")/run-lab"
