#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Linux boots to user space in the domains that pvbuild creates, and powers off.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1
kernel_or_skip vmlinuz-6.12

# boot NAME KERNEL MEMORY [VCPUS [MAXVCPUS]]: leaves NAME.out, NAME.err and NAME.status.
boot() {
	local ended=0
	cfg "$1" "kernel=$2" "memory=$3" "vcpus=${4:-1}" "maxvcpus=${5:-}"
	pvbuild --host xen create -c "$work/$1.cfg" >"$work/$1.out" 2>"$work/$1.err" || ended=$?
	echo "$ended" >"$work/$1.status"
}

# booted NAME TEXT RELEASE: the cases of one that was started by boot.
booted() {
	cp "$work/$1.out" "$work/out"
	cp "$work/$1.err" "$work/err"
	cp "$work/$1.out" "$output/$1.console"
	status=$(<"$work/$1.status")
	ok "$2 reaches user space" out_has "guest: user space of Linux $3"
	ok "$2 has its ramdisk as it was" out_has "guest: payload intact"
	ok "$2 powers off, and the command ends well" both exited 0 '&&' out_has "guest: powering off"
}

# Two at a time, as there are two processors, and neither waits for the other.
remember
{ boot xz-1024 vmlinuz-6.1 1024 2 4 && boot zstd-128 vmlinuz-6.12 128 2; } &
{ boot zstd-1024 vmlinuz-6.12 1024 && boot xz-128 vmlinuz-6.1 128; } &
wait
booted xz-128 "Linux 6.1 (xz) in 128 MiB" 6.1
booted xz-1024 "Linux 6.1 (xz) in 1 GiB" 6.1
ok "two of its four vCPUs are online" out_has "2 CPU"
booted zstd-128 "Linux 6.12 (zstd) in 128 MiB" 6.12
ok "its second vCPU is at work" out_has "2 CPU"
booted zstd-1024 "Linux 6.12 (zstd) in 1 GiB" 6.12
ok "domains and free memory are as before" as_before
finish
