# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Packages of a distribution, taken from its archive with apt-get: no root is
# needed, and nothing is installed. Without --release the sources of this machine
# are asked, else those of the Debian release.

archive_options=()

# archive_open FOLDER RELEASE MIRROR [APT-OPTION...]: which archive is asked; FOLDER keeps its lists.
archive_open() {
	local folder=$1 release=$2 mirror=$3 keyring=/usr/share/keyrings/debian-archive-keyring.gpg option
	shift 3
	needs apt-get apt
	needs dpkg-deb dpkg
	archive_folder=$folder archive_release=$release
	archive_options=(-qq -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::Languages=none
		-o Acquire::GzipIndexes=true)
	if [[ -n $release ]]; then
		mkdir -p "$folder"/{lists/partial,cache/archives/partial,preferences.d}
		: >"$folder/status"
		local from=${mirror:-http://deb.debian.org/debian} trust="[signed-by=$keyring]"
		if [[ ! -f $keyring ]]; then
			die "$LAB_NOT_PREPARED" "there is no $keyring to check packages of Debian $release with" \
				"apt-get install debian-archive-keyring"
		fi
		{
			echo "deb $trust $from $release main"
			case $release:$mirror in
			sid:* | unstable:* | experimental:* | *:?*) ;;
			*)
				echo "deb $trust $from $release-updates main"
				echo "deb $trust ${from%/debian}/debian-security $release-security main"
				;;
			esac
		} >"$folder/sources.list"
		archive_options+=(-o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=-
			-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$folder/preferences.d"
			-o Dir::State="$folder" -o Dir::State::status="$folder/status"
			-o Dir::Cache="$folder/cache" -o APT::Architecture=amd64 -o APT::Architectures=amd64)
		archive_own_lists
	fi
	for option; do
		archive_options+=(-o "$option")
	done
}

# Lists of our own: they are brought up to date without root, and the machine's are left alone.
archive_own_lists() {
	mkdir -p "$archive_folder/lists/partial" "$archive_folder/cache/archives/partial"
	archive_options+=(-o Dir::State::lists="$archive_folder/lists" -o Dir::Cache="$archive_folder/cache")
}

archive_update() {
	detail "asking the archive what it has"
	apt-get "${archive_options[@]}" update >&2 || return 1
}

archive_knows() { apt-cache "${archive_options[@]}" show "$1" >/dev/null 2>&1; }

# archive_begin PACKAGE REFRESH: makes sure that the lists are there, and know that package.
archive_begin() {
	if [[ -z $2 ]] && archive_knows "$1"; then
		return
	fi
	[[ -n $archive_release ]] || archive_own_lists
	archive_update && archive_knows "$1" && return
	die "$LAB_NOT_PREPARED" "the archive${archive_release:+ of $archive_release} has no package $1, or could not be reached" \
		"see what apt-get said; --release, --mirror and --apt-option say which archive is asked"
}

# archive_depends PACKAGE...: what they depend on, one a line.
archive_depends() {
	apt-cache "${archive_options[@]}" depends --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "$@" |
		sed -n 's/^ *|\{0,1\}\(Pre\)\{0,1\}Depends: \([a-z0-9][^: ]*\).*/\2/p'
}

# archive_stands_for PACKAGE PREFIX: a metapackage stands for the package that it depends on.
archive_stands_for() {
	local found=
	case $1 in
	"$2"[0-9]*) ;;
	*) found=$(archive_depends "$1" | grep -m1 "^$2[0-9]" || true) ;;
	esac
	echo "${found:-$1}"
}

# archive_libraries PACKAGE...: all packages of shared libraries below them.
archive_libraries() {
	local -A seen=()
	local -a next=("$@") found
	local package
	while [[ ${#next[@]} -gt 0 ]]; do
		mapfile -t found < <(archive_depends "${next[@]}" | grep -E '^(lib|zlib1g)' |
			grep -vE '^lib(python|perl)' || true)
		next=()
		for package in "${found[@]}"; do
			[[ -z ${seen[$package]:-} ]] || continue
			seen[$package]=1
			next+=("$package")
		done
	done
	printf '%s\n' "${!seen[@]}"
}

# archive_download FOLDER PACKAGE...: the newest .deb of each.
archive_download() {
	local folder=$1
	shift
	mkdir -p "$folder"
	(cd "$folder" && apt-get "${archive_options[@]}" download "$@") >&2 && return
	# What the lists name may be gone from the archive since.
	[[ -n $archive_release ]] || archive_own_lists
	archive_update && (cd "$folder" && apt-get "${archive_options[@]}" download "$@") >&2 && return
	die "$LAB_NOT_PREPARED" "these packages could not be downloaded: $*" "see what apt-get said above"
}
