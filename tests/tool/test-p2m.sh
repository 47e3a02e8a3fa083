#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The p2m of cores: of every form, converted, drawn, and broken in one way each.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

contract=(type=pvbuild.p2m version=1 'domid:number|null' 'name:string|null' 'file:string|null' form:string
	levels:number anchor:string root:hex 'va:hex|null' pfns:number entry_size:number page_size=4096
	shared_info.guest_bits:number shared_info.max_pfn:hex shared_info.pfn_to_mfn_frame_list_list:hex
	shared_info.p2m_cr3:hex shared_info.p2m_vaddr:hex shared_info.p2m_generation:number
	'shared_info.p2m_levels:number|null' 'shared_info.p2m_root:hex|null' pages.tables:number
	pages.leaves:number pages.shared:number pages.missing:number frames:number holes:number
	foreign:number identity:number wild:number restarts:number total_extents:number
	'extents[*].pfn:hex' 'extents[*].mfn:hex' 'extents[*].count:number' m2p.agrees:bool
	m2p.total_disagreements:number m2p.disagreements:array owners:null 'written:object|null')

create() { # core kind options...
	pvb --host sim create --kernel "$(kernel "$2")" --memory 64M --dump "$work/$1.core" "${@:3}"
	ok "$1: there is a core" both exited 0 '&&' test -s "$work/$1.core"
}

# fact LABEL PATTERN: what the pattern (with one group) finds in the last output.
fact() { sed -nE "s/^ *$1 .*$2.*/\1/p" "$work/out" | head -n 1; }

# ---- bytes of cores ----

# section FILE NAME: where a section of a core begins.
section() { readelf -SW "$1" | sed -nE "s/.* \.$2 +[A-Z]+ +[0-9a-f]+ +0*([0-9a-f]+) .*/0x\1/p"; }

# put FILE OFFSET VALUE BYTES: a little-endian number.
put() {
	local i text=
	for ((i = 0; i < $4; i++)); do
		text+=$(printf '\\x%02x' $((($3 >> (8 * i)) & 255)))
	done
	# shellcheck disable=SC2059 # it is made of escapes
	printf "$text" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}

# broken NAME CORE: a copy, as $core, in which at, max_pfn and so on are offsets.
broken() {
	core=$work/$1.core
	cp --sparse=always "$2" "$core"
	info=$(section "$core" xen_shared_info)
	pages=$(section "$core" xen_pages)
	if [[ $bytes -eq 8 ]]; then arch=3088; else arch=2316; fi
	max_pfn=$((info + arch)) fll=$((info + arch + bytes)) cr3=$((info + arch + 3 * bytes))
	# shellcheck disable=SC2034 # fields are named to mutate()
	levels=$((info + 0xe20)) root=$((info + 0xe28))
	vaddr=$((cr3 + bytes)) generation=$((cr3 + 2 * bytes))
}

# ---- the list of a domain that has not run ----

for kind in small64 small32 linux64 linux32; do
	create $kind $kind
	pvb p2m "$work/$kind.core"
	ok "$kind: the list is shown" both exited 0 '&&' quiet '&&' out_has "list at 0x" '&&' out_has "by mfn_list" \
		'&&' out_has "16384 PFNs (64 MiB)" '&&' out_has "agrees on every frame"
	pvb --json p2m "$work/$kind.core"
	json_ok "$kind: the contract's keys are there" "${contract[@]}" form=list levels=0 anchor=mfn_list pfns=16384 \
		frames=16384 holes=0 m2p.agrees=true "file=$work/$kind.core"
	pvb p2m "$work/$kind.core" --convert list --output "$work/$kind.list"
	bytes=8
	[[ $kind != *32 ]] || bytes=4
	ok "$kind: and written into a file" both exited 0 '&&' \
		test "$(stat -c %s "$work/$kind.list")" -eq $((16384 * bytes))
done

