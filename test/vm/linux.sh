#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 2400
#
# usage: test/vm/linux.sh [SCENARIO...]
#
# A stock Linux is a guest of lem-vm, with its own e1000 driver, or in the
# scenarios driver and driver_exits with lem.ko.  linux/steps and driver/steps
# have what the guest does, linux/host.sh the scenarios around it.
#
# The script tries whether /dev/kvm can run Linux.  If it can, lem-vm runs here,
# as root, in a network namespace.  If not, lem-vm runs in a Debian guest of
# QEMU's TCG, whose kernel has KVM for the CPU that TCG emulates: slow, but
# real.  LEM_L1=yes or no decides instead.  LEM_QEMU names that QEMU; without it
# the script downloads one into $BUILD/qemu.
#
# LEM_LONG=1: all scenarios, and more of everything (about half an hour).  The
# scenarios rates and doorbells are benchmarks: make bench-linux,
# bench-doorbells-tcg.
#
# $BUILD/test/vm/linux/SCENARIO/ has a scenario's log, and in out/ pcap files
# and the emulated machine's dmesg.

set -u
here=$(cd -- "$(dirname -- "$0")/linux" && pwd) || exit
: "${BUILD:=$here/../../../build}" "${LEM_L1:=}" "${LEM_LONG:=}"
mkdir -p "$BUILD/test/vm" && BUILD=$(cd -- "$BUILD" && pwd) || exit
export BUILD
logs=$BUILD/test/vm/linux
image=$BUILD/linux/image

default='main life many dgram ends restart'
all="$default faults stream stopped qemu_dgram qemu_stream vnet_off stuck \
passt memory driver driver_exits"

skip()
{
	echo "$*"
	exit 77
}

# kills_its_own: when this shell ends, it ends the processes of $pids.
kills_its_own()
{
	pids=''
	# shellcheck disable=SC2086 # words
	trap '[ -z "$pids" ] || kill $pids 2>/dev/null' EXIT
	trap 'trap "" HUP INT TERM; exit 129' HUP
	trap 'trap "" HUP INT TERM; exit 130' INT
	trap 'trap "" HUP INT TERM; exit 143' TERM
}

# can_run_linux: does Linux boot on /dev/kvm and power off, soon?
can_run_linux()
{
	[ "$(id -u)" = 0 ] && [ -w /dev/kvm ] && [ -c /dev/net/tun ] &&
	    unshare -n true 2>/dev/null || return
	timeout 10 "$BUILD/lem-vm" run --kernel "$image/vmlinux" \
	    --initrd "$image/guest.img" --serial off \
	    --append "panic=-1 lem.name=trial lem.end=exit:21" \
	    >"$logs/trial" 2>&1
	[ $? = 43 ]
}

# emulator: a QEMU that is new enough.  Debian 12's 7.2 loses guests of its
# guests on a busy machine, to triple faults and page faults that KVM did not
# cause.
emulator()
{
	emulator=${LEM_QEMU:-$BUILD/qemu/qemu-system-x86_64}
	[ -x "$emulator" ] || sh "$here/../../qemu-from-debs.sh" \
	    "$BUILD/qemu" >"$logs/qemu" 2>&1 ||
	    skip "/dev/kvm cannot run Linux here, and there is no QEMU"
}

# processors: prints those that we may use, a line each.
processors()
{
	taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | awk -F - '{
		for (i = $1; i <= $NF; i++)
			print i
	}'
}

# module: compiles lem.ko, which the image then has.
module()
{
	sh "$here/packages.sh" headers >"$logs/packages" 2>&1 || {
		cat "$logs/packages"
		skip "no headers: $(tail -n 1 "$logs/packages")"
	}
	sh "$here/module.sh" >"$logs/build" 2>&1 || {
		cat "$logs/build"
		exit 1
	}
}

# ------------------------------------------------------------ one $scenario
# Its folder is $at.

# comes_up PID: $at/log has a line HOST BEGINS, or PID is ended after two
# minutes.
comes_up()
{
	seconds=0
	until grep -q '^HOST BEGINS' "$at/log"; do
		kill -0 "$1" 2>/dev/null || return
		[ $seconds -lt 120 ] || kill "$1"
		seconds=$((seconds + 1))
		sleep 1
	done
}

