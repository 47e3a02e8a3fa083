#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The simulated host against the real one: one plan, built on both, makes the same domain by the
# same calls; and what one refuses the other does.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

remember
head -c 1234567 /dev/urandom >"$work/module"

alike() { # kernel option...
	local kernel=$1
	shift
	try compare-model "$@" --name "model" --cmdline "console=hvc0 of=the model" "$kernel"
	ok "${kernel##*/}: both hosts make the same of it" exited 0
}

# The last one is made known to the rest of the host, as any domain is; for the others that would be
# most of the work.
linux() { # kernel option...
	local kernel=$1
	shift
	if [[ -f $kernels/$kernel ]]; then
		alike "$kernels/$kernel" --ramdisk "$work/module" --memory 128 "$@"
	else
		skip "$kernel: both hosts make the same of it" "tests/real/fetch-kernels did not fetch it"
	fi
}
linux vmlinuz-6.12 --both --unintroduced
linux grub-x86_64-xen.bin --both --unintroduced
linux vmlinuz-6.1-cloud

probe() { # variant option...
	local variant=$1
	shift
	# The file, of which this function has the name.
	if type -P "$variant" >/dev/null; then
		alike "$(type -P "$variant")" --unintroduced --ramdisk "$work/module" "$@"
	else
		skip "$variant: both hosts make the same of it" "the probe guest was not built"
	fi
}
probe probe --both --memory 65 --vcpus 3
probe probe --memory 9 --vcpus 2 --confined
probe probe-p2m --memory 16
probe probe-legacy --memory 5
probe probe-tree --memory 5

try compare-model --refusals -v
cp "$work/out" "$output/refusals"
ok "both hosts refuse the same, for the same reasons" exited 0
ok "domains and free memory are as before" as_before
finish
