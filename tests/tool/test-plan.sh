#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

contract=(type=pvbuild.plan version=1 guest_type:string memory:number segments:array
	'segments[*].name:string' 'segments[*].pfn:hex' 'segments[*].frames:number'
	'segments[*].va:hex|null' page_tables.frames:number page_tables.p2m_frames:number p2m.form:string
	p2m.levels:number p2m.va:hex p2m.pfn:hex p2m.frames:number p2m.pfns:number p2m.declared:bool
	'p2m.root_pfn:hex|null' p2m.tree:array registers.rip:hex registers.rsp:hex
	registers.rsi:hex address_bits.bits:number address_bits.source:string address_bits.binding:bool
	address_bits.own.bits:number address_bits.own.source:string 'address_bits.declared:object|null'
	guest_abi:bool
	pte_bits.source:string pte_bits.fixed:bool 'pte_bits.kernel_bit:number|null'
	'pte_bits.grant_bit:number|null' pte_bits.grants_unmarked:bool pte_bits.keys:bool
	'pte_bits.unused_l1:hex|null' 'pte_bits.unused_upper:hex|null')

pvb plan --kernel "$(kernel linux64)" --memory 1G
ok "a plan is shown" both exited 0 '&&' out_has "boot_stack" '&&' out_has "262144 pages"
ok "and says nothing of the host, on which a plan does not depend" quiet
for kind in small64 small32 linux64 linux32; do
	pvb --json --host sim plan --kernel "$(kernel $kind)" --memory 128M
	json_ok "$kind: the contract's keys are there" "${contract[@]}" memory=134217728 p2m.form=list \
		p2m.levels=0 p2m.pfns=32768 p2m.root_pfn:null guest_abi=false
done
head -c 12345 /dev/zero >"$work/ramdisk"
pvb --json plan --kernel "$(kernel small64)" --ramdisk "$work/ramdisk" --memory 64MiB --cmdline "quiet splash" --vcpus 4
json_ok "ramdisk, command line and vCPUs are in it" 'segments[1].name=module0' \
	'segments[1].bytes=12345' "command_line=quiet splash" vcpus=4
pvb --json plan --kernel "$(kernel linux64)" --memory 16T
json_ok "a plan of 16 TiB is made" memory=17592186044416 p2m.bytes=34359738368
pvb --json plan --kernel "$(kernel linux64)" --memory 1G --max-address-bits 40
json_ok "the administrator's limit is in it" address_bits.bits=40 address_bits.source=admin \
	address_bits.binding=true

pvb --json --host sim plan --kernel "$(kernel linux64)" --memory 256M
json_ok "a plan says where its memory is" 'ranges[0].gpa=0x0' 'ranges[0].bytes=268435456' \
	'ranges[0].node:null' 'ranges[0].exact=false'
pvb --json --host sim:nodes=2 plan --kernel "$(kernel linux64)" --memory-range 0+512M@0 \
	--memory-range 4G+512M@1,exact --memory-range 4608M+64K
json_ok "memory can have holes, and come from nodes" memory=1073807360 'ranges[1].gpa=0x100000000' \
	'ranges[1].bytes=536870912' 'ranges[1].node=1' 'ranges[1].exact=true' 'ranges[2].gpa=0x120000000' \
	'ranges[2].node:null' p2m.bytes=9437312
pvb --host sim:nodes=2 plan --kernel "$(kernel linux64)" --memory-range 0+512M@0 \
	--memory-range 4G+512M@1,exact --memory-range 4608M+64K
ok "the text has them too" both exited 0 '&&' out_has "512 MiB at 0x0, node 0" '&&' \
	out_has "512 MiB at 0x100000000, node 1 alone, behind a hole of 3.5 GiB" '&&' out_has "64 KiB at 0x120000000"
