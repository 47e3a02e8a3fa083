#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cores of domains whose p2m is wrong, or is not published: Xen's M2P and the owners of frames have all of
# their memory.
# Time limit: 120
# Depth: full
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

if ! command -v probe >/dev/null; then
	echo "1..0 # SKIP the probe guest was not built: configure --with-probe says why"
	exit 0
fi

# spoiled SPOIL: a paused domain that is wrong in that.
spoiled() { try spoiled-builder --host xen --paused --name "$1" --memory 32 "$1" /tests/bin/probe; }

# found DOMAIN P2M M2P: its core has all pages, so many by its p2m and so many by the M2P.
found() {
	pvb --json dump "$1" "$work/core"
	exited 0 && out_has "\"pages\": $(($2 + $3))," && out_has "\"by_p2m\": $2," && out_has "\"by_m2p\": $3," &&
		out_has '"missing": 0,'
}

# holds FILE TEXT: between zero bytes, behind which busybox's grep does not look.
holds() { strings "$1" | grep -qF -- "$2"; }

remember
spoiled p2m-foreign
ok "a p2m that names a frame which is not the domain's" exited 0
pvb p2m p2m-foreign
ok "is told so" both exited 4 '&&' out_has "NOT the domain, of 1 PFN"
ok "and the core has the frame that is the domain's" found p2m-foreign 8191 1
ok "is whole" both exited 0 '&&' out_has '"foreign": 1,'
pvb p2m p2m-foreign --pfn 0
ok "other frames are the domain's" both exited 0 '&&' out_has "the domain" '&&' out_has "agrees"
pvbuild destroy p2m-foreign

spoiled p2m-last-missing
ok "one that does not name the last page" both exited 0 '&&' found p2m-last-missing 8191 1
pvbuild destroy p2m-last-missing

spoiled p2m-swapped
ok "one that names two frames in the wrong places" both exited 0 '&&' found p2m-swapped 8190 2
pvbuild destroy p2m-swapped

# The probe has published nothing when it crashes.
probe_cfg crash on_crash=preserve extra='probe.expect-pages=1'
pvb create "$work/crash.cfg"
ok "a kernel that crashed without a published p2m" wait_for 30 is_in_state crash s
ok "has all of its memory in its core" found crash 0 8192
ok "where its command line is" holds "$work/core" "probe.expect-pages=1"
ok "and why is said" out_has '"p2m.none"'

mkdir "$work/full"
mount -t tmpfs -o size=300k none "$work/full"
pvb dump crash "$work/full/core"
ok "a disk that is full is told with what was wanted" both exited 1 '&&' err_has "the core takes up to" '&&' \
	test -z "$(ls -A "$work/full")"
umount "$work/full"
pvbuild destroy crash
ok "domains and free memory are as before" as_before
finish
