#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

contract=(type=pvbuild.image version=1 file:string container:string codec:string
	'kernel_version:string|null' 'elf.class:number|null' 'elf.machine:string|null' elf.size:number
	elf.overwritten:number elf.segments:array 'elf.segments[*].paddr:hex' 'elf.segments[*].vaddr:hex'
	'elf.segments[*].filesz:number' 'elf.segments[*].memsz:number' 'elf.segments[*].flags:string'
	notes:array pv.supported:bool 'pv.reason:string|null' 'pv.guest_type:string|null'
	'pv.virt_base:hex|null' 'pv.entry:hex|null' 'pv.kernel_start:hex|null' 'pv.kernel_end:hex|null'
	'pv.init_p2m:hex|null' pv.mod_start_pfn:bool 'pv.hypercall_page:hex|null' pvh.supported:bool
	'pvh.entry:hex|null' 'declares.address_bits:object|null' 'declares.pte_bits:object|null'
	'declares.p2m_tree:object|null' declares.granules:array)
notes=('notes[*].owner:string' 'notes[*].type:number|null' 'notes[*].name:string|null'
	'notes[*].origin:string' 'notes[*].value:string')

pvb inspect "$(kernel linux64)"
ok "a PV kernel is shown" both exited 0 '&&' quiet '&&' out_has "yes: xen-3.0-x86_64" '&&' \
	out_has VIRT_BASE '&&' out_has "least memory"
for kind in small64 small32 linux64 linux32; do
	pvb --json inspect "$(kernel $kind)"
	json_ok "$kind: the contract's keys are there" "${contract[@]}" "${notes[@]}" pv.supported=true \
		declares.address_bits.bits:number declares.address_bits.source=default container=elf codec=none
done
pvb --json inspect "$(kernel linux64)"
json_ok "a 64-bit kernel can take 46 bits" declares.address_bits.bits=46 pv.guest_type=xen-3.0-x86_64 \
	elf.class=64 elf.machine=x86-64 pv.init_p2m:hex pv.mod_start_pfn=true pv.minimum_memory:number
pvb --json inspect "$(kernel linux32)"
json_ok "a 32-bit kernel can take 37 bits" declares.address_bits.bits=37 \
	pv.guest_type=xen-3.0-x86_32p elf.class=32 elf.machine=i386

pvb --json inspect "$(kernel overlapping)"
json_ok "what segments overwrite is counted" elf.overwritten=512 pv.supported=true
pvb inspect "$(kernel overlapping)"
ok "overlapping segments are remarked on" both exited 0 '&&' out_has "segments overlap: 512"

pvb inspect "$(kernel pvh)"
ok "a PVH-only kernel is no error" both exited 0 '&&' out_has "PVH-only" '&&' out_has "[pv.pvh-only]"
pvb --json inspect "$(kernel pvh)"
json_ok "and says in JSON why it is no PV kernel" "${contract[@]}" pv.supported=false \
	pv.reason:string pv.refusal=pv.pvh-only pv.entry:null pvh.supported=true pvh.entry=0x100000 \
	declares.address_bits:null

pvb inspect "$(kernel cut-note)"
ok "another owner's note that is cut off is remarked on" both exited 0 '&&' quiet '&&' \
	out_has "yes: xen-3.0-x86_64" '&&' \
	out_has "cut off: a value of 5000 bytes, of which 8 are left; nothing behind it is read"
pvb --json inspect "$(kernel cut-note)"
json_ok "in JSON, too" "${contract[@]}" "${notes[@]}" pv.supported=true 'notes[3].owner=GNU' \
	"notes[3].meaning=cut off: a value of 5000 bytes, of which 8 are left; nothing behind it is read"
pvb inspect "$(kernel padded-notes)"
ok "notes behind padding are shown, and the refusal names the alignment" both exited 0 '&&' \
	out_has "padding to an alignment of 8 bytes" '&&' out_has "hides 3 Xen notes" '&&' \
	out_has "align all notes to 4 bytes" '&&' out_has "without effect: behind padding to 8 bytes"
pvb --json inspect "$(kernel padded-notes)"
json_ok "in JSON, too" "${contract[@]}" "${notes[@]}" pv.supported=false pv.refusal=pv.no-notes \
	'notes[1].name=GUEST_OS' 'notes[1].used=false' 'notes[1].meaning:string'

pvb inspect "$(kernel declaring)"
ok "what a kernel declares is shown" both exited 0 '&&' quiet '&&' \
	out_has "machine addresses of 40 bits (note)" '&&' out_has "wants protection keys" '&&' \
	out_has "wants a p2m tree of 4 levels or more" '&&' \
	out_has "hypervisor's pages of 4 KiB" '&&' out_has "hypervisor's pages of 64 KiB" '&&' \
	out_has MAXPHYS_SIZE '&&' out_has PTE_BITS '&&' out_has "bits that are not software's" '&&' \
	out_has "not known to this pvbuild, and ignored"
pvb --json inspect "$(kernel declaring)"
json_ok "and is in the JSON, with who says so" "${contract[@]}" "${notes[@]}" \
	declares.guest_abi=true declares.address_bits.bits=40 declares.address_bits.source=note \
	declares.address_bits.resolved.bits=40 declares.address_bits.resolved.source=note \
	declares.pte_bits.unused_l1=0x1f0000000000200 declares.pte_bits.unused_upper=0xf0000000000000 \
	declares.pte_bits.keys=true 'declares.granules[0]=4096' 'declares.granules[1]=65536' \
	declares.p2m_tree.levels=4