ok "and it is said that Linux does not cope with them" err_has "no Linux is known to start with"
pvb --host sim:nodes=2 plan --kernel "$(kernel linux64)" --memory-range 0+512M@0 --memory-range 512M+512M@1
ok "as it does with ranges that adjoin" both exited 0 '&&' quiet
pvb --host sim plan --kernel "$(kernel small64)" --memory-range 0+512M --memory-range 1G+512M
ok "and others may with holes" both exited 0 '&&' quiet
refused "another sum than the memory is refused" 1 arg.ranges "2147483648 bytes of memory" \
	--host sim plan --kernel "$(kernel linux64)" --memory 2G --memory-range 0+1G
refused "so is a node that the host has not" 1 arg.ranges "node 2, and the host has 2 nodes" \
	--host sim:nodes=2 plan --kernel "$(kernel linux64)" --memory-range 0+1G@2
refused "and a first range that is too small" 1 arg.ranges "before the first hole is 33554432: p2m" \
	--host sim plan --kernel "$(kernel linux64)" --memory-range 0+32M --memory-range 16G+1G
for range in 1G 0-1G 0+ +1G 0+1G@ 0+1G@x 0+1G@1,exactly 0+1G,exact 0x0+1G '0+1G@0,exact,'; do
	refused "\"$range\" is no range" 2 arg.usage "GPA+SIZE[@NODE[,exact]], not \"$range\"" \
		--host sim plan --kernel "$(kernel linux64)" --memory-range "$range"
done

pvb --json --host sim plan --kernel "$(kernel linux64)" --memory 1T --p2m tree
json_ok "a tree has the levels that it needs" "${contract[@]}" p2m.form=tree p2m.levels=4 p2m.declared=false \
	'p2m.tree[0].level=4' 'p2m.tree[0].frames=1' 'p2m.tree[1].level=3' 'p2m.tree[1].frames=2' \
	'p2m.tree[2].level=2' 'p2m.tree[2].frames=1024' p2m.root_pfn:hex 'segments[9].name=p2m_tree' \
	'segments[9].va:null' 'segments[9].frames=1027' guest_abi=true
pvb --host sim plan --kernel "$(kernel linux64)" --memory 1T --p2m tree
ok "which the text has too" both exited 0 '&&' out_has "and a tree of 4 levels above it: 1, 2, 1024 pages" \
	'&&' out_has p2m_tree
pvb --json --host sim plan --kernel "$(kernel linux64)" --memory 1G --p2m tree:5
json_ok "or more, where they are asked for" p2m.form=tree p2m.levels=5 'segments[9].frames=4'
pvb --json --host sim plan --kernel "$(kernel declaring)" --memory 1G
json_ok "or where the kernel asks for them" p2m.form=tree p2m.levels=4 p2m.declared=true
pvb --host sim plan --kernel "$(kernel declaring)" --memory 1G
ok "which the text says" both exited 0 '&&' out_has "a tree of 4 levels above it: 1, 1, 1 pages, as the kernel asks"
pvb --json --host sim plan --kernel "$(kernel declaring)" --memory 1G --p2m list
json_ok "and not where a list is asked for" p2m.form=list p2m.levels=0 p2m.declared=false
pvb --json --host sim plan --kernel "$(kernel declaring)" --memory 1G --p2m tree:3
json_ok "nor where fewer are" p2m.form=tree p2m.levels=3 p2m.declared=false
pvb --host sim plan --kernel "$(kernel small32)" --memory 512M --p2m tree
ok "one page above a list is one page" both exited 0 '&&' out_has "a tree of 2 levels above it: 1 page"
refused "too few levels are refused with what they reach" 1 arg.p2m "needs 4 levels; 3 reach 512 GiB" \
	--host sim plan --kernel "$(kernel linux64)" --memory 1T --p2m tree:3
refused "so are levels that no tree has" 1 arg.p2m "trees of 1 to 5" \
	--host sim plan --kernel "$(kernel linux64)" --memory 1G --p2m tree:6