# Every tree of every depth leads back to the list.
for kind in small64 small32; do
	for levels in 2 3 4 5; do
		pvb p2m "$work/$kind.core" --convert tree:$levels --output "$work/tree"
		ok "$kind: a tree of $levels levels is written" both exited 0 '&&' out_has "tree of $levels levels"
		pvb p2m "$work/tree" --convert list --output "$work/back"
		ok "$kind: and read back, it is the same list" both exited 0 '&&' out_has "by p2m_root" '&&' \
			cmp "$work/back" "$work/$kind.list"
	done
	pvb p2m "$work/tree" --convert tree:3 --output "$work/three"
	pvb p2m "$work/three" --anchor pfn_to_mfn_frame_list_list --convert list --output "$work/back"
	ok "$kind: one of three levels is found by the older anchor, too" both exited 0 '&&' \
		cmp "$work/back" "$work/$kind.list"
	pvb p2m "$work/tree" --anchor pfn_to_mfn_frame_list_list
	ok "$kind: one of five is not" both exited 1 '&&' err_has "[p2m.anchor, "
done
pvb --json p2m "$work/small64.core" --convert tree --output "$work/tree"
json_ok "what was written is told" written.form=tree written.levels=2 written.root=0x1 written.pages=34 \
	written.parts.nodes.first=0x1 written.parts.nodes.count=1 written.parts.shared.count=0 \
	written.parts.leaves.first=0x2 written.parts.leaves.count=32 "written.file=$work/tree"
pvb --json p2m "$work/small32.core" --convert tree --output "$work/tree"
json_ok "of a 32-bit guest, too" written.levels=2 written.parts.leaves.count=16 entry_size=4
pvb --json p2m "$work/tree"
json_ok "nobody can ask the M2P of a file" m2p:null form=tree levels=2 domid:null
pvb p2m "$work/tree"
ok "and it is said" both exited 0 '&&' out_has "not there to be asked"

refused "too few levels are refused" 1 arg.p2m "needs 2 levels" \
	p2m "$work/small64.core" --convert tree:1 --output "$work/none"
ok "and nothing is written" test ! -e "$work/none"
echo old >"$work/old"
refused "where something was before" 1 arg.p2m "" p2m "$work/small64.core" --convert tree:1 --output "$work/old"
ok "that stays" test "$(cat "$work/old")" = old
refused "nothing replaces what is no file" 1 arg.file "no regular file" \
	p2m "$work/small64.core" --convert list --output /dev/null
refused "a folder has to be there" 1 arg.file "no-such-folder" \
	p2m "$work/small64.core" --convert list --output "$work/no-such-folder/list"
status=0
(trap '' XFSZ && ulimit -f 64 && exec "$builddir/pvbuild" p2m "$work/small64.core" --convert list \
	--output "$work/full") >"$work/out" 2>"$work/err" || status=$?
ok "a full disk is an error" both exited 1 '&&' silent '&&' err_has "[arg.file, convert]"
ok "and leaves nothing" test -z "$(find "$work" -name 'full*')"
pvb p2m "$work/small64.core" --convert tree:5 --output "$work/long"
put "$work/long" 3088 $((1 << 45)) 8
pvb --json p2m "$work/long"
json_ok "a guest may say that its p2m is as long as any can be" pfns=35184372088832 frames=16384
status=0
(trap '' XFSZ && ulimit -f 64 && exec "$builddir/pvbuild" p2m "$work/long" --convert list \
	--output "$work/full") >"$work/out" 2>"$work/err" || status=$?
ok "a list of that is refused before it fills the disk" both exited 1 '&&' silent '&&' \
	err_has "would have 281474976710656 bytes, and there is room for"
ok "and nothing is left of it" test -z "$(find "$work" -name 'full*')"
pvb p2m "$work/long" --convert tree --output "$work/back"
ok "a tree of it is small" both exited 0 '&&' test "$(stat -c %s "$work/back")" -lt 1048576

# ---- the command line ----

refused "--convert needs --output" 2 arg.usage "given together" p2m "$work/small64.core" --convert list
refused "and the other way round" 2 arg.usage "given together" p2m "$work/small64.core" --output "$work/x"
for form in heap tree: tree:0 tree:x lists; do
	refused "there is no form \"$form\"" 2 arg.usage "--convert takes" \
		p2m "$work/small64.core" --convert "$form" --output "$work/x"
done
for levels in 6 64 4294967295; do
	refused "there are no trees of $levels levels" 1 arg.p2m "1 to 5" \
		p2m "$work/small64.core" --convert tree:$levels --output "$work/none"
done
refused "--pfn goes with no conversion" 2 arg.usage "--pfn" \
	p2m "$work/small64.core" --pfn 1 --convert list --output "$work/x"
