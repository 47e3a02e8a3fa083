#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

# One table has what the library calls its options, and what the tool calls them: the library
# speaks to its users, and the tool to its own.
lib=$srcdir/lib
table=$srcdir/tools/words.c

# The string literals of the library, file by file. The guard is a program with options.
literals() {
	find "$lib" -name '*.c' ! -name 'guard*.c' -print0 |
		xargs -0 grep -hoE '"([^"\\]|\\.)*"' | grep -v '\.h"$'
}
literals >"$work/literals"
fields=$(sed -nE 's/^\t\{"[^"]*(pvb_[a-z0-9_]+\.[a-z0-9_]+)".*/\1/p' "$table" | sort -u)

found_none() { # what was found
	[[ -z $1 ]] || { printf '%s\n' "$1"; false; }
}
ok "there are literals, and words" test "$(wc -l <"$work/literals")" -gt 1000 -a -n "$fields"
ok "no message of the library names an option of the tool" \
	found_none "$(grep -E -- '(^"|[ (])--[a-z]' "$work/literals")"
ok "nor a command of it" \
	found_none "$(grep -E 'pvbuild (inspect|plan|create|list|pause|unpause|destroy|console|wait|dump|audit|p2m|help|version)\b' "$work/literals")"

named() { grep -oE 'pvb_[a-z0-9_]+(\.[a-z0-9_]+|\([^)]*\))' "$work/literals" | sort -u; }
unknown=$(named | while read -r word; do grep -qF -- "$word" "$table" || echo "$word"; done)
ok "whatever it names of its own is in the table" found_none "$unknown"
bare=$(for field in $fields; do
	name=${field#*.}
	[[ $name == *_* ]] || continue
	grep -E "(^|[^._a-z])$name([^_a-z]|$)" "$work/literals" | grep -vxF "\"$name\""
done)
ok "no field of the table stands without its structure" found_none "$bare"
absent=$(for field in $fields; do
	cat "$srcdir"/include/pvbuild/*.h |
		sed -n "/^struct ${field%.*} {/,/^}/p" | grep -qE "\b${field#*.}\b" || echo "$field"
done)
ok "and all of them are there" found_none "$absent"

# What the tool says.
lacks_names() { ! grep -E 'pvb_[a-z0-9_]+(\.|\()' "$work/out" "$work/err"; }
hint() { # NAME TEXT ARGUMENTS...: exit status not 0, with this in the hint and none of the library's names
	local name=$1 text=$2
	shift 2
	pvb "$@"
	ok "$name" both err_has "$text" '&&' lacks_names
	if $has_json; then
		pvb --json "$@"
		ok "$name, in JSON" both out_has "$text" '&&' lacks_names
	fi
}
small=$(kernel small64)
hint "a limit by the option's name" "raise --max-unpacked" inspect --max-unpacked 100 "$small"
hint "an address width" "give --max-address-bits a width" --host sim plan --kernel "$small" \
	--memory 64M --max-address-bits 8
hint "a host" "--host sim:arch=arm64" --host sim plan --kernel "$(kernel arm64-10)" --memory 64M
hint "a p2m that was asked for on the command line" "leave --p2m out" --host sim:arch=arm64 plan \
	--kernel "$(kernel arm64-10)" --memory 64M --p2m tree
if "$builddir/pvbuild" version | grep -q 'xl.cfg *yes'; then
	printf 'kernel = "%s"\nmemory = 64\npvb_p2m = "tree"\n' "$(kernel arm64-10)" >"$work/arm64.cfg"
	hint "a p2m that a file asks for" "leave pvb_p2m out" --host sim:arch=arm64 plan "$work/arm64.cfg"
	hint "an option that goes before the file" "leave --p2m out" --host sim:arch=arm64 plan \
		"$work/arm64.cfg" --p2m tree
fi
finish
