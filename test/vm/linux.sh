#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 2400
#
# usage: test/vm/linux.sh [SCENARIO...]
#
# A stock Linux as guest of lem-vm's, with its own e1000 driver; what it does is
# in linux/steps, what is around it in linux/host.sh, whose scenarios these are.
# Where /dev/kvm can run Linux (that is tried) lem-vm runs here, in a network
# namespace, as root; elsewhere in a Debian guest of QEMU's TCG, whose kernel has
# KVM for the CPU that TCG plays: slow, but real.  LEM_L1=yes, or no, decides;
# LEM_QEMU is that QEMU: else one that is downloaded, into $BUILD/qemu.
#
# LEM_LONG=1: all scenarios, and more of everything (about 20 minutes).  rates,
# by itself, is a benchmark: make bench-linux.
#
# $BUILD/test/vm/linux/SCENARIO/ has its log, and out/ what it leaves: pcap, and
# the emulated machine's dmesg.

set -u
here=$(cd -- "$(dirname -- "$0")/linux" && pwd) || exit
: "${BUILD:=$here/../../../build}" "${LEM_L1:=}" "${LEM_LONG:=}"
mkdir -p "$BUILD/test/vm" && BUILD=$(cd -- "$BUILD" && pwd) || exit
export BUILD
logs=$BUILD/test/vm/linux
image=$BUILD/linux/image

default='main life many dgram ends'
all="$default stream qemu_dgram qemu_stream vnet_off stuck \
passt memory"

skip()
{
	echo "$*"
	exit 77
}

# kills_its_own: at its end, this shell ends the processes of $pids.
kills_its_own()
{
	pids=''
	# shellcheck disable=SC2086 # words
	trap '[ -z "$pids" ] || kill $pids 2>/dev/null' EXIT
	trap 'trap "" HUP INT TERM; exit 129' HUP
	trap 'trap "" HUP INT TERM; exit 130' INT
	trap 'trap "" HUP INT TERM; exit 143' TERM
}

# can_run_linux: does it come up, and down again, soon?
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

# emulator: a QEMU that is new enough.  Debian 12's 7.2 loses guests of its guests
# on a busy machine, to triple faults and page faults that never were.
emulator()
{
	emulator=${LEM_QEMU:-$BUILD/qemu/qemu-system-x86_64}
	[ -x "$emulator" ] || sh "$here/../../differential/qemu-from-debs.sh" \
	    "$BUILD/qemu" >"$logs/qemu" 2>&1 ||
	    skip "/dev/kvm runs no Linux here, and there is no QEMU to emulate it"
}

# processors: those that we may use, a line each.
processors()
{
	taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | awk -F - '{
		for (i = $1; i <= $NF; i++)
			print i
	}'
}

# ------------------------------------------------------------ one $scenario
# Its folder is $at.

# comes_up PID: $at/log has a line HOST BEGINS, or PID is ended after two minutes.
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

# begin COMMAND...: its output is shown and kept in $at/log, as text in
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

# run_here: lem-vm on this machine.  Sets $lived: that did so to the end.
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

# emulate: the same in a guest of QEMU's, on $processor.  TCG's SVM does not
# intercept XSETBV, so there must be none; and with one thread for all CPUs (so
# with -icount, too) no guest of KVM's gets anywhere.  With a thread each they are
# not to run at the same time: every few minutes one loses track of what it does,
# between the guest's world and the host's.
emulate()
{
	memory=2048
	[ "$scenario" != memory ] || memory=7168
	rm -rf "$at/out"
	mkdir "$at/out"
	begin timeout "$limit" taskset -c "$processor" "$emulator" \
	    -accel tcg,thread=multi -cpu max,xsave=off -smp 2 -m $memory \
	    -display none -nodefaults -no-reboot \
	    -serial stdio -serial "file:$at/out.tar" \
	    -kernel "$image/vmlinux" -initrd "$image/host.img" -append \
	    "console=ttyS0 quiet panic=-1 no_timer_check \
lem.long=$LEM_LONG lem.run=$scenario"
	tar xf "$at/out.tar" -C "$at/out" 2>/dev/null
	rm -f "$at/out.tar"
	lived=yes
	grep -q '^HOST ENDS' "$at/log.txt" || lived=''
}

# complaints: of the kernel that ran lem-vm.
complaints()
{
	grep -e 'WARNING:' -e 'BUG:' -e Oops -e 'Call Trace' "$at/out/dmesg" \
	    2>/dev/null
}

# died: the emulated machine, or its kernel is "scheduling while atomic".  No
# program can do that to a kernel: it is the emulator's.
died()
{
	[ -z "$lived" ] || complaints >/dev/null
}

# ended: its guest did.
ended()
{
	case $scenario in
	only=* | stuck | rates) ;;
	*) grep -q "^END $scenario\$" "$at/log.txt" ;;
	esac
}

# good: it ended, some of its steps passed and none failed.
good()
{
	! died && ended && grep -q -e '^PASS ' -e '^RATE ' "$at/log.txt" &&
	    ! grep -q '^FAIL ' "$at/log.txt"
}

# failed: what is to say of one that is not good.
failed()
{
	[ -n "$lived" ] || echo "the machine that ran it died"
	ended || echo "it did not come to its end"
	grep -q '^PASS ' "$at/log.txt" || echo "it passed nothing"
	grep 'ended in a triple fault' "$at/log.txt"
	complaints | head -n 3
	awk '/^FAIL / { on = 1 } !/^FAIL |^  [|] / { on = 0 } on' "$at/log.txt"
}

# Emulated, it is tried again, four times at most, if the machine died; if the
# guest's processor stopped, as that may be the emulator's; and once for a step
# that failed, as that may be, too: twice it is ours.
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

# try_here: on real KVM once is enough.
try_here()
{
	run_here
	verdict=failed
	! good || verdict=passed
}

# worker HOW SCENARIO...: those that no other has taken, one after the other.
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

# all_inside SCENARIO...: two at a time, if there are as many processors.  rates is
# a benchmark, and has them all.
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
	    wrong "dgram.pcap has packets that are wrong"
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
limit=600
last_try=$(($(date +%s) + 1500))
case " $* " in
*" qemu_"* | *" rates "*) qemu=qemu ;;
*) qemu='' ;;
esac

rm -rf "$logs"
mkdir "$logs"
sh "$here/packages.sh" "$qemu" >"$logs/packages" 2>&1 || {
	cat "$logs/packages"
	skip "no packages: $(tail -n 1 "$logs/packages")"
}
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