refused "nor with a picture" 2 arg.usage "--pfn" p2m "$work/small64.core" --pfn 1 --picture "$work/x.svg"
refused "nor with --all" 2 arg.usage "--pfn" p2m "$work/small64.core" --pfn 1 --all
for pfn in "" x 0x -1 0x1g 18446744073709551616 0x10000000000000000; do
	refused "\"$pfn\" is no PFN" 2 arg.usage "--pfn" p2m "$work/small64.core" --pfn "$pfn"
done
refused "an anchor that there is not" 2 arg.usage "--anchor takes" p2m "$work/small64.core" --anchor root
refused "no domain lives on sim" 3 host.no-domain "only as long as the process" --host sim p2m 3
refused "what is no core" 1 core.format "" p2m "$(kernel small64)"
refused "a file that is not there" 1 arg.file "no-such-core" p2m "$work/no-such-core"

# ---- one PFN ----

pvb p2m "$work/small64.core" --pfn 0x10
ok "a PFN is looked up through four page tables and a leaf" both exited 0 '&&' \
	test "$(grep -cE '^(page table|entries) ' "$work/out")" -eq 5 '&&' out_has "PFN              0x10 is MFN 0x" \
	'&&' out_has "M2P              agrees"
mfn=$(fact PFN 'is MFN (0x[0-9a-f]+)')
ok "and is what the list has" test "$((mfn))" -eq "$(od -An -tu8 -j $((16 * 8)) -N 8 "$work/small64.list" | tr -d ' ')"
pvb p2m "$work/small32.core" --pfn 16
ok "a 32-bit guest's through three" both exited 0 '&&' \
	test "$(grep -cE '^(page table|entries) ' "$work/out")" -eq 4
pvb --json p2m "$work/small64.core" --pfn 16
json_ok "the same in JSON" type=pvbuild.p2m-entry version=1 "file=$work/small64.core" form=list levels=0 anchor=mfn_list \
	root:hex va:hex pfns=16384 entry_size=8 shared_info.max_pfn:hex pfn=0x10 kind=frame "mfn=$mfn" \
	'steps[0].kind=page_table' 'steps[0].level=4' 'steps[4].kind=leaf' 'steps[4].index=16' \
	"steps[4].entry=$mfn" 'steps[*].mfn:hex' m2p.agrees=true m2p.pfn=0x10
pvb p2m "$work/small64.core" --convert tree:4 --output "$work/tree"
pvb --json p2m "$work/tree" --pfn 16
json_ok "through a tree" form=tree levels=4 'steps[0].kind=node' 'steps[0].level=4' 'steps[0].mfn=0x1' \
	'steps[3].kind=leaf' 'steps[3].level=1' "mfn=$mfn" m2p:null va:null
refused "behind the last there is none" 1 arg.invalid "those below 0x4000" p2m "$work/small64.core" --pfn 16384

# ---- pictures ----

pvb version
if grep -q 'pictures *no' "$work/out"; then
	refused "a picture is refused by name where there is no cairo" 1 arg.unsupported "cairo" \
		p2m "$work/tree" --picture "$work/tree.svg"
else
	for file in small64.core small32.core tree; do
		pvb p2m "$work/$file" --picture "$work/$file.svg"
		ok "$file is drawn" both exited 0 '&&' out_has "PFNs" '&&' grep -q '^</svg>$' "$work/$file.svg"
	done
	pvb p2m "$work/tree" --picture "$work/tree.png"
	ok "as PNG, too" test "$(head -c 8 "$work/tree.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a
	refused "another suffix is refused" 2 arg.usage ".svg or .png" p2m "$work/tree" --picture "$work/tree.gif"
fi

# ---- anchors, as a kernel would publish them ----

if ! type readelf >/dev/null 2>&1; then
	skip "cores are changed" "there is no readelf"
	finish
	exit
