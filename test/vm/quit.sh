#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# SIGTERM and SIGINT end lem-vm and lem-nic within a second, while set-up waits
# for what never comes: the writer or the reader of a FIFO, a peer that does not
# accept.  Memory that another program cuts off ends lem-vm with a message.

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

# waits PID: it sleeps, in our program, after it has said what a SIGTERM does.
# shellcheck disable=SC2317 # until_true calls it
waits()
{
	awk '$1 == "Name:" { ours = $2 ~ /^lem-/ }
	    $1 == "State:" { asleep = $2 == "S" }
	    $1 == "SigCgt:" { caught = substr($2, 13, 1) ~ /[4567cdef]/ }
	    END { exit !(ours && asleep && caught) }' "/proc/$1/status" \
	    2>/dev/null
}

# soon WHAT SIGNAL COMMAND...: the signal ends it within a second, silently.  A
# busy machine may be late, but not five times.
soon()
{
	times=1
	until ends_soon "$@"; do
		times=$((times + 1))
	done
}

# ends_soon ...: does so.  Returns false if it was late.
ends_soon()
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
		return 0
	}
	from=$(now)
	kill "-$signal" "$pid"
	wait "$pid"
	status=$?
	took=$(($(now) - from))
	! late || [ $times = 5 ] || return
	clean=0
	[ "${what#vm}" = "$what" ] || clean=10
	# A busy machine takes longer than a second itself.
	[ $took -lt 2000 ] || wrong "$what: SIG$signal took $took/100 s"
	[ $status = $clean ] || wrong "$what: SIG$signal: exit status $status"
	[ ! -s "$tmp/err" ] || wrong "$what: SIG$signal: there is standard error"
	return 0
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
	"$BUILD/lem-stat" --control "$tmp/full" >/dev/null 2>&1 &
	guests="$guests $!"
	clients=$((clients + 1))
done
sleep 1

for signal in TERM INT HUP; do
	soon 'nic: connect' "$signal" "$nic" --socket "$tmp/s" \
	    --nic "doorbell=trap,backend=stream,path=$tmp/full"
	[ -w /dev/kvm ] || continue
	soon 'vm: connect' "$signal" "$vm" run --bios "$tmp/halt" \
	    --nic "backend=stream,path=$tmp/full"
	soon 'vm: pcap' "$signal" "$vm" run --bios "$tmp/halt" \
	    --nic "pcap=$tmp/fifo"
done

# ------------------------------------------------- memory that somebody cuts off

# By the NIC, in a thread of lem-vm, and by the guest alone.
# cut_memory IMAGE TEXT
cut_memory()
{
	truncate -s 32M "$tmp/memory"
	start 3 "$vm" run --memory 32M --memory-fd 7 --bios "$tmp/$1" \
	    --nic doorbell=exit 7<>"$tmp/memory" || return
	sleep 0.2
	truncate -s 0 "$tmp/memory"
	wait "$pid"
	status=$?
	[ $status = 1 ] || wrong "$1: exit status $status"
	grep -qF -- "$2" "$tmp/err" || wrong "$1: it does not say '$2'"
}

{
	head -c 65520 /dev/zero
	printf '\242\000\005\353\373'	# 1: mov al to 500h; jmp 1b
	head -c 11 /dev/zero
} >"$tmp/mov"
if [ -w /dev/kvm ]; then
	cut_memory mov 'lem-vm: '
	if "${CC:-cc}" -m32 -c -o "$tmp/dma.o" "$SRCDIR/test/vm/dma.S" &&
	    objcopy -O binary -j .text "$tmp/dma.o" "$tmp/dma"; then
		cut_memory dma "somebody truncated the file: the guest's memory"
	else
		leave_out 'memory that the NIC reads: no compiler'
	fi
fi

[ -w /dev/kvm ] || echo 'left out: lem-vm: /dev/kvm is not usable here'
exit $bad
