#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# No orphan, ever: whenever a builder is killed, nothing of its domain stays.
# Time limit: 300
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip grub-x86_64-xen.bin
kernel=$kernels/grub-x86_64-xen.bin

# By what is found, not by grep's status: that one tells of a process that ended meanwhile, too.
guards() {
	local found
	found=$(grep -lsx pvbuild-guard /proc/[0-9]*/comm || true)
	[[ -n $found ]] && echo "$found"
}
no_guard() { ! guards; }
store() { xenstore-ls -f -p; }
store_is_as_before() { [[ $(store) == "$remembered_store" ]]; }
nothing_stays() {
	wait_for 20 no_guard || { echo "a guard lives"; return 1; }
	as_before || return
	wait_for 20 store_is_as_before && return
	diff <(echo "$remembered_store") <(store)
}
# A shell of its own says on its own standard error that it was killed.
killed_builder() { # victim stage
	# shellcheck disable=SC2016
	try /bin/bash -c '"$@"; exit $?' bash killed-builder xen "$kernel" "$@"
}

# The first domain leaves folders in the store, as libxl's does.
cfg first kernel=grub-x86_64-xen.bin ramdisk=
pvb create -e -p "$work/first.cfg"
ok "a domain is built, and its guard has let go" both exited 0 '&&' wait_for 10 no_guard
pvb destroy first
ok "and destroyed" exited 0
remember
remembered_store=$(store)

# After the last of these the domain is whole, and would be kept in a moment.
for stage in max_memory populate load:50 page_tables pin introduce keep; do
	killed_builder self "$stage"
	ok "a builder is killed in stage $stage" both exited 137 '&&' out_has "killed in ${stage%:*}"
	ok "and nothing of its domain stays" nothing_stays
done

killed_builder guard populate
ok "a build whose guard is killed fails" both exited 1 '&&' err_has host.guard
ok "and nothing of its domain stays" nothing_stays

killed_builder leave -
ok "a guarded domain is built" exited 0
ok "and goes when its builder does" nothing_stays

try env PVBUILD_GUARD=/nowhere/pvbuild-guard pvbuild --host xen create -e -p "$work/first.cfg"
ok "without a guard no domain is built" both exited 3 '&&' err_has host.guard '&&' err_has /nowhere
ok "and nothing stays" nothing_stays

# What a terminal or an init would end another process with. The builder is held as soon as it has a
# guard, which lives no longer than the build.
pvbuild --host xen create -e -p "$work/first.cfg" >"$work/out" 2>"$work/err" &
builder=$!
held_or_ended() { { guards >"$work/guards" && kill -STOP "$builder"; } || ! kill -0 "$builder"; }
wait_for 20 held_or_ended
while read -r comm; do
	pid=${comm#/proc/}
	for signal in TERM INT HUP; do
		kill -"$signal" "${pid%/comm}"
	done
done <"$work/guards"
ok "a guard is seen at work" test -s "$work/guards"
ok "and still is after it was asked to end" guards
kill -CONT "$builder"
status=0
wait "$builder" || status=$?
ok "it guards on until the domain is built" exited 0
pvb destroy first
ok "and then lets go of it" both exited 0 '&&' nothing_stays
finish
