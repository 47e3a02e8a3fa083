#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What cannot be built says why, and leaves the host as it was.
# Time limit: 90
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

# refused NAME STATUS TEXT ARGUMENT...
refused() {
	local name=$1 wanted=$2 text=$3
	shift 3
	remember
	pvb create "$@"
	ok "$name" both exited "$wanted" '&&' err_has "$text"
	ok "$name: domains and free memory are as before" as_before
}

head -c 100000 /dev/urandom >"$work/noise"
cfg noise kernel="$work/noise" ramdisk=
refused "what is no kernel is refused" 1 "$work/noise" "$work/noise.cfg"
head -c 3000000 "$kernels/vmlinuz-6.1-cloud" >"$work/cut"
cfg cut kernel="$work/cut" ramdisk=
refused "a kernel that was cut off is refused" 1 "$work/cut" "$work/cut.cfg"
cfg large memory=65536
refused "more memory than there is is refused" 3 "scrubb" "$work/large.cfg"
ok "with what is wanted, free, being scrubbed and claimed" both err_has 'free' '&&' err_has claimed
cfg small memory=8
refused "less memory than the kernel needs is refused" 1 "memory" "$work/small.cfg"

cfg first
pvb create --paused "$work/first.cfg"
ok "a domain is created" exited 0
refused "a name that is taken is refused" 1 first "$work/first.cfg"
pvb destroy first
finish
