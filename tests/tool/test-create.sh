#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds on the simulated host, their audits and their cores.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

contract=(type=pvbuild.domain version=1 domid:number host=sim plan.type=pvbuild.plan
	start_info.magic:string start_info.nr_pages:number start_info.shared_info:hex
	start_info.flags:hex start_info.store_mfn:hex start_info.store_evtchn:number
	start_info.console.domU.mfn:hex start_info.console.domU.evtchn:number start_info.pt_base:hex
	start_info.nr_pt_frames:number start_info.mfn_list:hex start_info.mod_start:hex
	start_info.mod_len:number start_info.cmd_line:string start_info.first_p2m_pfn:hex
	start_info.nr_p2m_frames:number shared_info.maddr:hex calls.populate:number stages:array
	'stages[*].name:string' 'stages[*].ms:number' peak_rss:number image_peak:number audit.type=pvbuild.audit
	audit.version=1 audit.passed:bool audit.checks:number audit.findings:array)

json_option=()
$has_json && json_option=(--json)

head -c 12345 /dev/urandom >"$work/ramdisk"
pvb create --kernel "$(kernel linux64)" --memory 64M
ok "a domain is built and audited" both exited 0 '&&' out_has "boot_stack" '&&' out_has "start_info" \
	'&&' out_has "populate" '&&' out_has "passed"
for kind in small64 small32 linux64 linux32; do
	pvb "${json_option[@]}" --host sim create --kernel "$(kernel $kind)" --ramdisk "$work/ramdisk" --memory 64M \
		--cmdline "console=hvc0" --name guest --paused --audit --dump "$work/$kind.core"
	json_ok "$kind: the contract's keys are there" "${contract[@]}" audit.passed=true name=guest \
		start_info.mod_len=12345 start_info.cmd_line=console=hvc0 start_info.nr_pages=16384
	ok "$kind: there is a core" both exited 0 '&&' test -s "$work/$kind.core"
	pvb "${json_option[@]}" audit "$work/$kind.core" --kernel "$(kernel $kind)" --ramdisk "$work/ramdisk" \
		--cmdline "console=hvc0" --memory 64M
	json_ok "$kind: the core passes the audit" type=pvbuild.audit version=1 passed=true checks:number \
		findings:array
done

pvb inspect "$work/small64.core"
ok "a core is no kernel, and is called a core" both exited 1 '&&' err_has "this is a core of a domain" '&&' \
	err_has '"pvbuild audit" and "pvbuild p2m" read it'
pvb inspect "$work/small64.core" --max-unpacked 1M
ok "also where it is larger than a kernel may be" both exited 1 '&&' err_has "[image.too-large, " '&&' \
	err_has "this is a core of a domain"

