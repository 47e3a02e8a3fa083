#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every kind of call to the hypervisor is denied in turn, and nothing of the domain is left.
# Time limit: 240
# Depth: full
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

# The smallest kernel that there is; any other would do.
kernel=$(command -v probe-legacy) || kernel=$kernels/grub-x86_64-xen.bin
if [[ ! -f $kernel ]]; then
	echo "1..0 # SKIP there is no kernel: neither the probe guest nor grub"
	exit 0
fi

remember
head -c 123456 /dev/urandom >"$work/module"
tap denied-call --confined --state "xenstore-ls -fp" --name denied --memory 64 --ramdisk "$work/module" "$kernel"
ok "domains and free memory are as before" as_before
finish
