# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests of the tool share: TAP, the tool, and a folder that goes away.

builddir=${PVB_BUILDDIR:?is set by make check}
# shellcheck disable=SC2034 # for those who read this file
srcdir=${PVB_SRCDIR:?is set by make check}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0

has_json=true
"$builddir/pvbuild" version 2>&1 | grep -q 'JSON *no' && has_json=false

# Runs pvbuild; leaves $status, $work/out and $work/err.
pvb() {
	status=0
	"$builddir/pvbuild" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# Before the first pvb, and where something else is run.
forget() {
	status=0
	: >"$work/out"
	: >"$work/err"
}
forget

kernel() { # kind: prints the path of a hand-made kernel
	[[ -f $work/$1 ]] || "$builddir/tests/tool/make-kernel" "$1" "$work/$1"
	echo "$work/$1"
}

# result NAME CONDITION-STATUS: says how it was, with what the tool had to say where it was wrong.
result() {
	cases=$((cases + 1))
	if [[ $2 -eq 0 ]]; then
		echo "ok $cases - $1"
		return
	fi
	echo "not ok $cases - $1"
	echo "# exit status $status"
	sed 's/^/# out: /' "$work/out" | head -n 30
	sed 's/^/# err: /' "$work/err" | head -n 30
}

skip() { # name reason
	cases=$((cases + 1))
	echo "ok $cases - $1 # SKIP $2"
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	local name=$1 condition=0
	shift
	"$@" >"$work/said" 2>&1 || condition=$?
	result "$name" "$condition"
	[[ $condition -eq 0 ]] || sed 's/^/# /' "$work/said"
}

exited() { [[ $status -eq $1 ]]; }
silent() { [[ ! -s $work/out ]]; }
quiet() { [[ ! -s $work/err ]]; }
out_has() { grep -qF -- "$1" "$work/out"; }
err_has() { grep -qF -- "$1" "$work/err"; }
both() { # "&&"-separated conditions
	local -a command=()
	local word
	for word in "$@"; do
		if [[ $word == '&&' ]]; then
			"${command[@]}" || { echo "not: ${command[*]}"; return 1; }
			command=()
		else
			command+=("$word")
		fi
	done
	"${command[@]}" || { echo "not: ${command[*]}"; return 1; }
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

finish() { echo "1..$cases"; }
