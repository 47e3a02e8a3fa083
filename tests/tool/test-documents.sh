#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is documented is there, and what is there is documented.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

manual=$srcdir/doc/pvbuild.1
completion=$srcdir/tools/pvbuild.bash-completion

"$builddir/pvbuild" help | sed -n '/^Commands:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p' | sort >"$work/commands"
while read -r command; do "$builddir/pvbuild" help "$command"; done <"$work/commands" |
	grep -oE -- '^  (-[A-Za-z],)? *--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort -u >"$work/in-help"
sed -n 's/^\.It .*Fl -\([a-z0-9-]*\).*/--\1/p' "$manual" | sort -u >"$work/in-manual"
sed -n "s/^\tlocal \(global\|image\|guest\|layout\|made\|map\)=//p; s/.*_pvbuild_words \"//p" "$completion" |
	grep -oE -- '--[a-z0-9-]+' | sort -u >"$work/in-completion"
ok "there are options" test "$(wc -l <"$work/in-help")" -ge 15
ok "the manual has the options of --help, and no others" diff "$work/in-help" "$work/in-manual"
ok "so has the completion" diff "$work/in-help" "$work/in-completion"
sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z0-9]*\).*/\1/p' "$manual" | sort >"$work/in-manual"
ok "the manual has the commands" diff "$work/commands" "$work/in-manual"

pvb --host sim:frobnicate plan --kernel "$(kernel small64)" --memory 64M
grep -oE 'known: .*' "$work/err" | sed 's/known: //; s/, /\n/g; s/=[^\n]*//g' | sed 's/=.*//' | sort >"$work/keys"
sed -n '/^\.Sh THE SIMULATED HOST/,/^\.Sh JSON/s/^\.It Cm \([a-z0-9-]*\).*/\1/p' "$manual" | sort >"$work/in-manual"
ok "the manual has the keys of sim" both test -s "$work/keys" '&&' diff "$work/keys" "$work/in-manual"
sed -n "/local keys=/,/'$/p" "$completion" | grep -oE '[a-z0-9-]+=?' | sed 's/=$//' |
	grep -vxE 'local|keys' | sort >"$work/in-completion"
ok "so has the completion" diff "$work/keys" "$work/in-completion"

sed -n 's/^\tX([A-Z0-9_]*, *\([0-9]*\), *"\([^"]*\)", *"\([^"]*\)").*/\2 \1 \3/p' \
	"$srcdir/include/pvbuild/error.h" >"$work/codes"
# shellcheck disable=SC2016 # the backquotes are Markdown's
sed -n 's/^### `\([^`]*\)` (\([0-9]*\))$/\1 \2/p; s/^Means: \(.*\)\.$/ \1/p' "$srcdir/doc/errors.md" |
	sed 'N; s/\n//' >"$work/in-errors"
ok "there are codes" test "$(wc -l <"$work/codes")" -ge 70
ok "errors.md has every code, its number and its meaning" diff "$work/codes" "$work/in-errors"
ok "and says of each what causes it" test "$(grep -c '^Typical cause: ..' "$srcdir/doc/errors.md")" -eq \
	"$(wc -l <"$work/codes")"
ok "and what to do" test "$(grep -c '^What to do: ..' "$srcdir/doc/errors.md")" -eq "$(wc -l <"$work/codes")"

# What security-history.md says that there is: tests by file and name, fuzz targets.
history=$srcdir/doc/security-history.md
# shellcheck disable=SC2016 # the backquotes are Markdown's
sed -n 's/^- `\(tests[^`]*\)`: `\([^`]*\)`.*/\1 \2/p' "$history" >"$work/named"
while read -r file name; do
	grep -qsF "$name" "$srcdir/$file" || echo "$file has no $name"
done <"$work/named" >"$work/missing"
ok "security-history.md names tests" test "$(wc -l <"$work/named")" -ge 30
ok "all of which there are" diff /dev/null "$work/missing"
# shellcheck disable=SC2016
grep -oE '`fuzz [a-z0-9-]+`' "$history" | sed 's/`fuzz \(.*\)`/\1/' | sort -u >"$work/named"
while read -r name; do
	[[ -f $srcdir/tests/fuzz/fuzz-$name.c ]] || echo "there is no fuzz target $name"
done <"$work/named" >"$work/missing"
ok "it names fuzz targets, and all of them there are" both test -s "$work/named" '&&' \
	diff /dev/null "$work/missing"
