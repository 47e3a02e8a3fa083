#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# How a run of pvbuild-lab ends, with a QEMU that only plays its part: it says what a
# machine would say, on the channels that it is given.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

if ! command -v cpio >/dev/null || [[ ! -x /lib64/ld-linux-x86-64.so.2 ]]; then
	skip "how a run ends" "there is no cpio, or this is no x86-64 system with glibc"
	finish
	exit
fi

export XDG_CACHE_HOME=$work/cache TMPDIR="$work/a folder, with more"
mkdir -p "$TMPDIR" "$work/bin" "$work/image" "$work/in here"
cd "$work/in here" || exit 1
(cd "$work/image" && : >xen && : >vmlinuz && echo 99.0 >glibc && : >libraries &&
	echo "xen-hypervisor-4.17-amd64 4.17.5-1" >packages && cpio --quiet -o -H newc </dev/null >base.cpio 2>/dev/null)

# The machine: says what is in $SAYS_log, $SAYS_out and so on, and keeps its arguments and the
# part of the initramfs that is behind that of the image.
cat >"$work/bin/qemu-system-x86_64" <<-'END'
	#!/usr/bin/env bash
	printf '%s\n' "$@" >"$KEEP/arguments"
	tail -c "+$(($(stat -c %s "$BASE") + 1))" initrd >"$KEEP/initrd"
	while [[ $# -gt 0 ]]; do
		if [[ $1 == file,id=* ]]; then
			id=${1#file,id=}
			path=${id#*,path=}
			id=${id%%,*}
			said=SAYS_$id
			if [[ $id == files && -n ${!said:-} ]]; then
				cat "${!said}" >"$path"
			else
				printf '%b' "${!said:-}" >"$path"
			fi
		fi
		shift
	done
	${HANGS:-false} && exec sleep 1000
	echo "$COMPLAINT" >&2
	exit "${ENDS:-0}"
END
chmod +x "$work/bin/qemu-system-x86_64"
export PATH=$work/bin:$PATH BASE=$work/image/base.cpio KEEP=$work/keep COMPLAINT='' SAYS_log='' SAYS_out='' SAYS_err='' SAYS_status=''
mkdir "$KEEP"

lab() {
	status=0
	"$builddir/pvbuild-lab" run --image "$work/image" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
archive() { cpio --quiet -i --to-stdout "$1" <"$KEEP/initrd" 2>/dev/null; }
archive_has() { archive "$1" | grep -qF -- "$2"; }

SAYS_status='7\n' SAYS_out='to out\n' SAYS_err='to err\n' SAYS_log='(XEN) chatter\n' lab -e 'echo "*"; true'
ok "the exit status is that of the command" exited 7
ok "what it says comes out, and nothing else" bash -c "echo 'to out' | cmp - '$work/out'"
ok "and so does what it says to standard error" bash -c "echo 'to err' | cmp - '$work/err'"
ok "it was given the command as it is" archive_has lab/command 'echo "*"; true'
ok "in the working directory of outside" archive_has lab/command "in\\ here"
ok "pvbuild came along" test "$(archive usr/bin/pvbuild | head -c 4 | tail -c 3)" = ELF
ok "with its library" test "$(archive usr/lib/x86_64-linux-gnu/libpvbuild.so.0 | head -c 4 | tail -c 3)" = ELF
ok "no hardware virtualisation is asked for" both grep -qx tcg "$KEEP/arguments" '&&' \
	bash -c "! grep -q kvm '$KEEP/arguments'"
ok "nothing is left of the run" bash -c "! compgen -G '$TMPDIR/pvbuild-lab.*'"

SAYS_status='0\n' lab -e true -l kept
ok "a run that succeeds says nothing of its own" both exited 0 '&&' silent '&&' quiet
SAYS_status='0\n' SAYS_log='(XEN) chatter\n' lab -v -l kept -e true
ok "with -v it shows what the machine says" both exited 0 '&&' err_has "(XEN) chatter"
ok "and --log keeps it" grep -qF "(XEN) chatter" kept

lab -e true
ok "a machine that is switched off early is told of" both exited 123 '&&' err_has "before the command ended"
SAYS_log='one\n(XEN) Panic on CPU 0:\n(XEN) Reboot\n' lab -e true
ok "so is a crash of the hypervisor" both exited 122 '&&' err_has "the hypervisor crashed" '&&' \
	err_has "| (XEN) Panic on CPU 0"
SAYS_log='[ 1.0] Kernel panic - not syncing\n' lab -e true
ok "and one of dom0" both exited 122 '&&' err_has "dom0 crashed"
ENDS=1 COMPLAINT="qemu: no such processor" lab -e true --cpu z80
ok "and a QEMU that fails, with what it says" both exited 121 '&&' err_has "status 1" '&&' err_has "no such processor"
ENDS=137 lab -e true
ok "and one that is killed" both exited 121 '&&' err_has "QEMU was killed"
COMPLAINT="qemu-system-x86_64: terminating on signal 15 from pid 1" lab -e true
ok "also where it takes that for no error" both exited 121 '&&' err_has "QEMU was killed" '&&' err_has "signal 15"
HANGS=true SAYS_log='last words\n' lab -t 1 -e true
ok "and the time limit" both exited 124 '&&' err_has "time limit of 1 s" '&&' err_has "last words" '&&' err_has "--timeout"
SAYS_log='a\033[2Jb\a\n' lab -e true
ok "the log does not play with the terminal" bash -c "! grep -q $'[\033\a]' '$work/err'"

# What Xen said of a guest that crashed, and nothing else of what it said.
cat >guest.cfg <<-'END'
	kernel = "some"
	memory = 64
END
"$builddir/tests/tool/make-kernel" linux64 some
crash='(XEN) d0v0 of dom0\n(XEN) grant_table.c:1861:d1v0 expanding\r\n[    1.0] dom0 says d1v0\n(XEN) d1v0 Unhandled: #UD\n(XEN) other\n'
crash+='(XEN) Domain 1 (vcpu#0) crashed on cpu#1:\n(XEN) RIP:    e033:[<ffffffff81000000>]\n(XEN) Guest stack trace\n[    2.0] dom0\n(XEN) last\n'
SAYS_status='13\n' SAYS_log=$crash lab guest.cfg
grep '^  | ' "$work/err" >"$work/quoted"
ok "a guest's crash comes with what Xen said of it" both exited 13 '&&' err_has "the guest crashed; what Xen said" '&&' \
	bash -c "printf '  | (XEN) %s\n' 'grant_table.c:1861:d1v0 expanding' 'd1v0 Unhandled: #UD' \
		'Domain 1 (vcpu#0) crashed on cpu#1:' 'RIP:    e033:[<ffffffff81000000>]' 'Guest stack trace' | cmp - '$work/quoted'"
SAYS_status='0\n' SAYS_log=$crash lab --builder xl guest.cfg
ok "also where its builder says nothing of that" both exited 0 '&&' err_has "d1v0 Unhandled"
SAYS_status='13\n' SAYS_log=$crash lab some
ok "or where it has but a kernel" both exited 13 '&&' err_has "d1v0 Unhandled"
SAYS_status='13\n' SAYS_log='(XEN) other\n' lab guest.cfg
ok "or that Xen has said nothing" both exited 13 '&&' err_has "Xen has said nothing of it"
SAYS_status='0\n' SAYS_log='(XEN) d1v0 chatter\n' lab guest.cfg
ok "of one that ended well nothing is said" both exited 0 '&&' silent '&&' quiet
SAYS_status='13\n' SAYS_log=$crash lab -e true
ok "and scripts speak for themselves" both exited 13 '&&' silent '&&' quiet

mkdir there && echo brought >there/file && tar -cf files.tar -C there .
SAYS_status='0\n' SAYS_files=$PWD/files.tar lab -e true -o "out of it"
ok "files come out" both exited 0 '&&' grep -qx brought "out of it/file"

# What is taken along.
"$builddir/tests/tool/make-kernel" linux64 "a kernel" && echo y >'r,d'
cat >guest.cfg <<-'END'
	name = "guest"
	kernel = "a kernel"  # of ours
	  ramdisk='r,d'
	memory = 64
END
SAYS_status='0\n' lab guest.cfg --paused --name "two words"
ok "a configuration comes with the files that it names" both exited 0 '&&' archive_has "${PWD#/}/a kernel" ELF '&&' \
	archive_has "${PWD#/}/r,d" y '&&' archive_has "${PWD#/}/guest.cfg" memory
ok "and is created by pvbuild, with the arguments behind it" archive_has lab/command \
	'exec pvbuild --host xen create -c guest.cfg --paused --name two\ words'
SAYS_status='0\n' lab --builder xl guest.cfg
ok "or by xl" archive_has lab/command 'exec xl create -c guest.cfg'
sed -i 's/r,d/missing/' guest.cfg
lab guest.cfg
ok "a file that it names has to be there" both exited 2 '&&' err_has 'guest.cfg names missing'
sed -i '/ramdisk/d; s/64/4/' guest.cfg
rm "$KEEP/initrd"
lab guest.cfg
if "$builddir/pvbuild" version | grep -q 'xl.cfg *yes'; then
	ok "what pvbuild would refuse is refused before the boot, in its words" both exited 1 '&&' \
		err_has '[arg.memory-small, plan]' '&&' test ! -e "$KEEP/initrd"
else
	skip "what pvbuild would refuse is refused before the boot, in its words" "there is no libxlutil"
fi
SAYS_status='0\n' lab --builder xl guest.cfg
ok "but xl is left to judge by itself" exited 0
echo 'ramdisk = ""' >>guest.cfg
SAYS_status='0\n' lab --builder xl guest.cfg
ok "an empty name is no file" exited 0

SAYS_status='0\n' lab "a kernel" quiet ro
ok "a kernel becomes a domain, and the arguments its command line" both archive_has lab/command \
	'exec pvbuild --host xen create -c /lab/kernel.cfg' '&&' archive_has lab/kernel.cfg 'cmdline = "quiet ro"' \
	'&&' archive_has lab/kernel.cfg 'name = "a-kernel"' '&&' archive_has lab/kernel.cfg 'memory = 256' '&&' \
	archive_has "${PWD#/}/a kernel" ELF
lab "a kernel" 'say "hello"'
ok "a double quote cannot be written into a configuration" both exited 2 '&&' err_has "double quote"
"$builddir/tests/tool/make-kernel" pvh pvh
lab pvh
ok "a kernel that makes no PV domain is no program, either" both exited 2 '&&' err_has "no PV domain can be built"

printf '#!/bin/sh\n' >'my script'
SAYS_status='0\n' lab 'my script' -v 'it'\''s'
ok "a script comes, and gets its arguments" both exited 0 '&&' archive_has "${PWD#/}/my script" '#!/bin/sh' '&&' \
	archive_has lab/command "my\\ script -v it\\'s"
SAYS_status='0\n' lab -f 'my script:/opt/tools/' -f there -f there/file:/bin/file -E 'A=b c' -e true
ok "files go where they are to go" both exited 0 '&&' archive_has 'opt/tools/my script' '#!' '&&' \
	archive_has "${PWD#/}/there/file" brought
ok "where a folder of dom0 is a link, to where that leads" archive_has usr/bin/file brought
ok "variables are set" archive_has lab/command 'export A=b\ c'
lab -f /nowhere -e true
ok "a file has to be there" both exited 2 '&&' err_has "/nowhere: there is no such file"
lab -f there/file:/dev/file -e true
ok "and has no business in /dev" both exited 2 '&&' err_has "/dev/file" '&&' err_has "dom0's own"
lab --pvbuild ./none -e true
ok "so has pvbuild" both exited 2 '&&' err_has "./none: there is no such file"
lab --image there -e true
ok "an image has to be one" both exited 2 '&&' err_has "no prepared image"
if "$builddir/pvbuild" version | grep -q 'xl.cfg *yes'; then
	echo "xen-hypervisor-3.9-amd64 3.9.1-1" >"$work/image/packages"
	lab -e true
	ok "a hypervisor of another version than pvbuild's libraries is told of before" both exited 2 '&&' err_has "Xen 3.9"
fi
finish
