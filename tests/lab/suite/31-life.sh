#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What becomes of a domain whose guest ends, with and without somebody attached.
# Time limit: 400
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

logs=/var/log/xen
is_at_work() { # cfg: a pvbuild that was told of it
	local at words
	for at in /proc/[0-9]*/cmdline; do
		mapfile -d '' -t words 2>/dev/null <"$at" || continue
		[[ ${words[0]:-} == *pvbuild && " ${words[*]} " == *" $1 "* ]] && return
	done
	return 1
}
is_done() { ! is_at_work "$1"; }
times() { [[ $(grep -cF -- "$2" "$1") -ge $3 ]]; } # file text count

remember
probe_cfg plain
pvb create "$work/plain.cfg"
ok "create starts a domain and returns" both exited 0 '&&' out_has "running"
ok "what waits in the background destroys it when its guest is done" wait_for 20 is_gone plain
ok "and says so in its log" both wait_for 5 has "$logs/pvbuild-plain.log" "poweroff, to be followed by destroy"
ok "nothing is left of it" as_before

probe_cfg kept on_poweroff=preserve
pvb create "$work/kept.cfg"
ok "preserve keeps it" wait_for 20 is_in_state kept '^---s--$'
ok "for that, too, is said" wait_for 5 has "$logs/pvbuild-kept.log" "followed by preserve"
pvb destroy kept
ok "until it is destroyed" both exited 0 '&&' as_before

cp /tests/bin/probe "$work/kernel"
probe_cfg again kernel="$work/kernel" on_crash=restart extra='probe.expect-pages=1'
pvb create "$work/again.cfg"
ok "somebody is there for it" is_at_work "$work/again.cfg"
ok "restart builds it anew" wait_for 60 times "$logs/pvbuild-again.log" "crash, to be followed by restart" 3
rm "$work/kernel"
ok "for as long as that can be done" wait_for 20 is_done "$work/again.cfg"
ok "then the log says why" both has "$logs/pvbuild-again.log" "[arg.file, " '&&' has "$logs/pvbuild-again.log" "$work/kernel"
ok "and nothing is left" as_before

# A file in the place of the folder of cores.
rm -rf /var/lib/xen/dump
mkdir -p /var/lib/xen
touch /var/lib/xen/dump
probe_cfg core on_crash=coredump-destroy extra='probe.expect-pages=1'
pvb create "$work/core.cfg"
ok "where a core cannot be had, the domain stays" both wait_for 20 has "$logs/pvbuild-core.log" "stays as it ended" '&&' \
	has "$logs/pvbuild-core.log" "there is no core" '&&' is_in_state core s
pvb destroy core
ok "until it is destroyed" both exited 0 '&&' as_before
rm /var/lib/xen/dump
mkdir /var/lib/xen/dump
pvb create "$work/core.cfg"
ok "where it can, the domain goes" both wait_for 90 is_gone core '&&' test -s /var/lib/xen/dump/core '&&' \
	has "$logs/pvbuild-core.log" "8192 of 8192 pages"
rm -f /var/lib/xen/dump/core
ok "and leaves nothing" as_before

probe_cfg hold extra='probe.hold' on_poweroff=destroy
pvbuild create -c "$work/hold.cfg" >"$work/heard" 2>/dev/null &
attached=$!
ok "somebody is attached" wait_for 40 has "$work/heard" PASS
kill -KILL "$attached"
pvb list hold
ok "whose death leaves the domain alone" exited 0
try xl destroy hold
ok "and in good hands" both exited 0 '&&' wait_for 10 has "$logs/pvbuild-hold.log" "has been destroyed"
ok "that let go" as_before

pvbuild create -c "$work/hold.cfg" >"$work/heard" 2>"$work/noted" &
attached=$!
ok "somebody is attached again" wait_for 40 has "$work/heard" PASS
kill -TERM "$attached"
wait "$attached"
status=$?
ok "a signal leaves the console" both exited 143 '&&' has "$work/noted" "goes on"
pvb destroy hold
ok "and the domain to others" both exited 0 '&&' as_before

cp /tests/bin/probe "$work/kernel"
probe_cfg round kernel="$work/kernel" on_poweroff=restart
pvbuild create -c "$work/round.cfg" >"$work/heard" 2>"$work/noted" &
attached=$!
ok "who is attached sees the next one, too" wait_for 40 times "$work/heard" PASS 2
kill -TERM "$attached"
wait "$attached"
ok "and leaves the rest to the background" is_at_work "$work/round.cfg"
rm "$work/kernel"
ok "for as long as that can be done" wait_for 20 is_done "$work/round.cfg"
ok "and nothing is left then" as_before

# A monitor that is killed leaves a guest that nobody buries; that is known.
probe_cfg orphan
pvb create --paused "$work/orphan.cfg"
pvb --json list orphan
ok "who waits for a domain's end is on record" out_has '"monitor": "there"'
kill -KILL "$(xenstore-read "/local/domain/$(xl domid orphan)/pvbuild/monitor" | cut -d ' ' -f 1)"
pvb unpause orphan
ok "without a monitor a guest that has ended stays" wait_for 20 is_in_state orphan '^---s--$'
pvb list
ok "and list says why" both exited 0 '&&' err_has "orphan" '&&' err_has "is gone: it stays as it is"
pvb --json list orphan
ok "also as JSON" out_has '"monitor": "gone"'
pvb wait orphan
ok "so does wait" both exited 0 '&&' err_has "is gone: it stays as it is"
pvb create "$work/orphan.cfg"
ok "and create, which wants its name" both exited 1 '&&' err_has "whose monitor is gone" '&&' err_has "pvbuild destroy"
pvb destroy orphan
ok "destroy removes it" both exited 0 '&&' as_before
pvb --json create "$work/kept.cfg"
ok "what is preserved on purpose" wait_for 20 is_in_state kept '^---s--$'
is_left() { pvbuild --json list kept | grep -q '"monitor": null'; }
ok "has lost nobody" wait_for 10 is_left
pvb destroy kept

# A guest that ends at once, again and again: destroying it ends that.
probe_cfg spin on_poweroff=restart
stops_for_good() {
	wait_for 20 is_done "$work/spin.cfg" && return
	tail -n 30 "$logs/pvbuild-spin.log"
	return 1
}
pvb create "$work/spin.cfg"
ok "a guest that ends at once is built anew after a pause" wait_for 60 has "$logs/pvbuild-spin.log" "is built anew in 2 s"
# The commands below take their time, and are to find the guest as it ended.
ok "that grows" wait_for 90 has "$logs/pvbuild-spin.log" "is built anew in 32 s"
ok "and has the guest there" wait_for 20 is_in_state spin '^---s--$'
pvb destroy spin
ok "destroying it ends the restarts" both exited 0 '&&' stops_for_good '&&' as_before

probe_cfg alone
pvb create "$work/alone.cfg" --no-monitor
ok "with --no-monitor nobody waits" wait_for 20 is_in_state alone '^---s--$'
pvb wait alone
ok "so that wait sees the reason" both exited 0 '&&' test "$(cat "$work/out")" = poweroff
pvb destroy alone
ok "that was all" as_before

probe_cfg other name=other
said=$(pvbuild create "$work/other.cfg" --paused)
ok "who reads what create says is not kept waiting" test -n "$said"
pvb destroy other
ok "while somebody watches" both exited 0 '&&' wait_for 10 has "$logs/pvbuild-other.log" "has been destroyed" '&&' as_before
finish