pvb --json inspect "$(kernel linux64)"
json_ok "a kernel that asks for no tree has none in the JSON" declares.p2m_tree:null
pvb inspect "$(kernel linux64)"
ok "a kernel that declares nothing is said to" both exited 0 '&&' out_has "declares" '&&' out_has nothing
refused "a width that no page table has" 1 note.absurd "60 bits" inspect "$(kernel absurd)"
refused "a number 19 that is neither" 1 note.value "neither a width" inspect "$(kernel neither)"

pvb inspect "$(kernel hostile)"
ok "control characters of a kernel do not reach the terminal" \
	both exited 0 '&&' bash -c "! LC_ALL=C grep -q '[[:cntrl:]]' <(tr -d '\n' <'$work/out')"
pvb --json inspect "$(kernel hostile)"
json_ok "and JSON stays UTF-8" type=pvbuild.image

refused "a missing file is named" 1 arg.file "no-such-file" inspect "$work/no-such-file"
: >"$work/empty"
refused "an empty file is refused" 1 image.empty "empty" inspect "$work/empty"
refused "a truncated kernel is refused" 1 elf.table "section headers" inspect "$(kernel truncated)"
head -c 4096 /dev/zero | tr '\0' x >"$work/text"
refused "what is no kernel is refused with what was tried" 1 image.no-loader "tried ELF" \
	inspect "$work/text"
gzip -c "$(kernel small64)" >"$work/small.gz"
pvb --json inspect "$work/small.gz"
json_ok "a compressed kernel is unpacked" codec=gzip container=elf pv.supported=true
refused "--max-unpacked is a limit" 1 image.too-large "" inspect --max-unpacked 4K "$work/small.gz"

if [[ -n ${PVB_KERNELS:-} && -r $PVB_KERNELS/vmlinuz-6.1 ]]; then
	pvb --json inspect "$PVB_KERNELS/vmlinuz-6.1"
	json_ok "a distribution's kernel" "${contract[@]}" "${notes[@]}" container=bzImage codec=xz \
		kernel_version:string pv.supported=true pvh.supported=true
	refused "--max-decoder-memory is a limit" 1 codec.memory "" \
		inspect --max-decoder-memory 1M "$PVB_KERNELS/vmlinuz-6.1"
	refused "--refuse-wx refuses its discarded part" 1 elf.segment-wx "" \
		inspect --refuse-wx "$PVB_KERNELS/vmlinuz-6.1"
else
	skip "a distribution's kernel" "PVB_KERNELS has no vmlinuz-6.1"
fi
if [[ -n ${PVB_KERNELS:-} && -r $PVB_KERNELS/vmlinuz-6.12 ]] && has_codec zstd; then
	pvb --json inspect "$PVB_KERNELS/vmlinuz-6.12"
	json_ok "a Linux that copes with 52 bits, by its version" "${contract[@]}" "${notes[@]}" \
		declares.address_bits.bits=52 declares.address_bits.source=kernel-version \
		declares.address_bits.resolved.bits=47 declares.address_bits.resolved.source=abi \
		declares.guest_abi=false declares.pte_bits:null
	pvb inspect "$PVB_KERNELS/vmlinuz-6.12"
	ok "whose number 19 is no width" both exited 0 '&&' \
		out_has "52 bits (kernel-version)" '&&' out_has PHYS32_RELOC '&&' out_has "for PVH" \
		'&&' bash -c "! grep -q MAXPHYS '$work/out'"
else
	skip "a Linux that copes with 52 bits, by its version" "PVB_KERNELS has no vmlinuz-6.12, or this build has no zstd"
fi
# What is printed is in proportion to the file.
lacks() { ! grep -qF -- "$1" "$work/out"; }
prints_at_most() { # bytes
	[[ $(wc -c <"$work/out") -le $1 ]] || { echo "$(wc -c <"$work/out") bytes were printed"; false; }
}
pvb inspect "$(kernel notes-1-100000)"
ok "a note of 100000 bytes is cut, and said to be" both exited 0 '&&' out_has "... (100000 bytes)" \
	'&&' prints_at_most 3000
pvb --json inspect "$(kernel notes-1-100000)"
json_ok "also in JSON" 'notes[*].cut:bool' 'notes[0].cut=false' 'notes[0].size:number'
if $has_json; then
	ok "where it says how many there are" both out_has '"size": 100000' '&&' \
		out_has '"cut": true' '&&' prints_at_most 20000
	pvb --json inspect "$(kernel notes-1-4096)"
	ok "4096 bytes are not cut" both exited 0 '&&' out_has '"size": 4096' '&&' \
		lacks '"cut": true'
	pvb --json inspect "$(kernel notes-40000-0)"
	ok "40000 notes of nothing are 40000 small objects" both exited 0 '&&' prints_at_most 10000000
	json_ok "of which none is lost" 'notes[39999].owner=x'
	status=0
	"$builddir/pvbuild" --json inspect "$(kernel notes-40000-0)" >/dev/full 2>"$work/err" || status=$?
	: >"$work/out"
	ok "what cannot be written whole is an error" both exited 1 '&&' err_has "[arg.file, output]"
fi
pvb inspect "$(kernel notes-40000-0)"
ok "and 40000 lines" both exited 0 '&&' prints_at_most 3000000
pvb inspect "$(kernel long-key)"
ok "one long key does not make every line as long" both exited 0 '&&' prints_at_most 1000000

finish
