#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The probe guest as the tool sees it: every variant is built on the simulated host, and audited.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

probes=$builddir/examples/probe
if [[ ! -f $probes/probe ]]; then
	echo "1..0 # SKIP the probe guest is not built here: it is a kernel for x86-64"
	exit 0
fi

head -c 300000 /dev/urandom >"$work/payload"
{ printf PVPROBE1; gzip -c "$work/payload" | tail -c 8; cat "$work/payload"; } >"$work/ramdisk"

# inspected VARIANT CHECK...: what its notes ask for.
inspected() {
	local variant=$1
	shift
	pvb --json inspect "$probes/$variant"
	json_ok "$variant: its notes are read" type=pvbuild.image pv.supported=true \
		pv.guest_type=xen-3.0-x86_64 "$@"
}
inspected probe pv.virt_base=0xffffffff80000000 pv.init_p2m:null pv.mod_start_pfn=false pv.hypercall_page:null
inspected probe-p2m pv.virt_base=0xffffffff80000000 pv.init_p2m=0x8000000000 pv.mod_start_pfn=true
inspected probe-legacy pv.virt_base=0x400000 pv.init_p2m:null pv.hypercall_page=0x410000
inspected probe-declares pv.init_p2m=0x8000000000 declares.guest_abi=true declares.address_bits.bits=32 \
	declares.address_bits.source=note declares.pte_bits.unused_l1=0x4010000000000e00 \
	declares.pte_bits.unused_upper=0x7ff0000000000e00 'declares.granules[2]=65536'
inspected probe-maxphys pv.init_p2m:null declares.guest_abi=false declares.address_bits.bits=32 \
	declares.address_bits.source=note declares.pte_bits:null
inspected probe-tree pv.init_p2m:null declares.guest_abi=true declares.p2m_tree.levels=4

for variant in probe probe-p2m probe-legacy probe-declares probe-maxphys probe-tree; do
	for memory in 5M 33M 1G; do
		pvb --host sim:memory=2G,scramble create --kernel "$probes/$variant" --ramdisk "$work/ramdisk" \
			--memory $memory --cmdline "probe.strict" --refuse-wx --strict-p2m
		ok "$variant: a domain of $memory is built, and passes the audit" both exited 0 '&&' out_has " 0 findings"
	done
done

# Its documentation has a row for each check, by the name in the source.
sed -n 's/^\tCHECK("\([^"]*\)".*/\1/p' "$srcdir/examples/probe/checks.c" | sort >"$work/checks"
# shellcheck disable=SC2016 # the backquotes of Markdown
sed -n 's/^| `\([a-z0-9_]*\.[a-z0-9_]*\)` |.*/\1/p' "$srcdir/examples/probe/README.md" | grep -v '^probe\.' |
	sort >"$work/rows"
ok "its README has a row for each check" both test -s "$work/checks" '&&' diff "$work/checks" "$work/rows"
finish
