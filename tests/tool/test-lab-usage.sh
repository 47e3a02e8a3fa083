#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pvbuild-lab, without a boot: what is understood, what is refused, what is missing.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

lab() {
	status=0
	"$builddir/pvbuild-lab" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# refuses NAME STATUS TEXT ARGUMENT...: and says nothing on standard output.
refuses() {
	local name=$1 wanted=$2 text=$3
	shift 3
	lab "$@"
	ok "$name" both exited "$wanted" '&&' silent '&&' err_has "$text"
}

# Nothing of the real cache is used, and a QEMU is there that is never started.
export XDG_CACHE_HOME=$work/cache
mkdir "$work/bin" "$work/empty"
printf '#!/bin/sh\nexit 99\n' >"$work/bin/qemu-system-x86_64"
chmod +x "$work/bin/qemu-system-x86_64"
PATH=$work/bin:$PATH
cd "$work" || exit 1
echo 'kernel = "x"' >guest.cfg
echo 'true' >script.sh

refuses "no command is a usage error" 2 "no command was given"
refuses "an unknown command is named" 2 'no command "fly"' fly
refuses "an unknown option is named" 2 "no option --fly" run --fly
refuses "an unknown letter is named" 2 "no option -q" run -q
refuses "an option without its argument is named" 2 "--memory needs an argument" run --memory
refuses "an argument where none belongs is refused" 2 "--refresh takes no argument" prepare --refresh=yes
refuses "run needs something to run" 2 "run needs" run
refuses "a missing file is named" 2 "no-such.cfg: there is no such file" run no-such.cfg
refuses "a file and -e exclude each other" 2 "exclude each other" run -e true guest.cfg
refuses "shell takes no file" 2 '"guest.cfg"' shell guest.cfg
refuses "-e goes with run" 2 "goes with run" prepare -e true
refuses "a shell needs a terminal" 2 "needs a terminal" shell
for size in 0 12 -1G 1.5G 4g G; do
	refuses "\"$size\" is no size" 2 "\"$size\" is no size" run --memory "$size" guest.cfg
done
refuses "neither is it for dom0" 2 '"x" is no size' run --dom0-memory x guest.cfg
refuses "cpus are a number" 2 '"many"' run --cpus many guest.cfg
refuses "the time limit is a number" 2 '"1h"' run -t 1h guest.cfg
refuses "there are two builders" 2 '"libxl"' run --builder libxl guest.cfg
refuses "variables have names" 2 '"1=2"' run -E 1=2 guest.cfg
refuses "a mirror goes with a release" 2 "goes with --release" prepare --mirror http://example.org
refuses "a package that is a file has to be there" 2 "./xen.deb: there is no such file" prepare --xen-package ./xen.deb
refuses "another root has to be there" 2 "nowhere: there is no such folder" run --sysroot nowhere guest.cfg
refuses "output needs a folder that can be made" 2 "-o guest.cfg/out" run -o guest.cfg/out guest.cfg
refuses "a log needs a file that can be written" 2 "-l nowhere/log" run -l nowhere/log guest.cfg
ok "nothing of that touched the cache" test ! -e "$XDG_CACHE_HOME"

lab --help
ok "--help goes to standard output" both exited 0 '&&' quiet '&&' out_has "usage: pvbuild-lab run"
cp out help
lab run --help
ok "also behind a command" both exited 0 '&&' cmp out help
lab clean
ok "clean succeeds where there is nothing" both exited 0 '&&' silent '&&' quiet

mkdir few
for program in bash cat chmod dirname env head mkdir mktemp realpath rm sed sha256sum cut uname; do
	ln -s "$(command -v "$program")" "few/$program"
done
status=0
PATH=$work/few "$builddir/pvbuild-lab" run guest.cfg >out 2>err </dev/null || status=$?
ok "without QEMU it says how to get it" both exited 120 '&&' silent '&&' \
	err_has "qemu-system-x86_64 is not installed" '&&' err_has "apt-get install qemu-system-x86"
ln -s "$work/bin/qemu-system-x86_64" few/
status=0
PATH=$work/few "$builddir/pvbuild-lab" run guest.cfg >out 2>err </dev/null || status=$?
ok "without cpio, too" both exited 120 '&&' silent '&&' err_has "apt-get install cpio"

# An archive that has nothing.
if command -v apt-get >/dev/null && command -v cpio >/dev/null && [[ $(uname -m) == x86_64 ]]; then
	: >sources.list
	refuses "an archive without the package is named" 120 "no package xen-system-amd64" prepare \
		--apt-option "Dir::Etc::sourcelist=$work/sources.list" --apt-option Dir::Etc::sourceparts=- \
		--apt-option "Dir::State::lists=$work/lists" --apt-option "Dir::Cache=$work/apt-cache"
	ok "and nothing half-made is left" bash -c "! compgen -G '$XDG_CACHE_HOME/pvbuild/lab/making.*'"
else
	skip "an archive without the package is named" "there is no apt-get, or no cpio"
fi

# An image of nothing, and a machine that lists what it is to boot and ends.
if command -v cpio >/dev/null; then
	mkdir image folder folder/below
	touch image/{xen,vmlinuz,base.cpio,libraries,packages} folder/file folder/below/file
	echo 0 >image/glibc
	ln -s . folder/round
	ln -s ../../script.sh folder/below/link
	cat >"$work/bin/qemu-system-x86_64" <<-'END'
		#!/bin/sh
		cpio --quiet -t <initrd >"$LISTING"
		echo "the machine's words" >log
		exit 99
	END
	export LISTING=$work/listing
	lab run --image image --pvbuild script.sh -l log -f folder:/as/it/is -f folder:/below/ -f script.sh:/one/ -e true
	ok "a QEMU that fails at once is waited for no longer" both exited 121 '&&' silent '&&' err_has "status 99"
	ok "and says so in words of its own" bash -c "! grep -v '^pvbuild-lab: \|^  \|^find: ' '$work/err'"
	ok "what was heard of the machine is kept" grep -q "the machine's words" log
	listed() { diff <(grep "^$1" "$LISTING" | sort) <(printf '%s\n' "${@:2}" | sort); }
	ok "a folder is taken along with what links in it lead to, but not round in circles" listed as/it/is \
		as/it/is as/it/is/file as/it/is/below as/it/is/below/file as/it/is/below/link
	ok "behind a slash it has its name" listed below \
		below below/folder below/folder/file below/folder/below below/folder/below/file below/folder/below/link
	ok "and so has a file" listed one one one/script.sh

	mkfifo started
	cat >"$work/bin/qemu-system-x86_64" <<-'END'
		#!/bin/sh
		echo "the machine's words" >log
		echo $$ >"$STARTED"
		exec sleep 1000
	END
	export STARTED=$work/started
	gone() { timeout 60 tail --pid="$1" -f /dev/null; }
	for signal in HUP:129 TERM:143 KILL:137; do
		rm -f log
		mkdir tmp
		# Under nohup it would be ignored by all that is started here.
		TMPDIR=$work/tmp env --default-signal=HUP,TERM "$builddir/pvbuild-lab" run --image image --pvbuild script.sh -l log -e true \
			>"$work/out" 2>"$work/err" </dev/null &
		read -r machine <started
		kill "-${signal%:*}" $!
		status=0
		{ wait $! || status=$?; } 2>/dev/null
		ok "SIG${signal%:*} ends the machine, and the run" both exited "${signal#*:}" '&&' gone "$machine"
		[[ $signal != KILL:* ]] || break
		ok "and leaves the log and nothing else" both grep -q "the machine's words" log '&&' rmdir tmp
	done
else
	skip "what is taken along" "there is no cpio"
fi

# Options are the same everywhere.
"$builddir/pvbuild-lab" --help | sed '/^Examples:/,$d' | grep -oE -- '^ +(-[A-Za-z], )? *--[a-z0-9-]+' |
	grep -oE -- '--[a-z0-9-]+' | sort -u >in-help
sed -n 's/^\.It .*Fl -\([a-z0-9-]*\).*/--\1/p' "$srcdir/doc/pvbuild-lab.1" | grep -vx -- --help | sort -u >in-manual
sed -n "s/^\tlocal \(what\|machine\|made\)=//p" "$srcdir/tools/lab/pvbuild-lab.bash-completion" |
	grep -oE -- '--[a-z0-9-]+' | grep -vx -- --help | sort -u >in-completion
ok "there are options" test "$(wc -l <in-help)" -ge 20
ok "the manual has the options of --help, and no others" diff in-help in-manual
ok "so has the completion" diff in-help in-completion
if type groff >/dev/null 2>&1; then
	groff -ww -mdoc -Tutf8 "$srcdir/doc/pvbuild-lab.1" >/dev/null 2>"$work/err"
	ok "the manual is clean" quiet
else
	skip "the manual is clean" "there is no groff"
fi

# shellcheck source=/dev/null
. "$srcdir/tools/lab/pvbuild-lab.bash-completion"
offers() { # "WORD WORD" EXPECTED...: the last word is the one that was begun
	mapfile -t COMP_WORDS < <(tr ' ' '\n' <<<"$1")
	shift
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_pvbuild_lab 2>"$work/err"
	diff <(printf '%s\n' "${COMPREPLY[@]}" | sort) <(printf '%s\n' "$@" | sort)
}
ok "completion knows the commands" offers "pvbuild-lab " run shell prepare clean
ok "and builders" offers "pvbuild-lab run --builder " pvbuild xl
ok "and options" offers "pvbuild-lab run --xen" --xen-args --xen-package
ok "and files" offers "pvbuild-lab run gu" guest.cfg
finish
