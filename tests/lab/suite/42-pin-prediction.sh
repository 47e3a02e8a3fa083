#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the library predicts of page-table entries after a pin is what real Xen makes of them, in
# every entry of every table.
# Time limit: 120
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

remember

predicted() { # name argument...
	local name=$1
	shift
	try predict-pin "$@"
	cp "$work/out" "$output/$name"
	ok "$name: all entries are as predicted" both exited 0 '&&' out_has "; 0 are not as predicted"
	sed 's/^/# /' "$work/out"
}

for kernel in vmlinuz-6.12 grub-x86_64-xen.bin; do
	if [[ -f $kernels/$kernel ]]; then
		predicted "$kernel" --memory 128 "$kernels/$kernel"
	else
		skip "$kernel: all entries are as predicted" "tests/real/fetch-kernels did not fetch it"
	fi
done
for variant in probe probe-p2m; do
	if type -P "$variant" >/dev/null; then
		predicted "$variant" --memory 65 "$(type -P "$variant")"
	else
		skip "$variant: all entries are as predicted" "the probe guest was not built"
	fi
done
predicted "a 64-bit kernel, 700 MiB" --memory 700 --made 64
if xl info xen_caps | grep -qF xen-3.0-x86_32p; then
	predicted "a 32-bit kernel" --memory 128 --made 32
else
	skip "a 32-bit kernel: all entries are as predicted" "this Xen runs no 32-bit PV guests"
fi

ok "domains and free memory are as before" as_before
finish
