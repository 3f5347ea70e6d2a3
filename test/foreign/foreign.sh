#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The model's unit tests, compiled for other processors and run by QEMU's user
# mode: 64-bit ARM, 64-bit RISC-V, and s390x, which is big-endian.  Snapshots
# must have the same bytes everywhere.
#
#	test/foreign/foreign.sh s390x		one of them

set -u
: "${SRCDIR:=$(dirname -- "$0")/../..}"
cd -- "$SRCDIR" || exit
: "${BUILD:=build}"
[ $# != 0 ] || set -- aarch64 riscv64 s390x
skipped='' ran='' bad=0

# run CPU TEST: under QEMU.
run()
{
	echo "$2"
	"qemu-$1" "$2" && return
	echo "$2: exit status $?"
	bad=1
}

# snapshots CPU TEST: a few rounds, as QEMU is slow; the first CPU's snapshots
# are what the others must have.
snapshots()
{
	echo "$2"
	for seed in 1 2 3 4 5 6; do
		LEM_TEST_SEED=$seed "qemu-$1" "$2" || {
			echo "$2: exit status $?"
			bad=1
		}
	done >"$BUILD/foreign/$1/snapshots"
	[ $bad = 0 ] || tail -n 5 "$BUILD/foreign/$1/snapshots"
	ran=${ran:-$1}
	cmp "$BUILD/foreign/$ran/snapshots" "$BUILD/foreign/$1/snapshots" ||
	    bad=1
}

for cpu; do
	if ! echo '#include <stdio.h>' |
	    "$cpu-linux-gnu-gcc" -E - >/dev/null 2>&1; then
		skipped="$skipped $cpu (no $cpu-linux-gnu-gcc with a C library)"
		continue
	fi
	if ! command -v "qemu-$cpu" >/dev/null; then
		skipped="$skipped $cpu (no qemu-$cpu)"
		continue
	fi
	make -s --no-print-directory -j "$(getconf _NPROCESSORS_ONLN)" \
	    BUILD="$BUILD" "foreign-$cpu" || exit
	for test in "$BUILD/foreign/$cpu"/test_*; do
		case $test in
		*/test_snapshot) snapshots "$cpu" "$test" ;;
		*) run "$cpu" "$test" ;;
		esac
	done
done
[ $bad = 0 ] || exit 1
[ -z "$skipped" ] || {
	echo "not for$skipped"
	exit 77
}
