#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cores and other output where there is no room for them.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

kernel=$(kernel small64)
guest=(--host sim create --kernel "$kernel" --memory 64M)

pvb "${guest[@]}" --dump "$work/core"
ok "a core that has all memory is not spoken of" both exited 0 '&&' quiet '&&' test -s "$work/core"
before=$(stat -c %i "$work/core")
pvb "${guest[@]}" --dump "$work/core"
ok "an older core is replaced" both exited 0 '&&' test "$(stat -c %i "$work/core")" != "$before"

# full SIZE: create --dump onto a file system of that size, and list what is there afterwards.
mkdir "$work/full"
cat >"$work/in-full" <<'SCRIPT'
mount -t tmpfs -o size="$1" none "$2" || exit 99
folder=$2
shift 2
"$@" --dump "$folder/core"
status=$?
ls -A "$folder" >"$folder.list"
exit $status
SCRIPT
full() { try unshare --mount --map-root-user sh "$work/in-full" "$1" "$work/full" "$builddir/pvbuild" "${guest[@]}"; }

full 100m
if ! exited 0; then
	skip "disks that are full" "no file system can be mounted here"
else
	ok "a disk that has room is enough" test "$(cat "$work/full.list")" = core
	full 128k
	ok "a core that surely does not fit is not begun" both exited 1 '&&' err_has "the core takes at least" '&&' \
		err_has "are free" '&&' test ! -s "$work/full.list"
	full 300k
	ok "a disk that fills up is told with what was wanted" both exited 1 '&&' err_has "No space left on device" '&&' \
		err_has "the core takes up to" '&&' err_has "were free before" '&&' test ! -s "$work/full.list"
fi

# Beyond a limit on files there is a signal, which ends a process that does not ignore it.
if $has_json; then
	(
		ulimit -f 1
		pvb --json help
		echo "$status" >"$work/status"
	)
	"$builddir/pvbuild" --json help >"$work/whole"
	ok "there is more than the limit" test "$(wc -c <"$work/whole")" -gt 1024
	ok "output that is too long for a file is an error" test "$(cat "$work/status")" -eq 1
	ok "which has words" err_has "standard output"
else
	skip "output that is too long for a file is an error" "configured without json-c"
fi
finish
