#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion, as bash would ask for it.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=/dev/null
. "$srcdir/tools/pvbuild.bash-completion"


# offers LINE WORD...: with LINE typed, exactly these are offered.
offers() {
	COMP_LINE=$1 COMP_POINT=${#1}
	shift
	_pvbuild 2>"$work/err"
	diff <(printf '%s\n' "${COMPREPLY[@]}" | sort) <(printf '%s\n' "$@" | sort)
}

commands=(inspect plan create list pause unpause destroy console wait dump audit p2m help version)
ok "commands" offers "pvbuild " "${commands[@]}"
ok "a command that was begun" offers "pvbuild ins" inspect
ok "global options" offers "pvbuild --" --host --json --verbose --help --version
ok "options of a command" offers "pvbuild plan --p" --p2m --picture
ok "behind global options and their arguments" offers "pvbuild --json --host sim create --d" --dry-run --dump
ok "hosts" offers "pvbuild --host " xen sim sim:
ok "keys of sim, of which bash has the first word already" offers "pvbuild --host sim:mem" memory=
ok "the second key" offers "pvbuild --host sim:memory=2T,fra" 2T,fragment=
ok "flags among the keys" offers "pvbuild --host sim:scr" scramble scrubbing=
ok "values of a key" offers "pvbuild --host sim:extent=" 4K 2M 1G
ok "values of a key behind another" offers "pvbuild --host sim:arch=arm64,granule=" 4K 16K 64K
cd "$work" || exit 1
touch a-kernel b.svg c.txt
ok "files" offers "pvbuild inspect a" a-kernel
ok "pictures" offers "pvbuild plan --picture " b.svg
# What a host with domains would say.
pvbuild() {
	printf '%s\n' 'Name            ID   Mem  VCPUs  State   Time(s)' \
		'Domain-0         0  1024      2  r-----     31.2' \
		'guest            3   256      1  --p---      0.0' \
		'my other guest  17   512     12  -b----   1234.5'
}
ok "domains" offers "pvbuild destroy " Domain-0 guest 'my\ other\ guest'
ok "a domain that was begun" offers "pvbuild console gu" guest
ok "a domain, then a file" offers "pvbuild dump gu" guest
ok "which is any" offers "pvbuild dump guest a" a-kernel
unset -f pvbuild
ok "help" offers "pvbuild help v" version
ok "forms of the p2m" offers "pvbuild plan --p2m " list tree tree:2 tree:3 tree:4 tree:5
ok "forms to convert a p2m to" offers "pvbuild p2m core --convert l" list
ok "anchors of a p2m" offers "pvbuild p2m core --anchor p2m" p2m_cr3 p2m_root
ok "options of a p2m" offers "pvbuild p2m core --p" --pfn --picture
ok "page sizes" offers "pvbuild create --guest-page-size " 4K 16K 64K
finish
