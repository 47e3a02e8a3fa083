# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The prepared image: the hypervisor, dom0's kernel and the constant part of
# dom0's initramfs, made of packages once and kept.
#
#   images/KEY/   xen vmlinuz base.cpio libraries glibc packages
#                 KEY is made of the versions of all packages
#   requests/KEY  -> ../images/KEY; what was asked for, so that nothing needs to be
#                 asked of the archive when it is asked for again

# Goes up when images of an older pvbuild-lab do not serve any more.
image_format=2

# Modules of dom0's kernel, in the order of loading; what they depend on goes before them.
image_modules=(xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xenfs virtio_pci virtio_console)

# image_request: the key of what the options ask for.
image_request() {
	local thing
	{
		echo "$image_format" "$release" "$mirror" "${apt_options[@]}"
		for thing in "$xen_package" "$kernel_package"; do
			if [[ -f $thing ]]; then
				stat -c '%n %s %Y' "$(realpath "$thing")"
			else
				echo "package $thing"
			fi
		done
	} | sha256sum | cut -c1-24
}

# image_ready: leaves the folder of the image in $image; makes it where it is not there yet.
image_ready() {
	local request
	request=$(image_request)
	image=$cache/requests/$request
	if [[ -z $refresh && -f $image/base.cpio ]]; then
		image=$(realpath "$image")
		return
	fi
	mkdir -p "$cache"/{images,requests}
	exec {image_lock}>"$cache/lock"
	if ! flock --nonblock "$image_lock"; then
		say "another pvbuild-lab is preparing an image; waiting for it"
		flock "$image_lock"
	fi
	# It may just have made ours.
	if [[ -n $refresh || ! -f $image/base.cpio ]]; then
		image_make "$request"
	fi
	exec {image_lock}>&-
	image=$(realpath "$cache/requests/$request")
}

image_scratch=''
image_forget() { [[ -z $image_scratch ]] || rm -rf "$image_scratch"; }

