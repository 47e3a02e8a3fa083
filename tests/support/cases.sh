# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# TAP for tests that look at what a command said. Whoever reads this file has made the
# folder $work; $status, $work/out and $work/err are of the last command that was tried.
cases=0

# Before the first command, and where something else is run.
forget() {
	status=0
	: >"$work/out"
	: >"$work/err"
}
forget

# try COMMAND...
try() {
	status=0
	"$@" >"$work/out" 2>"$work/err" || status=$?
}

# result NAME CONDITION-STATUS: says how it was, with what was said where it was wrong.
result() {
	cases=$((cases + 1))
	if [[ $2 -eq 0 ]]; then
		echo "ok $cases - $1"
		return
	fi
	echo "not ok $cases - $1"
	echo "# exit status $status"
	tail -n 30 "$work/out" | tr -d '\r' | sed 's/^/# out: /'
	tail -n 30 "$work/err" | sed 's/^/# err: /'
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

# says FILE TEXT: of what a command said. To start a program takes longer than to look for a text.
says() {
	local part
	while IFS= read -r -d '' part || [[ -n $part ]]; do
		[[ $part != *"$2"* ]] || return 0
	done <"$1"
	return 1
}
out_has() { says "$work/out" "$1"; }
err_has() { says "$work/err" "$1"; }
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

finish() { echo "1..$cases"; }
