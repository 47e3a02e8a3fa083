#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A PV kernel that is no Linux: GRUB for PV domains.
# Time limit: 60
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip grub-x86_64-xen.bin

remember
cfg grub kernel=grub-x86_64-xen.bin ramdisk= memory=64 extra=
pvbuild --host xen create -c "$work/grub.cfg" >"$work/out" 2>"$work/err" &
creator=$!
ok "GRUB reaches its prompt" wait_for 40 out_has "grub>"
try pvbuild --host xen destroy grub
ok "it can be destroyed while its console is shown" exited 0
wait "$creator"
ok "domains and free memory are as before" as_before
finish