# shellcheck disable=SC2016
sed -n 's/.*](#\([a-z-]*\)) |$/\1/p' "$history" | sort -u >"$work/linked"
sed -n 's/^## //p' "$history" | tr 'A-Z ' 'a-z-' | sort >"$work/headings"
ok "each advisory of its table has a section, and each section an advisory" \
	diff "$work/linked" "$work/headings"

# The examples of guest-abi.md, compiled.
abi=$srcdir/doc/guest-abi.md
notes_of() { # OBJECT: the bytes of its notes
	objcopy -O binary --only-section=.note.pvbuild --set-section-flags .note.pvbuild=alloc "$1" "$work/bytes" &&
		od -An -v -tx1 "$work/bytes" | tr -d ' \n'
}
if type cc objcopy >/dev/null 2>&1; then
	awk '/^In C:/ { on = 1; next } on && /^[^ ]/ { exit } on' "$abi" >"$work/example.c"
	mapfile -t documented < <(sed -n 's/^    \(08 00 00 00  04 .*\)/\1/p' "$abi" | tr -d ' ')
	for example in 1 2; do
		awk -v wanted="$example" '/^In assembly/ { on = ++n == wanted; next } on && /^[^ ]/ { exit } on' "$abi" >"$work/example.S"
		cc -I"$srcdir/include" -include pvbuild/guest-abi.h -c -o "$work/asm.o" "$work/example.S" || true
		ok "assembly of guest-abi.md makes the bytes that it shows: example $example" \
			test "${documented[example - 1]:-none}" = "$(notes_of "$work/asm.o")"
	done
	cc -Wall -Wextra -Werror -I"$srcdir/include" -c -o "$work/c.o" "$work/example.c" || true
	ok "its C makes a note of two masks" test "$(notes_of "$work/c.o")" = \
		08000000100000000200000070766275696c6400000000000000f001000000000000f000
	awk '/^In C, of a 64-bit kernel:/ { on = 1; next } on && /^    / { code = 1 } code && /^[^ ]/ { exit } code' "$abi" >"$work/tree.c"
	ok "its C that walks a tree compiles" \
		cc -Wall -Wextra -Wno-unused-function -Werror -I"$srcdir/include" -c -o "$work/tree.o" "$work/tree.c"
	{
		printf '#include <stddef.h>\n#include <pvbuild/guest-abi.h>\n'
		# shellcheck disable=SC2016 # the backquotes of Markdown
		sed -n 's/^| \(0xe[0-9a-f]*\) | \([0-9]*\) | `\([a-z_]*\)` |.*/\1 \2 \3/p' "$abi" |
			while read -r at size field; do
				printf '_Static_assert(PVB_GUEST_ABI_OFFSET + offsetof(struct pvb_guest_abi, %s) == %s, "");\n' "$field" "$at"
				printf '_Static_assert(sizeof ((struct pvb_guest_abi *)0)->%s == %s, "");\n' "$field" "$size"
			done
		printf '_Static_assert(sizeof(struct pvb_guest_abi) == 48, "");\n'
		printf 'unsigned read_width(void *shared_info);\nunsigned read_width(void *shared_info)\n{\n\tunsigned width = 0;\n'
		sed -n '/^    const struct pvb_guest_abi/,/width = abi/p' "$abi"
		printf '\treturn width;\n}\n'
	} >"$work/answer.c"
	ok "its table of the answer has all fields" test "$(grep -c offsetof "$work/answer.c")" -eq 11
	ok "where they are, and the example that reads one compiles" \
		cc -Wall -Wextra -Werror -I"$srcdir/include" -c -o "$work/answer.o" "$work/answer.c"
else
	skip "the examples of guest-abi.md" "there is no cc or no objcopy"
fi

if type groff >/dev/null 2>&1; then
	for page in pvbuild.1 libpvbuild.3; do
		groff -ww -mdoc -Tutf8 "$srcdir/doc/$page" >/dev/null 2>"$work/err"
		ok "$page is clean" quiet
	done
else
	skip "the manual pages are clean" "there is no groff"
fi

status=0
"$builddir/tests/tool/manual-example" "$(kernel small64)" >"$work/out" 2>"$work/err" || status=$?
ok "the example of libpvbuild(3) works" both exited 0 '&&' out_has "good"
status=0
"$builddir/tests/tool/manual-example" "$(kernel pvh)" >"$work/out" 2>"$work/err" || status=$?
ok "and tells why it does not" both exited 1 '&&' err_has "PVH-only"
finish
