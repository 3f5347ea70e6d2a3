#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 1800
#
# usage: test/vm/nic.sh [SCENARIO...]
#
# A stock Linux, with its own e1000 driver, is a guest of a stock QEMU whose NIC
# is lem-nic.  nic/host.sh has the scenarios, linux/steps what guests do.
#
# LEM_QEMU names the QEMU, 10.1 or later; without it the script downloads
# Debian's into $BUILD/qemu.  It runs as root, in network and mount namespaces
# of its own.  LEM_LONG=1: all scenarios, and more of everything (make
# check-nic).  A scenario only=A+B is groups of steps, by name, with more options
# of lem-nic in NIC.  ACCEL is QEMU's accelerator: tcg (the default), kvm, or
# nest: all of it runs in a machine that TCG emulates, whose kernel has KVM.
#
# $BUILD/test/vm/nic/SCENARIO.log has a scenario's output.

set -u
here=$(cd -- "$(dirname -- "$0")" && pwd) || exit
: "${BUILD:=$here/../../build}" "${LEM_LONG:=}" "${ACCEL:=tcg}"
: "${LEM_NIC:=}" "${NIC:=}"
mkdir -p "$BUILD/test/vm" && BUILD=$(cd -- "$BUILD" && pwd) || exit
export BUILD
logs=$BUILD/test/vm/nic

default='main trap'
all="$default two dgram again killed ipxe passt plug"
# They need programs that the nest does not have.
[ "$ACCEL" = nest ] || all="$all ovmf lem"

# shellcheck source=test/vm/linux/scenarios
. "$here/linux/scenarios"

# find_qemu: sets $qemu, a QEMU with vfio-user-pci.
find_qemu()
{
	qemu=${LEM_QEMU:-$BUILD/qemu/qemu-system-x86_64}
	[ -x "$qemu" ] || sh "$here/../qemu-from-debs.sh" \
	    "$BUILD/qemu" >"$logs/qemu" 2>&1 ||
	    skip "no QEMU: $(tail -n 1 "$logs/qemu")"
	"$qemu" -machine none -device vfio-user-pci,help 2>/dev/null |
	    grep -q socket || skip "$qemu has no vfio-user-pci"
}

# run_here: sets $log.
run_here()
{
	log=$logs/$scenario.log
	work=$(mktemp -d) || exit
	chmod 711 "$work"
	root=$BUILD/linux/root
	lib=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
	loader=$(find "$root" -name ld-linux-x86-64.so.2 | head -n 1)
	passt="$loader --library-path $lib $root/usr/bin/passt"
	timeout -k 10 1200 unshare -n -m -p -f --kill-child --mount-proc \
	    env PATH="$image/bin:$PATH" IMAGE="$image" \
	    WORK="$work" LONG="$LEM_LONG" ACCEL="$ACCEL" NIC="$NIC" QEMU="$qemu" \
	    OVMF="$BUILD/ovmf/root/usr" \
	    PASST="$passt" LEM_NIC="${LEM_NIC:-$BUILD/lem-nic}" \
	    sh "$here/nic/host.sh" "$scenario" >"$log" 2>&1 </dev/null
	for file in "$work"/*.nic "$work"/*.stats "$work"/*.console; do
		[ ! -e "$file" ] || cp "$file" "$logs/"
	done
	rm -rf "$work"
}

# run_nested: the same in an emulated machine, on one processor.
run_nested()
{
	log=$logs/$scenario.log
	processor=$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')
	(machine 2400 "$processor" "$qemu" 2048 "$image/vmlinux" \
	    "$image/nic.img" "lem.nic=1 lem.long=$LEM_LONG lem.run=$scenario" \
	    "$logs/$scenario.tar") 2>&1 </dev/null | tr -d '\r' >"$log"
}

run_scenario()
{
	if [ "$ACCEL" = nest ]; then
		run_nested
	else
		run_here
	fi
}

if ! [ "$(id -u)" = 0 ] || ! [ -c /dev/net/tun ] ||
    ! unshare -n -m -p -f true 2>/dev/null; then
	skip "needs root, namespaces and /dev/net/tun"
fi
[ $# != 0 ] || {
	[ -z "$LEM_LONG" ] || default=$all
	# shellcheck disable=SC2086 # words
	set -- $default
}
rm -rf "$logs"
mkdir "$logs"
firmware=""
case " $* " in
*" ovmf "*) firmware=ovmf ;;
esac
# shellcheck disable=SC2086 # nothing or a word
packages $firmware
case " $* " in
*" lem "* | *" blast "*)
	packages headers
	module_build
	;;
esac
find_qemu
# shellcheck source=test/vm/linux/machine
. "$here/linux/machine"
with=''
[ "$ACCEL" != nest ] || with=nic
# shellcheck disable=SC2086 # nothing or a word
sh "$here/linux/image.sh" $with || exit 1
image=$BUILD/linux/image

scenarios "$@"
