# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The variable part of dom0's initramfs: pvbuild, programs with the libraries
# that they need, files, and the command. It is a tree of links to the files of
# this machine; cpio follows them.

load_tree='' load_loader='' load_newer_glibc=''

# load_begin FOLDER: a tree with nothing but dom0's init.
load_begin() {
	load_tree=$1
	mkdir -p "$load_tree/lab"
	local ours theirs
	ln -s "$lab_data/dom0-init" "$load_tree/init"
	theirs=$(<"$image/glibc")
	load_loader=$sysroot/lib64/ld-linux-x86-64.so.2
	[[ -x $load_loader ]] || die "$LAB_USAGE" "there is no $load_loader: ${sysroot:-this machine} is no x86-64 system with glibc"
	ours=$("$load_loader" --version | sed -n '1s/.* \([0-9][0-9.]*[0-9]\)\.*$/\1/p')
	# The newer C library runs programs of both; the older does not.
	if [[ -n $ours && $ours != "$theirs" && $(printf '%s\n' "$ours" "$theirs" | sort -V | tail -n 1) == "$ours" ]]; then
		load_newer_glibc=yes
		detail "the C library of ${sysroot:-this machine} ($ours) replaces that of dom0 ($theirs)"
	fi
}

# load_place PATH: where a path is in dom0, in which /bin and so on are links that a directory of
# the same name in the archive would replace.
load_place() {
	local path
	path=$(realpath -ms "$1")
	case $path in
	/bin/* | /sbin/* | /lib/* | /lib64/*) path=/usr$path ;;
	/dev | /dev/* | /proc | /proc/* | /sys | /sys/* | /run | /run/* | /init | /lab | /lab/*)
		die "$LAB_USAGE" "$1: this place is dom0's own" "give another: --file SRC:DEST"
		;;
	esac
	echo "$path"
}

# load_file SRC DEST: a file or a folder, and where it is a program its libraries.
load_file() {
	local source=$1 to place entry
	[[ -e $source ]] || die "$LAB_USAGE" "$source: there is no such file"
	[[ -r $source ]] || die "$LAB_USAGE" "$source cannot be read"
	to=$2
	[[ $to != */ ]] || to+=${source##*/}
	place=$load_tree$(load_place "$to") || exit
	source=$(realpath "$source")
	if [[ -d $source ]]; then
		mkdir -p "$place"
		# Links are followed, but not round in a circle; what find calls a link leads nowhere.
		while IFS= read -r -d '' entry; do
			load_file "$source/$entry" "$to/$entry"
		done < <(cd "$source" && find -L . -mindepth 1 \( -type f -o -type l \) -printf '%P\0')
		return
	fi
	mkdir -p "${place%/*}"
	if load_is_wrapper "$source"; then
		load_program "$source" "$place"
		return
	fi
	ln -sfn "$source" "$place"
	if [[ $(head -c 4 "$source" | tr -d '\0') == $'\x7fELF' ]]; then
		load_libraries "$source" ""
	fi
}

# What libtool leaves in a build tree for a program that is not installed yet.
load_is_wrapper() {
	[[ $(head -c 2 "$1" | tr -d '\0') == '#!' ]] && head -n 20 "$1" | grep -aq 'temporary wrapper script for \.libs/'
}

# load_program WRAPPER PLACE: the program itself, and the libraries of the build tree.
load_program() {
	local folder=${1%/*} name=${1##*/} program path
	program=$folder/.libs/$name
	[[ -x $program ]] || program=$folder/.libs/lt-$name
	[[ -x $program ]] || die "$LAB_USAGE" "$1: libtool's wrapper is there, but not the program" "run make"
	# shellcheck disable=SC2016 # the dollar is the wrapper's
	path=$(sed -n 's/^ *LD_LIBRARY_PATH="\([^$]*\)\$LD_LIBRARY_PATH"$/\1/p' "$1" | head -n 1)
	path=${path%:}
	# In a chroot the wrapper has been told paths as they are in there.
	[[ -z $sysroot || $path == "$sysroot"/* ]] || path=$sysroot${path//:/:$sysroot}
	ln -sfn "$(realpath "$program")" "$2"
	load_libraries "$program" "$path"
}

# load_libraries PROGRAM PATH: what dom0 lacks of the libraries that the program needs.
load_libraries() {
	local name file folder path listing
	path=$2${LD_LIBRARY_PATH:+${2:+:}$LD_LIBRARY_PATH}
	if [[ -n $sysroot ]]; then
		path=$2
		for folder in usr/local/lib/x86_64-linux-gnu usr/local/lib usr/lib/x86_64-linux-gnu usr/lib; do
			path+=${path:+:}$sysroot/$folder
		done
	fi
	# A static program, or a kernel, is nothing for the loader.
	grep -qaE 'ld-linux-x86-64\.so\.2|lib[A-Za-z0-9_+-]+\.so\.[0-9]' "$1" || return 0
	listing=$("$load_loader" ${path:+--library-path "$path"} --list "$1" 2>/dev/null) || return 0
	while read -r name _ file _; do
		if [[ $file == not ]]; then
			die "$LAB_NOT_PREPARED" "$1 needs $name, which is not on ${sysroot:-this machine}"
		fi
		[[ $name == *.so* && $name != */* && $file == /* ]] || continue
		if [[ -z $load_newer_glibc ]] && grep -qxF "$name" "$image/libraries"; then
			continue
		fi
		load_library "$name" "$file"
	done <<<"$listing"
	if [[ -n $load_newer_glibc ]]; then
		load_library ld-linux-x86-64.so.2 "$load_loader"
	fi
	load_matches "$listing"
}

load_library() { # name file
	mkdir -p "$load_tree/usr/lib/x86_64-linux-gnu"
	ln -sfn "$(realpath "$2")" "$load_tree/usr/lib/x86_64-linux-gnu/$1"
}

# load_matches LISTING: Xen's control library works with the hypervisor of its own version only.
load_matches() {
	local wanted there
	wanted=$(sed -n 's/^[[:space:]]*libxenctrl\.so\.\([0-9.]*\).*/\1/p' <<<"$1" | head -n 1)
	there=$(sed -n 's/^xen-hypervisor-\([0-9.]*\)-.*/\1/p' "$image/packages" | head -n 1)
	[[ -z $wanted || -z $there || $wanted == "$there" ]] ||
		die "$LAB_USAGE" "the program was built with Xen $wanted's libraries, and the lab's hypervisor is Xen $there" \
			"take that one (--release, --xen-package), or a program built for it (--pvbuild, --sysroot)"
}

# load_archive: the tree as a cpio archive, on standard output.
load_archive() {
	(cd "$load_tree" && find . -mindepth 1 -printf '%P\0' | sort -z |
		cpio --quiet -0 -L -o -H newc -R 0:0)
}
