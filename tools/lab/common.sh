# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What all parts of pvbuild-lab share: how it speaks, and how it ends.
#
# Its own exit statuses; everything else is that of what ran in dom0.
# shellcheck disable=SC2034 # for the other parts
LAB_USAGE=2 LAB_NOT_PREPARED=120 LAB_QEMU=121 LAB_CRASHED=122 LAB_NO_STATUS=123 LAB_TIME=124
# That of a pvbuild whose guest crashed.
# shellcheck disable=SC2034
GUEST_CRASHED=13

say() { printf 'pvbuild-lab: %s\n' "$*" >&2; }

# detail MESSAGE: only with -v.
detail() { [[ -z ${verbose:-} ]] || say "$@"; }

# die STATUS MESSAGE [HINT]: says what is wrong, and what can be done about it.
die() {
	say "$2"
	[[ -z ${3:-} ]] || printf '  %s\n' "$3" >&2
	exit "$1"
}

# needs PROGRAM PACKAGE: the program, or the way to get it.
needs() {
	command -v "$1" >/dev/null || die "$LAB_NOT_PREPARED" "$1 is not installed" "apt-get install $2"
}

# A line of a file that somebody else wrote, without what could play with the terminal.
printable() { tr -cd '\11\12\40-\176'; }
