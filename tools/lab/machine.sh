# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# One boot: QEMU in software emulation, the hypervisor, dom0, and what becomes of it.

machine_readers=() machine_ends=() machine_command=() machine_status=0 machine_seconds=0

# Ends what was started here, whatever state it is in, and waits for that: timeout sees to it.
# By the shell's own list: a signal can come before the number of a new process is in a variable.
machine_stop() {
	local running
	mapfile -t running < <(jobs -p)
	[[ ${#running[@]} -eq 0 ]] || { kill "${running[@]}"; wait "${running[@]}"; } 2>/dev/null || true
}

# machine_boot FOLDER: boots what is there (xen, vmlinuz, initrd); leaves log, status and files there.
# The hypervisor does not scrub all memory at its boot: it would be emulated, and touch it all.
# Names in that folder alone: QEMU takes commas and blanks of a path for separators of its own.
machine_boot() {
	cd "$1" || exit
	# No part of it outlives who started it, not even one killed without a chance to tidy up.
	machine_command=(setpriv --pdeathsig TERM timeout --foreground --kill-after=10 "$time_limit"
		setpriv --pdeathsig KILL qemu-system-x86_64 -accel tcg -cpu "$cpu" -smp "$cpus" -m "$memory"
		-no-user-config -nodefaults -display none -no-reboot
		-kernel xen
		-append "bootscrub=false console=com1 com1=115200,8n1 dom0_mem=$dom0_memory,max:$dom0_memory loglvl=all guest_loglvl=all $xen_args"
		-initrd "vmlinuz console=hvc0 earlyprintk=xen nomodeset panic=-1 rdinit=/init ${dom0_args//,/,,},initrd"
		-serial chardev:log -device virtio-serial-pci)

	machine_port status status
	machine_port files files
	: >log
	if [[ -n $verbose ]]; then
		machine_command+=(-chardev 'file,id=log,path=log.pipe')
		machine_reader log.pipe tee log >&2
	else
		machine_command+=(-chardev 'file,id=log,path=log')
	fi
	if [[ -n $interactive ]]; then
		machine_command+=(-chardev 'stdio,id=tty,signal=off' -device 'virtconsole,chardev=tty')
	else
		machine_port out out
		machine_port err err
		machine_reader out cat
		machine_reader err cat >&2
		exec </dev/null
	fi
	detail "${machine_command[*]@Q}"
	"${machine_command[@]}" <&0 2>qemu.err &
	machine_status=0
	local started=$SECONDS
	# Without a word from bash about what ended it.
	{ wait $! || machine_status=$?; } 2>/dev/null
	machine_seconds=$((SECONDS - started))
	local end
	for end in "${machine_ends[@]}"; do
		exec {end}>&-
	done
	wait "${machine_readers[@]}" || true
}

# machine_reader PIPE COMMAND...: starts a command that reads what QEMU writes to the pipe. Both ends
# are opened here: it must not wait for ever for a QEMU that ends before it has opened its own.
machine_reader() {
	local pipe=$1 writing reading
	shift
	mkfifo "$pipe"
	exec {writing}<>"$pipe" {reading}<"$pipe"
	"$@" <&"$reading" {reading}<&- {writing}>&- &
	machine_readers+=($!)
	exec {reading}<&-
	machine_ends+=("$writing")
}

# machine_port NAME FILE: what dom0 writes to the port of that name goes to the file.
machine_port() {
	machine_command+=(-chardev "file,id=$1,path=$2" -device "virtserialport,chardev=$1,name=$1")
}

# machine_outcome FOLDER: the exit status of the command in dom0, or what went wrong instead.
machine_outcome() {
	local status
	# A QEMU that fails at once has not even made the file.
	if [[ -e $1/status ]] && read -r status <"$1/status" && [[ $status =~ ^[0-9]+$ ]]; then
		return "$status"
	fi
	if [[ $machine_status -eq 124 ]] ||
		[[ $machine_status -eq 137 && $time_limit -gt 0 && $machine_seconds -ge $time_limit ]]; then
		machine_failed "the time limit of $time_limit s is over" "--timeout SECONDS sets another"
		return "$LAB_TIME"
	fi
	if grep -aqE 'Panic on CPU|Xen call trace' "$1/log"; then
		machine_failed "the hypervisor crashed"
		return "$LAB_CRASHED"
	fi
	if grep -aqE 'Kernel panic|Domain 0 crashed|Hardware Dom0 crashed' "$1/log"; then
		machine_failed "dom0 crashed"
		return "$LAB_CRASHED"
	fi
	if [[ $machine_status -gt 128 ]] || grep -q 'terminating on signal' "$1/qemu.err"; then
		printable <"$1/qemu.err" | sed 's/^/  | /' >&2
		machine_failed "QEMU was killed" "by somebody, or by the kernel for want of memory: --memory makes the machine smaller"
		return "$LAB_QEMU"
	fi
	if [[ $machine_status -ne 0 ]]; then
		printable <"$1/qemu.err" | sed 's/^/  | /' >&2
		machine_failed "QEMU ended with status $machine_status"
		return "$LAB_QEMU"
	fi
	machine_failed "the machine was switched off before the command ended"
	return "$LAB_NO_STATUS"
}

# machine_of_guests: of the log on standard input, what the hypervisor says of guests (dNvM, dN), and
# all of what it says when it ends one: registers and stack follow that line. The first 100 lines.
machine_of_guests() {
	LC_ALL=C awk '!/^\(XEN\) / { block = 0; next }
		/^\(XEN\) (\[[^]]*\] )?Domain [1-9][0-9]* \(vcpu#[0-9]+\) crashed/ { block = 1 }
		(block || /[^0-9A-Za-z]d[1-9][0-9]*(v[0-9]+)?([^0-9A-Za-z]|$)/) && lines++ < 100'
}

# machine_crash FOLDER STATUS: where a guest has crashed, what the hypervisor said of it.
machine_crash() {
	local said
	[[ -z $verbose && -s $1/log ]] || return 0
	[[ $2 -eq $GUEST_CRASHED ]] || grep -aqE 'Domain [1-9][0-9]* \(vcpu#[0-9]+\) crashed' "$1/log" || return 0
	said=$(tr -d '\r\0' <"$1/log" | machine_of_guests)
	if [[ -z $said ]]; then
		say "the guest crashed, and Xen has said nothing of it: its kernel ended itself"
		return
	fi
	say "the guest crashed; what Xen said of it (-v shows all, --log FILE keeps it):"
	printable <<<"$said" | sed 's/^/  | /' >&2
}

# machine_failed MESSAGE [HINT]: says it, with the end of the log.
machine_failed() {
	say "$1"
	if [[ -z $verbose && -s log ]]; then
		say "the last that was heard of it (-v shows all, --log FILE keeps it):"
		tail -n 25 log | printable | sed 's/^/  | /' >&2
	fi
	[[ -z ${2:-} ]] || printf '  %s\n' "$2" >&2
}
