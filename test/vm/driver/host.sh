#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh host.sh SCENARIO...
#
# Runs guests that drive a NIC of QEMU, or lem-nic, with lem.ko, and the other
# ends of the cables.  See ../nic/host.sh for what it needs.

set -u
: "${LONG:=}" "${ACCEL:=tcg}" "${SLOW:=1}"
# A busy machine may stop a guest for half a minute.  The guest's watchdogs wait
# longer than that.
quiet="console=ttyS0 loglevel=4 panic=-1 no_timer_check tsc=reliable"
quiet="$quiet watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300"

# shellcheck source=test/vm/linux/common
. "$(dirname -- "$0")/../linux/common"

# guest NAME SECONDS APPEND OPTION...: runs a guest to its end.
guest()
{
	name=$1 seconds=$2 append=$3
	shift 3
	timeout -k 5 $((seconds * SLOW)) \
	    "$QEMU" -accel "$ACCEL" -machine "${machine:-pc}" \
	    -m "${memory:-256M}" -nodefaults -display none -serial stdio -no-reboot \
	    -kernel "$IMAGE/vmlinuz" -initrd "${initrd:-$IMAGE/guest.img}" -append \
	    "$quiet lem.name=$name lem.long=$LONG $append lem.driver=lem" \
	    "$@" >"$WORK/$name.console" 2>&1 </dev/null
	is "$name" "exit status of QEMU" $? 0
	tr -d '\r' <"$WORK/$name.console"
	grep -q "^END ${last:-$name}" "$WORK/$name.console" ||
	    wrong "$name: no line 'END ${last:-$name}'"
}

# nic MODEL N: prints QEMU's options of a NIC on tap<N>.
nic()
{
	echo "-netdev tap,id=n$2,ifname=tap$2,script=no,downscript=no" \
	    "-device $1,netdev=n$2,romfile=,mac=52:54:00:12:34:0$2"
}

# shellcheck disable=SC2046 # options
do_main()
{
	cables 1
	guest main 800 "lem.do=begin,traffic,filters,finish,lem" -smp 2 \
	    $(nic e1000 0)
}

# shellcheck disable=SC2046 # options
do_life()
{
	cables 1
	guest life 800 "lem.do=begin,life,mtu,finish,lem" -smp 2 \
	    $(nic e1000-82545em 0)
}

# shellcheck disable=SC2046 # options
do_ethtool()
{
	cables 1
	guest ethtool 800 "lem.do=begin,tools,refuses,finish" \
	    $(nic e1000 0)
}

# shellcheck disable=SC2046 # options
do_two()
{
	cables 2
	guest two 600 "lem.do=begin,two,finish lem.nics=2" \
	    -smp 2 $(nic e1000-82544gc 0) $(nic e1000 1)
}

# of NAME FIELD: prints a number of a line of accesses.awk.
of()
{
	sed -n "s/^ACCESSES $1 .*\<$2=\([0-9]*\).*/\1/p" "$WORK/$name.accesses"
}

# most WHAT GOT MOST
most()
{
	if [ "$2" -le "$3" ]; then
		pass "$1 is $2, at most $3"
	else
		wrong "$1 is $2, more than $3"
	fi
}

