#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A short run of a few cells with each VMM: checks of the figures that need no
# clock.  Rates and times only have to be there.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"
unset FREEBSD_KERNEL	# see freebsd.sh

command -v jq >/dev/null || skip "jq is not here"
[ -n "$real" ] || skip "QEMU is not here"

topic "a short run"
cells='*.tx.null.modified,*.tx.null.standard,*.tx.dgram.modified'
cells=$cells',*.rx.dgram.modified,*.ping.dgram.modified,*.tx.null.virtio'
cells=$cells',nic*.tx.null.stock,nic*.tx.null.moderated,nic.*.dgram.moderated,*.tx.null.adaptive,*.tx.null.modified-fixed'
run --cells "$cells" --runs 1 --seconds 0.2 --json "$tmp/json" \
    --report "$tmp/report"
status_is 0
jq empty "$tmp/json" || wrong "the JSON is not well-formed"

topic "the layout of the JSON"
# Keys are an interface: these stay; new ones may come.
json '.machine | has("cpu") and has("kernel") and has("qemu") and has("kvm")'
json '.cells | length >= 12'
# shellcheck disable=SC2016 # a variable of jq
json '[.cells[] | . as $c | (
    ("id vmm host nic driver guest workload sink frame moderation mit_enable",
    "mit_mode row order doorbell sweep itr kpps ratio per_packet rtt_us",
    "lost duplicated reordered corrupted",
    "skipped" | split(" ")[] | select(in($c) | not)),
    ("median min max runs" | split(" ")[] | select(in($c.kpps) | not)),
    ("doorbells interrupts registers exits host_cpu_us" | split(" ")[] |
	select(in($c.per_packet) | not)),
    ("p50 p99" | split(" ")[] | select(in($c.rtt_us) | not))
    )] | length == 0'
json '[.cells[] | has("interrupts_s") and has("interrupt_us") and
    has("interrupt_share") and has("line_ns")] | all'
json '[.cells[].per_packet.exits_by | keys] | unique ==
    [["halt", "io", "irq", "irq_window", "mmio"]]'
json '[.cells[] | .id, .host, .nic, .driver, .guest, .workload, .sink |
    type] | unique == ["string"]'
json '[.cells[] | .moderation, .mit_enable | type] | unique == ["boolean"]'
json '[.cells[] | .mit_enable == (.mit_mode != "off")] | all'
json '[.cells[] | .frame, .itr, .kpps.runs | type] | unique == ["number"]'
json '[.cells[] | .skipped | type] - ["string", "null"] == []'
json '[.cells[].id] | length == (unique | length)'
json '[.cells[] | .vmm == .host] | all'
json '[.cells[].vmm] | unique == ["lem-nic-kvm", "lem-nic-tcg", "lem-vm",
    "qemu-kvm", "qemu-tcg"]'
json '[.cells[] | (.vmm == "lem-vm") == (.doorbell == "auto")] | all'

topic "every cell that ran"
json '[.cells[] | select(.guest == "bare" and .vmm == "qemu-tcg" and
    .nic == "virtio-net" and .skipped != null)] == []'
json '[.cells[] | select(.skipped == null) | .failed == null and
    .kpps.runs == 1 and .kpps.median > 0 and .kpps.min == .kpps.median and
    .kpps.max == .kpps.median] | length > 0 and all'
json '[.cells[] | select(.skipped == null) | .per_packet |
    .interrupts, .registers, .host_cpu_us | type] | unique == ["number"]'
json '[.cells[] | select(.skipped == null and .sink == "dgram") |
    .lost, .duplicated, .reordered, .corrupted] |
    length > 0 and all(. == 0)'
json '[.cells[] | .lost, .duplicated, .reordered, .corrupted] |
    all(. == 0 or . == null)'
json '[.cells[] | select(.skipped == null) | .guard_flushes == 0] | all'
# KVM counts exits; TCG has none.
json '[.cells[] | select((.vmm | endswith("tcg") | not) and
    .skipped == null) | .per_packet.exits > 0] | all'
# What one interrupt costs lem-vm's guest: the read of ICR exits; the kick does
# at most, and nothing waits for an interrupt window.
json '[.cells[] | select(.vmm == "lem-vm" and .row == "standard" and
    .workload == "tx" and .skipped == null) | .per_packet |
    .exits_by.irq_window <= .interrupts / 10 and
    (.exits_by.mmio == null or .exits_by.mmio >= .interrupts * 0.9)] | all'
