#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes configure. Needs autoconf, autoconf-archive, automake, libtool and pkg-config.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force
