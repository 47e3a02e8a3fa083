#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What contains a guest and what it gets of the CPUs: one configuration, by xl and by us, makes
# domains that xl's own commands, the hypervisor, the store and the guest cannot tell apart.
# Time limit: 200
# Depth: full
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

if ! command -v probe >/dev/null; then
	echo "1..0 # SKIP the probe guest was not built: configure --with-probe says why"
	exit 0
fi

remember
number() { xl domid "$1"; }

# confined NAME LINE...: a cfg of the probe with these lines besides.
confined() {
	local name=$1
	shift
	probe_cfg "$name" vcpus='' "extra=probe.expect-vcpus=4 probe.expect-online=2 $expected"
	printf '%s\n' 'vcpus = 2' 'maxvcpus = 4' "$@" >>"$work/$name.cfg"
}

# Columns that xl shows of a domain, without its name and numbers.
vcpus_of() { xl vcpu-list "$1" | awk 'NR > 1 { $1 = $2 = $4 = $5 = $6 = ""; print }'; }
# Weight and cap.
share_of() { xl "$1" -d "$2" | awk 'NR > 1 { print $(NF - 1), $NF }' | tail -n 1; }
pool_of() { xl list -c "$1" | awk 'NR > 1 { print $NF }'; }
online_of() { xenstore-ls "/local/domain/$(number "$1")/cpu"; }

# alike WHAT SCHED LINE...: both ways, side by side, then let the guests look.
alike() {
	local what=$1 sched=$2 by
	shift 2
	confined theirs "$@"
	confined ours "$@"
	try xl create -p "$work/theirs.cfg"
	ok "$what: xl creates it" exited 0
	pvb create -p "$work/ours.cfg"
	ok "$what: so do we, without a warning" both exited 0 '&&' test ! -s "$work/err"
	for by in theirs ours; do
		{
			vcpus_of $by
			share_of "$sched" $by
			pool_of $by
			online_of $by
		} >"$output/$by $what"
	done
	ok "$what: xl shows affinity, weight, cap and pool" test "$(wc -l <"$output/theirs $what")" -gt 12
	ok "$what: and the same of both" diff "$output/theirs $what" "$output/ours $what"

	# The last of their event channels are taken in this.
	try compare-model --xl --domid "$(number ours)" --domid "$(number theirs)"
	ok "$what: the hypervisor has the same of both" exited 0
	try xl destroy theirs
	try xl destroy ours
}

# inside WHAT LINE...: what the guests see.
inside() {
	local what=$1
	shift
	confined theirs "$@"
	confined ours "$@"
	try xl create -c "$work/theirs.cfg"
	ok "$what: xl's guest finds what it is promised" out_has "probe: verdict PASS"
	pvb create -c "$work/ours.cfg"
	ok "$what: so does ours" both exited 0 '&&' out_has "probe: verdict PASS"
}

expected='probe.expect-grant-frames=8 probe.expect-grant-version=1 probe.expect-event-channels=62'
limits=('max_event_channels = 64' 'max_grant_frames = 8' 'max_grant_version = 1' 'max_maptrack_frames = 5')
inside "limits" "${limits[@]}"
alike "limits, CPUs by vCPU" sched-credit2 "${limits[@]}" 'cpus = [ "0", "1", "all,^0" ]' \
	'cpus_soft = [ "0", "all", "node:0,^0" ]' 'cpu_weight = 512' 'cap = 150'
expected='probe.expect-grant-frames=64 probe.expect-grant-version=2 probe.expect-event-channels=1021'
inside "no limits"
alike "CPUs for all" sched-credit2 'cpus = "0-9,^1"'

# Of the two CPUs, one becomes another pool's, with another scheduler.
pool() {
	xl cpupool-cpu-remove Pool-0 1 &&
		printf '%s\n' 'name = "tenants"' 'sched = "credit"' 'cpus = [ "1" ]' >"$work/pool" &&
		xl cpupool-create "$work/pool"
}
no_pool() { xl cpupool-destroy tenants && xl cpupool-cpu-add Pool-0 1; }
try pool
if [[ $status -eq 0 ]]; then
	alike "another pool" sched-credit 'pool = "tenants"' 'cpus = "1"' 'cpu_weight = 300' 'cap = 50'
	confined ours 'pool = "tenants"' 'cpus = "0"'
	pvb create -p "$work/ours.cfg"
	ok "a CPU that is not the pool's is refused by name" both exited 1 '&&' err_has arg.cpus '&&' \
		err_has '"tenants" has none of them: it has 1'
	confined theirs 'pool = "tenants"' 'cpus = "0"'
	try xl create -p "$work/theirs.cfg"
	ok "by xl as well" test "$status" -ne 0
	xl destroy theirs 2>/dev/null
	try no_pool
	ok "the pool goes again" exited 0
else
	sed 's/^/# /' "$work/err"
	skip "another pool" "xl made none"
fi

confined ours 'pool = "tenants"'
pvb create -p "$work/ours.cfg"
ok "a pool that is not there is refused by name" both exited 3 '&&' err_has host.pool '&&' err_has tenants
confined ours 'max_grant_frames = 65'
pvb create -p "$work/ours.cfg"
frames() { exited 3 && err_has "65 pages (max_grant_frames)"; }
case $(xl info xen_minor) in
1[0-7]) ok "what Xen refuses of limits is named" frames ;;
*) ok "Xen since 4.18 lets a domain have more than the default" exited 0 ;;
esac
xl destroy ours 2>/dev/null
ok "domains and free memory are as before" as_before
finish