fi
for kind in small64 small32; do
	bytes=8
	[[ $kind != *32 ]] || bytes=4
	pvb p2m "$work/$kind.core"
	list=$(fact p2m 'list at (0x[0-9a-f]+)')
	table=$(fact 'page tables' 'MFN (0x[0-9a-f]+)')
	broken $kind-cr3 "$work/$kind.core"
	put "$core" $max_pfn 16384 $bytes
	put "$core" $cr3 $(((table << 12 | table >> 20) & ~(bytes == 8 ? 4095 : 0))) $bytes
	put "$core" $vaddr "$list" $bytes
	put "$core" $generation 6 $bytes
	pvb p2m "$core"
	ok "$kind: a list that was published is found by p2m_cr3" both exited 0 '&&' out_has "by p2m_cr3" '&&' \
		out_has "agrees on every frame" '&&' out_has "generation     6"
	pvb p2m "$core" --convert list --output "$work/back"
	ok "$kind: and is the same" cmp "$work/back" "$work/$kind.list"
	for anchor in p2m_root pfn_to_mfn_frame_list_list; do
		refused "$kind: $anchor is not published" 1 p2m.none "is 0" p2m "$core" --anchor $anchor
	done
	put "$core" $generation 7 $bytes
	refused "$kind: a change that was begun and not ended" 1 p2m.stuck "odd" p2m "$core"
	put "$core" $generation 8 $bytes
	put "$core" $max_pfn 0 $bytes
	refused "$kind: a list of nothing" 1 p2m.shape "max_pfn" p2m "$core"
	put "$core" $max_pfn 16384 $bytes
	put "$core" $vaddr $((list + 4)) $bytes
	refused "$kind: a list that begins in the middle of a page" 1 p2m.anchor "begins with a page" p2m "$core"
	put "$core" $vaddr 0x400000 $bytes
	refused "$kind: a list that nothing maps" 1 p2m.unmapped "not present" p2m "$core"
	put "$core" $vaddr "$list" $bytes
	put "$core" $cr3 $((bytes == 8 ? 0x7ffffff000 : 0xfffffff0)) $bytes
	refused "$kind: a root table that is no frame" 1 p2m.anchor "p2m_cr3" p2m "$core"
	put "$core" $cr3 -1 $bytes
	refused "$kind: all ones are no root table" 1 p2m.anchor "all ones" p2m "$core"
	put "$core" $cr3 0 $bytes
	put "$core" $fll -1 $bytes
	refused "$kind: all ones refer to another anchor" 1 p2m.anchor "all ones" \
		p2m "$core" --anchor pfn_to_mfn_frame_list_list
	pvb p2m "$core"
	ok "$kind: what leads nowhere is passed by, before a domain has run" both exited 0 '&&' out_has "by mfn_list"
done

# ---- trees that were built, whole and broken ----

