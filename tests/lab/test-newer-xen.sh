#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab with a newer Xen.
exec "$(dirname "$0")/newer-xen"
