#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The console of a Linux guest, and its cores: of one that runs, and of one that crashed.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

remember
cfg stay extra='console=hvc0 guest=stay'
# That it was given a p2m tree makes no difference once it is up, to xl dump-core neither.
pvb create "$work/stay.cfg" --paused --p2m tree:4
mkfifo "$work/typed"
pvbuild console stay <"$work/typed" >"$work/heard" 2>"$work/noted" &
attached=$!
exec 5>"$work/typed"
pvb unpause stay
ok "the console has what the guest says" wait_for 100 has "$work/heard" "guest: staying"
ok "from the first line on" has "$work/heard" "Linux version"
printf 'hello there\nwith\x1dthat\n' >&5
ok "and the guest what is typed" wait_for 20 has "$work/heard" "guest: heard hello there"
ok "byte for byte, where it is no terminal" wait_for 20 has "$work/heard" $'guest: heard with\x1dthat'
exec 5>&-
pvb dump stay "$work/stay.core"
ok "a Linux that runs is dumped" both exited 0 '&&' out_has "stay.core"
ok "and goes on" is_in_state stay '^[r-][b-]----$'
# A file of its root, which is in its memory.
ok "with what is in its memory" has "$work/stay.core" "The init of the lab's Linux guests"
rm -f "$work/stay.core"
pvb pause stay
pvb --json dump stay "$work/stay.core"
ok "one that is paused, too, and stays so" both exited 0 '&&' out_has '"type": "pvbuild.dump"' '&&' is_in_state stay '^.*p---$' '&&' \
	has "$work/stay.core" "The init of the lab's Linux guests"
rm -f "$work/stay.core"

# xl maps page by page, which takes half a minute, in which another guest boots: this is the one
# place where it does. It reads the p2m of a guest that has made its own shared info.
xl dump-core stay "$work/xl.core" >"$work/dumped" 2>&1 &
dumping=$!
mkdir -p /var/lib/xen/dump
cfg crash extra='console=hvc0 panic=-1 guest=crash' on_crash=coredump-destroy
pvb create -c "$work/crash.cfg"
ok "of a Linux that crashed there is a core" both exited 13 '&&' out_has "Kernel panic" '&&' err_has "has ended: crash" '&&' \
	err_has "/var/lib/xen/dump/crash" '&&' test -s /var/lib/xen/dump/crash
rm -f /var/lib/xen/dump/crash
try wait "$dumping"
cp "$work/dumped" "$work/out"
ok "xl dump-core writes the core of a domain of ours" both exited 0 '&&' has "$work/xl.core" "The init of the lab's Linux guests"
rm -f "$work/xl.core"
pvb destroy stay
ok "a guest with a console is destroyed" exited 0
try wait "$attached"
ok "the console ends with the domain" both exited 16 '&&' has "$work/noted" "has ended: destroyed"
ok "nothing is left of either" as_before
finish
