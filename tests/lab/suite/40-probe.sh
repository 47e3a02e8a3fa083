#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The probe guest: what we build is right from inside, what xl builds is right but for what is
# known, and what is wrong is said.
# Time limit: 200
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

if ! command -v probe >/dev/null; then
	echo "1..0 # SKIP the probe guest was not built: configure --with-probe says why"
	exit 0
fi

head -c 300000 /dev/urandom >"$work/payload"
{ printf PVPROBE1; gzip -c "$work/payload" | tail -c 8; cat "$work/payload"; } >"$work/ramdisk"
length=$(stat -c %s "$work/ramdisk")

# guest NAME VARIANT MIB WORDS...: its cfg, with the ramdisk; the words are its command line, which
# then says its own checksum, and what memory and ramdisk it has to find.
guest() {
	local name=$1 variant=$2 mib=$3 line crc
	shift 3
	line="$* probe.expect-pages=$((mib * 256)) probe.expect-ramdisk=$length "
	crc=$(printf %s "$line" | gzip -c | tail -c 8 | head -c 4 | od -An -tx4 | tr -d ' ')
	cfg "$name" "kernel=$(command -v "$variant")" "ramdisk=$work/ramdisk" "memory=$mib" \
		"extra=${line}probe.command-line-crc=0x$crc"
}

# said: what the probe said, as lines.
said() { tr -d '\r' <"$work/out" | sed -n 's/^probe: //p'; }
verdict() { [[ $(said | grep '^verdict') == "verdict $1"* ]] || { said; return 1; }; }
# The checks that have a note, in the order of the alphabet.
noted() { said | sed -n 's/^note \([^:]*\):.*/\1/p' | sort -u | tr '\n' ' '; }
has_notes() { [[ $(noted) == "$1" ]] || { echo "notes: $(noted)"; return 1; }; }

guest ours-small probe 33 probe.strict
pvb create -c "$work/ours-small.cfg"
ok "probe, 33 MiB, by pvbuild: strictly right" both exited 0 '&&' verdict PASS
guest ours-p2m probe-p2m 1024 probe.strict
pvb create -c "$work/ours-p2m.cfg"
ok "probe-p2m, 1 GiB, by pvbuild: strictly right" both exited 0 '&&' verdict PASS
guest ours-legacy probe-legacy 5 probe.strict
pvb create -c "$work/ours-legacy.cfg"
ok "probe-legacy, 5 MiB, by pvbuild: strictly right" both exited 0 '&&' verdict PASS

# What xl does otherwise, and may: no SIF_VIRT_P2M_4TOOLS, zeroes behind the list, whole pages.
guest xl-small probe 33
try xl create -c "$work/xl-small.cfg"
ok "probe, 33 MiB, by xl: right" both exited 0 '&&' verdict PASS '&&' has_notes "p2m.tail start_info.flags "
guest xl-p2m probe-p2m 65
try xl create -c "$work/xl-p2m.cfg"
ok "probe-p2m, 65 MiB, by xl: right" both exited 0 '&&' verdict PASS '&&' \
	has_notes "module.length p2m.tail start_info.flags "
guest xl-legacy probe-legacy 1024
try xl create -c "$work/xl-legacy.cfg"
ok "probe-legacy, 1 GiB, by xl: right" both exited 0 '&&' verdict PASS '&&' has_notes "start_info.flags "

# It can fail, and says so in all three places.
guest wrong probe 33 probe.expect-pages=1 probe.no-such-option
sed -i '/^on_crash/d' "$work/wrong.cfg"
echo 'on_crash = "preserve"' >>"$work/wrong.cfg"
pvb create "$work/wrong.cfg"
id=$(xl domid wrong)
shut_down() { xl list "$id" | tail -n 1 | grep -q -- '--[s-]c-'; }
ok "where it is not what it expects, it crashes" wait_for 30 shut_down
ok "and leaves the checks in xenstore" \
	test "$(xenstore-read "/local/domain/$id/data/probe")" = "start_info.cmd_line memory.size"
pvb destroy wrong
ok "and is destroyed" exited 0

cfg list "kernel=$(command -v probe)" memory=8 ramdisk= extra=probe.list
pvb create -c "$work/list.cfg"
ok "it lists its checks" both exited 0 '&&' out_has "probe: p2m.list: the M2P leads from"
finish
