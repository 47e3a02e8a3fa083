#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machine addresses: a host of 100 TiB, 70 of which lie above 64 TiB, and six of those above the
# 128 TiB whose M2P a PV guest can see.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

huge=layout=0+3G/4G+30T/64T+70T
gib8=8589934592
# The pages up to the rings lie where a version 1 grant table can name them.
low=20971520
contract=(address_bits:number 'grant_table[*].maddr:hex' 'extents[*].gpa:hex' 'extents[*].maddr:hex'
	'extents[*].bytes:number' machine_memory.from:hex machine_memory.to:hex
	'machine_memory.sides[*].bits:number' 'machine_memory.sides[*].below:number'
	'machine_memory.sides[*].above:number' plan.address_bits.own.bits:number
	plan.address_bits.own.source:string 'plan.address_bits.declared:object|null'
	plan.guest_abi:bool audit.passed=true audit.total_findings=0)

for xen in 4.17 4.22; do
	pvb --json --host "sim:$huge,xen=$xen" create --kernel "$(kernel linux64)" --memory 8G
	json_ok "Xen $xen: a kernel that says nothing stays below 64 TiB" "${contract[@]}" \
		plan.address_bits.bits=46 plan.address_bits.source=default plan.address_bits.binding=true \
		plan.address_bits.declared:null plan.guest_abi=false address_bits=46 \
		'machine_memory.sides[1].bits=46' "machine_memory.sides[1].below=$gib8" \
		'machine_memory.sides[1].above=0'
	pvb --json --host "sim:$huge,xen=$xen" create --kernel "$(kernel declares52)" --memory 8G
	json_ok "Xen $xen: one that declares 52 bits goes above, and not past the M2P" "${contract[@]}" \
		plan.address_bits.bits=47 plan.address_bits.source=abi plan.address_bits.binding=true \
		plan.address_bits.own.bits=52 plan.address_bits.own.source=note \
		plan.address_bits.declared.bits=52 plan.guest_abi=true address_bits=47 \
		machine_memory.to=0x800000000000 "machine_memory.sides[1].below=$low" \
		"machine_memory.sides[1].above=$((gib8 - low))" 'machine_memory.sides[2].bits=47' \
		"machine_memory.sides[2].below=$gib8" 'machine_memory.sides[2].above=0'
done
pvb --json --host "sim:$huge,descending,fragment=10" create --kernel "$(kernel declares52)" --memory 4G
json_ok "so it is in small pieces" "${contract[@]}" machine_memory.to:hex \
	'machine_memory.sides[2].above=0'
pvb --json --host "sim:$huge" create --kernel "$(kernel declares40)" --memory 2G
json_ok "one that declares 40 bits stays below 1 TiB" address_bits=40 audit.passed=true \
	plan.address_bits.source=note 'machine_memory.sides[2].bits=40' 'machine_memory.sides[2].above=0'
pvb --host "sim:$huge" create --kernel "$(kernel declares40)" --memory 2G
ok "and is told of it, as is who builds it" both exited 0 '&&' out_has "below 2^40 (note)" '&&' \
	out_has "the guest is told of it"

refused "one that declares less than exists is refused, with what there is and where" 3 host.no-memory-below \
	"where the host has 3220172800 bytes (2.999 GiB) free" \
	--host "sim:$huge" create --kernel "$(kernel declares32)" --memory 3584M
pvb --host "sim:$huge" create --kernel "$(kernel declares32)" --memory 3584M
ok "and what there is in all" both exited 3 '&&' err_has "109954382946304 bytes (100 TiB) free" '&&' \
	err_has "host.no-memory-below, claim"
pvb --host "sim:$huge,noclaim" create --kernel "$(kernel declares32)" --memory 3584M
ok "also by a host that has no claims" both exited 3 '&&' err_has "host.no-memory-below, claim"
refused "more than lies below what it declares is refused without a host" 1 arg.memory-large "the kernel declares" \
	--host "sim:$huge" plan --kernel "$(kernel declares32)" --memory 5G

# ---- the administrator

