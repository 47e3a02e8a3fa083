#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make bench-lab: one boot of the lab, in which pvbuild and libxenguest make the same paused
# domains in turn. What is printed are seconds of an emulated machine: the ratios count.
#
#   PVB_KERNELS         folder of kernels, as tests/real/fetch-kernels fills it
#   PVB_BENCH_RUNS      builds of each [5]
#   PVB_BENCH_MEMORY    guest memory in MiB, with commas between [256,2048]
#   PVB_BENCH_KERNELS   which of them: xz zstd lz4 unpacked [all]
#   PVB_LAB_OPTIONS     more options for pvbuild-lab
set -euo pipefail

builddir=${PVB_BUILDDIR:?names the build tree; make sets it}
kernels=${PVB_KERNELS:?names the folder of kernels: see tests/real/fetch-kernels}
read -ra options <<<"${PVB_LAB_OPTIONS:-}"

# The last is what the first one is once it is unpacked.
files=() arguments=()
for name in ${PVB_BENCH_KERNELS:-xz zstd lz4 unpacked}; do
	case $name in
	xz | unpacked) kernel=vmlinuz-6.1 ;;
	zstd) kernel=vmlinuz-6.12 ;;
	lz4) kernel=vmlinuz-6.1-cloud ;;
	*)
		echo "lab-bench: there is no kernel \"$name\"; there are xz zstd lz4 unpacked" >&2
		exit 2
		;;
	esac
	files+=(-f "$kernels/$kernel:/bench/$kernel")
	arguments+=("$name=/bench/$kernel")
done

exec "$builddir/pvbuild-lab" run --timeout 3600 "${options[@]}" "${files[@]}" \
	-f "$builddir/tests/bench/lab-bench:/bench/lab-bench" \
	-f "$builddir/tests/bench/libxenguest-driver:/bench/libxenguest-driver" \
	-f "$builddir/tests/bench/.libs/count-calls.so:/bench/count-calls.so" \
	-e "exec /bench/lab-bench --runs '${PVB_BENCH_RUNS:-5}' --memory '${PVB_BENCH_MEMORY:-256,2048}' \
		--peer /bench/libxenguest-driver --count /bench/count-calls.so ${arguments[*]}"
