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

default='main life many dgram ends'
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
# and kept in $log, and as text in $log.txt.
begin()
{
	: >"$log"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	tail -f --pid=$pid "$log" &
	comes_up &
	wait $pid
	pid=''
	wait
	tr -d '\r' <"$log" >"$log.txt"
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

# part SCENARIO: its lines in $log.txt.
part()
{
	awk -v name="$1" '$1 == "SCENARIO" { on = $2 == name }
	$0 == "END host" { on = 0 } on' "$log.txt"
}

# went_on SCENARIO: the machine that ran it did, after that.
went_on()
{
	awk -v name="$1" '$1 == "SCENARIO" || $0 == "END host" {
		if (on)
			found = 1
		on = $2 == name
	} END { exit !found }' "$log.txt"
}

# ended SCENARIO: its guest did.
ended()
{
	case $1 in
	only=* | stuck | rates) ;;
	*) part "$1" | grep -q "^END $1\$" ;;
	esac
}

# complaints: of the kernel that ran lem-vm.
complaints()
{
	grep -e 'WARNING:' -e 'BUG:' -e Oops -e 'Call Trace' "$logs/out/dmesg" \
	    2>/dev/null
}

# good SCENARIO: it ended, some of its steps passed and none failed.
good()
{
	went_on "$1" && ended "$1" && part "$1" | grep -q -e "^PASS " -e "^RATE " &&
	    ! part "$1" | grep -q '^FAIL ' && ! complaints >/dev/null
}

# judge SCENARIO: if it is good, its lines go to $logs/passed, else what is to say
# of it to $logs/failed.SCENARIO.
judge()
{
	if good "$1"; then
		part "$1" >>"$logs/passed"
		return
	fi
	{
		went_on "$1" || echo "the machine that ran it died"
		ended "$1" || echo "it did not come to its end"
		part "$1" | grep -q "^PASS " || echo "it passed nothing"
		part "$1" | grep 'ended in a triple fault'
		complaints | head -n 3
		part "$1" | awk '/^FAIL / { on = 1 }
		!/^FAIL |^  [|] / { on = 0 } on'
	} >"$logs/failed.$1"
	return 1
}

# run_here SCENARIO...: lem-vm on this machine.  Sets $bad to what was not good.
run_here()
{
	work=$(mktemp -d) || exit
	chmod 711 "$work"
	begin env PATH="$image/bin:$PATH" IMAGE="$image" WORK="$work" \
	    LONG="$LEM_LONG" LEM_VM="$BUILD/lem-vm" \
	    unshare -n sh "$here/host.sh" "$@"
	cp "$work"/out/* "$logs/out/" 2>/dev/null
	rm -rf "$work"
	bad=''
	for scenario; do
		judge "$scenario" || bad="$bad $scenario"
	done
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

# emulate SCENARIO...: lem-vm in a guest of QEMU's.  TCG's SVM does not intercept
# XSETBV, so there must be none; and with one thread for all CPUs (so with
# -icount, too) no guest of KVM's gets anywhere.  With a thread each they are not
# to run at the same time: every few minutes one loses track of what it does,
# between the guest's world and the host's.  rates is a benchmark, and needs them.
emulate()
{
	cpus=$(taskset -pc $$ | sed "s/.*: //")
	[ "$1" = rates ] || cpus=${cpus%%[,-]*}
	rm -f "$logs/out/dmesg"
	begin timeout "$limit" taskset -c "$cpus" "$emulator" \
	    -accel tcg,thread=multi -cpu max,xsave=off -smp 2 \
	    -m "$memory" -display none -nodefaults -no-reboot \
	    -serial stdio -serial "file:$logs/out.tar" \
	    -kernel "$image/vmlinux" -initrd "$image/host.img" -append \
	    "console=ttyS0 quiet panic=-1 no_timer_check \
lem.long=$LEM_LONG lem.run=$(echo "$*" | tr " " ,)"
	grep -q '^HOST BEGINS' "$log" || echo "it did not come up"
	tar xf "$logs/out.tar" -C "$logs/out" && rm "$logs/out.tar"
}

# died SCENARIO: the machine that ran it, or its kernel is "scheduling while
# atomic".  No program can do that to a kernel: it is the emulator's.
died()
{
	! went_on "$1" || complaints >/dev/null
}

# again SCENARIO: may it be run once more?  That its guest's processor stopped may
# be the emulator's, and so may a step that failed; twice the latter is ours.
again()
{
	part "$1" | grep -q 'ended in a triple fault' && return
	case " $failed_once " in
	*" $1 "*) return 1 ;;
	esac
	failed_once="$failed_once $1"
}

# run_inside SCENARIO...: the same as run_here, in an emulated machine.  What was
# not good runs again, in a new one; four times at most.  Sets $untested to what
# no machine lived for.
run_inside()
{
	bad=''
	failed_once=''
	for try in 1 2 3 4; do
		emulate "$@"
		untested=''
		next=''
		for scenario; do
			judge "$scenario" && continue
			if died "$scenario"; then
				untested="$untested $scenario"
			elif [ $try = 4 ] || ! again "$scenario"; then
				bad="$bad $scenario"
				continue
			fi
			next="$next $scenario"
			echo "AGAIN $scenario:"
			cat "$logs/failed.$scenario"
		done
		[ -n "$next" ] || break
		# shellcheck disable=SC2086 # words
		set -- $next
	done
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
	"$loader" --library-path "$lib" "$tcpdump" -Z root -nvv -r "$logs/out/dgram.pcap" \
	    >"$logs/dgram.txt" 2>"$logs/tcpdump.err" ||
	    wrong "tcpdump: $(cat "$logs/tcpdump.err")"
	n=$(grep -c '^[0-9]' "$logs/dgram.txt")
	counted=$(sed -n 's/^COUNTED dgram //p' "$logs/passed")
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
result=0
untested=''
: >"$logs/passed"
if [ "$LEM_L1" = no ] || { [ -z "$LEM_L1" ] && can_run_linux; }; then
	echo "lem-vm runs on this machine"
	run_here "$@"
else
	emulator
	echo "lem-vm runs in a guest of QEMU's TCG"
	run_inside "$@"
fi
for scenario in $bad; do
	wrong "$scenario:"
	cat "$logs/failed.$scenario"
done
passed=$(grep -c "^PASS " "$logs/passed")
[ "$passed" = 0 ] || echo "$passed steps passed"
! grep -q "^COUNTED dgram " "$logs/passed" || packets
[ $result = 0 ] || exit 1
[ -z "$untested" ] ||
    skip "four emulated machines died of the emulator, before the end of$untested"