for kind in small64 small32; do
	bytes=8
	[[ $kind != *32 ]] || bytes=4
	for tree in 2 3 4 5; do
		create $kind-$tree $kind --p2m tree:$tree
		pvb --json p2m "$work/$kind-$tree.core"
		json_ok "$kind: a tree of $tree levels is there before the domain runs" "${contract[@]}" form=tree \
			levels=$tree anchor=p2m_root frames=16384 shared_info.p2m_levels=$tree m2p.agrees=true
		pvb p2m "$work/$kind-$tree.core" --convert list --output "$work/tree.list"
		ok "$kind: it is told" both exited 0 '&&' out_has "tree of $tree levels, by p2m_root"
		pvb p2m "$work/$kind-$tree.core" --anchor mfn_list --convert list --output "$work/list"
		ok "$kind: and says what the list says" both exited 0 '&&' cmp "$work/tree.list" "$work/list"
		pvb p2m "$work/$kind-$tree.core" --pfn 0x1234
		ok "$kind: a PFN is found by $tree pages" both exited 0 '&&' \
			test "$(grep -cE '^(tree|entries) ' "$work/out")" -eq $tree
	done
	pvb p2m "$work/$kind-3.core" --anchor pfn_to_mfn_frame_list_list
	ok "$kind: three levels are found as ever" both exited 0 '&&' out_has "by pfn_to_mfn_frame_list_list"
	pvb p2m "$work/$kind-4.core" --anchor pfn_to_mfn_frame_list_list
	ok "$kind: four are not, by name" both exited 1 '&&' err_has "[p2m.anchor, " '&&' err_has "all ones"

	# In a core without holes, page N of .xen_pages is PFN N.
	good=$work/$kind-3.core
	pvb p2m "$good" --pfn 0
	root_mfn=$(fact tree ' 3 +(0x[0-9a-f]+)')
	middle_mfn=$(fact tree ' 2 +(0x[0-9a-f]+)')
	leaf_mfn=$(fact entries ' 1 +(0x[0-9a-f]+)')
	pfn_of() { # MFN: by the list of a domain whose memory is one extent
		local first
		first=$(od -An -tu$bytes -N $bytes "$work/tree.list" | tr -d ' ')
		echo $(($1 - first))
	}
	pvb p2m "$good" --convert list --output "$work/tree.list"
	ok "$kind: the test knows where its pages are" test "$(grep -c '' <(sed -n '/^ *PFN/,$p' "$work/out"))" -eq 2

	mutate() { # NAME CODE TEXT FIELD VALUE BYTES: of shared info
		broken mutant "$good"
		put "$core" "${!4}" "$5" "$6"
		refused "$kind: $1" 1 "$2" "$3" p2m "$core"
	}
	mutate "a tree of six levels" p2m.shape "6" levels 6 4
	mutate "a tree that is not deep enough" p2m.shape "needs 2 levels; this tree has 1" levels 1 4
	mutate "a root that was never filled in" p2m.anchor "p2m_root is 0" root 0 8
	mutate "a root that is deliberately none" p2m.anchor "all ones" root -1 8
	mutate "a root that is no frame" p2m.anchor "no" root 0x123456789a 8
	mutate "a tree of more than it was told" p2m.shape "max_pfn" max_pfn 0 $bytes

	entry() { # NAME CODE TEXT TABLE-MFN INDEX VALUE
		broken mutant "$good"
		put "$core" $((pages + $(pfn_of "$4") * 4096 + $5 * bytes)) "$6" $bytes
		refused "$kind: $1" 1 "$2" "$3" p2m "$core"
	}
	entry "an entry of the root that was never filled in" p2m.zero "level 3" "$root_mfn" 0 0
	entry "one of the level below" p2m.zero "level 2" "$middle_mfn" 1 0
	entry "an entry that is no frame" p2m.range "level 2" "$middle_mfn" 1 0x30000000
	entry "a page above itself" p2m.cycle "" "$middle_mfn" 1 "$middle_mfn"
	entry "the root below itself" p2m.cycle "" "$root_mfn" 0 "$root_mfn"
	entry "one page of entries in two places" p2m.shared "" "$middle_mfn" 1 "$leaf_mfn"

	broken mutant "$good"
	put "$core" $((pages + $(pfn_of "$root_mfn") * 4096)) -1 $bytes
	pvb --json p2m "$core"
	json_ok "$kind: a subtree may be missing" frames=0 holes=16384 total_extents=0 m2p.agrees=true
	pvb p2m "$core" --convert tree:3 --output "$work/empty"
	ok "$kind: nothing at all is written as a tree" exited 0
	pvb --json p2m "$work/empty"
	json_ok "$kind: and is one" frames=0 holes=16384 pages.tables:number
	if [[ -e $work/small64.core.svg ]]; then
		pvb p2m "$core" --picture "$work/empty.svg"
		ok "$kind: and can be drawn" exited 0
	fi

	# One entry of a leaf: the M2P knows better.
	leaf=$((pages + $(pfn_of "$leaf_mfn") * 4096))
	broken mutant "$good"
	put "$core" $((leaf + 7 * bytes)) "$root_mfn" $bytes
	pvb p2m "$core"
	ok "$kind: two PFNs of one frame are a finding" both exited 4 '&&' out_has "DISAGREES on 1 PFN" '&&' \
		out_has "of which the M2P says"
	pvb --json p2m "$core"
	$has_json && ok "$kind: in JSON, too" both exited 4 '&&' json m2p.agrees=false m2p.total_disagreements=1 \
		'm2p.disagreements[0].pfn=0x7' "m2p.disagreements[0].mfn=$root_mfn" 'm2p.disagreements[0].count=1'
	pvb p2m "$core" --all
	ok "$kind: asked for all, it is that one" both exited 4 '&&' out_has "DISAGREES on 1 PFN"
	pvb p2m "$core" --pfn 7
	ok "$kind: looked up, it is one" both exited 4 '&&' out_has "DISAGREES: that frame is PFN 0x"
	pvb p2m "$core" --pfn 8
	ok "$kind: its neighbour is none" exited 0
	put "$core" $((leaf + 7 * bytes)) $((bytes == 8 ? 1 << 63 | 5 : 1 << 31 | 5)) $bytes
	pvb --json p2m "$core"
	json_ok "$kind: Linux's mark of foreign pages is known" foreign=1 holes=0 frames=16383 m2p.agrees=true
	put "$core" $((leaf + 8 * bytes)) $((bytes == 8 ? 1 << 62 | 8 : 1 << 30 | 8)) $bytes
	pvb --json p2m "$core"
	json_ok "$kind: and that of identities" identity=1 foreign=1
	pvb p2m "$core" --pfn 8
	ok "$kind: which is said of one" both exited 0 '&&' out_has "Linux's mark"
	put "$core" $((leaf + 9 * bytes)) -1 $bytes
	pvb --json p2m "$core"
	json_ok "$kind: a hole is a hole" holes=1
	pvb p2m "$core" --pfn 9
	ok "$kind: looked up, too" both exited 0 '&&' out_has "has no frame: its entry is all ones"
	pvb p2m "$core" --convert list --output "$work/marks"
	ok "$kind: marks and holes are all ones in a conversion" test \
		"$(od -An -v -tx1 -j $((7 * bytes)) -N $((3 * bytes)) "$work/marks" | tr -d ' \nf')" = ""
	put "$core" $((leaf + 9 * bytes)) $((bytes == 8 ? 1 << 45 : 0x3ffffff0)) $bytes
	pvb --json p2m "$core"
	$has_json && ok "$kind: an entry that no frame can be is a finding" both exited 4 '&&' json wild=1
