# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests of the tool share beside tests/support/cases.sh: the tool, and a folder
# that goes away.

builddir=${PVB_BUILDDIR:?is set by make check}
# shellcheck disable=SC2034 # for those who read this file
srcdir=${PVB_SRCDIR:?is set by make check}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=../support/cases.sh
. "$srcdir/tests/support/cases.sh"

# fontconfig and cairo keep caches of fonts until the process ends. They are not ours to free.
printf 'leak:libfontconfig\nleak:libcairo\n' >"$work/suppressions"
export LSAN_OPTIONS=suppressions=$work/suppressions:print_suppressions=0

has_json=true
"$builddir/pvbuild" version 2>&1 | grep -q 'JSON *no' && has_json=false

# has_codec NAME: this build unpacks such kernels.
has_codec() { "$builddir/pvbuild" version | grep -qE "^ *kernels .*\b$1\b"; }

pvb() { try "$builddir/pvbuild" "$@" </dev/null; }

kernel() { # kind: prints the path of a hand-made kernel
	[[ -f $work/$1 ]] || "$builddir/tests/tool/make-kernel" "$1" "$work/$1"
	echo "$work/$1"
}

# refused NAME STATUS CODE TEXT ARGUMENTS...: exits so, with that code and text on standard
# error, nothing on standard output, and the same code in JSON.
refused() {
	local name=$1 wanted=$2 code=$3 text=$4
	shift 4
	pvb "$@"
	ok "$name" both exited "$wanted" '&&' silent '&&' err_has "[$code, " '&&' err_has "$text"
	if $has_json; then
		pvb --json "$@"
		ok "$name, in JSON" both exited "$wanted" '&&' json type=pvbuild.error \
			version=1 "code=$code" number:number stage:string message:string 'hint:string|null'
	fi
}

json() { "$builddir/tests/tool/check-json" "$@" <"$work/out"; }

# json_ok NAME CHECK...: the last output is JSON of which all checks hold.
json_ok() {
	local name=$1
	shift
	if $has_json; then
		ok "$name" both exited 0 '&&' json "$@"
	else
		skip "$name" "configured without json-c"
	fi
}