# Of three levels, which what knows of no others can follow, and of others.
for tree in linux64:tree:3 linux64:tree:5 small64:tree linux32:tree small32:tree:4 linux64:tree:4; do
	kind=${tree%%:*} form=${tree#*:}
	pvb "${json_option[@]}" --host sim create --kernel "$(kernel "$kind")" --memory 64M --p2m "$form" \
		--dump "$work/tree.core"
	json_ok "$kind, $form: it is built, and passes its audit" "${contract[@]}" audit.passed=true \
		audit.total_findings=0 plan.p2m.form=tree plan.guest_abi=true p2m_root_maddr:hex
	ok "$kind, $form: there is a core" both exited 0 '&&' test -s "$work/tree.core"
	pvb "${json_option[@]}" audit "$work/tree.core" --kernel "$(kernel "$kind")" --memory 64M
	json_ok "$kind, $form: the core passes, too" passed=true total_findings=0
done
pvb --host sim create --kernel "$(kernel linux64)" --memory 64M --p2m tree:4
ok "the text has the tree's root" both exited 0 '&&' out_has "p2m tree "
pvb "${json_option[@]}" --host sim create --kernel "$(kernel linux64)" --memory 64M --p2m list
json_ok "a list has none" audit.passed=true plan.p2m.form=list p2m_root_maddr:null
pvb "${json_option[@]}" --host sim create --kernel "$(kernel declaring)" --memory 64M
json_ok "a kernel that asks for a tree gets it" audit.passed=true plan.p2m.levels=4 plan.p2m.declared=true

# Who asks for memory without ranges gets none with holes, and the audit knows.
checks() { tr -d ' \n' <"$work/out" | grep -o '"checks":[0-9]*'; }
pvb "${json_option[@]}" --host sim create --kernel "$(kernel linux64)" --memory 64M
with_memory=$(checks)
pvb "${json_option[@]}" --host sim create --kernel "$(kernel linux64)" --memory-range 0+64M
if $has_json; then
	ok "memory from 0 on is audited as a range is" test -n "$with_memory" -a "$with_memory" = "$(checks)"
else
	skip "memory from 0 on is audited as a range is" "configured without json-c"
fi

core=$work/linux64.core
pvb audit "$core"
ok "an audit is shown" both exited 0 '&&' out_has "passed" '&&' quiet
pvb audit "$core" --cmdline "other"
ok "findings have an exit status of their own" both exited 4 '&&' out_has "FAILED" '&&' out_has error
if $has_json; then
	pvb --json audit "$core" --memory 65M
	ok "findings are JSON" both exited 4 '&&' json type=pvbuild.audit passed=false \
		'findings[*].rule:string' 'findings[*].severity:string' 'findings[*].where:string' \
		'findings[*].message:string'
fi
printf x | dd of="$work/ramdisk" bs=1 seek=77 conv=notrunc status=none
pvb audit "$core" --ramdisk "$work/ramdisk"
ok "another ramdisk is noticed" exited 4
refused "a domain of sim cannot be audited from outside" 3 host.no-domain "there is no domain \"7\"" \
	--host sim audit 7
pvb --host sim:memory=1G,nodes=2 create --kernel "$(kernel linux64)" --memory-range 0+64M@0 \
	--memory-range 1G+32M@1,exact --memory-range 1056M+4K --dump "$work/holes.core"
ok "a guest with holes passes its audit" both exited 0 '&&' out_has "passed"
pvb audit "$work/holes.core" --memory-range 0+64M --memory-range 1G+32M --memory-range 1056M+4K
ok "so does its core" both exited 0 '&&' out_has "passed"
pvb audit "$work/holes.core"
ok "also where nobody says where its memory is" both exited 0 '&&' out_has "passed"
pvb audit "$work/holes.core" --memory-range 0+64M --memory-range 1G+32M --memory-range 1057M+4K
ok "memory that is elsewhere is found" both exited 4 '&&' out_has "p2m.ranges"
refused "a node that is short is named" 3 host.no-memory "node 1 alone" \
	--host sim:memory=256M,nodes=2 create --kernel "$(kernel linux64)" --memory-range 0+200M@1,exact
refused "what is no core is refused" 1 core.format "" audit "$(kernel small64)"
head -c 3000 "$core" >"$work/short.core"
pvb audit "$work/short.core"
ok "half a core is refused" both exited 1 '&&' silent
refused "a missing core is named" 1 arg.file "no-such-core" audit "$work/no-such-core"

refused "an injected failure is the host's" 3 host.injected "" \
	--host sim:fail=9 create --kernel "$(kernel small64)" --memory 64M --dump "$work/none.core"
ok "and leaves no core" test ! -e "$work/none.core"
refused "too small a host says what there is" 3 host.no-memory "" \
	--host sim:memory=128M create --kernel "$(kernel small64)" --memory 1G --dump "$work/none.core"
ok "and leaves no core either" test ! -e "$work/none.core"
refused "a core that cannot be written is an error, before anything is done" 1 arg.file "no-such-folder" \
	--host sim:fail=2 create --kernel "$(kernel small64)" --memory 64M --dump "$work/no-such-folder/core"
pvb --host sim:fail=2 create -c --kernel "$(kernel small64)" --memory 64M
ok "nothing runs on sim, so that no console can be looked at" both exited 3 '&&' silent '&&' err_has "[host.state, "
mkfifo "$work/pipe"
ln -s "$work/pipe" "$work/link"
refused "a core does not replace what is no file" 1 arg.file "no regular file" \
	--host sim create --kernel "$(kernel small64)" --memory 64M --dump "$work/pipe"
ok "which stays as it is" test -p "$work/pipe"
refused "nor a link" 1 arg.file "no regular file" \
	--host sim create --kernel "$(kernel small64)" --memory 64M --dump "$work/link"
ok "which stays a link" test -L "$work/link"
ok "and nothing is left beside them" test -z "$(find "$work" -name 'pipe.*' -o -name 'link.*')"
echo old >"$work/old.core"
pvb --host sim create --kernel "$(kernel small64)" --memory 64M --dump "$work/old.core"
ok "an older core is replaced" both exited 0 '&&' test "$(stat -c %s "$work/old.core")" -gt 4
pvb --host sim:memory=2T --json create --kernel "$(kernel linux64)" --memory 1T
json_ok "a domain of 1 TiB is built" audit.passed=true start_info.nr_pages=268435456
pvb --host sim:memory=2T --json create --kernel "$(kernel linux64)" --memory 1T --p2m tree
json_ok "so is one of 1 TiB with a tree over its p2m" plan.p2m.levels=4 plan.p2m.frames=524288 \
	'plan.p2m.tree[2].frames=1024' audit.passed=true
for host in fragment=40 scramble descending debug short=50 width=40,nodes=2; do
	pvb --host "sim:memory=4G,$host" create --kernel "$(kernel linux64)" --memory 512M
	ok "sim:$host builds and audits" exited 0
done
pvb -v --host sim create --kernel "$(kernel small64)" --memory 64M
ok "-v tells of the stages on standard error" both exited 0 '&&' err_has "populate" '&&' err_has " ms  "

if [[ -n ${PVB_KERNELS:-} && -r $PVB_KERNELS/vmlinuz-6.1-cloud ]]; then
	pvb --json create --kernel "$PVB_KERNELS/vmlinuz-6.1-cloud" --ramdisk "$work/ramdisk" --memory 256M
	json_ok "a distribution's kernel" "${contract[@]}" audit.passed=true
else
	skip "a distribution's kernel" "PVB_KERNELS has no vmlinuz-6.1-cloud"
fi
finish