pvb --json --host "sim:$huge" plan --kernel "$(kernel declares40)" --memory 1G --max-address-bits 46
json_ok "the administrator cannot raise what a kernel declares" address_bits.bits=40 address_bits.source=note
pvb --json --host "sim:$huge" plan --kernel "$(kernel declares40)" --memory 1G --max-address-bits 36
json_ok "but lower it" address_bits.bits=36 address_bits.source=admin address_bits.own.bits=36 \
	address_bits.declared.bits=40 address_bits.declared.source=note
pvb --json --host "sim:$huge" create --kernel "$(kernel linux64)" --memory 8G --max-address-bits 47
json_ok "of a kernel that says nothing the administrator may know better" "${contract[@]}" \
	plan.address_bits.source=admin address_bits=47 "machine_memory.sides[1].above=$((gib8 - low))"

# ---- what cannot be asked for

pvb --json --host sim:memory=16G create --kernel "$(kernel linux64)" --memory 1G --max-address-bits 32
json_ok "a guest below 4 GiB has no memory above" address_bits=32 'machine_memory.sides[0].above=0' \
	audit.passed=true audit.total_findings=1 'audit.findings[0].rule=grants.address-bits' \
	'audit.findings[0].severity=warning'
pvb --host sim:memory=16G create --kernel "$(kernel linux64)" --memory 1G --max-address-bits 32
ok "its grant table lies where Xen put it, which is told" both exited 0 '&&' err_has "has put 1 of 1 pages of domain 1's grant table above"
refused "or refused" 3 host.frame-too-high "page 0 of the grant table" --host sim:memory=16G create \
	--kernel "$(kernel linux64)" --memory 1G --max-address-bits 32 --strict-address-bits
pvb --host sim:memory=3G create --kernel "$(kernel linux64)" --memory 1G --max-address-bits 32 --strict-address-bits
ok "unless it lies low" both exited 0 '&&' out_has passed
refused "a shared info page too high is refused" 3 host.frame-too-high "shared info" \
	--host sim:memory=16G,xen=4.22 create --kernel "$(kernel linux64)" --memory 1G --max-address-bits 32

# ---- cores

pvb --host "sim:$huge" create --kernel "$(kernel declares40)" --memory 64M --dump "$work/core"
pvb audit "$work/core"
ok "in a core, what the guest was told is what is looked for" both exited 0 '&&' out_has passed
pvb audit "$work/core" --max-address-bits 32
ok "unless the caller says otherwise" both exited 4 '&&' out_has memory.address-bits '&&' out_has tables.address-bits
pvb audit "$work/core" --kernel "$(kernel linux64)"
ok "an answer to a kernel that declares nothing is a fault" both exited 4 '&&' out_has shared_info.guest-abi-absent
pvb --host "sim:$huge" create --kernel "$(kernel linux64)" --memory 64M --dump "$work/core"
pvb audit "$work/core" --kernel "$(kernel declares40)"
ok "as is none to one that does" both exited 4 '&&' out_has "shared_info.guest-abi "

# ---- a real one

if [[ -n ${PVB_KERNELS:-} && -r $PVB_KERNELS/vmlinuz-6.12 ]] && has_codec zstd; then
	pvb --json --host "sim:$huge" create --kernel "$PVB_KERNELS/vmlinuz-6.12" --memory 8G
	json_ok "Linux 6.12 uses high memory" "${contract[@]}" plan.address_bits.bits=47 \
		plan.address_bits.source=abi plan.address_bits.own.bits=52 \
		plan.address_bits.own.source=kernel-version plan.guest_abi=false \
		machine_memory.to=0x800000000000 'machine_memory.sides[2].above=0' \
		'machine_memory.sides[1].bits=46'
	pvb --host "sim:$huge" create --kernel "$PVB_KERNELS/vmlinuz-6.12" --memory 8G
	ok "most of it above 64 TiB" both exited 0 '&&' out_has "7.9 GiB of it above 64 TiB" '&&' \
		out_has "the kernel copes with 2^52 (kernel-version)"
else
	skip "Linux 6.12 uses high memory" "PVB_KERNELS has no vmlinuz-6.12, or this build has no zstd"
	skip "most of it above 64 TiB" "PVB_KERNELS has no vmlinuz-6.12, or this build has no zstd"
fi
finish