# begin COMMAND...: shows its output, and keeps it in $at/log, as text in
# $at/log.txt.
begin()
{
	: >"$at/log"
	"$@" >"$at/log" 2>&1 </dev/null &
	pids=$!
	tail -f --pid="$pids" "$at/log" &
	comes_up "$pids" &
	wait "$pids"
	pids=''
	wait
	tr -d '\r' <"$at/log" >"$at/log.txt"
}

# run_here: runs lem-vm on this machine.  Sets $lived: it got to its end.
run_here()
{
	work=$(mktemp -d) || exit
	chmod 711 "$work"
	begin env PATH="$image/bin:$PATH" IMAGE="$image" WORK="$work" \
	    LONG="$LEM_LONG" LEM_VM="$BUILD/lem-vm" \
	    unshare -n sh "$here/host.sh" "$scenario"
	lived=yes
	grep -q '^END host' "$at/log.txt" || lived=''
	cp "$work"/out/* "$at/out/" 2>/dev/null
	rm -rf "$work"
}

# shellcheck source=test/vm/linux/machine
. "$here/machine"

# emulate: the same in a guest of QEMU, on $processor.
emulate()
{
	memory=2048
	[ "$scenario" != memory ] || memory=7168
	limit=600
	case $scenario in
	doorbells | driver_exits) limit=1800 ;;
	esac
	rm -rf "$at/out"
	mkdir "$at/out"
	begin machine "$limit" "$processor" "$emulator" $memory \
	    "$image/vmlinux" "$image/host.img" \
	    "lem.long=$LEM_LONG lem.run=$scenario" "$at/out.tar"
	tar xf "$at/out.tar" -C "$at/out" 2>/dev/null
	rm -f "$at/out.tar"
	lived=yes
	grep -q '^HOST ENDS' "$at/log.txt" || lived=''
}

# complaints: prints those of the kernel that ran lem-vm.
complaints()
{
	grep -e 'WARNING:' -e 'BUG:' -e Oops -e 'Call Trace' "$at/out/dmesg" \
	    2>/dev/null
}

# died: has the emulated machine ended, or does its kernel say "scheduling while
# atomic"?  No program can cause that: it is an error of the emulator.
died()
{
	[ -z "$lived" ] || complaints >/dev/null
}

# ended: did its guest end?
ended()
{
	case $scenario in
	only=* | stuck | faults | restart | rates | doorbells | driver_exits) ;;
	*) grep -q "^END $scenario\$" "$at/log.txt" ;;
	esac
}

# good: did it end, with some steps passed and none failed?
good()
{
	! died && ended &&
	    grep -q -e '^PASS ' -e '^RATE ' -e '^WAY ' "$at/log.txt" &&
	    ! grep -q '^FAIL ' "$at/log.txt"
}

# failed: prints why it is not good.
failed()
{
	[ -n "$lived" ] || echo "the machine that ran it died"
	ended || echo "it did not end by itself"
	grep -q '^PASS ' "$at/log.txt" || echo "no step passed"
	grep 'ended in a triple fault' "$at/log.txt"
	complaints | head -n 3
	awk '/^FAIL / { on = 1 } !/^FAIL |^  [|] / { on = 0 } on' "$at/log.txt"
}

# An emulated scenario is tried again, four times at most, if the machine died
# or if the guest's processor stopped, as both may be errors of the emulator;
# and once if a step failed.  A step that fails twice is an error of ours.
try_inside()
{
	failures=0
	for try in 1 2 3 4; do
		[ $try = 1 ] || echo "AGAIN $scenario: $(failed)"
		emulate
		if good; then
			verdict=passed
			return
		elif died; then
			verdict=untested
		else
			verdict=failed
			failed >"$at/failed"
			grep -q 'ended in a triple fault' "$at/log.txt" ||
			    failures=$((failures + 1))
			[ $failures -lt 2 ] || return
		fi
		[ "$(date +%s)" -lt "$last_try" ] || break
	done
	[ $failures = 0 ] || verdict=failed
}

# try_here: on real KVM, one try is enough.
try_here()
{
	run_here
	verdict=failed
	! good || verdict=passed
}

# worker HOW SCENARIO...: runs those that no other worker has taken.
worker()
{
	how=$1
	shift
	kills_its_own
	for scenario; do
		at=$logs/$scenario
		mkdir "$at" 2>/dev/null || continue
		mkdir "$at/out"
		"$how"
		[ -e "$at/failed" ] || failed >"$at/failed"
		echo "$verdict" >"$at/verdict"
	done
}

# --------------------------------------------------------------------- all

# all_here SCENARIO...
all_here()
{
	worker try_here "$@" &
	pids=$!
	wait
}

# all_inside SCENARIO...: two at a time, if there are as many processors.  rates
# is a benchmark, and has them all.
all_inside()
{
	if [ "$1" = rates ]; then
		set_of=$(processors | tr '\n' ',')
		set_of=${set_of%,}
	else
		set_of=$(processors | head -n 2)
	fi
	for processor in $set_of; do
		worker try_inside "$@" &
		pids="$pids $!"
	done
	wait
}

wrong()
{
	echo "WRONG: $*"
	result=1
}

# packets: what a guest's NIC counted is in its pcap file, with right checksums.
packets()
{
	root=$BUILD/linux/root
	lib=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
	loader=$(find "$root/lib64/" "$root/usr/lib64/" -name 'ld-linux*' \
	    2>/dev/null | head -n 1)
	tcpdump=$(find "$root" -name tcpdump -type f -perm -1 | head -n 1)
	at=$logs/dgram
	"$loader" --library-path "$lib" "$tcpdump" -Z root -nvv \
	    -r "$at/out/dgram.pcap" >"$at/packets" 2>"$at/tcpdump" ||
	    wrong "tcpdump: $(cat "$at/tcpdump")"
	n=$(grep -c '^[0-9]' "$at/packets")
	counted=$(sed -n 's/^COUNTED dgram //p' "$at/log.txt")
	[ "$n" = "$counted" ] ||
	    wrong "dgram.pcap has $n packets, the NIC counted $counted"
	grep -e 'bad .*cksum' -e incorrect -e truncated "$at/packets" &&
	    wrong "dgram.pcap has packets with wrong checksums"
	echo "dgram.pcap: $n packets"
}

[ $# != 0 ] || {
	if [ -n "$LEM_LONG" ]; then
		# shellcheck disable=SC2086 # words
		set -- $all
	else
		# shellcheck disable=SC2086 # words
		set -- $default
	fi
}
last_try=$(($(date +%s) + 1500))
case " $* " in
*" qemu_"* | *" rates "* | *" driver_exits "*) qemu=qemu ;;
*) qemu='' ;;
esac

rm -rf "$logs"
mkdir "$logs"
sh "$here/packages.sh" "$qemu" >"$logs/packages" 2>&1 || {
	cat "$logs/packages"
	skip "no packages: $(tail -n 1 "$logs/packages")"
}
case " $* " in
*" driver"*) module ;;
esac
sh "$here/image.sh" "$qemu" || exit 1
kills_its_own
if [ "$LEM_L1" = no ] || { [ -z "$LEM_L1" ] && can_run_linux; }; then
	echo "lem-vm runs on this machine"
	all_here "$@"
else
	emulator
	echo "lem-vm runs in guests of QEMU's TCG"
	all_inside "$@"
fi
pids=''

result=0
untested=''
passed=0
for scenario; do
	at=$logs/$scenario
	case $(cat "$at/verdict") in
	passed) passed=$((passed + $(grep -c '^PASS ' "$at/log.txt"))) ;;
	untested) untested="$untested $scenario" ;;
	*)
		wrong "$scenario:"
		cat "$at/failed"
		;;
	esac
	[ "$scenario" != dgram ] || [ "$(cat "$at/verdict")" != passed ] || packets
done
[ $passed = 0 ] || echo "$passed steps passed"
[ $result = 0 ] || exit 1
[ -z "$untested" ] ||
    skip "four emulated machines died of the emulator, before the end of$untested"
