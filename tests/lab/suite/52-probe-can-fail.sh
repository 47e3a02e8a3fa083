#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The probe finds what is wrong: domains that are spoiled in one place each make it name the
# check that is for it, and no other; or Xen refuses them.
# Time limit: 300
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

remember
# A ramdisk that carries its own checksum: see the probe's README.
head -c 10001 /dev/urandom >"$work/payload"
{
	printf PVPROBE1
	gzip -c "$work/payload" | tail -c 8
	cat "$work/payload"
} >"$work/module"
tap spoiled-builder "${PVB_LAB_SPOILS:---together}" --name spoiled --ramdisk "$work/module" /tests/bin/probe
ok "domains and free memory are as before" as_before
finish
