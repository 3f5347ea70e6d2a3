#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 1800
#
# usage: test/vm/driver.sh [SCENARIO...]
#
# lem.ko drives the NICs of a stock Linux in QEMU.  driver/host.sh has the
# scenarios, linux/steps and driver/steps what guests do.  The kernel and its
# headers are those of this machine's Debian suite (SUITE names another).
#
# It runs as root, in network namespaces of its own.  LEM_LONG=1: all scenarios,
# and more of everything (make check-linux-driver).  LEM_ALL=1: all, but short.
# SLOW=N: the guest may take N times as long; memory=SIZE: it has so much.
#
# $BUILD/test/vm/driver/SCENARIO.log has a scenario's output.

set -u
here=$(cd -- "$(dirname -- "$0")" && pwd) || exit
: "${BUILD:=$here/../../build}" "${LEM_LONG:=}" "${LEM_ALL:=}" "${SLOW:=1}"
mkdir -p "$BUILD/test/vm" && BUILD=$(cd -- "$BUILD" && pwd) || exit
export BUILD
logs=$BUILD/test/vm/driver

default='main'
all="$default life two ethtool accesses features pair sleep kexec"
# By name, because they have not passed yet: recover reload.
# With the driver of the kernel, to compare: accesses_e1000 sleep_e1000.

# shellcheck source=test/vm/linux/scenarios
. "$here/linux/scenarios"

# run_scenario: sets $log.
run_scenario()
{
	log=$logs/$scenario.log
	work=$(mktemp -d) || exit
	timeout -k 10 $((1200 * SLOW)) unshare -n -p -f --kill-child \
	    env PATH="$image/bin:$PATH" IMAGE="$image" WORK="$work" \
	    LONG="$LEM_LONG" QEMU="$qemu" SLOW="$SLOW" \
	    sh "$here/driver/host.sh" "$scenario" >"$log" 2>&1 </dev/null
	rm -rf "$work"
}

if ! [ "$(id -u)" = 0 ] || ! [ -c /dev/net/tun ] ||
    ! unshare -n -p -f true 2>/dev/null; then
	skip "needs root, namespaces and /dev/net/tun"
fi
qemu=$(command -v "${LEM_QEMU:-qemu-system-x86_64}") ||
    skip "no qemu-system-x86_64"
[ $# != 0 ] || {
	[ -z "$LEM_LONG$LEM_ALL" ] || default=$all
	# shellcheck disable=SC2086 # words
	set -- $default
}
rm -rf "$logs"
mkdir "$logs"
packages
packages headers
module_build
sh "$here/linux/image.sh" || exit 1
image=$BUILD/linux/image

scenarios "$@"
