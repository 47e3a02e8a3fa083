#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Consoles while the console daemon is stopped, starved, dead, or there too late.
# Time limit: 400
# Depth: full
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

daemon() { pidof xenconsoled; }
start_daemon() { xenconsoled --log=all --log-dir=/var/log/xen/console --pid-file=/run/xenconsoled.pid; }
# Whatever happens here, others need it.
tidy() {
	[[ -n $(daemon) ]] || start_daemon
	kill -CONT "$(daemon)"
	leave
}
trap tidy EXIT

# listening: somebody has the console of "last" open, and hears it from its first byte.
listening() {
	local fd
	for fd in "/proc/$attached/fd/"*; do
		[[ $(readlink "$fd") != /dev/pts/* ]] || return 0
	done
	return 1
}
# attach: a domain "last" that is paused, and its console.
attach() {
	pvb create --paused --no-monitor "$work/last.cfg"
	pvbuild console last </dev/null >"$work/heard" 2>"$work/noted" &
	attached=$!
	wait_for 20 listening
}
ended() { is_in_state last '^---s[-c]-$'; }
# detached: the exit status of whoever was attached, in $status.
detached() {
	status=0
	wait "$attached" || status=$?
	pvbuild destroy last
}
# The probe guest waits a while for a ring that is full, and then says no more.
is_what_fits() { head -c 2048 "$work/whole" | cmp "$work/heard" -; }
# What the daemon has taken, it has in its own log, too.
log=/var/log/xen/console/guest-last.log
taken() { tail -c "+$((logged + 1))" "$log"; }
is_what_was_taken() {
	taken >"$work/taken"
	cmp "$work/heard" "$work/taken" && has "$work/heard" "probe" && return
	cp "$work/heard" "$work/taken" "$output"
	return 1
}
from_ring() { has "$work/noted" "are from its memory"; }

# It writes more than a ring holds, and crashes.
probe_cfg last extra='probe.expect-pages=1' on_crash=preserve
remember
pvb create --no-monitor -c "$work/last.cfg"
ok "a guest that crashes is heard to its end" both exited 13 '&&' out_has FAIL
cp "$work/out" "$work/whole"
pvb destroy last
echo "# it writes $(wc -c <"$work/whole") bytes"

attach
kill -STOP "$(daemon)"
pvb unpause last
ok "while the daemon is stopped, the guest comes to its end" wait_for 60 ended
ok "and nobody has heard of it" test ! -s "$work/heard"
kill -CONT "$(daemon)"
detached
ok "once the daemon goes on, all of it is heard" both exited 13 '&&' is_what_fits '&&' test -z "$(grep memory "$work/noted")"

attach
kill -STOP "$(daemon)"
pvb unpause last
detached
ok "a daemon that stays stopped is given up" both exited 13 '&&' from_ring '&&' has "$work/noted" "fell silent"
ok "and what it owes comes from the ring" is_what_fits
kill -CONT "$(daemon)"

attach
kill -STOP "$(daemon)"
pvb unpause last
ok "again" wait_for 60 ended
kill -KILL "$(daemon)"
detached
ok "of one that is killed as well" both exited 13 '&&' from_ring '&&' has "$work/noted" "xenconsoled ended" '&&' is_what_fits

pvb create --no-monitor -c "$work/last.cfg"
ok "where none runs, that is said" both exited 3 '&&' err_has "no xenconsoled runs here" '&&' err_has "start xenconsoled"
ok "and no domain is left" is_gone last
start_daemon

# Its own clock is not to be trusted in: it gets what eight others leave.
renice -n 19 -p "$(daemon)" >/dev/null
hogs=()
for _ in 1 2 3 4 5 6 7 8; do
	(while :; do :; done) &
	hogs+=($!)
done
wrong=0
for _ in 1 2 3; do
	logged=$(stat -c %s "$log")
	pvb create --no-monitor -c "$work/last.cfg"
	cp "$work/out" "$work/heard"
	[[ $status -eq 13 ]] && is_what_was_taken || wrong=$((wrong + 1))
	pvb destroy last
done
kill "${hogs[@]}"
renice -n 0 -p "$(daemon)" >/dev/null
ok "a starved daemon loses nothing: three of three" test "$wrong" -eq 0

kill -STOP "$(daemon)"
logged=$(stat -c %s "$log")
pvbuild create --no-monitor -c "$work/last.cfg" </dev/null >"$work/heard" 2>"$work/noted" &
attached=$!
ok "a terminal that does not come is waited for, and told of" wait_for 60 has "$work/noted" "waiting for xenconsoled"
kill -CONT "$(daemon)"
detached
ok "until it does" both exited 13 '&&' is_what_was_taken

kill -STOP "$(daemon)"
pvbuild create --no-monitor -c "$work/last.cfg" </dev/null >"$work/heard" 2>"$work/noted" &
attached=$!
ok "the wait" wait_for 60 has "$work/noted" "waiting for xenconsoled"
kill -TERM "$attached"
status=0
wait "$attached" || status=$?
kill -CONT "$(daemon)"
ok "can be ended by a signal, which takes the domain along" both exited 143 '&&' is_gone last
ok "nothing is left of all that" as_before
finish