# Only the driver at its default chooses ITR; what it had at last is at least
# what was asked for, and at most 2 ms.
json '[.cells[] | select(.guest == "bare" and .mit_enable) |
    .driver_adaptive == (.row == "modified")] | length > 1 and all'
json '[.cells[] | select(.skipped == null) | if .driver_adaptive and
    .guest == "bare" then .itr_end >= .itr and .itr_end <= 7813
    else .itr_end == null end] | all'
# The e1000 can be asked for an interrupt; virtio cannot.
json '[.cells[] | select(.skipped == null and .guest == "bare") |
    .interrupt_us == null or (.nic == "e1000" and .interrupt_us > 0)] |
    length > 0 and all'
json '[.cells[] | select(.interrupt_us != null)] | length > 0'
json '[.cells[] | select(.skipped == null and .interrupt_us != null) |
    ([.interrupts_s * .interrupt_us / 1e6, 1] | min) - .interrupt_share |
    fabs < 1e-3] | all'
json '[.cells[] | select(.vmm | endswith("tcg")) | .per_packet.exits] |
    all(. == null)'
# lem-nic counts the accesses that wait for it, where it serves the e1000.
json '[.cells[] | select(.skipped == null) |
    ((.vmm | startswith("lem-nic")) and .nic == "e1000" and .row != "stock")
    == (.per_packet.round_trips | type == "number")] | all'

topic "each workload"
json '[.cells[] | select(.workload == "ping" and .skipped == null) |
    .rtt_us | .p50 > 0 and .p99 >= .p50] | all'
json '[.cells[] | select(.workload != "ping") | .rtt_us.p50, .rtt_us.p99] |
    all(. == null)'
# Packets of the modified driver share a TDT write, those of the standard driver
# do not.  With lem-vm a write is rarely an exit, so they need not share one.
json '[.cells[] | select(.skipped == null and .workload == "tx" and
    .nic == "e1000" and .mit_enable and (.vmm | startswith("qemu"))) |
    .per_packet | .deferred > 0 and .doorbells > 0 and .doorbells < 1 and
    .doorbells <= .interrupts * 1.5 + 0.02] |
    length > 0 and all'
# At the ends of the window a ring of packets may have been rung and not sent.
# shellcheck disable=SC2016 # a variable of jq
json '[.cells[] | select(.skipped == null and .workload == "tx" and
    .nic == "e1000" and (.mit_enable | not)) |
    (.kpps.median * 1000 * 0.2) as $packets |
    (.per_packet.doorbells - 1) * $packets | fabs < 256 + $packets / 100] |
    all'
# Or a ping.
# shellcheck disable=SC2016 # a variable of jq
json '[.cells[] | select(.skipped == null and .workload == "ping") |
    (.kpps.median * 1000 * 0.2) as $packets |
    (.per_packet.doorbells - 1) * $packets | fabs < 2 + $packets / 100] | all'
json '[.cells[] | select(.skipped == null and (.id |
    endswith(".tx.null.standard") or endswith(".tx.null.stock"))) |
    .ratio == 1] | all'
json '[.cells[] | select(.vmm | startswith("lem-nic")) |
    has("ratio_virtio") and has("ratio_virtio_polled")] | all'

topic "the report"
page=$tmp/report/index.html
[ -s "$page" ] || wrong "no index.html"
grep -q '<svg' "$page" || wrong "no chart"
grep -q '</html>' "$page" || wrong "the page has no end"
grep -Eqi '(src|href) *= *["'\'']?(https?:)?//' "$page" &&
    wrong "the page fetches something"
[ "$(ls -A "$tmp/report")" = index.html ] ||
    wrong "more than the page: $(ls -A "$tmp/report")"

topic "the table"
says "modified moderated hypervisor, modified driver"
says "RFC, 2012"
[ "$(awk 'length > 79' "$tmp/out")" = '' ] || wrong "lines over 79 columns"
nothing_left

jq -r '.cells[] | select(.skipped != null) |
    "not run: \(.id): \(.skipped)"' "$tmp/json"
[ "$(jq '[.cells[] | select(.skipped == null)] | length' "$tmp/json")" != 0 ] ||
    [ $bad = 1 ] || skip "every cell was skipped"
verdict
