#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The cells of a Linux guest, with a script for QEMU that answers as such a guest
# would (bench/linux/steps): figures, register counts from the trace, ratios
# window by window; guests that fail, die or do not boot.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"

command -v jq >/dev/null || skip "jq is not here"

image=$tmp/image
mkdir -p "$image/bin"
: >"$image/vmlinuz"
: >"$image/guest.img"
: >"$image/lem.ko"
printf '#!/bin/sh\nexec sleep 60\n' >"$image/bin/lem-traffic"
chmod +x "$image/bin/lem-traffic"

topic "what is asked for"
run --list
! grep -q linux "$tmp/out" || wrong "Linux is measured without being asked for"
run --list --guests linux --linux "$tmp/none"
status_is 0
says "linux.tcg.tx.null.e1000 skipped: no $tmp/none/vmlinuz: make linux-guest"
! grep -v '^linux' "$tmp/out" || wrong "--guests linux lists other guests"
run --list --cells 'linux.tcg.tcp-*'
[ "$(wc -l <"$tmp/out")" = 12 ] || wrong "there are not 12 cells of TCP"
run --list --guests linux,beos
status_is 2

# A window of lem without combining has 1000 packets in 100 ms; with it 2000, and
# 1200 in each second one; of e1000 500, then 1000; of virtio-net 2000.
qemu_script <<'END'
case "$*" in
--version) echo 'QEMU emulator version 0 (a script)'; exit ;;
*help*) echo '  mitigation=<bool>'; exit ;;
esac
driver=$(echo "$*" | sed 's/.*lem.driver=\([a-z0-9_]*\).*/\1/')
echo "booting"
[ "$BOOTS" != no ] || {
	echo $$ >"$PIDFILE"
	exec sleep 60
}
[ "$BOOTS" != dies ] || { echo "Kernel panic: a script"; exit 3; }
access()
{
	echo "memory_region_ops_$1 cpu 0 mr 0x1 addr 0x$2 value 0x0 size 4" >&2
}
printf 'BENCH ready bar0=0x00000000febc0000 bar1=0x00000000febe0000 \r\n'
qmp=$(echo "$*" | sed 's/.*id=qmp,fd=\([0-9]*\).*/\1/')
round=0
while read -r workload nic combining seconds port; do
	[ "$workload" != none ] || {
		echo "BENCH tx_packets=0 interrupts=0 register_reads=65" \
		    "register_writes=0"
		continue
	}
	case $driver,$combining in
	lem,off) n=1000 own=' tx_doorbells=1000' ;;
	lem,on) n=2000 own=' tx_doorbells=100 tx_deferred=1900' ;;
	e1000,-)
		n=1000 own=''
		round=$((round + 1))
		[ $round != 1 ] || n=500
		;;
	virtio_net,-) n=2000 own='' ;;
	esac
	[ $driver != lem ] ||
	    own="$own tx_guard_flushes=0 register_reads=165 register_writes=400"
	case $workload,$nic,$seconds in
	tx,0,0.30) said=" count=$n us=100000" ;;
	tcp-tx,1,0.30) said=" bytes=1448000 us=100000" ;;
	tcp-rr,1,0.30) said=" count=500 us=100000 p50=190000 p99=250000" ;;
	rx,1,*) echo "BENCH failed: no answer: a script"; continue ;;
	*) echo "BENCH failed: $workload $nic $seconds $port"; continue ;;
	esac
	if [ $driver,$round = e1000,3 ]; then
		# The shell reads descriptors of one digit alone.
		command=memory_region_ops_read
		for i in 1 2 3; do
			case $qmp in
			?) eval "read -r command <&$qmp" ;;
			esac
		done
		case $command in
		*memory_region_ops_read*) ;;
		*) exit 4 ;;
		esac
		for i in 1 2 3 4 5 6 7 8 9 10; do
			access write febc3818
			access write febe3818
			access read febc00c0
		done
	fi
	printf 'BENCH%s tx_packets=%s interrupts=250%s\r\n' "$said" $n "$own"
done
END

topic "figures"
run --qemu "$tmp/qemu" --cells 'linux.tcg.tx.null.*' --runs 2 \
    --json "$tmp/json" --linux "$image"
status_is 0
json '[.cells[] | .guest, .failed, .skipped, .kpps.runs, .lost] | unique ==
    [null, 2, "linux"]'
json '[.cells[] | .driver] == ["e1000", "lem", "lem", "virtio-net"]'
json '.cells[] | select(.id == "linux.tcg.tx.null.lem-combining") |
    .kpps.median == 20 and .ratio == 3 and .ratio_virtio == 1 and
    .per_packet.doorbells == 0.05 and .per_packet.deferred == 0.95 and
    .per_packet.registers == 0.25 and .interrupts_s == 2500 and .mit_enable'
json '.cells[] | select(.id == "linux.tcg.tx.null.e1000") |
    .kpps.median == 7.5 and .ratio == 1 and .per_packet.doorbells == 0.01 and
    .per_packet.registers == 0.02'
says "60-byte frames, Linux guest; ratio to its e1000"
[ "$(awk 'length > 80' "$tmp/out")" = '' ] || wrong "lines over 80 columns"
nothing_left

topic "streams and round trips"
run --qemu "$tmp/qemu" --cells 'linux.tcg.tcp-tx.*.lem,linux.tcg.tcp-rr.*.lem' \
    --runs 1 --json "$tmp/json" --linux "$image"
status_is 0
json '.cells[0] | .workload == "tcp-tx" and .sink == "user" and
    .mbit_s == 115.84 and .kpps.median == 10 and .rtt_us.p50 == null'
json '.cells[1] | .workload == "tcp-rr" and .mbit_s == null and
    .rtt_us == { "p50": 190, "p99": 250 } and .kpps.median == 5'

topic "a window that fails"
run --qemu "$tmp/qemu" --runs 1 --json "$tmp/json" --linux "$image" \
    --cells 'linux.tcg.rx.user.lem,linux.tcg.tx.null.lem'
status_is 1
json '.cells[] | select(.workload == "rx") |
    .failed == "the Linux guest: no answer: a script"'
json '.cells[] | select(.workload == "tx") | .failed == null'

topic "a guest that dies"
BOOTS=dies
export BOOTS
run --qemu "$tmp/qemu" --runs 1 --json "$tmp/json" --linux "$image" \
    --cells 'linux.tcg.tx.null.lem'
status_is 1
json '.cells[0].failed | contains("ended with status 3") and
    contains("Kernel panic: a script")'
nothing_left

topic "nothing is left of one that does not boot"
BOOTS=no PIDFILE=$tmp/pid
export PIDFILE
"$bench" --qemu "$tmp/qemu" --runs 1 --linux "$image" \
    --cells 'linux.tcg.tx.null.lem' >"$tmp/out" 2>&1 </dev/null &
pid=$!
if wait_for 60 test -s "$PIDFILE"; then
	kill -TERM $pid
	wait $pid
	[ $? = 1 ] || wrong "the exit status after SIGTERM is not 1"
	guest=$(cat "$PIDFILE")
	! runs "$guest" || wrong "the guest, $guest, still runs"
else
	wrong "it starts no guest"
fi
nothing_left

verdict
