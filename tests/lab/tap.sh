# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the suites share: TAP, pvbuild on the real host, domains, and a folder
# that goes away. See README.md.
set -u

tests=/tests
# shellcheck disable=SC2034 # for the suites
kernels=$tests/kernels ramdisk=$tests/ramdisk
name=${0##*/}
name=${name%.sh}
output=/output/$name
mkdir -p "$output"
work=$(mktemp -d)
cases=0 status=0
: >"$work/out"
: >"$work/err"

leave() {
	local jobs
	mapfile -t jobs < <(jobs -p)
	[[ ${#jobs[@]} -eq 0 ]] || kill "${jobs[@]}" 2>/dev/null
	rm -rf "$work"
}
trap leave EXIT

# try COMMAND...: leaves $status, $work/out and $work/err. Its standard input never ends, as that
# of a terminal does not.
try() {
	status=0
	"$@" >"$work/out" 2>"$work/err" || status=$?
}

pvb() { try pvbuild --host xen "$@"; }

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
has() { grep -qaF -- "$2" "$1"; } # file text
both() {                         # "&&"-separated conditions
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

# tap COMMAND...: a program that speaks TAP; its cases are ours.
tap() {
	local line planned='' seen=0 said=$work/tap ended=0
	"$@" >"$said" 2>"$work/err" || ended=$?
	while IFS= read -r line; do
		if [[ $line =~ ^(ok|not ok)( [0-9]+)?( .*)?$ ]]; then
			cases=$((cases + 1)) seen=$((seen + 1))
			echo "${BASH_REMATCH[1]} $cases${BASH_REMATCH[3]}"
		elif [[ $line == 1..* ]]; then
			planned=${line#1..}
		else
			echo "# ${line#'# '}"
		fi
	done <"$said"
	status=$ended
	cp "$said" "$work/out"
	[[ $planned == "$seen" ]] || result "${1##*/} ran to its end: $seen cases of ${planned:-an unknown number}" 1
}

kernel_or_skip() { # kernel: ends the suite where it is missing
	[[ -f $kernels/$1 ]] && return
	echo "1..0 # SKIP there is no $1: tests/real/fetch-kernels takes it from Debian's packages"
	exit 0
}

# cfg NAME KEY=VALUE...: $work/NAME.cfg of a Linux guest with the ramdisk, but for what is said. A
# kernel without a slash is one of $kernels; an empty value leaves the key out.
cfg() {
	local file=$work/$1.cfg pair
	local -A keys=([name]=$1 [kernel]=vmlinuz-6.1-cloud [ramdisk]=$ramdisk [memory]=128 [vcpus]=1
		[extra]='console=hvc0 panic=-1' [on_crash]=destroy [on_reboot]=destroy)
	shift
	for pair in "$@"; do
		keys[${pair%%=*}]=${pair#*=}
	done
	[[ ${keys[kernel]} == */* ]] || keys[kernel]=$kernels/${keys[kernel]}
	for pair in "${!keys[@]}"; do
		if [[ ${keys[$pair]} =~ ^[0-9]+$ ]]; then
			echo "$pair = ${keys[$pair]}"
		elif [[ -n ${keys[$pair]} ]]; then
			echo "$pair = \"${keys[$pair]}\""
		fi
	done >"$file"
}

# look: the domains but for dom0, and the free memory in MiB, in $domains and $free.
look() { { read -r domains && read -r free; } < <(holdings); }

# remember: what there is; as_before: it is so again. Memory of a domain that is gone comes back
# when it has been scrubbed.
remember() {
	look || exit
	remembered=$domains remembered_free=$free
}
is_as_before() { look && [[ $domains == "$remembered" && $free == "$remembered_free" ]]; }
as_before() {
	wait_for 20 is_as_before && return
	echo "domains: $domains; were: $remembered"
	echo "free memory: $free MiB, was: $remembered_free MiB"
	return 1
}

# wait_for LIMIT CONDITION...: until it holds; fails where it does not within LIMIT seconds.
wait_for() {
	local until=$((SECONDS + $1 * ${PVB_LAB_PATIENCE:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[[ $SECONDS -lt $until ]] || return 1
		usleep 100000
	done
}

finish() { echo "1..$cases"; }
