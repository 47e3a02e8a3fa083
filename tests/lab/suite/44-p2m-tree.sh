#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The p2m as a tree of each depth: the probe finds it right from inside, the audit and the reader from
# outside, before the guest has run and in its dump; and what Xen's own tools make of such a domain
# then, which for a list they cannot read (doc/xen-tools-p2m.md).
# Time limit: 120
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

if ! command -v probe-tree >/dev/null; then
	echo "1..0 # SKIP the probe guest was not built: configure --with-probe says why"
	exit 0
fi

pages=1280
# tree NAME VARIANT P2M...: a paused domain of so many pages. Its id is in $id.
tree() {
	local name=$1 variant=$2
	shift 2
	probe_cfg "$name" kernel="/tests/bin/$variant" memory=$((pages / 256)) extra=probe.strict
	pvb --json create --paused --no-monitor --audit "$work/$name.cfg" "$@"
	id=$(sed -n 's/^ *"domid": \([0-9]*\).*/\1/p' "$work/out" | head -n 1)
}
audited() { exited 0 && out_has '"passed": true'; }

# read_as LEVELS ANCHOR WHAT...: what reads it finds the tree, and the M2P agrees.
read_as() {
	local levels=$1 anchor=$2
	shift 2
	pvb --json p2m "$@"
	exited 0 && out_has "\"levels\": $levels," && out_has "\"anchor\": \"$anchor\"" && out_has "\"frames\": $pages," &&
		out_has '"agrees": true'
}

# The probe's verdict, and its checks of the tree, none untested.
said() { tr -d '\r' <"$work/out" | sed -n 's/^probe: //p'; }
tree_checks="entries leaves levels list_list max_pfn nodes root tail "
right_inside() {
	[[ $(said | sed -n 's/^ok p2m_tree\.//p' | sort | tr '\n' ' ') == "$tree_checks" && $(said) == *"verdict PASS"* ]] ||
		{ said; return 1; }
}
# Let it run, to its end.
run() {
	pvbuild unpause "$1"
	pvb console "$1"
	ok "$2: from inside, list, tree and M2P are equal for every page" both exited 0 '&&' right_inside
	cp "$work/out" "$output/$1"
	pvbuild destroy "$1"
}

remember
tree three probe-p2m --p2m tree:3
ok "three levels: the audit of the paused domain finds nothing" audited
ok "three levels: so does the reader" read_as 3 p2m_root three
pvb dump three "$work/core"
ok "three levels: and in its dump" both exited 0 '&&' read_as 3 p2m_root "$work/core"
ok "three levels: the older anchor is the same tree" read_as 3 pfn_to_mfn_frame_list_list --anchor pfn_to_mfn_frame_list_list three
try xl dump-core three "$work/xl.core"
ok "three levels: xl dump-core writes a core before the guest runs" both exited 0 '&&' test -s "$work/xl.core"
pvb audit "$work/xl.core" --kernel /tests/bin/probe-p2m
ok "three levels: which has all that was built, says the audit" both exited 0 '&&' out_has "passed:"
try xen-mfndump dump-p2m "$id"
ok "three levels: xen-mfndump has all of it" both exited 0 '&&' test "$(grep -c '==> mfn=' "$work/out")" = $pages
run three "three levels, by --p2m"

tree four probe-tree
ok "four levels, by note: the audit finds nothing" audited
ok "four levels: nor does the reader" read_as 4 p2m_root four
try xl dump-core four "$work/xl.core"
ok "four levels: xl dump-core refuses, and says which anchor" both exited 1 '&&' \
	err_has "Couldn't map p2m_frame_list_list"
try xen-mfndump dump-p2m "$id"
ok "four levels: so does xen-mfndump" both exited 1 '&&' err_has "Couldn't map p2m_frame_list_list"
run four "four levels, by note"

tree five probe --p2m tree:5
ok "five levels: the audit finds nothing" audited
pvb dump five "$work/core"
ok "five levels: nor does the reader of its dump" both exited 0 '&&' read_as 5 p2m_root "$work/core"
run five "five levels"

# 8 MiB from 0 on, and 1 MiB behind a hole of a GiB.
pages=2304
tree hole probe --p2m tree:3 --memory-range 0+8M --memory-range 1G+1M
ok "three levels over a hole: the audit finds nothing" audited
ok "three levels over a hole: nor does the reader" read_as 3 p2m_root hole
run hole "three levels over a hole"

# The note is overruled, which the kernel has to cope with and the strict probe says.
tree list probe-tree --p2m list
ok "--p2m list overrules the note" audited
try xl dump-core list "$work/xl.core"
ok "a list: xl dump-core cannot read what has not run" both exited 1 '&&' err_has "p2m_size < nr_pages"
pvbuild destroy list
ok "domains and free memory are as before" as_before
finish
