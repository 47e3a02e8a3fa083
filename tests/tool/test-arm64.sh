#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# arm64 guests on the simulated host, as the command line has them.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

# Flags of an Image's header: 8 anywhere, and 2, 4, 6 for pages of 4, 16, 64 KiB.
four=arm64-10 sixteen=arm64-12 sixty_four=arm64-14 unstated=arm64-8

pvb inspect "$(kernel $four)"
ok "inspect says what an Image is" both exited 0 '&&' out_has "arm64-image" '&&' \
	out_has "xen-3.0-aarch64" '&&' out_has "4 KiB pages, anywhere"
pvb --json inspect "$(kernel $sixteen-aware)"
json_ok "and what it declares" container=arm64-image codec=none pv.supported=true \
	pv.guest_type=xen-3.0-aarch64 pv.virt_base:null arm64.page_size=16384 arm64.big_endian=false \
	declares.guest_abi=true 'notes[0].name=GRANULES' 'notes[0].origin=PE'
pvb inspect "$(kernel arm64-11)"
ok "a big-endian one is refused by name" both exited 0 '&&' out_has "big-endian" '&&' out_has "pv.machine"
pvb inspect "$(kernel arm64-26)"
ok "flags without a meaning are told" both exited 0 '&&' out_has "flags 0x10 have no meaning"

pvb --host sim:arch=arm64 plan --kernel "$(kernel $four)" --memory 64M
if grep -q 'arg.unsupported' "$work/err"; then
	ok "without libfdt an arm64 guest is refused by name" both exited 1 '&&' err_has "libfdt"
	finish
	exit
fi
ok "a plan is shown by address" both exited 0 '&&' out_has "0x40000000" '&&' out_has "gicd" '&&' \
	out_has "GICv3" '&&' out_has "x0 0x40200000"
head -c 12345 /dev/zero >"$work/ramdisk"
for granule in 4K 16K 64K; do
	bytes=$((${granule%K} * 1024))
	host=sim:arch=arm64,granule=$granule
	pvb --json --host "$host" plan --kernel "$(kernel $sixty_four-aware)" --memory 64M \
		--ramdisk "$work/ramdisk" --vcpus 3
	json_ok "$granule: a plan has what an arm64 guest has" type=pvbuild.plan version=1 \
		guest_type=xen-3.0-aarch64 memory=67108864 page_size=$bytes guest_page_size=65536 gic=3 \
		'segments[*].name:string' 'segments[*].gpa:hex' 'segments[*].va:null' page_tables:null \
		p2m:null pte_bits:null virt_base:null 'areas[*].name:string' 'areas[*].kind:string' \
		'areas[*].gpa:hex' 'areas[*].bytes:number' registers.pc=0x40000000 \
		registers.x0=0x40200000 device_tree:string guest_abi=true address_bits.bits:number
	pvb --json --host "$host" create --kernel "$(kernel $sixty_four-aware)" --memory 64M \
		--ramdisk "$work/ramdisk" --cmdline "console=hvc0"
	json_ok "$granule: it is built, and the audit finds nothing" type=pvbuild.domain start_info:null \
		shared_info:null parameters.console_gpa=0x39000000 \
		"parameters.store_gpa=$(printf '0x%x' $((0x39000000 + bytes)))" \
		parameters.store_evtchn:number 'extents[*].bytes:number' calls.set_arm64_vcpu=1 \
		audit.passed=true audit.total_findings=0
done
pvb --json --host sim:arch=arm64,granule=64K plan --kernel "$(kernel $sixty_four-offset-aware)" --memory 64M
json_ok "a kernel in the midst of a page takes all of it" 'segments[4].name=kernel' \
	'segments[4].gpa=0x40083000' 'segments[4].pfn=0x4008' 'segments[4].frames=56'
pvb --host sim:arch=arm64 create --kernel "$(kernel $four)" --memory 64M --ramdisk "$work/ramdisk"
ok "create shows it" both exited 0 '&&' out_has "audit            passed" '&&' \
	out_has "console          guest address 0x39000000"
pvb version
if grep -q 'pictures *no' "$work/out"; then
	skip "it is drawn" "configured without cairo"
else
	pvb --host sim:arch=arm64 plan --kernel "$(kernel $four)" --memory 64M --picture "$work/plan.svg"
	ok "it is drawn" both exited 0 '&&' test -s "$work/plan.svg"
fi

refused "a kernel of 4 KiB at 64 KiB is refused" 1 plan.granule "cannot share less than 64 KiB" \
	--host sim:arch=arm64,granule=64K plan --kernel "$(kernel $four)" --memory 64M
refused "and one of 64 KiB that does not declare that it knows" 1 plan.granule "any but 4 KiB" \
	--host sim:arch=arm64,granule=64K plan --kernel "$(kernel $sixty_four)" --memory 64M
refused "and one that does not say what it has" 1 plan.granule "--guest-page-size" \
	--host sim:arch=arm64,granule=16K plan --kernel "$(kernel $unstated-aware)" --memory 64M
pvb --host sim:arch=arm64,granule=16K create --kernel "$(kernel $unstated-aware)" --memory 64M --guest-page-size 16K
ok "unless it is said for it" both exited 0 '&&' out_has "kernel 16 KiB"
refused "a header is not contradicted" 1 arg.invalid "its own header says 4096" \
	--host sim:arch=arm64 plan --kernel "$(kernel $four)" --memory 64M --guest-page-size 64K
refused "pages have the sizes that there are" 2 arg.usage "4K, 16K or 64K" \
	--host sim:arch=arm64 plan --kernel "$(kernel $four)" --memory 64M --guest-page-size 8K
refused "x86 kernels have one page size" 1 arg.invalid "page size" \
	--host sim plan --kernel "$(kernel small64)" --memory 64M --guest-page-size 4K
refused "a processor that lacks the page size says which it has" 3 host.granule "is 4 KiB 64 KiB only" \
	--host sim:arch=arm64,guest-pages=4K+64K plan --kernel "$(kernel $sixteen)" --memory 64M
refused "what shares a page of the hypervisor's is named" 1 plan.clash "gicd (trapped" \
	--host sim:arch=arm64,granule=64K,gic=2 plan --kernel "$(kernel $sixty_four-aware)" --memory 64M
refused "an arm64 kernel is not for x86" 3 host.guest-type "xen-3.0-aarch64" \
	--host sim plan --kernel "$(kernel $four)" --memory 64M
refused "nor an x86 kernel for arm64" 3 host.guest-type "" \
	--host sim:arch=arm64 plan --kernel "$(kernel small64)" --memory 64M
refused "no core is written of it" 3 host.guest-type "arm64 guest" \
	--host sim:arch=arm64 create --kernel "$(kernel $four)" --memory 64M --dump "$work/core"
finish
