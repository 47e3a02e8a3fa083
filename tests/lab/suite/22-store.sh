#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What others know of our domains: node by node what xl writes.
# Time limit: 400
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip grub-x86_64-xen.bin

# The nodes of a domain, sorted, without what differs from one domain to the next: its number, its
# handle, where its rings are, which terminal it got, when it began.
nodes_of() { # name
	local domid uuid
	domid=$(xl domid "$1") || return
	uuid=$(xenstore-read "/local/domain/$domid/vm")
	uuid=${uuid#/vm/}
	xenstore-ls -f -p | grep -E "^/(local/domain/$domid|libxl/$domid|vm/$uuid|local/domain/0/backend/console/$domid)(/| )" |
		sed -E -e "s/$uuid/UUID/g" \
			-e "s#/(domain|libxl|console)/$domid([/\" ])#/\\1/N\\2#g" \
			-e "s/((domid|frontend-id) = )\"$domid\"/\1\"N\"/" \
			-e "s/([(,][nrwb])$domid([,)])/\\1N\\2/g" \
			-e 's/(ring-ref = )"[0-9]+"/\1"FRAME"/' \
			-e 's#(tty = )"/dev/pts/[0-9]+"#\1"/dev/pts/P"#' \
			-e 's/(start_time = )"[0-9]+\.[0-9][0-9]"/\1"TIME"/' | sort
}
has_console() { [[ $(xenstore-read "/local/domain/$(xl domid twin)/console/tty") == /dev/pts/* ]]; }

cfg twin vcpus=2 maxvcpus=4 kernel=grub-x86_64-xen.bin
try xl create -e -p "$work/twin.cfg"
ok "xl makes a domain" both exited 0 '&&' wait_for 10 has_console
nodes_of twin >"$output/xl"
try xl destroy twin
pvb create -e -p "$work/twin.cfg"
ok "we make one of the same configuration" both exited 0 '&&' wait_for 10 has_console
nodes_of twin >"$output/all-of-ours"
grep -v '^/local/domain/N/pvbuild[/ ]' "$output/all-of-ours" >"$output/ours"
ok "what xl wrote of its domain is more than fifty nodes" test "$(wc -l <"$output/xl")" -gt 50
ok "ours has the same nodes, values and permissions" diff "$output/xl" "$output/ours"
record=$(grep '^/local/domain/N/pvbuild[/ ]' "$output/all-of-ours")
ok "and a record of ours, which the guest cannot read" test -n "$record" -a -z "$(grep -v '(n0)$' <<<"$record")"

domid=$(xl domid twin)
pvb create -e -p "$work/twin.cfg"
ok "its name is taken, for us" both exited 1 '&&' err_has arg.name '&&' err_has "number $domid"
try xl create -e -p "$work/twin.cfg"
ok "and for xl" test "$status" -ne 0

cfg other kernel=grub-x86_64-xen.bin uuid="$(xl vm-list | awk '$NF == "twin" { print $1 }')"
pvb create -e -p "$work/other.cfg"
ok "and so is its UUID" both exited 1 '&&' err_has "UUID"

# What another toolstack has attached, that one takes down.
try xenstore-write "/libxl/$domid/device/vbd/51712/backend" somewhere
pvb destroy twin
ok "with a disk it is not ours to destroy" both exited 3 '&&' err_has vbd '&&' err_has "xl destroy $domid"
try xenstore-rm "/libxl/$domid/device/vbd"

try xl rename twin renamed
pvb list
ok "xl gives it another name" out_has renamed
try xl destroy renamed
ok "and destroys it" exited 0
none_of_it() { ! xenstore-ls -f | grep -E "^/(local/domain/$domid|libxl/$domid|local/domain/0/backend/console/$domid)(/| )"; }
ok "which leaves nothing of it in the store" wait_for 10 none_of_it
finish
