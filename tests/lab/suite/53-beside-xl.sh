#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The domain that xl makes of a kernel beside ours: each differs from the other where
# doc/libxl-differences.md says so, and nowhere else.
# Time limit: 120
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

remember
# A length that is no multiple of the page size.
head -c 1234567 /dev/urandom >"$work/module"
number() { xl domid "$1"; }

beside() { # name kernel
	cfg "$1-xl" kernel="$2" ramdisk="$work/module" memory=128 extra="console=hvc0 beside=xl"
	cfg "$1-ours" kernel="$2" ramdisk="$work/module" memory=128 extra="console=hvc0 beside=xl"
	try xl create -p "$work/$1-xl.cfg"
	ok "$1: xl creates it" exited 0
	pvb create --paused "$work/$1-ours.cfg"
	ok "$1: pvbuild creates it" exited 0
	pvb --json audit "$1-xl" --kernel "$2" --ramdisk "$work/module" --memory 128M --cmdline "console=hvc0 beside=xl"
	cp "$work/out" "$output/$1-audit.json"
	ok "$1: xl's passes the audit" exited 0
	try compare-model --xl --domid "$(number "$1-ours")" --domid "$(number "$1-xl")"
	cp "$work/out" "$output/$1-differences"
	ok "$1: they differ as the document says" exited 0
	sed 's/^/# /' "$work/out"
	try xl destroy "$1-xl"
	try xl destroy "$1-ours"
}

beside linux "$kernels/vmlinuz-6.1-cloud"
if command -v probe >/dev/null; then
	beside probe "$(command -v probe)"
else
	skip "probe: they differ as the document says" "the probe guest was not built"
fi
ok "domains and free memory are as before" as_before
finish
