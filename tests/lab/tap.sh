# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the suites share beside tests/support/cases.sh: pvbuild on the real host, domains,
# and a folder that goes away. See README.md.
set -u

tests=/tests
# shellcheck disable=SC2034 # for the suites
kernels=$tests/kernels ramdisk=$tests/ramdisk
name=${0##*/}
name=${name%.sh}
output=/output/$name
mkdir -p "$output"
work=$(mktemp -d)
# shellcheck source=../support/cases.sh
. "$tests/cases.sh"

leave() {
	local jobs
	mapfile -t jobs < <(jobs -p)
	[[ ${#jobs[@]} -eq 0 ]] || kill "${jobs[@]}" 2>/dev/null
	rm -rf "$work"
}
trap leave EXIT

# Its standard input never ends, as that of a terminal does not.
pvb() { try pvbuild --host xen "$@"; }

has() { grep -qaF -- "$2" "$1"; } # file text

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

# The probe guest, small: probe_cfg NAME KEY=VALUE... makes a cfg of it.
probe_cfg() {
	local name=$1
	shift
	cfg "$name" kernel="$tests/bin/probe" ramdisk='' memory=32 extra='' "$@"
}

state_of() { pvbuild list "$1" 2>/dev/null | awk 'NR == 2 { print $(NF - 1) }'; }
is_in_state() { [[ $(state_of "$1") =~ $2 ]]; }
is_gone() { ! pvbuild list "$1" >/dev/null 2>&1; }

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
