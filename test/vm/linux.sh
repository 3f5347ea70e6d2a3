#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 1200
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
# Logs, and what the scenarios leave (pcap): $BUILD/test/vm/linux/.

set -u
here=$(cd -- "$(dirname -- "$0")/linux" && pwd) || exit
: "${BUILD:=$here/../../../build}" "${LEM_L1:=}" "${LEM_LONG:=}"
mkdir -p "$BUILD/test/vm/linux" && BUILD=$(cd -- "$BUILD" && pwd) || exit
export BUILD
logs=$BUILD/test/vm/linux
image=$BUILD/linux/image
log=$logs/log
pid=''
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

default='main many dgram ends'
all="$default stream qemu_dgram qemu_stream ioeventfd coalesced vnet_off stuck \
passt memory"

skip()
{
	echo "$*"
	exit 77
}

# comes_up: $log has a line HOST BEGINS, or $pid is ended after two minutes.
comes_up()
{
	seconds=0
	until grep -q '^HOST BEGINS' "$log"; do
		kill -0 "$pid" 2>/dev/null || return
		[ $seconds -lt 120 ] || kill "$pid"
		seconds=$((seconds + 1))
		sleep 1
	done
}

# begin COMMAND...: in the background, but it ends with us; its output is shown
# and kept in $log.  Sets $status.
begin()
{
	: >"$log"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	tail -f --pid=$pid "$log" &
	comes_up &
	wait $pid
	status=$?
	pid=''
	wait
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

# here SCENARIO...: lem-vm on this machine.
run_here()
{
	work=$(mktemp -d) || exit
	chmod 711 "$work"
	PATH=$image/bin:$PATH IMAGE=$image WORK=$work LONG=$LEM_LONG \
	    LEM_VM=$BUILD/lem-vm begin unshare -n sh "$here/host.sh" "$@"
	cp "$work"/out/* "$logs/out/" 2>/dev/null
	rm -rf "$work"
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

# complaints: of the kernel that ran lem-vm.
complaints()
{
	grep -e 'WARNING:' -e 'BUG:' -e Oops -e 'Call Trace' "$logs/out/dmesg" \
	    2>/dev/null
}

# emulate SCENARIO...: lem-vm in a guest of QEMU's.  TCG's SVM does not intercept
# XSETBV, so there must be none.  If it does not get to init, once more.
emulate()
{
	rm -rf "$logs/out"
	mkdir "$logs/out"
	for try in 1 2 3; do
		begin timeout "$limit" "$emulator" \
		    -accel tcg,thread=multi -cpu max,xsave=off -smp 2 \
		    -m "$memory" -display none -nodefaults -no-reboot \
		    -serial stdio -serial "file:$logs/out.tar" \
		    -kernel "$image/vmlinux" -initrd "$image/host.img" -append \
		    "console=ttyS0 quiet panic=-1 no_timer_check \
lem.long=$LEM_LONG lem.run=$(echo "$*" | tr " " ,)"
		grep -q '^HOST BEGINS' "$log" && break
		echo "it did not come up, try $try"
	done
	tar xf "$logs/out.tar" -C "$logs/out" && rm "$logs/out.tar"
}

# run_inside SCENARIO...: TCG now and then loses track of what a processor does,
# between the guest's world and the host's, and the host's kernel sees it
# ("scheduling while atomic").  Once is the emulator's; twice is ours.
run_inside()
{
	emulate "$@"
	if complaints >"$logs/complaints"; then
		echo "AGAIN all: the kernel that ran lem-vm in TCG complains:"
		head -n 3 "$logs/complaints"
		emulate "$@"
	fi
}

wrong()
{
	echo "WRONG: $*"
	bad=1
}

# outcome SCENARIO...: of what is in $log.
outcome()
{
	tr -d '\r' <"$log" >"$log.txt"
	passed=$(grep -c '^PASS ' "$log.txt")
	for scenario; do
		case $scenario in
		only=* | stuck | rates) ;;
		*)
			grep -q "^END $scenario\$" "$log.txt" ||
			    wrong "$scenario did not come to its end"
			grep -q "^PASS $scenario\." "$log.txt" ||
			    wrong "$scenario passed nothing"
			;;
		esac
	done
	grep -q '^END host$' "$log.txt" || wrong "not all scenarios ran"
	grep -q '^FAIL ' "$log.txt" && wrong "steps failed: $(grep '^FAIL ' \
	    "$log.txt" | sed 's/^FAIL \([^ ]*\).*/\1/' | tr '\n' ' ')"
	complaints && wrong "the kernel that ran lem-vm complains"
	[ "$passed" -eq 0 ] || echo "$passed steps passed"
}

# packets: what a guest's NIC counted is in its pcap file, with right checksums.
packets()
{
	root=$BUILD/linux/root
	lib=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
	loader=$(find "$root/lib64/" "$root/usr/lib64/" -name 'ld-linux*' \
	    2>/dev/null | head -n 1)
	tcpdump=$(find "$root" -name tcpdump -type f -perm -1 | head -n 1)
	"$loader" --library-path "$lib" "$tcpdump" -Z root -nvv -r "$logs/out/dgram.pcap" \
	    >"$logs/dgram.txt" 2>"$logs/tcpdump.err" ||
	    wrong "tcpdump: $(cat "$logs/tcpdump.err")"
	n=$(grep -c '^[0-9]' "$logs/dgram.txt")
	counted=$(sed -n 's/^COUNTED dgram //p' "$log.txt")
	[ "$n" = "$counted" ] ||
	    wrong "dgram.pcap has $n packets, the NIC counted $counted"
	grep -e 'bad .*cksum' -e incorrect -e truncated "$logs/dgram.txt" &&
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
limit=1000
[ -z "$LEM_LONG" ] || limit=3400
case " $* " in
*" memory "*) memory=7168 ;;
*) memory=2048 ;;
esac
case " $* " in
*" qemu_"* | *" rates "*) qemu=qemu ;;
*) qemu='' ;;
esac

sh "$here/packages.sh" "$qemu" >"$logs/packages" 2>&1 || {
	cat "$logs/packages"
	skip "no packages: $(tail -n 1 "$logs/packages")"
}
rm -rf "$logs/out"
mkdir "$logs/out"
sh "$here/image.sh" "$qemu" || exit 1
bad=0
if [ "$LEM_L1" = no ] || { [ -z "$LEM_L1" ] && can_run_linux; }; then
	echo "lem-vm runs on this machine"
	run_here "$@"
else
	emulator
	echo "lem-vm runs in a guest of QEMU's TCG"
	run_inside "$@"
fi
[ "$status" = 0 ] || wrong "the host's exit status is $status"
outcome "$@"
case " $* " in
*" dgram "*) packets ;;
esac
exit $bad