# access_check WINDOW: what lem.ko may access.  ICR is read once an interrupt,
# and three times by down and up; STATUS is read to push RDT, and a few times by
# up, filters and the link.
access_check()
{
	w=$1
	is "$w" "reads the driver counts" "$(of "$w" register_reads)" \
	    $(($(of "$w" read_icr) + $(of "$w" read_status) + $(of "$w" read_ctrl) +
	    $(of "$w" read_setup) + $(of "$w" read_other)))
	most "$w: reads of ICR" "$(of "$w" read_icr)" $(($(of "$w" calls) + 3))
	most "$w: reads of STATUS" "$(of "$w" read_status)" \
	    $(($(of "$w" rx_pushes) + 16))
	most "$w: other reads" $(($(of "$w" read_ctrl) +
	    $(of "$w" read_setup) + $(of "$w" read_other))) 8
	is "$w" "writes of TDT" "$(of "$w" write_tdt)" \
	    $(($(of "$w" tx_doorbells) + 1))
	is "$w" "writes of RDT" "$(of "$w" write_rdt)" \
	    $(($(of "$w" rx_doorbells) + 1))
	most "$w: doorbells" "$(of "$w" tx_doorbells)" "$(of "$w" tx_packets)"
	# Descriptors are given back 64 at a time.
	most "$w: RDT" "$(of "$w" rx_doorbells)" \
	    $(($(of "$w" rx_packets) / 64 + 1))
	most "$w: writes of IMS" "$(of "$w" write_ims)" \
	    $(($(of "$w" interrupt_masks) + $(of "$w" tx_lone) + 1))
	most "$w: writes of IMC" "$(of "$w" write_imc)" \
	    $(($(of "$w" interrupt_masks) + $(of "$w" tx_lone) + 5))
	most "$w: masks" "$(of "$w" interrupt_masks)" "$(of "$w" interrupts)"
	is "$w" "other writes" "$(of "$w" write_other)" 0
}

# access_lone WINDOW: of a round trip only the answer interrupts, once packets are
# lone: after eight interrupts.
access_lone()
{
	w=$1
	most "$w: interrupts" "$(of "$w" calls)" \
	    $(($(of "$w" rx_packets) + 20 + 10 * ($(of "$w" tx_lone) +
	    $(of "$w" interrupt_masks))))
	most "$w: times that lone packets began, 1" 1 "$(of "$w" tx_lone)"
}

# access_table: accesses of a window, for people.
access_table()
{
	awk '$1 == "ACCESSES" {
		for (i = 3; i <= NF; i++) {
			split($i, f, "=")
			v[f[1]] = f[2]
		}
		n = v["calls"] ? v["calls"] : 1
		p = v["tx_packets"] ? v["tx_packets"] : 1
		printf "%-10s %5d interrupts: reads %.2f, IMC and IMS %.2f" \
		    " each; TDT %.3f a packet sent; RDT %.3f a packet received\n",
		    $2, v["calls"], (v["read_icr"] + v["read_status"]) / n,
		    (v["write_imc"] + v["write_ims"]) / n, v["write_tdt"] / p,
		    v["write_rdt"] / (v["rx_packets"] ? v["rx_packets"] : 1)
	}' "$WORK/$1.accesses"
}

# watched NAME DRIVER: a guest whose register accesses QEMU traces.
# shellcheck disable=SC2046 # options
watched()
{
	mkfifo "$WORK/trace"
	awk -f "$(dirname -- "$0")/accesses.awk" <"$WORK/trace" \
	    >"$WORK/$1.accesses" &
	reader=$!
	guest "$1" 400 "lem.do=accesses,finish lem.driver=$2" $(nic e1000 0) \
	    -trace memory_region_ops_read -trace memory_region_ops_write \
	    -D "$WORK/trace"
	wait $reader
	rm "$WORK/trace"
	cat "$WORK/$1.accesses"
	access_table "$1"
}

do_accesses()
{
	cables 1
	watched accesses lem
	windows=$(awk '{ print $2 }' "$WORK/accesses.accesses")
	is accesses "the number of windows" "$(echo "$windows" | wc -w)" 7
	for window in $windows; do
		access_check "$window"
	done
	access_lone trips
	access_lone trips_on
}

# The kernel's own driver, for the table.
do_accesses_e1000()
{
	cables 1
	watched e1000 e1000
}

# What the kernel of the guest can do with a NIC.
# shellcheck disable=SC2046 # options
do_features()
{
	cables 2
	guest features 600 "lem.do=begin,features,finish lem.nics=2" \
	    -smp 2 $(nic e1000 0) $(nic e1000-82545em 1)
}