# It leaves bits 9 and 52 to 56 alone, and wants protection keys.
pvb --json --host sim plan --kernel "$(kernel declaring)" --memory 64M
json_ok "bits that are wired in are compared with those that a kernel declares" pte_bits.source=declared \
	pte_bits.fixed=true pte_bits.kernel_bit=52 pte_bits.grant_bit:null pte_bits.keys=false \
	pte_bits.keys_wanted=true pte_bits.unused_l1=0x1f0000000000200 pte_bits.unused_upper=0xf0000000000000
pvb --json --host sim:debug,pte-bits=domain plan --kernel "$(kernel declaring)" --memory 64M
json_ok "bits that are not are picked from them" pte_bits.fixed=false pte_bits.kernel_bit=52 \
	pte_bits.grant_bit=56 pte_bits.grants_unmarked=false pte_bits.keys=true
pvb --host sim:debug,pte-bits=domain plan --kernel "$(kernel declaring)" --memory 64M
ok "the text has them too" both exited 0 '&&' out_has "bit 52 marks kernel mappings, bit 56 grants (declared)" \
	'&&' out_has "left alone by the kernel: 0x1f0000000000200"
pvb --json --host sim plan --kernel "$(kernel small32)" --memory 64M
json_ok "a 32-bit kernel that declares nothing has none" pte_bits.source=legacy pte_bits.kernel_bit:null \
	pte_bits.unused_l1:null
refused "a debug build of the hypervisor uses one that a kernel keeps" 3 host.pte-bits "bit 62 (mapped grants)" \
	--host sim:debug plan --kernel "$(kernel declaring)" --memory 64M

refused "a PVH-only kernel is refused by name" 1 pv.pvh-only "PVH-only" \
	plan --kernel "$(kernel pvh)" --memory 64M
refused "too little memory is refused" 1 arg.memory-small "" plan --kernel "$(kernel linux64)" --memory 1M
refused "a missing ramdisk is named" 1 arg.file "no-such-ramdisk" \
	plan --kernel "$(kernel small64)" --memory 64M --ramdisk "$work/no-such-ramdisk"
refused "a folder is no ramdisk" 1 arg.file "not a regular file" \
	plan --kernel "$(kernel small64)" --memory 64M --ramdisk "$work"
: >"$work/empty"
refused "an empty ramdisk is refused" 1 arg.modules "" \
	plan --kernel "$(kernel small64)" --memory 64M --ramdisk "$work/empty"
refused "a command line that is too long is refused" 1 arg.command-line "" \
	plan --kernel "$(kernel small64)" --memory 64M --cmdline "$(printf '%01024d' 0)"
refused "an impossible address width is refused" 1 arg.address-bits "" \
	plan --kernel "$(kernel small64)" --memory 64M --max-address-bits 8
pvb version
if [[ -e /dev/xen/privcmd ]]; then
	skip "Xen is not here" "this machine has Xen"
elif grep -q 'Xen *no' "$work/out"; then
	refused "Xen is not in this build" 1 arg.unsupported "xen" \
		--host xen plan --kernel "$(kernel small64)" --memory 64M
else
	refused "Xen is not here" 3 host.absent "xen" --host xen plan --kernel "$(kernel small64)" --memory 64M
fi
refused "no other host is known" 2 host.option "kvm" --host kvm plan --kernel "$(kernel small64)" --memory 64M
refused "an unknown key of sim is refused" 2 host.option "speed" \
	--host sim:speed=11 plan --kernel "$(kernel small64)" --memory 64M
refused "a host without 32-bit guests refuses one" 3 host.guest-type "" \
	--host sim:no-pv32 plan --kernel "$(kernel small32)" --memory 64M
if [[ -e /dev/xen/privcmd ]]; then
	skip "--p2m list is the default" "this machine has Xen"
else
	pvb plan --kernel "$(kernel small64)" --memory 64M --p2m list --strict-p2m --name n
	ok "--p2m list is the default" exited 0
fi
finish