done

# ---- memory with a hole ----

for form in list tree:3; do
	pvb --host sim create --kernel "$(kernel linux64)" --memory-range 0+64M --memory-range 4G+8M --p2m $form \
		--dump "$work/holes.core"
	pvb --json p2m "$work/holes.core"
	json_ok "$form: a hole is told" pfns=1050624 frames=18432 holes=1032192 total_extents=2 \
		'extents[1].pfn=0x100000' 'extents[1].count=2048' m2p.agrees=true
	pvb p2m "$work/holes.core" --pfn 0x80000
	ok "$form: looked up, it is one" both exited 0 '&&' out_has "0x80000 has no frame"
	pvb p2m "$work/holes.core" --convert tree:4 --output "$work/holes.tree"
	ok "$form: it is written as a tree, too" both exited 0 '&&' out_has "tree of 4 levels, 44 pages"
	pvb --json p2m "$work/holes.core" --convert tree:4 --output "$work/holes.tree"
	json_ok "$form: in a file, what is missing takes a page for each level" written.pages=44 \
		written.parts.nodes.count=4 written.parts.shared.count=3 written.parts.leaves.count=36
	pvb --json p2m "$work/holes.tree"
	json_ok "$form: and is read back so" pfns=1050624 frames=18432 holes=1032192 pages.leaves=2052 \
		pages.missing=0 total_extents=2
	pvb p2m "$work/holes.core" --convert list --output "$work/holes.list"
	pvb p2m "$work/holes.tree" --convert list --output "$work/back"
	ok "$form: which is the same list" both exited 0 '&&' cmp "$work/holes.list" "$work/back"
done
head -c 40960 "$work/holes.tree" >"$work/short.tree"
refused "half a file" 1 p2m.range "" p2m "$work/short.tree"
cp "$work/holes.tree" "$work/zero.tree"
bytes=8
put "$work/zero.tree" 8192 0 8
refused "a file with an entry of 0" 1 p2m.zero "level 3" p2m "$work/zero.tree"

# Many pieces: few are listed, and all when asked.
pvb --host sim:scramble create --kernel "$(kernel small64)" --memory 64M --dump "$work/scattered.core"
pvb p2m "$work/scattered.core"
many=$(fact frames 'in ([0-9]+) extents')
ok "scattered memory has many extents" both exited 0 '&&' test "$many" -gt 16
ok "of which 16 are listed" both out_has "... and $((many - 16)) more" '&&' \
	test "$(sed -n '/^ *PFN/,$p' "$work/out" | grep -c ' 0x')" -eq 16
pvb p2m "$work/scattered.core" --all
ok "or all" test "$(sed -n '/^ *PFN/,$p' "$work/out" | grep -c ' 0x')" -eq "$many"
pvb --json p2m "$work/scattered.core"
json_ok "also as JSON" "total_extents=$many" 'extents[15].pfn:hex'
pvb --json p2m "$work/scattered.core" --all
json_ok "all of which are there" "extents[$((many - 1))].pfn:hex"
finish
