#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machine addresses of 32 bits, declared or asked for: every frame lies below 4 GiB, as the probe finds
# inside and the audit outside; without, frames lie above. Needs free memory above 4 GiB.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

kernel_or_skip vmlinuz-6.1-cloud
if ! command -v probe-declares >/dev/null; then
	echo "1..0 # SKIP the probe guest was not built: configure --with-probe says why"
	exit 0
fi

said() { tr -d '\r' <"$work/out" | sed -n 's/^probe: //p'; }
verdict() { [[ $(said | grep '^verdict') == "verdict $1"* ]] || { said; return 1; }; }
passed() { # CHECK...
	local check
	for check; do
		said | grep -qxF "ok $check" || { echo "not passed: $check"; said; return 1; }
	done
}
# Held against 32 bits from outside, before it runs.
audited() { pvb audit --max-address-bits 32 "$1"; }
# With --audit, and the console on standard output: it is on standard error that there were faults.
no_faults() { ! err_has "the audit found"; }
has_frames_above() { exited 4 && out_has memory.address-bits; }
# But for the grant table, which Xen puts where it likes.
has_none_above() { exited 0 && out_has "passed:" && ! grep '^\(error\|warning\) ' "$work/out" | grep -v grants.address-bits; }

# Xen hands out memory from the top: what comes first lies above, if there is any.
cfg plain "kernel=$(command -v probe)" ramdisk= memory=64 extra=probe.strict
pvb create -c "$work/plain.cfg"
highest=$(said | sed -n 's/^untested width.memory: .*highest frame is 0x//p')
echo "# the highest frame of a guest that declares nothing is ${highest:-unknown}"
if [[ -n $highest && $((0x$highest)) -lt $((0x100000)) &&
	$(xl info | awk '$1 == "total_memory" { print $3 }') -lt 6000 ]]; then
	echo "1..0 # SKIP this machine has no free memory above 4 GiB: pvbuild-lab --memory 8G"
	exit 0
fi
ok "a guest that declares nothing has frames above 4 GiB, and no answer" both exited 0 '&&' verdict PASS '&&' \
	passed guest_abi.answer '&&' test $((0x${highest:-0})) -ge $((0x100000))
pvb create --paused "$work/plain.cfg"
audited plain
ok "as the audit finds" has_frames_above
pvb destroy plain

for variant in probe-maxphys probe-declares; do
	cfg "$variant" "kernel=$(command -v $variant)" ramdisk= memory=512 extra=probe.strict
	pvb create -c --audit "$work/$variant.cfg"
	ok "$variant, 512 MiB: all that it is given lies below 4 GiB" both exited 0 '&&' verdict PASS '&&' \
		passed width.memory width.tables width.shared '&&' no_faults
done
ok "who has notes of ours is told what was resolved" \
	passed guest_abi.answer guest_abi.address_bits guest_abi.pte_bits guest_abi.granule
pvb create --paused "$work/probe-declares.cfg"
audited probe-declares
ok "and a later audit finds it so" has_none_above
# The grant table is Xen's to place, and its warning names the limit that the audit went by.
pvb audit probe-declares
ok "as does one that is told nothing, by the width on record" both exited 0 '&&' has_none_above '&&' \
	out_has "the limit of 32 bits"
pvb destroy probe-declares

cfg linux memory=256
pvb create -c --audit --max-address-bits 32 "$work/linux.cfg"
ok "Linux 6.1 with --max-address-bits 32 is below 4 GiB, and reaches user space" both exited 0 '&&' \
	out_has "guest: user space" '&&' no_faults
pvb create --paused "$work/linux.cfg"
audited linux
ok "and without has frames above" has_frames_above
pvb destroy linux

# Its number 19 is {0x200000, 0x1000000, 0x3fffffff}: no width.
if [[ -f $kernels/vmlinuz-6.12 ]]; then
	cfg later kernel=vmlinuz-6.12 memory=256
	pvb create --paused "$work/later.cfg"
	ok "the number 19 of Linux 6.12 is no limit: it is built" exited 0
	audited later
	ok "and has frames above" has_frames_above
	pvb destroy later
else
	skip "the number 19 of Linux 6.12 is no limit" "there is no vmlinuz-6.12"
fi
finish
