#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

plan=(--host sim plan --kernel "$(kernel linux64)" --memory 1G)

pvb version
if grep -q 'pictures *no' "$work/out"; then
	refused "a picture is refused by name where there is no cairo" 1 arg.unsupported "cairo" \
		"${plan[@]}" --picture "$work/layout.svg"
	finish
	exit
fi

first_bytes() { head -c "$1" "$2" | od -An -tx1 | tr -d ' \n'; }

pvb "${plan[@]}" --picture "$work/layout.svg"
ok "an SVG is drawn beside the table" both exited 0 '&&' out_has boot_stack '&&' test -s "$work/layout.svg"
if type xmllint >/dev/null 2>&1; then
	ok "it is well-formed" xmllint --noout --nonet "$work/layout.svg"
else
	ok "it is whole" both grep -q '<svg' "$work/layout.svg" '&&' grep -q '^</svg>$' "$work/layout.svg"
fi
pvb "${plan[@]}" --picture "$work/layout.png"
ok "a PNG begins like one" both exited 0 '&&' test "$(first_bytes 8 "$work/layout.png")" = 89504e470d0a1a0a
ok "and ends like one" test "$(tail -c 8 "$work/layout.png" | od -An -tx1 | tr -d ' \n')" = 49454e44ae426082
pvb "${plan[@]}" --picture "$work/layout.PNG"
ok "also in capitals" both exited 0 '&&' cmp "$work/layout.png" "$work/layout.PNG"
pvb --host sim plan --kernel "$(kernel small32)" --memory 64M --picture "$work/small.png"
ok "a 32-bit layout is drawn" both exited 0 '&&' test -s "$work/small.png"
pvb "${plan[@]:0:5}" --memory 16T --picture "$work/huge.svg"
ok "a layout of 16 TiB is drawn" both exited 0 '&&' test -s "$work/huge.svg"

refused "another suffix is refused" 2 arg.usage ".svg or .png" "${plan[@]}" --picture "$work/layout.jpg"
refused "a folder that is not there is an error" 1 arg.file "no-such-folder" \
	"${plan[@]}" --picture "$work/no-such-folder/layout.svg"
status=0
ln -s /dev/full "$work/full.png"
pvb "${plan[@]}" --picture "$work/full.png"
ok "a full disk is an error" both exited 1 '&&' silent '&&' err_has "[arg.file, picture]"
ok "and leaves no picture" test ! -e "$work/full.png"
refused "a plan that fails draws nothing" 1 arg.memory-small "" \
	--host sim plan --kernel "$(kernel linux64)" --memory 1M --picture "$work/none.svg"
ok "so no file is there" test ! -e "$work/none.svg"
finish