image_make() { # request
	local packages deb debs root key hypervisor toolstack kernel
	needs cpio cpio
	needs xz xz-utils
	[[ $(uname -m) == x86_64 ]] ||
		die "$LAB_NOT_PREPARED" "images can be prepared on x86-64 machines only, and this is $(uname -m)"
	say "preparing an image: taking Xen and a kernel for dom0 from packages (once; this takes a minute)"
	# Who has the lock is alone: what else is there, somebody left who was killed.
	rm -rf "$cache"/making.*
	image_scratch=$(mktemp -d "$cache/making.XXXXXX")
	debs=$image_scratch/debs root=$image_scratch/root
	mkdir "$debs" "$root" "$image_scratch/image"
	archive_open "$cache/archive/${release:-machine}" "$release" "$mirror" "${apt_options[@]}"

	image_package "$xen_package" xen-hypervisor-
	hypervisor=$image_found
	image_package "$kernel_package" linux-image-
	kernel=$image_found
	# The toolstack has the version of the hypervisor.
	toolstack=${hypervisor#xen-hypervisor-}
	toolstack=xen-utils-${toolstack%-amd64}
	packages=("$toolstack" xenstore-utils busybox-static bash)
	[[ -f $xen_package ]] || packages+=("$hypervisor")
	if [[ ! -f $kernel_package ]]; then
		packages+=("$kernel")
		# Some distributions have the modules in a package of their own.
		mapfile -t -O "${#packages[@]}" packages < <(archive_depends "$kernel" | grep '^linux-modules-[0-9]' || true)
	fi
	archive_knows "$toolstack" ||
		die "$LAB_NOT_PREPARED" "the archive has no $toolstack to go with $hypervisor" "--release says which archive is asked"
	mapfile -t -O "${#packages[@]}" packages < <(archive_libraries "$toolstack" xenstore-utils bash)
	archive_download "$debs" "${packages[@]}"
	[[ ! -f $xen_package ]] || cp "$xen_package" "$debs/given-xen.deb"
	[[ ! -f $kernel_package ]] || cp "$kernel_package" "$debs/given-kernel.deb"

	image_unpack "$debs" "$root"
	image_kernel "$root"
	image_hypervisor "$root"
	image_tree "$root"
	(cd "$root" && find . -mindepth 1 -printf '%P\0' | sort -z |
		cpio --quiet -0 -o -H newc -R 0:0) >"$image_scratch/image/base.cpio"
	{
		for deb in "$debs"/*.deb; do
			dpkg-deb -f "$deb" Package Version | sed 's/^[A-Za-z]*: //' | paste -sd' '
		done
	} | sort >"$image_scratch/image/packages"

	key=$({
		echo "$image_format"
		cat "$image_scratch/image/packages"
		[[ ! -f $xen_package ]] || sha256sum <"$xen_package"
		[[ ! -f $kernel_package ]] || sha256sum <"$kernel_package"
	} | sha256sum | cut -c1-24)
	if [[ ! -d $cache/images/$key ]]; then
		mv -T "$image_scratch/image" "$cache/images/$key"
	fi
	ln -s "../images/$key" "$image_scratch/request"
	mv -T "$image_scratch/request" "$cache/requests/$1"
	image_forget
	image_scratch=
}

# image_package FILE|NAME PREFIX: the package's real name, in $image_found.
image_package() {
	if [[ -f $1 ]]; then
		image_found=$(dpkg-deb -f "$1" Package 2>/dev/null) ||
			die "$LAB_NOT_PREPARED" "$1 is no Debian package" "give a .deb, or the name of a package"
	else
		archive_begin "$1" "$refresh"
		image_found=$(archive_stands_for "$1" "$2")
	fi
	[[ $image_found == "$2"* ]] ||
		die "$LAB_NOT_PREPARED" "the package $image_found is no $2…, which is what was asked for"
}

# Everything into one root, with /bin, /lib and so on in /usr, as Debian has it.
image_unpack() { # debs root
	local deb name
	mkdir -p "$2"/usr/{bin,sbin,lib,lib64}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$2/$name"
	done
	for deb in "$1"/*.deb; do
		case $(dpkg-deb -f "$deb" Package) in
		linux-image-* | linux-modules-*)
			dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$2" --keep-directory-symlink --wildcards \
				'*/vmlinuz-*' '*/modules.builtin' '*/kernel/drivers/xen/*' \
				'*/kernel/drivers/virtio/*' '*/kernel/drivers/char/virtio_console*' 2>/dev/null || true
			;;
		*)
			dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$2" --keep-directory-symlink --exclude './usr/share/*' \
				--exclude '*/gconv' --exclude '*.py' --exclude '*/xen-shim' --exclude '*/hvmloader'
			;;
		esac
	done
}

image_kernel() { # root
	local kernels modules folder module
	kernels=("$1"/boot/vmlinuz-*)
	[[ -f ${kernels[0]} ]] || die "$LAB_NOT_PREPARED" "the package of dom0's kernel has no /boot/vmlinuz-…"
	mv "${kernels[0]}" "$image_scratch/image/vmlinuz"
	modules=("$1"/usr/lib/modules/*/)
	folder=${modules[0]}
	mkdir -p "$1/lab/modules"
	declare -gA image_loaded=()
	for module in "${image_modules[@]}"; do
		image_module "$folder" "$1/lab/modules" "$module"
	done
	rm -rf "$1/usr/lib/modules" "$1/boot/config-"* "$1/boot/System.map-"*
}

# image_module FOLDER TO NAME: copies the module, and before it those that it needs, under names
# that say the order.
image_module() {
	local name=${3//-/_} file dependency to
	[[ -z ${image_loaded[$name]:-} ]] || return 0
	image_loaded[$name]=1
	file=$(find "$1" -name "${name//_/[-_]}.ko*" | head -n 1)
	if [[ -z $file ]]; then
		grep -qE "/${name//_/[-_]}\.ko" "$1/modules.builtin" 2>/dev/null ||
			die "$LAB_NOT_PREPARED" "dom0's kernel has no module $3" "--kernel-package takes another kernel"
		return 0
	fi
	to=$image_scratch/$name.ko
	case $file in
	*.ko) cp "$file" "$to" ;;
	*.xz) xz -dc "$file" >"$to" ;;
	*.zst)
		needs zstd zstd
		zstd -qdcf "$file" >"$to"
		;;
	*.gz) gzip -dc "$file" >"$to" ;;
	esac
	for dependency in $(tr '\0' '\n' <"$to" | sed -n 's/^depends=//p' | tr ',' ' '); do
		image_module "$1" "$2" "$dependency"
	done
	mv "$to" "$2/$(printf %02d "$(find "$2" -name '*.ko' | wc -l)")-$name.ko"
}

# QEMU loads the hypervisor as multiboot ELF, which must not be compressed.
image_hypervisor() { # root
	local hypervisors=("$1"/boot/xen-*.gz)
	[[ -f ${hypervisors[0]} ]] || die "$LAB_NOT_PREPARED" "the package of the hypervisor has no /boot/xen-….gz"
	gzip -dc "${hypervisors[0]}" >"$image_scratch/image/xen"
	rm -rf "${1:?}/boot"
}

image_tree() { # root
	local root=$1 applet toolstack
	mkdir -p "$root"/{dev,proc,sys,tmp,root,output,etc/xen,run/lock,var/lib/xen,var/lib/xenstored,var/log/xen/console}
	ln -sfn /run "$root/var/run"
	ln -sfn /run/lock "$root/var/lock"
	rm -rf "$root"/usr/lib/python* "$root"/etc/{init.d,default,cron*,apt} "$root"/var/{lib/dpkg,cache}
	printf 'root:x:0:0:root:/root:/bin/bash\n' >"$root/etc/passwd"
	printf 'root:x:0:\n' >"$root/etc/group"
	printf 'autoballoon="off"\n' >"$root/etc/xen/xl.conf"
	for applet in $("$root/usr/bin/busybox" --list); do
		[[ -e $root/usr/bin/$applet || -L $root/usr/bin/$applet || -e $root/usr/sbin/$applet ]] ||
			ln -s busybox "$root/usr/bin/$applet"
	done
	# The toolstack's own folder is not on the path of a shell.
	for toolstack in "$root"/usr/lib/xen-*/bin/*; do
		[[ -f $toolstack && -x $toolstack ]] || continue
		[[ $(head -c 4 "$toolstack") == $'\x7fELF' ]] || { rm -f "$toolstack"; continue; }
		ln -sf "${toolstack#"$root"}" "$root/usr/sbin/${toolstack##*/}"
	done
	ls "$root/usr/lib/x86_64-linux-gnu" >"$image_scratch/image/libraries"
	"$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --version |
		sed -n '1s/.* \([0-9][0-9.]*[0-9]\)\.*$/\1/p' >"$image_scratch/image/glibc"
}
