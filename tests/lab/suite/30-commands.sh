#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands around a domain: create, list, pause, unpause, wait, audit, destroy.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

remember
probe_cfg guest
pvb create -c "$work/guest.cfg"
ok "create -c is attached until the guest ends" both exited 0 '&&' out_has PASS '&&' \
	err_has "has ended: poweroff" && cp "$work/out" "$output/probe"
ok "from its first byte" bash -c "head -c 5 '$work/out' | grep -q probe"
ok "and nothing is left of it" as_before

probe_cfg crash extra='probe.expect-pages=1'
pvb create -c "$work/crash.cfg" --no-monitor
ok "a crash is told of, by the exit status too" both exited 13 '&&' out_has FAIL '&&' err_has "has ended: crash"
ok "with the registers" both err_has "vCPU 0 of domain" '&&' err_has "rip    0x" '&&' err_has "cr3    0x"
ok "with --no-monitor the domain stays" is_in_state crash '^---sc-$'
pvb wait crash
ok "wait says how a domain has ended" both exited 13 '&&' err_has "rip    0x" '&&' test "$(cat "$work/out")" = crash
pvb --json wait crash
ok "also as JSON" both exited 13 '&&' out_has '"reason": "crash"' '&&' out_has '"status": 13' '&&' out_has '"rip": "0x'
pvb console crash
ok "a console of what has ended is read to its end" both exited 13 '&&' err_has "has ended: crash"
pvb destroy crash
ok "destroy ends it" both exited 0 '&&' is_gone crash '&&' as_before

probe_cfg hold extra='probe.hold'
pvb --json create "$work/hold.cfg" --paused --audit
ok "create --paused leaves it paused, and --audit has looked at it" both exited 0 '&&' out_has '"state": "paused"' '&&' \
	out_has '"passed": true' '&&' is_in_state hold '^--p---$'
pvb audit hold
ok "audit takes a name" both exited 0 '&&' out_has "passed"
(cd "$work" && echo x >hold && exec pvbuild audit hold) >"$work/out" 2>"$work/err" && status=0 || status=$?
ok "also where a file that is no core is called so" both exited 0 '&&' out_has "passed"
(cd "$work" && cp hold none && exec pvbuild audit none) >"$work/out" 2>"$work/err" && status=0 || status=$?
ok "where neither is meant both are named" both exited 3 '&&' err_has "[host.no-domain, " '&&' err_has "a file none here"
pvb --json audit "$(xl domid hold)"
ok "and a number" both exited 0 '&&' out_has '"passed": true'
pvb create "$work/hold.cfg"
ok "a name is not given twice" both exited 1 '&&' silent '&&' err_has "[arg.name, create]" '&&' err_has "already"
pvb pause hold
pvb unpause hold
ok "pauses are counted" both exited 0 '&&' is_in_state hold '^--p---$'
pvb unpause hold
ok "unpause starts it" both exited 0 '&&' wait_for 20 is_in_state hold '^[r-]b----$'
pvb audit hold
ok "one that runs is not audited" both exited 3 '&&' err_has "[host.state, audit]"
pvb --json pause hold
ok "pause stops it" both exited 0 '&&' out_has '"action": "pause"' '&&' is_in_state hold '^-.p---$'
pvb audit hold
ok "one that has run is not audited, either" both exited 3 '&&' err_has "[host.state, audit]"
pvbuild wait hold >"$work/reason" &
waiting=$!
pvb destroy hold
ok "destroy ends one that has run" both exited 0 '&&' is_gone hold
try wait "$waiting"
ok "of which wait learns" both exited 16 '&&' test "$(cat "$work/reason")" = destroyed
ok "nothing is left of it" as_before

pvb --json create --kernel /tests/bin/probe --memory 32M --name "two words" --paused
ok "a name may have blanks in it" both exited 0 '&&' out_has '"name": "two words"'
pvb list "two words"
ok "by which it is found" both exited 0 '&&' out_has "two words  "
try xl destroy "two words"
ok "by xl, too" both exited 0 '&&' is_gone "two words" '&&' as_before

pvb destroy 0
ok "domain 0 is nobody's to destroy" both exited 1 '&&' silent '&&' err_has "domain 0"
pvb console nobody
ok "who is not there has no console" both exited 3 '&&' silent '&&' err_has "[host.no-domain, "
pvb --json list 0
ok "domain 0 is listed" both exited 0 '&&' out_has '"domid": 0' '&&' out_has '"name": "Domain-0"'
finish
