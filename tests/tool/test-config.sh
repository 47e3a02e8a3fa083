#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xl.cfg files.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

cfg() { # lines of a file
	printf '%s\n' "$@" >"$work/guest.cfg"
}
base=("name = \"guest\"" "kernel = \"$(kernel small64)\"" "memory = 64")

pvb version
if grep -q 'xl.cfg *no' "$work/out"; then
	cfg "${base[@]}"
	refused "a configuration is refused by name where there is no libxlutil" 1 arg.unsupported \
		"libxlutil" plan "$work/guest.cfg"
	finish
	exit
fi

head -c 5000 /dev/zero >"$work/ramdisk"
cfg "# a comment with disk = [ 'x' ]" "${base[@]}" 'type="pv"; vcpus = 2' \
	"ramdisk = '$work/ramdisk'" 'root = "/dev/xvda1 ro"' "extra = 'console=hvc0 # no = comment'" \
	'uuid = "01234567-89ab-cdef-0123-456789ABCDEF"' 'disk = [ ]' 'vif = []' 'maxmem=64' 'localtime = 0' \
	'builder = "generic"'
pvb --json --host sim create "$work/guest.cfg"
json_ok "keys are acted on" name=guest plan.memory=67108864 plan.vcpus=2 start_info.mod_len=5000 \
	'start_info.cmd_line=root=/dev/xvda1 ro console=hvc0 # no = comment' \
	uuid=01234567-89ab-cdef-0123-456789abcdef audit.passed=true
ok "without a word about them, as empty lists ask for nothing" quiet
pvb --json --host sim create "$work/guest.cfg" --memory 32M --name other --cmdline x --vcpus 3
json_ok "options go before the file" name=other plan.memory=33554432 start_info.cmd_line=x plan.vcpus=3

cfg "${base[@]}" 'pvb_p2m = "tree:4"'
pvb --json --host sim plan "$work/guest.cfg"
json_ok "the form of the p2m is one" p2m.form=tree p2m.levels=4
ok "which is ours, and known" quiet
pvb --json --host sim plan "$work/guest.cfg" --p2m list
json_ok "an option goes before it" p2m.form=list p2m.levels=0
cfg "${base[@]}" 'pvb_p2m = "heap"'
refused "other forms are refused by name" 1 arg.config "pvb_p2m = \"heap\" is none of" plan "$work/guest.cfg"
cfg "${base[@]}" 'nomigrate = 1' 'extratime=1' 'period = 10000'
pvb --host sim plan "$work/guest.cfg"
ok "keys that are not acted on are named" both exited 0 '&&' err_has "nomigrate, extratime, period"

cfg "${base[@]}" 'vcpus = 2' 'maxvcpus = 4'
pvb --json --host sim plan "$work/guest.cfg"
json_ok "vCPUs can be offline" vcpus=2 max_vcpus=4
ok "without a warning" quiet
pvb --host sim plan "$work/guest.cfg"
ok "which the plan says" out_has "4 vCPUs, of which 2 online"
pvb --json --host sim plan "$work/guest.cfg" --vcpus 3 --max-vcpus 5
json_ok "options go before them" vcpus=3 max_vcpus=5
refused "more online than there are is refused" 1 arg.vcpus "5 vCPUs are to be online" \
	--host sim plan "$work/guest.cfg" --vcpus 5
pvb --host sim plan "$work/guest.cfg" --vcpus 5
ok "in the words of the file" err_has "raise maxvcpus, or lower vcpus"
pvb --host sim plan --kernel "$(kernel small64)" --memory 64M --vcpus 5 --max-vcpus 4
ok "or of the options" err_has "raise --max-vcpus, or lower --vcpus"
cfg "${base[@]}" 'maxvcpus = 4'
pvb --json --host sim plan "$work/guest.cfg"
json_ok "without a word one is online" vcpus=1 max_vcpus=4
cfg "${base[@]}" 'vcpus = 4' 'maxvcpus = 2'
refused "a file that says so is refused" 1 arg.config "maxvcpus = 2 is less than vcpus = 4" \
	--host sim plan "$work/guest.cfg"

confined=("${base[@]}" 'vcpus = 2' 'max_event_channels = 64' 'max_grant_frames = 8'
	'max_grant_version = 1' 'max_maptrack_frames = 0' 'pool = "Pool-1"' 'cpus = "2-9,^3"'
	'cpus_soft = [ "all", "3" ]' 'cpu_weight = 512' 'cap = 150')
cfg "${confined[@]}"
pvb --json --host sim:cpus=4,pools=2 create "$work/guest.cfg"
json_ok "what contains a domain is acted on" calls.set_affinity=2 calls.set_share=1 audit.passed=true
ok "with a word only on what has no effect" test "$(wc -l <"$work/err")" -eq 1
ok "which names the vCPU" err_has "warning: affinity: vCPU 1 cannot run on any of the CPUs that it should"
pvb --host sim:cpus=4,pools=2,sched=null create "$work/guest.cfg"
ok "a scheduler that knows no weight is named" both exited 0 '&&' err_has 'the scheduler "null" knows no weight'