# shellcheck disable=SC2046 # options
do_sleep()
{
	cables 1
	guest sleep 400 "lem.do=begin,sleep,finish,vanish,clean" -smp 2 \
	    $(nic e1000 0)
}

# The same sleep, with the driver of the kernel.
# shellcheck disable=SC2046 # options
do_sleep_e1000()
{
	cables 1
	guest sleep_e1000 400 "lem.do=begin,sleep,finish lem.driver=e1000" \
	    -smp 2 $(nic e1000 0)
}

# injects NAME: when the guest says so, its root port reports a fatal error.
injects()
{
	wait_for 300 grep -q "^INJECT" "$WORK/$1.console" || return
	echo "pcie_aer_inject_error rp SDN" >"$WORK/monitor.in"
}

# shellcheck disable=SC2046 # options
do_recover()
{
	cables 1
	mkfifo "$WORK/monitor.in" "$WORK/monitor.out"
	cat "$WORK/monitor.out" &
	injects recover &
	machine=q35
	guest recover 400 "lem.do=begin,recover,finish" \
	    -chardev "pipe,id=monitor,path=$WORK/monitor" \
	    -mon chardev=monitor,mode=readline \
	    -device pcie-root-port,id=rp,chassis=1 \
	    -device pcie-pci-bridge,id=bridge,bus=rp \
	    $(nic e1000 0),bus=bridge,addr=1
	machine=pc
}

# shellcheck disable=SC2046 # options
do_kexec()
{
	cables 1
	mkdir "$WORK/second"
	cp "$IMAGE/vmlinuz" "$IMAGE/guest.img" "$WORK/second/"
	(cat "$IMAGE/guest.img" && cd "$WORK/second" &&
	    find . | cpio -o -H newc) >"$WORK/kexec.img"
	initrd=$WORK/kexec.img
	memory=640M
	last=second
	guest kexec 400 "lem.do=begin,kexec" $(nic e1000 0)
	initrd=''
	memory=''
	last=''
}

# pair NAME GROUPS: a guest with lem.ko, and a server with the kernel's e1000.
pair()
{
	name=$1-server
	"$QEMU" -accel "$ACCEL" -machine pc -m 256M \
	    -nodefaults -display none -serial stdio -no-reboot \
	    -kernel "$IMAGE/vmlinuz" -initrd "$IMAGE/guest.img" -append \
	    "$quiet lem.name=$name lem.do=serve_vlan lem.end=wait" \
	    -netdev "stream,id=n,server=on,addr.type=unix,addr.path=$WORK/s" \
	    -device e1000,netdev=n,romfile=,mac=52:54:00:00:00:01 \
	    >"$WORK/$name.console" 2>&1 </dev/null &
	server=$!
	wait_for 200 grep -q SERVES "$WORK/$name.console" ||
	    wrong "$1: the server did not begin to serve"
	$meanwhile "$1" &
	guest "$1" 400 "lem.do=$2" \
	    -netdev "stream,id=n,server=off,addr.type=unix,addr.path=$WORK/s" \
	    -device e1000,netdev=n,romfile=,mac=52:54:00:00:00:02
	kill "$server"
	reap "$server"
	cat "$WORK/$1-server.console"
}

# peer_stops NAME: when the guest says so, its peer does not run for 10 s.
peer_stops()
{
	wait_for 300 grep -q '^STOP' "$WORK/$1.console" || return
	kill -STOP "$server"
	sleep 10
	kill -CONT "$server"
}

do_pair()
{
	meanwhile=peer_stops
	pair pair begin,vlan,peer,finish
	meanwhile=:
}

# Modules and switches under load, on each chip.
# shellcheck disable=SC2046 # options
do_reload()
{
	cables 1
	for chip in e1000 e1000-82545em e1000-82544gc; do
		guest "reload_$chip" 1200 "lem.do=begin,reload,clean" \
		    -smp 2 $(nic $chip 0)
	done
}

for scenario; do
	"do_$scenario"
done
echo "END host"
