#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The probe finds what is wrong: domains that are spoiled in one place each make it name the
# check that is for it, and no other; or Xen refuses them. (--all instead of --together has each in a
# domain of its own, and takes some minutes.)
# Time limit: 300
# Depth: full
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

if ! command -v probe >/dev/null; then
	echo "1..0 # SKIP the probe guest was not built: configure --with-probe says why"
	exit 0
fi

remember
# A ramdisk that carries its own checksum: see the probe's README.
head -c 10001 /dev/urandom >"$work/payload"
{
	printf PVPROBE1
	gzip -c "$work/payload" | tail -c 8
	cat "$work/payload"
} >"$work/module"
tap spoiled-builder --together --name spoiled --ramdisk "$work/module" "$(command -v probe)"
ok "domains and free memory are as before" as_before
finish
