#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The cells of a FreeBSD guest, with a script for QEMU that prints what such a
# guest would: figures, register counts from the trace, ratios window by window;
# and a guest that dies.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"

command -v jq >/dev/null || skip "jq is not here"

# lem-bench looks for the rest beside itself.
mkdir -p "$tmp/bin/freebsd"
cp "$bench" "$tmp/bin/" && bench=$tmp/bin/lem-bench
: >"$tmp/bin/freebsd/bench.iso"
: >"$tmp/kernel"

topic "without a kernel"
unset FREEBSD_KERNEL
run --list --cells 'freebsd.*'
status_is 0
says "freebsd.tx.null.modified skipped: no FreeBSD"
run --list --cells 'freebsd.*' --freebsd-kernel "$tmp/none"
says "$tmp/none: No such file"

# flood LEM0 LEM1 EM VTNET: a round.
qemu_script <<'END'
case "$*" in
--version) echo 'QEMU emulator version 0 (a script)'; exit ;;
*help*) echo '  mitigation=<bool>'; exit ;;
*lem.ms=300,*) ;;
*) exit 3 ;;
esac
lem=', dev.em.0.tx_doorbells 20000/M 2000/s, dev.em.0.interrupts 10000/M'
lem="$lem 1000/s, dev.em.0.reg_reads 10000/M 1/s, dev.em.0.reg_writes 30000/M"
lem="$lem 1/s, dev.em.0.tx_deferred 980000/M 1/s"
lem="$lem, dev.em.0.tx_guard_flushes 0/M 0/s"
round()
{
	echo "flood 10.1.0.10: $1 pps, 100 sent, 0 refused (0)$lem"
	echo "flood 10.1.0.11: $2 pps, 100 sent, 0 refused (0)$lem"
	echo "flood 10.2.0.1: $3 pps, 100 sent, 0 refused (0), irq:em1 500000/M 9/s"
	echo "flood 10.3.0.1: $4 pps, 100 sent, 0 refused (0)," \
	    "irq:virtio_pci0 1000/M 50/s"
}
access()
{
	echo "memory_region_ops_$1 cpu 0 mr 0x1 addr 0x$2 value 0x0 size 4" >&2
}
echo "em1: <Intel> port 0xc040-0xc07f mem 0xfebc0000-0xfebdffff irq 11"
round 1 1 1 1
round 30000 60000 20000 50000
[ -z "$FREEBSD_DIES" ] || { echo "panic: it is only a script"; exit 1; }
round 60000 30000 40000 25000
qmp=$(echo "$*" | sed 's/.*id=qmp,fd=\([0-9]*\).*/\1/')
for i in 1 2 3; do
	eval "read -r command <&$qmp"
done
case $command in
*trace-event-set-state*memory_region_ops_read*) ;;
*) exit 4 ;;
esac
for i in 1 2 3 4 5 6 7 8 9 10; do
	access write febc3818
	access write fe003818
	access read febc00c0
done
round 1 1 1 1
sleep 5
END

topic "figures"
run --qemu "$tmp/qemu" --cells 'freebsd.*' --runs 2 --json "$tmp/json" \
    --freebsd-kernel "$tmp/kernel"
status_is 0
json '.cells | length == 8'
json '[.cells[] | .guest, .failed, .skipped, .kpps.runs] | unique ==
    [null, 2, "freebsd"]'
json '.cells[] | select(.id == "freebsd.tx.null.modified") |
    .kpps.median == 45 and .ratio == 1.875 and .ratio_virtio == 1.2 and
    .rfc_kpps == 34 and .interrupts_s == 1000 and .guard_flushes == 0 and
    .per_packet.doorbells == 0.02 and .per_packet.registers == 0.04 and
    .per_packet.deferred == 0.98'
json '.cells[] | select(.id == "freebsd.tx.null.moderated.em") |
    .kpps.median == 30 and .ratio == 1 and .per_packet.interrupts == 0.5 and
    .per_packet.doorbells == 0.1 and .per_packet.registers == 0.2'
json '.cells[] | select(.id == "freebsd.tx.null.virtio") |
    .kpps.median == 37.5 and .per_packet.doorbells == null'
says "60-byte frames, FreeBSD guest; ratio to its em(4)"
says "modified 45.0 1.88x 1.20x 34.0 0.020 0.010 1000 0.040"
says "No cell of the RFC's table (tx, sink null) was asked for."
[ "$(awk 'length > 80' "$tmp/out")" = '' ] || wrong "lines over 80 columns"
nothing_left

topic "a guest that dies"
FREEBSD_DIES=yes
export FREEBSD_DIES
run --qemu "$tmp/qemu" --cells 'freebsd.tx.null.modified' --runs 2 \
    --json "$tmp/json" --freebsd-kernel "$tmp/kernel"
status_is 1
json '.cells[0] | .kpps.runs == 1 and (.failed | contains("only a script"))'
nothing_left

verdict
