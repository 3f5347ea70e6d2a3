#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# SIGTERM and SIGINT end lem-vm and lem-nic within a second, while set-up waits
# for what never comes: the writer or the reader of a FIFO, a peer that does not
# accept.

set -u
: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"
program=lem-nic
# shellcheck source=test/vm/common
. "$(dirname -- "$0")/common"
nic=$tmp/lem-nic
cp "$BUILD/lem-vm" "$tmp/lem-vm" && chmod 755 "$tmp/lem-vm" || exit
vm=$tmp/lem-vm

# The machine's uptime in hundredths of a second.
now()
{
	read -r up _ </proc/uptime
	echo $((${up%.*} * 100 + 1${up#*.} - 100))
}

# waits PID: it sleeps.
# shellcheck disable=SC2317 # until_true calls it
waits()
{
	grep -q '^State:	S' "/proc/$1/status" 2>/dev/null
}

# soon WHAT SIGNAL COMMAND...: the signal ends it within a second, silently.
soon()
{
	what=$1 signal=$2
	shift 2
	clean=0
	[ "$1" != "$vm" ] || clean=10
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	guests="$guests $pid"
	sleep 0.3
	until_true "$pid" waits "$pid" || {
		wait "$pid"
		wrong "$what: it does not wait: exit status $?"
		return
	}
	from=$(now)
	kill "-$signal" "$pid"
	wait "$pid"
	status=$?
	took=$(($(now) - from))
	[ $took -lt 120 ] || wrong "$what: SIG$signal took $took/100 s"
	[ $status = $clean ] || wrong "$what: SIG$signal: exit status $status"
	[ ! -s "$tmp/err" ] || wrong "$what: SIG$signal: there is standard error"
}

mkfifo "$tmp/fifo"
# hlt; jmp, at the reset vector.
{
	head -c 65520 /dev/zero
	printf '\364\353\375'
	head -c 13 /dev/zero
} >"$tmp/halt"

# A peer that stands still, with more clients than it lets wait.
"$nic" --socket "$tmp/nic.sock" --control "$tmp/full" \
    --nic doorbell=trap 2>/dev/null &
peer=$!
guests=$peer
# shellcheck disable=SC2317 # until_true calls it
listens()
{
	[ -S "$tmp/full" ]
}
until_true "$peer" listens
kill -STOP "$peer"
clients=0
while [ $clients -lt 20 ]; do
	timeout 60 "$BUILD/lem-stat" --control "$tmp/full" >/dev/null 2>&1 &
	guests="$guests $!"
	clients=$((clients + 1))
done
sleep 1

for signal in TERM INT HUP; do
	soon 'nic: connect' "$signal" "$nic" --socket "$tmp/s" \
	    --nic "doorbell=trap,backend=stream,path=$tmp/full"
	[ -w /dev/kvm ] || continue
	soon 'vm: connect' "$signal" "$vm" run --bios "$tmp/fifo" \
	    --nic "backend=stream,path=$tmp/full"
	soon 'vm: pcap' "$signal" "$vm" run --bios "$tmp/halt" \
	    --nic "pcap=$tmp/fifo"
	soon 'vm: kernel' "$signal" "$vm" run --kernel "$tmp/fifo"
	soon 'vm: bios' "$signal" "$vm" run --bios "$tmp/fifo"
	soon 'vm: initrd' "$signal" "$vm" run --kernel "$nic" --initrd "$tmp/fifo"
done
[ -w /dev/kvm ] || echo 'left out: lem-vm: /dev/kvm is not usable here'
exit $bad