# key = value, exit status, code, text: each goes before what the file has.
while IFS='|' read -r line wanted code text; do
	cfg "${confined[@]}" "$line"
	refused "$line is refused" "$wanted" "$code" "$text" --host sim:cpus=4,pools=2 create "$work/guest.cfg"
done <<-'END'
	max_grant_frames = 65|3|host.limit|65 grant table pages
	max_grant_frames = 0|1|arg.config|max_grant_frames = 0 is not between 1
	max_maptrack_frames = 1025|3|host.limit|1025 maptrack pages
	max_grant_version = 3|1|arg.config|max_grant_version = 3 is not between 1 and 2
	max_event_channels = 1|3|host.limit|all of its 1 event channels
	max_event_channels = "-1"|1|arg.config|max_event_channels = -1 is not between
	pool = "tenants"|3|host.pool|no CPU pool "tenants"
	pool = "7"|3|host.pool|no CPU pool "7"
	cpus = "0-1"|1|arg.cpus|"Pool-1" has none of them: it has 2-3
	cpus = "2-"|1|arg.cpus|"2-" is neither a number
	cpus = [ "2", "x" ]|1|arg.cpus|"x" is neither a number
	cpus_soft = "^all"|1|arg.cpus|leaves out all
	cpu_weight = 65536|1|arg.config|cpu_weight = 65536 is not between 1 and 65535
	cap = 201|1|arg.limit|cap is 201, and can be 1 to 200
END
cfg "${base[@]}" 'on_crash = "preserve"' 'on_reboot="restart"' 'on_poweroff = "coredump-destroy"' \
	'on_watchdog = "coredump-restart"' 'on_soft_reset = "destroy"'
pvb --host sim plan "$work/guest.cfg"
ok "what is to follow the guest's end is acted on" both exited 0 '&&' quiet
for fate in rename-restart soft-reset explode ''; do
	cfg "${base[@]}" "on_crash = \"$fate\""
	refused "on_crash = \"$fate\" is refused by name" 1 arg.config-key "on_crash = \"$fate\"" \
		--host xen create "$work/guest.cfg"
	pvb --host sim plan "$work/guest.cfg"
	ok "a plan leaves it aside" both exited 0 '&&' err_has "left aside: on_crash = \"$fate\""
done
cfg "${base[@]}" 'on_soft_reset = "soft-reset"' 'cpuid = "host"' 'passthrough = "default"' 'tsc_mode = "default"' \
	'ramdisk = ""' 'vnc = 0' 'usb = 0'
pvb --json --host sim create "$work/guest.cfg"
json_ok "what asks for a default asks for nothing" start_info.mod_len=0 audit.passed=true
cfg "${base[@]:1}" "name = 'a/b'"
refused "so is a name with a slash" 1 arg.name "a/b" --host sim plan "$work/guest.cfg"
cfg "${base[@]}" "vcpus = 8193"
refused "a range that is named is the right one" 1 arg.config "between 1 and 8192" plan "$work/guest.cfg"
cfg "${base[@]}" 'memroy = 12' 'memroy = 13'
pvb --host sim plan "$work/guest.cfg"
ok "so are keys that nobody knows, once" both exited 0 '&&' err_has "unknown to xl up to 4.22 too: memroy" '&&' \
	bash -c "! grep -q 'memroy, memroy' '$work/err'"
cfg "${base[@]}" 'maxmem = 128'
pvb --host sim plan "$work/guest.cfg"
ok "room to grow is not acted on" both exited 0 '&&' err_has "maxmem"
cfg "${base[@]}" 'cmdline = "a"' 'extra = "b"'
pvb --json --host sim plan "$work/guest.cfg"
json_ok "cmdline goes before extra" command_line=a
ok "with a warning" err_has "root and extra"

for key in "disk = [ 'phy:/dev/vg/lv,xvda,w' ]" "vif = [ '' ]" "pci = [ '01:00.0' ]" 'vfb = [ "vnc=1" ]' \
	'usbdev = [ "hostbus=1" ]' 'bootloader = "pygrub"' 'device_model_version = "qemu-xen"' \
	'cpuid = "host,x=0"' 'vnuma = [ [ "pnode=0" ] ]' 'driver_domain = 1' 'tsc_mode = "native"' 'vnc = 1'; do
	cfg "${base[@]}" "$key"
	refused "refused by name: ${key%% *}" 1 arg.config-key "${key%% *}" --host xen create "$work/guest.cfg"
	pvb --host sim plan "$work/guest.cfg"
	ok "left aside by a plan: ${key%% *}" both exited 0 '&&' out_has "boot_stack" '&&' err_has "left aside: ${key%% *}"
	pvb --host sim create "$work/guest.cfg"
	ok "and on the simulated host: ${key%% *}" both exited 0 '&&' err_has "left aside: ${key%% *}"
done
for key in 'type = "pvh"' 'builder = "hvm"'; do
	cfg "${base[@]}" "$key"
	refused "another kind of domain has no plan, either: $key" 1 arg.config-key "${key%% *}" --host sim plan "$work/guest.cfg"
