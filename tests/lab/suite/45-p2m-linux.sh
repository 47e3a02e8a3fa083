#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Linux in a domain with a p2m tree: it boots, and what it publishes itself is what is followed then, by us
# and by Xen's own tools (doc/xen-tools-p2m.md). xl dump-core is in 32-console, where it has the time.
# Time limit: 200
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

remember
cfg linux memory=96 extra='console=hvc0 panic=-1 guest=stay'
pvbuild create --no-monitor -c --p2m tree:4 "$work/linux.cfg" >"$work/heard" 2>"$work/noted" &
attached=$!
ok "Linux reaches user space with a tree published" wait_for 90 has "$work/heard" "guest: staying"
id=$(xl domid linux)
pvb pause linux

# followed WHAT: p2m_cr3 was, and the M2P agrees on every page. Linux gives some pages back as it starts.
followed() {
	pvb --json p2m "$1"
	exited 0 && out_has '"anchor": "p2m_cr3"' && out_has '"form": "list"' && out_has '"agrees": true' &&
		out_has '"total_disagreements": 0'
}
ok "the reader follows p2m_cr3, live and paused, and the M2P agrees on every page" followed linux
pvb dump linux "$work/core"
ok "and in its dump" both exited 0 '&&' followed "$work/core"
rm -f "$work/core"
try xen-mfndump dump-p2m "$id"
ok "xen-mfndump reads it as well" both exited 0 '&&' test "$(grep -c '==> mfn=' "$work/out")" = 24576
pvb unpause linux

# Of a domain that xl has not made it wants the cfg.
try xl save linux "$work/saved" "$work/linux.cfg"
ok "xl save saves it" both exited 0 '&&' is_gone linux
kill "$attached" 2>/dev/null
try xl restore "$work/saved"
rm -f "$work/saved"
ok "and xl restore restores it" both exited 0 '&&' wait_for 20 is_in_state linux '^[r-][b-]----$'
pvb pause linux
ok "with a p2m that the M2P agrees with" followed linux
pvb p2m --anchor p2m_root linux
ok "and nothing left of the tree" both exited 1 '&&' err_has "[p2m.none, "
# xl restores in single pages, each somewhere else.
started=$SECONDS
pvb --json dump linux "$work/core"
ok "and its core has all pages, by its own p2m" both exited 0 '&&' out_has '"missing": 0,' '&&' out_has '"by_m2p": 0,'
echo "# it took $((SECONDS - started)) s"
rm -f "$work/core"
pvb destroy linux
ok "domains and free memory are as before" as_before
finish
