#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands around a domain, on ours and on xl's: create, list, pause, unpause, console, wait,
# dump, audit, destroy.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

state_of() { pvbuild list "$1" | awk 'NR == 2 { print $(NF - 1) }'; }
is_in_state() { [[ $(state_of "$1") =~ $2 ]]; }
is_gone() { ! pvbuild list "$1" >/dev/null 2>&1; }
heard() { grep -qaF "$2" "$1"; }

remember
cfg small
pvb create -c "$work/small.cfg"
ok "create -c boots Linux, and ends with it" both exited 0 '&&' out_has "guest: user space" '&&' \
	out_has "guest: powering off" '&&' err_has "has ended: poweroff"
cp "$work/out" "$output/console"
ok "the console has it from the first line on" out_has "Linux version"
ok "to the last" out_has "reboot: "
ok "and nothing is left of it" wait_for 10 is_as_before

cfg crash extra='console=hvc0 panic=-1 guest=crash'
pvb create -c "$work/crash.cfg" --no-monitor
ok "a crash is told of" both exited 0 '&&' out_has "guest: user space" '&&' err_has "has ended: crash"
ok "with --no-monitor the domain stays" is_in_state crash '^---sc-$'
pvb wait crash
ok "wait says how a domain has ended" both exited 0 '&&' test "$(cat "$work/out")" = crash
pvb --json wait crash
ok "also as JSON" both exited 0 '&&' out_has '"reason": "crash"'
pvb dump crash "$work/crash.core"
ok "the core of a crashed Linux is written" exited 0
ok "and is one to those who read them" both test "$(stat -c %s "$work/crash.core")" -gt 134217728 '&&' \
	bash -c "readelf -h '$work/crash.core' 2>/dev/null | grep -q CORE || head -c 4 '$work/crash.core' | grep -qa ELF"
pvb destroy crash
ok "destroy ends it" both exited 0 '&&' is_gone crash '&&' wait_for 10 is_as_before

cfg stay extra='console=hvc0 guest=stay'
pvb --json create "$work/stay.cfg" --paused --audit
ok "create --paused leaves it paused, and --audit has looked at it" both exited 0 '&&' out_has '"state": "paused"' '&&' \
	out_has '"passed": true' '&&' is_in_state stay '^--p---$'
ok "xl lists it" bash -c 'xl list stay | grep -q " --p--- "'
pvb list stay
sed 1d "$work/out" | awk '{ print $1, $2, $3, $4, $5 }' >"$work/ours"
xl list stay | sed 1d | awk '{ print $1, $2, $3, $4, $5 }' >"$work/theirs"
ok "as we do" diff "$work/ours" "$work/theirs"
pvb audit stay
ok "audit takes a name" both exited 0 '&&' out_has "passed"
pvb audit "$(xl domid stay)"
ok "and a number" both exited 0 '&&' out_has "passed"
pvb create "$work/stay.cfg"
ok "a name is not given twice" both exited 1 '&&' err_has "[arg.name, create]" '&&' err_has "already"
pvb pause stay
pvb unpause stay
ok "pauses are counted" both exited 0 '&&' is_in_state stay '^--p---$'
mkfifo "$work/typed"
pvbuild console stay <"$work/typed" >"$work/heard" 2>"$work/noted" &
exec 5>"$work/typed"
pvb unpause stay
ok "unpause starts it" exited 0
ok "the console has what it says" wait_for 60 heard "$work/heard" "guest: staying"
ok "from the first line on" has "$work/heard" "Linux version"
echo "hello there" >&5
ok "and the guest what is typed" wait_for 20 heard "$work/heard" "guest: heard hello there"
pvb audit stay
ok "one that has run is not audited" both exited 3 '&&' err_has "[host.state, audit]"
exec 5>&-
pvb dump stay "$work/stay.core"
ok "a running Linux is dumped" exited 0
ok "and goes on" is_in_state stay '^[r-][b-]----$'
xl pause stay && xl dump-core stay "$work/xl.core" >/dev/null 2>&1 && pvbuild dump stay "$work/ours.core" >/dev/null && xl unpause stay
ok "xl finds the same memory in it" test "$(stat -c %s "$work/xl.core")" -eq "$(stat -c %s "$work/ours.core")"
pvbuild wait stay >"$work/reason" &
waiting=$!
pvb destroy stay
ok "destroy ends one that runs" both exited 0 '&&' is_gone stay
ok "of which wait learns" both wait "$waiting" '&&' test "$(cat "$work/reason")" = destroyed
ok "and the console" wait_for 10 heard "$work/noted" "has ended: destroyed"
ok "nothing is left of it" wait_for 10 is_as_before

xl create -p -q "$work/stay.cfg"
pvb audit stay
ok "audit takes what xl built" exited 0
pvb unpause stay
pvb pause stay
ok "so do pause and unpause" is_in_state stay '^[r-][b-]p---$'
pvb destroy stay
ok "and destroy" both exited 0 '&&' is_gone stay '&&' wait_for 10 is_as_before

for command in pause unpause destroy console wait; do
	pvb "$command" 0
	ok "domain 0 is not for $command" both exited 1 '&&' err_has "domain 0"
	pvb "$command" nobody
	ok "nor is nobody" both exited 3 '&&' err_has "[host.no-domain, "
done
pvb list
ok "domain 0 is listed" out_has "Domain-0"
pvb --json list 0
ok "with its name and number" both exited 0 '&&' out_has '"domid": 0' '&&' out_has '"name": "Domain-0"'
finish
