#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Daemons that are stopped, starved and killed at each stage of a domain's life; two who want the
# same name or UUID at once; and whoever keeps a page of a domain that is destroyed.
# Time limit: 900
# Depth: full
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip grub-x86_64-xen.bin
kernel=$kernels/grub-x86_64-xen.bin

no_guard() {
	local found
	found=$(grep -lsx pvbuild-guard /proc/[0-9]*/comm || true)
	[[ -z $found ]]
}
pids_of() {
	local comm
	for comm in $(grep -lsx "$1" /proc/[0-9]*/comm || true); do
		comm=${comm#/proc/}
		echo "${comm%/comm}"
	done
}
signal() { # signal daemon
	local pid
	for pid in $(pids_of "$2"); do
		kill "-$1" "$pid"
	done
}
store() { xenstore-ls -f -p; }
store_is_as_before() { [[ $(store) == "$remembered_store" ]]; }
nothing_stays() {
	wait_for 30 no_guard || { echo "a guard lives"; return 1; }
	as_before || return
	wait_for 20 store_is_as_before && return
	diff <(echo "$remembered_store") <(store)
}
# All but the few pages that a stopped daemon has mapped, where it was told of the domain.
memory_is_free() { look && [[ $((remembered_free - free)) -le 1 ]]; }
memory_comes_back() {
	wait_for 10 memory_is_free && return
	echo "free memory: $free MiB, was: $remembered_free MiB"
	return 1
}
# A shell of its own says on its own standard error that it was killed.
killed_builder() { # victim stage
	# shellcheck disable=SC2016
	try env PVBUILD_PATIENCE=1 /bin/bash -c '"$@"; exit $?' bash killed-builder xen "$kernel" "$@"
}
# As pvb, with little patience.
hasty() { try env PVBUILD_PATIENCE=1 pvbuild --host xen "$@"; }

cfg first kernel=grub-x86_64-xen.bin ramdisk=
pvb create -e -p "$work/first.cfg"
ok "a domain is built" both exited 0 '&&' wait_for 10 no_guard
pvb destroy first
ok "and destroyed" exited 0
remember
remembered_store=$(store)

# ---- a builder that is killed while xenstored is stopped ----

for stage in max_memory populate page_tables introduce record; do
	killed_builder self+stop:xenstored "$stage"
	ok "in $stage xenstored stops and the builder is killed" both exited 137 '&&' out_has "in $stage"
	ok "its memory is free all the same" memory_comes_back
	signal CONT xenstored
	ok "and once xenstored goes on, nothing stays" nothing_stays
done

# ---- a build while xenstored is stopped ----

for stage in create max_memory populate introduce record; do
	killed_builder stop:xenstored "$stage"
	ok "a build during which xenstored stops, in $stage, says so" both exited 1 '&&' err_has host.silent
	ok "and gives the memory back" memory_comes_back
	signal CONT xenstored
	ok "and once xenstored goes on, nothing stays" nothing_stays
done
killed_builder stop:xenstored keep
ok "whole is a domain that no longer needs the store" exited 0
signal CONT xenstored
pvb destroy killed
ok "and it is like any other" both exited 0 '&&' nothing_stays

# ---- a build while xenstored starves ----

signal STOP xenstored
pvbuild --host xen create -e -p "$work/first.cfg" >"$work/out" 2>"$work/err" &
builder=$!
ok "whoever waits for xenstored says so" wait_for 14 err_has "waiting for xenstored"
signal CONT xenstored
status=0
wait "$builder" || status=$?
ok "and builds on once it answers" exited 0

# ---- a domain while xenstored is stopped ----

domid=$(xl domid first)
record=$(xenstore-read "/local/domain/$domid/vm")
signal STOP xenstored
hasty list
ok "domains are listed without names" both exited 0 '&&' out_has "(unknown)" '&&' out_has " $domid "
hasty pause "$domid"
ok "a domain is paused by its number" exited 0
hasty unpause "$domid"
ok "and unpaused" exited 0
hasty destroy first
ok "a name is not known" both exited 3 '&&' err_has host.silent '&&' err_has number
hasty console "$domid"
ok "there is no console" both exited 3 '&&' err_has host.silent
hasty audit "$domid"
ok "an audit says that the record cannot be read" both test "$status" -ne 0 '&&' err_has host.silent
hasty destroy "$domid"
ok "a domain is destroyed, and who was not told is said" both exited 3 '&&' err_has host.silent '&&' err_has "was destroyed"
ok "its memory is free" memory_comes_back
signal CONT xenstored
ok "its number goes once xenstored lets go" as_before
pvb create -e -p "$work/first.cfg"
ok "its name is free" exited 0
pvb destroy first
# Nobody guards a domain that was kept: what could not be removed is said to be there, and is.
for left in "/local/domain/$domid" "/libxl/$domid" "$record"; do
	ok "$left is there still" xenstore-rm "$left"
done
try xenstore-rm "/local/domain/0/backend/console/$domid"
if [[ $remembered_store != *"/local/domain/0/backend/console = "* ]]; then
	try xenstore-rm /local/domain/0/backend
fi
ok "and nothing else stays" nothing_stays

# ---- pages that somebody holds ----

pvb create -e -p "$work/first.cfg"
domid=$(xl domid first)
mkfifo "$work/hold"
hold-page "$domid" <"$work/hold" >"$work/held" 2>&1 &
holder=$!
exec 7>"$work/hold"
ok "a process holds a page of a domain" wait_for 10 has "$work/held" held
hasty destroy "$domid"
ok "a domain that stays is not said to be gone" both exited 3 '&&' err_has host.dying '&&' err_has "holds 1 of its pages"
pvb list
ok "it is listed as dying" grep -q "^(null) *$domid .*d " "$work/out"
exec 7>&-
wait "$holder"
ok "it goes once it is let go" nothing_stays

# ---- xenconsoled ----

for stage in create introduce; do
	killed_builder stop:xenconsoled "$stage"
	ok "a build does not need xenconsoled, stopped in $stage" exited 0
	pvb destroy killed
	ok "nor does its end" exited 0
	signal CONT xenconsoled
	ok "and nothing stays" nothing_stays
done
has_console() { [[ $(xenstore-read "/local/domain/$domid/console/tty") == /dev/pts/* ]]; }
pvb create -e -p "$work/first.cfg"
domid=$(xl domid first)
ok "a domain has a console" wait_for 10 has_console
signal STOP xenconsoled
hasty destroy "$domid"
ok "who holds the ring of a destroyed domain is not silent about it" both exited 3 '&&' err_has host.dying
signal CONT xenconsoled
ok "and lets go once it goes on" nothing_stays

# ---- two at once ----

uuid=0a0b0c0d-0000-4000-8000-000000000001
cfg one kernel=grub-x86_64-xen.bin ramdisk= uuid="$uuid"
cfg two kernel=grub-x86_64-xen.bin ramdisk= uuid="$uuid"
cfg same kernel=grub-x86_64-xen.bin ramdisk=
at_once() { # cfg cfg: the statuses, sorted
	local one two
	pvbuild --host xen create -e -p "$work/$1.cfg" >"$work/out-1" 2>"$work/err-1" &
	one=$!
	pvbuild --host xen create -e -p "$work/$2.cfg" >"$work/out-2" 2>"$work/err-2" &
	two=$!
	local first=0 second=0
	wait "$one" || first=$?
	wait "$two" || second=$?
	[[ $first -le $second ]] && echo "$first $second" || echo "$second $first"
}
destroy_all() {
	look
	local domid
	for domid in $domains; do
		pvb destroy "$domid"
	done
}
for round in 1 2 3 4 5; do
	ok "of two with one UUID one is built, round $round" test "$(at_once one two)" = "0 1"
	ok "and the other is told why" grep -q "has the UUID $uuid already" "$work/err-1" "$work/err-2"
	ok "the record under /vm is the first one's" xenstore-read "/vm/$uuid/start_time"
	destroy_all
	ok "of two with one name one is built, round $round" test "$(at_once same same)" = "0 1"
	ok "and the other is told why" grep -q arg.name "$work/err-1" "$work/err-2"
	destroy_all
done
ok "nothing stays of any" nothing_stays

# xl takes a name before it tells xenstored of the domain.
xl create -e -p "$work/same.cfg" >"$work/xl" 2>&1 &
pvbuild --host xen create -e -p "$work/same.cfg" >"$work/out" 2>"$work/err"
wait
try xl list
ok "of xl and us one has a name" test "$(grep -c '^same ' "$work/out")" = 1
destroy_all
ok "nothing stays of them" nothing_stays

# ---- killed: nobody lives on after this ----

signal KILL xenconsoled
pvb create -e -p "$work/first.cfg"
ok "without xenconsoled a domain is built" exited 0
pvb destroy first
ok "and destroyed" both exited 0 '&&' nothing_stays

for stage in populate introduce; do
	killed_builder kill:xenstored "$stage"
	ok "a build during which xenstored is killed, in $stage, says so" both exited 1 '&&' err_has host.store
	ok "and leaves no domain" as_before
	# Nobody restarts xenstored on a host that matters.
	xenstored --pid-file /run/xenstored.pid
	answers() { xenstore-write /lab up; }
	wait_for 20 answers
	xen-init-dom0 >/dev/null 2>&1
done
xenconsoled --log=all --log-dir=/var/log/xen/console --pid-file=/run/xenconsoled.pid
pvb create -e -p "$work/first.cfg"
ok "with the next xenstored all is well" exited 0
pvb destroy first
ok "to the end" exited 0
finish
