#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Commands on domains, where there are none: the simulated host has no others than a build's own.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

pvb --host sim list
ok "a host without domains has an empty list" both exited 0 '&&' quiet '&&' out_has "Name" '&&' \
	test "$(wc -l <"$work/out")" -eq 1
pvb --json --host sim list
json_ok "also as JSON" type=pvbuild.domains version=1 domains:array
refused "a list of a domain that is not there is refused" 3 host.no-domain "guest" --host sim list guest
for command in pause unpause destroy console wait; do
	pvb --host sim "$command" guest
	ok "$command says that sim has no domains for it" both exited 3 '&&' silent '&&' \
		err_has "[host.no-domain, " '&&' err_has "only as long as the process"
	refused "$command needs a domain" 2 arg.usage "$command needs DOMAIN" "$command"
	refused "$command takes one domain" 2 arg.usage '"other"' "$command" guest other
done
for command in pause unpause destroy wait; do
	refused "$command of no domain is refused" 3 host.no-domain "" --host sim "$command" 3
done
refused "dump needs a file, too" 2 arg.usage "dump needs DOMAIN CORE" dump guest
refused "a dump of no domain is refused" 3 host.no-domain "guest" --host sim dump guest "$work/core"
ok "and leaves no core" test ! -e "$work/core"
refused "a dump into a folder that is not there is refused" 1 arg.file "no-such-folder" \
	--host sim dump guest "$work/no-such-folder/core"
refused "a dump onto a folder is refused" 1 arg.file "no regular file" --host sim dump guest "$work"
refused "an audit of no domain is refused" 3 host.no-domain '"3"' --host sim audit 3
: >"$work/3"
cd "$work" || exit 1
refused "a file goes before a domain's number" 1 core.format "" --host sim audit 3
if [[ -e /dev/xen/privcmd ]]; then
	skip "without a hypervisor, sim is what there is" "this machine has Xen"
else
	pvb list
	ok "without a hypervisor, sim is what there is" both exited 0 '&&' err_has "simulated host"
fi
finish