done
cfg "${base[@]}" 'builder = "linux"'
pvb --host sim plan "$work/guest.cfg"
ok "xend's name of PV is taken, with a word of xl" both exited 0 '&&' err_has "builder = \"linux\" is taken as PV"
# Of Xen's releases up to 4.22; none of them says anything of a PV guest's layout.
for key in firmware_override bootloader_restrict bootloader_user smbios hvm_pirq altp2m_count xen_platform_pci_bar_uc \
	xenstore_feature_mask xenstore_quota arm_sci llc_colors nr_spis sve trap_unmapped_accesses usb usbdevice \
	usbversion gfx_passthru sdl keymap; do
	cfg "${base[@]}" "$key = 1"
	pvb --host sim plan "$work/guest.cfg"
	ok "a key of some xl is not called unknown: $key" both exited 0 '&&' err_has "not acted on: $key"
done

# Words behind the file, the file on standard input, and neither.
cfg "${base[@]}" 'extra = "a=1"' 'extra += " b=2"'
pvb --json --host sim plan "$work/guest.cfg"
json_ok "strings can be added to" 'command_line=a=1 b=2'
pvb --json --host sim plan memory=32 "$work/guest.cfg" 'vcpus=2' 'extra="c=3"'
json_ok "KEY=VALUE goes before the file" memory=33554432 vcpus=2 command_line=c=3
pvb --json --host sim plan memory=32 "$work/guest.cfg" --memory 48M
json_ok "and an option before that" memory=50331648
pvb --json --host sim plan "kernel=\"$(kernel small64)\"" memory=64
json_ok "no file is needed" memory=67108864
refused "a shell takes quotes away, as the hint says" 1 arg.config "syntax error" --host sim plan "$work/guest.cfg" extra=quiet
pvb --host sim plan "$work/guest.cfg" extra=quiet
ok "which the hint says" err_has "a shell wants quotes around them"
refused "two files are one too many" 2 arg.usage "two configuration files" --host sim plan "$work/guest.cfg" "$work/other.cfg"
status=0
"$builddir/pvbuild" --host sim plan - memory=32 <"$work/guest.cfg" >"$work/out" 2>"$work/err" || status=$?
ok "- is standard input" both exited 0 '&&' out_has "8192 pages"
status=0
echo 'memory = "x' | "$builddir/pvbuild" --host sim plan - >"$work/out" 2>"$work/err" || status=$?
ok "whose mistakes have their line" both exited 1 '&&' err_has "(standard input):1"
pvb --host sim create -n "$work/guest.cfg" --dump "$work/none.core"
ok "-n shows the plan and creates nothing" both exited 0 '&&' out_has "boot_stack" '&&' test ! -e "$work/none.core"
pvb --json --host sim create --dry-run "$work/guest.cfg"
json_ok "in JSON, too" type=pvbuild.plan memory=67108864
cfg "${base[@]}" "vif = [ '' ]"
refused "-n refuses what create refuses" 1 arg.config-key "vif" --host xen create -n "$work/guest.cfg"

cfg "${base[@]}" "disk = [ 'a' ]" "vif=['b']"
refused "all of them are named at once" 1 arg.config-key "disk, vif" --host xen create "$work/guest.cfg"

cfg 'kernel = "x' 'memory = 64'
refused "a mistake in the syntax has its line" 1 arg.config "guest.cfg:1" plan "$work/guest.cfg"
cfg "${base[@]}" 'vcpus = "many"'
refused "what is no number is refused" 1 arg.config "vcpus" plan "$work/guest.cfg"
cfg "${base[@]}" 'vcpus = [ 1, 2 ]'
refused "so is a list" 1 arg.config "vcpus" plan "$work/guest.cfg"
cfg "${base[@]:0:2}" 'memory = "-64"'
refused "and a negative one" 1 arg.config "memory" plan "$work/guest.cfg"
cfg "${base[@]}" 'maxmem = 32'
refused "maxmem below memory is refused" 1 arg.config "maxmem" plan "$work/guest.cfg"
cfg "${base[@]}" 'uuid = "01234567-89ab-cdef-0123-456789abcde"'
refused "what is no UUID is refused" 1 arg.config "uuid" plan "$work/guest.cfg"
cfg 'name="x"' 'memory = 64'
refused "a kernel is needed" 1 arg.config "kernel" plan "$work/guest.cfg"
cfg "${base[@]:0:2}"
refused "memory is needed" 1 arg.config "memory" plan "$work/guest.cfg"
refused "a kernel is no configuration" 1 arg.config "--kernel" plan "$(kernel small64)"
refused "a missing file is named" 1 arg.file "no-such.cfg" plan "$work/no-such.cfg"
head -c 1100000 /dev/zero | tr '\0' '#' >"$work/guest.cfg"
refused "an endless file is refused" 1 arg.config "larger than" plan "$work/guest.cfg"
printf 'kernel = "%s"\nmemory = 64' "$(kernel small64)" >"$work/guest.cfg"
pvb --host sim plan "$work/guest.cfg"
ok "a file may end without a newline" exited 0
finish
