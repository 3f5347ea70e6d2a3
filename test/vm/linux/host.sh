#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh host.sh SCENARIO...
#
# Runs guests under lem-vm, and the other ends of their cables.  It runs as root
# in a network namespace of its own: in a guest of QEMU (see host), or on a
# machine whose /dev/kvm can run Linux.  PATH has busybox under its names,
# lem-vm (a function, if LEM_VM names another) and lem-traffic.  IMAGE is the
# folder of kernels and guest.img.  WORK is a folder; the caller keeps WORK/out.
#
# A scenario is a function do_NAME.  Guests and this script print lines "PASS
# ..." and "FAIL ...", and a guest prints "END NAME" at its end.  The first line
# is "HOST BEGINS", the last "END host".

set -u
: "${LONG:=}" "${LEM_VM:=lem-vm}"
mkdir -p "$WORK/out"
vmlinuz=$IMAGE/vmlinuz
vmlinux=$IMAGE/vmlinux
quiet="console=ttyS0 loglevel=4 no_timer_check tsc=reliable"

# shellcheck source=test/vm/linux/common
. "$(dirname -- "$0")/common"

# guest NAME SECONDS KERNEL APPEND OPTION...: runs a guest of lem-vm in the
# foreground.  Its output goes to standard output and $WORK/NAME.console.  Sets
# $status, and checks that it is $expect.
expect=0
guest()
{
	name=$1 seconds=$2 kernel=$3 append=$4
	shift 4
	read -r begin _ </proc/uptime
	{
		timeout "$seconds" "$LEM_VM" run --kernel "$kernel" \
		    --initrd "$IMAGE/guest.img" --append \
		    "$quiet panic=-1 lem.name=$name lem.long=$LONG $append" \
		    "$@" 2>&1 </dev/null
		echo $? >"$WORK/$name.status"
	} | tee "$WORK/$name.console"
	read -r now _ </proc/uptime
	echo "guest $name: $((${now%.*} - ${begin%.*})) s"
	ended "$name"
	status=$(cat "$WORK/$name.status")
	is "$name" "exit status" "$status" "$expect"
	if grep -q "^FAIL " "$WORK/$name.console"; then
		lost | sed "s/^/  | counted by lem-vm's host: /"
	fi
}

# ended NAME: checks that the guest ended by itself.
ended()
{
	grep -q "^END $1" "$WORK/$1.console" || wrong "$1: no line 'END'"
}

# ------------------------------------------------------------------ scenarios

# One NIC, and all that a driver may do with packets.
do_main()
{
	cables 1
	vlan_cable
	guest main 400 "$vmlinuz" \
	    "lem.do=begin,traffic,offloads,filters,vlan,finish" \
	    --cpus 2 --nic backend=tap,ifname=tap0
}

# ... and all that a driver may do besides.
do_life()
{
	cables 1
	guest life 400 "$vmlinuz" "lem.do=begin,mtu,life,ethtool${LONG:+,\
ethtool_more,suspend},finish" \
	    --cpus 2 --nic backend=tap,ifname=tap0
}

# All chips and ways of a doorbell, moderation on and off, an ELF kernel by PVH;
# reboot.  One CPU: the thread of a NIC whose doorbells are always mapped uses
# the other one.
do_many()
{
	cables 5
	expect=4
	guest many 300 "$vmlinux" \
	    "lem.do=begin,many${LONG:+,moderation},finish lem.nics=5 lem.end=reboot" \
	    --nic backend=tap,ifname=tap0,doorbell=auto,moderation=off \
	    --nic backend=tap,ifname=tap1,doorbell=mapped,model=82545em \
	    --nic backend=tap,ifname=tap2,doorbell=exit,model=82544gc \
	    --nic backend=tap,ifname=tap3,doorbell=auto,msi=on,model=82545em \
	    --nic backend=tap,ifname=tap4,doorbell=turns,model=82545em
	expect=0
}

# only=A+B: the functions of steps with these names.
do_only()
{
	cables 1
	vlan_cable
	guest only 400 "$vmlinux" "lem.do=begin,$(echo "$1" | tr + ,),finish" \
	    --cpus 2 --nic backend=tap,ifname=tap0
}

do_vnet_off()
{
	cable 0
	guest vnet_off 150 "$vmlinux" "lem.do=begin,one,finish" \
	    --nic backend=tap,ifname=tap0,vnet=off
}

# pair NAME SERVER'S-NIC CLIENT'S-NIC DO: two guests, one the other's peer.  The
# client ends with a status of its own, the server by SIGTERM.  $meanwhile runs
# while the client does, and finds the server's process in $server.
meanwhile=:
pair()
{
	what=$1
	"$LEM_VM" run --kernel "$vmlinux" --initrd "$IMAGE/guest.img" --append \
	    "$quiet lem.name=$what-server lem.do=serve lem.end=wait lem.at=1" \
	    --memory 160M --nic "$2,mac=52:54:00:00:00:01" \
	    >"$WORK/$what-server.console" 2>&1 </dev/null &
	server=$!
	wait_for 120 grep -q SERVES "$WORK/$what-server.console" ||
	    wrong "$what: the server did not begin to serve"
	$meanwhile &
	expect=7
	guest "$what" 300 "$vmlinux" "lem.do=begin,$4,finish,counted lem.end=exit:3" \
	    --cpus 4 --memory 160M --nic "$3"
	expect=0
	kill -TERM $server
	reap $server
	is "$what-server" "exit status after SIGTERM" $? 10
	cat "$WORK/$what-server.console"
}

do_dgram()
{
	pair dgram "backend=dgram,local=$WORK/d0,remote=$WORK/d1" \
	    "backend=dgram,local=$WORK/d1,remote=$WORK/d0,pcap=$WORK/out/dgram.pcap" few
}

do_stream()
{
	pair stream "backend=stream,path=$WORK/s0,server=on" \
	    "backend=stream,path=$WORK/s0" one
}

# peer_stops: when the client says so, its peer does not read for half a minute.
peer_stops()
{
	wait_for 200 grep -q '^STOP' "$WORK/stopped.console" || return
	kill -STOP "$server"
	sleep 30
	kill -CONT "$server"
}

do_stopped()
{
	meanwhile=peer_stops
	pair stopped "backend=stream,path=$WORK/s1,server=on" \
	    "backend=stream,path=$WORK/s1" stopped
	meanwhile=:
}

# becomes_qemu NAME APPEND OPTION...: this shell becomes a guest of QEMU with
# QEMU's e1000.
becomes_qemu()
{
	name=$1 append=$2
	shift 2
	exec qemu-system-x86_64 -accel kvm -cpu host -m 160 \
	    -L /usr/share/qemu -bios qboot.rom \
	    -nodefaults -display none -no-reboot -serial stdio \
	    -kernel "$vmlinux" -initrd "$IMAGE/guest.img" -append \
	    "$quiet lem.name=$name lem.end=wait $append" \
	    -device e1000,netdev=n,romfile= "$@" 2>&1
}

# qemu NAME APPEND OPTION...: the same, with its output in a file.
qemu()
{
	becomes_qemu "$@" >"$WORK/$1.console" </dev/null
}

# qemu_pair NAME NETDEV NIC: the server is a guest of QEMU.
qemu_pair()
{
	what=$1
	qemu "$what-server" "lem.do=serve lem.at=1" -netdev "$2" &
	server=$!
	wait_for 120 grep -q SERVES "$WORK/$what-server.console" ||
	    wrong "$what: the server did not begin to serve"
	chmod 777 "$WORK"/q?
	guest "$what" 150 "$vmlinux" "lem.do=begin,one,finish" --nic "$3"
	kill $server
	wait $server
	cat "$WORK/$what-server.console"
}

do_qemu_dgram()
{
	qemu_pair qemu_dgram "dgram,id=n,local.type=unix,local.path=$WORK/q0,\
remote.type=unix,remote.path=$WORK/q1" \
	    "backend=dgram,local=$WORK/q1,remote=$WORK/q0"
}

do_qemu_stream()
{
	qemu_pair qemu_stream \
	    "stream,id=n,server=on,addr.type=unix,addr.path=$WORK/q2" \
	    "backend=stream,path=$WORK/q2"
}

# Typed input; statistics while it runs; a panic, which the guest tells of.
do_ends()
{
	mkfifo "$WORK/typed"
	"$LEM_VM" run --kernel "$vmlinux" --initrd "$IMAGE/guest.img" --append \
	    "$quiet panic=-1 lem.name=ends lem.do=typed,tells lem.end=panic" \
	    --memory 160M --control "$WORK/control" \
	    <"$WORK/typed" >"$WORK/ends.console" 2>&1 &
	ends=$!
	exec 5>"$WORK/typed"
	wait_for 120 grep -q TYPE "$WORK/ends.console"
	echo 'the quick brown fox 0123456789 !@#%' >&5
	reap $ends
	is ends "exit status after a panic" $? 6
	exec 5>&-
	cat "$WORK/ends.console"
	ended ends
	if grep -q "Kernel panic" "$WORK/ends.console"; then
		pass "ends: it did panic"
	else
		wrong "ends: no panic"
	fi
}

# Each way to end has a status of its own; what other scenarios do not show.
do_faults()
{
	expect=8
	guest faults 100 "$vmlinux" "reboot=t lem.end=reboot" --memory 160M
	grep -q "^lem-vm: CPU .: the guest caused a triple fault" \
	    "$WORK/faults.console" || wrong "faults: lem-vm does not say so"
	expect=4
	guest panics 100 "$vmlinux" "lem.end=panic" --memory 160M
	expect=0
}

# restarted: the guest has come to its end often enough.
restarted()
{
	times=2
	[ -z "$LONG" ] || times=3
	[ "$(grep -c '^END restart' "$WORK/restart.console")" -ge $times ]
}

# A guest that reboots begins again, with a NIC that works as at first.
do_restart()
{
	cables 1
	"$LEM_VM" run --kernel "$vmlinuz" --initrd "$IMAGE/guest.img" --append \
	    "$quiet lem.name=restart lem.do=begin,one,finish lem.end=reboot" \
	    --on-reset restart --cpus 2 --nic backend=tap,ifname=tap0 \
	    >"$WORK/restart.console" 2>&1 </dev/null &
	restart=$!
	wait_for 300 restarted || wrong "restart: it did not begin again"
	kill -TERM $restart
	reap $restart
	is restart "exit status after SIGTERM" $? 10
	cat "$WORK/restart.console"
}

# With panic=0 the guest stops for ever; a signal ends lem-vm.
do_stuck()
{
	"$LEM_VM" run --kernel "$vmlinux" --initrd "$IMAGE/guest.img" --append \
	    "$quiet panic=0 lem.name=stuck lem.end=panic" --memory 160M \
	    >"$WORK/stuck.console" 2>&1 </dev/null &
	stuck=$!
	wait_for 120 grep -q 'end Kernel panic' "$WORK/stuck.console" ||
	    wrong "stuck: no panic"
	kill -0 $stuck && pass "stuck: it goes on after the panic"
	kill -TERM $stuck
	reap $stuck
	is stuck "exit status after SIGTERM" $? 10
}

# More memory than fits below the devices: NICs reach all of it.
do_memory()
{
	cable 0
	guest memory 300 "$vmlinuz" "lem.do=memory,begin,one,finish" \
	    --memory 5G --nic backend=tap,ifname=tap0
}

# passt knows this side's addresses, and has the gateway's stand for it.
do_passt()
{
	ip link add passt0 type dummy
	ip addr add 10.9.0.2/24 dev passt0
	ip link set passt0 up
	ip route add default via 10.9.0.1 dev passt0
	ip link set lo up
	echo "0 65535" >/proc/sys/net/ipv4/ping_group_range
	[ -n "$server_pid" ] || {
		lem-traffic serve 7000 lo &
		server_pid=$!
	}
	passt -f -s "$WORK/passt" -4 --no-dhcp >"$WORK/passt.log" 2>&1 &
	passt=$!
	wait_for 20 grep -q "You can now start" "$WORK/passt.log"
	case $(passt --version) in
	*"unknown version"*) what=out ;;	# as Debian 12 builds it
	*) what=out,nat ;;
	esac
	guest passt 150 "$vmlinux" "lem.do=$what,finish" \
	    --nic "backend=stream,path=$WORK/passt"
	kill $passt 2>/dev/null
	cat "$WORK/passt.log"
	ip link del passt0
}

# ------------------------------------------------------------------ benchmark

# exits PID: prints the VM exits of that process's guest, so far.
exits()
{
	cat /sys/kernel/debug/kvm/"$1"-*/exits
}

# rate NAME PID AT: prints "RATE NAME WAY BYTES/us EXITS/MB" for each direction.
rate()
{
	for way in receive send; do
		before=$(exits "$2")
		said=$(lem-traffic rate "10.9.0.$3" 7000 $way "$slice") || {
			wrong "rates: $1 $way: $said"
			continue
		}
		echo "$said" | awk -v name="$1" -v way=$way \
		    -v exits=$(($(exits "$2") - before)) '{
			printf "RATE %s %s %.4f %.3f\n", name, way, $1 / $3,
			    exits * 1e6 / $1
		}'
	done
}

# rates_table: makes a table of lines RATE, which come in pairs.
rates_table()
{
	awk '$1 == "RATE" {
		k = $2 " " $3
		n[k]++
		mb[k, n[k]] = $4
		ex[k, n[k]] = $5
	}
	function median(a, k, n,   i, j, t, v) {
		for (i = 1; i <= n; i++)
			v[i] = a[k, i]
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
				t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
			}
		low = v[1]; high = v[n]
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	function row(what, way,   l, q, i, r) {
		l = "lem-vm " way; q = "qemu " way
		for (i = 1; i <= n[l]; i++)
			r["r", i] = mb[l, i] / mb[q, i]
		printf "%-15s %8.1f %8.1f %7.1f %7.1f", what,
		    8 * median(mb, l, n[l]), 8 * median(mb, q, n[q]),
		    median(ex, l, n[l]), median(ex, q, n[q])
		printf "  %.2f", median(r, "r", n[l])
		printf " (%.2f-%.2f, %d pairs)\n", low, high, n[l]
	}
	END {
		print "TCP stream         Mbit/s (median)   exits a MB     ratio"
		print "                  lem-vm     QEMU  lem-vm    QEMU  lem-vm/QEMU"
		row("guest to host", "receive")
		row("host to guest", "send")
	}' "$1"
}

# The same guest under lem-vm and under QEMU, both with e1000, tap and TSO; both
# are up, and take turns.
do_rates()
{
	slice=3
	for n in 0 1; do
		tunctl -t "tap$n" >/dev/null
		ip addr add 10.9.0.1 peer "10.9.0.$((n + 2))" dev "tap$n"
		ip link set "tap$n" up
	done
	"$LEM_VM" run --kernel "$vmlinux" --initrd "$IMAGE/guest.img" --append \
	    "$quiet lem.name=rates-lem lem.do=bursts,serve lem.end=wait lem.at=2" \
	    --memory 160M --nic backend=tap,ifname=tap0 \
	    >"$WORK/rates-lem.console" 2>&1 </dev/null &
	lem=$!
	qemu rates-qemu "lem.do=bursts,serve lem.at=3" \
	    -netdev tap,id=n,ifname=tap1,script=no,downscript=no &
	other=$!
	for name in rates-lem rates-qemu; do
		wait_for 120 grep -q SERVES "$WORK/$name.console" || {
			wrong "rates: $name did not begin to serve"
			cat "$WORK/$name.console"
			kill $lem $other
			return
		}
	done
	sleep 5
	rate lem-vm $lem 2 >/dev/null
	rate qemu $other 3 >/dev/null
	i=0
	while [ $i -lt 9 ]; do
		i=$((i + 1))
		[ $((i % 2)) = 0 ] || rate lem-vm $lem 2
		rate qemu $other 3
		[ $((i % 2)) = 1 ] || rate lem-vm $lem 2
	done | tee "$WORK/rates"
	kill $lem $other
	wait $lem $other
	rates_table "$WORK/rates"
}

# ------------------------------------------------------------------- lem.ko

# lem.ko drives the NIC.
do_driver()
{
	cables 1
	guest driver 400 "$vmlinuz" \
	    "lem.do=begin,traffic,combined,finish lem.driver=lem" \
	    --nic backend=tap,ifname=tap0,doorbell=auto
}

# exit_counts PID: prints, of that process's guest so far: all exits, those for
# a register of a device, those for an interrupt of the host, and those of a
# CPU that waits.
exit_counts()
{
	for kind in exits mmio_exits irq_exits halt_exits; do
		cat /sys/kernel/debug/kvm/"$1"-*/$kind
	done | tr '\n' ' '
}

# hears_exits: sets $said to the rest of the guest's next line "EXITS ...".
hears_exits()
{
	while read -r line <&6; do
		echo "$line"
		said=$(echo "$line" | tr -d '\r' | sed -n 's/^EXITS //p')
		[ -z "$said" ] || return 0
	done
	wrong "driver_exits: the guest has ended"
	return 1
}

# sent REQUEST...: sends the guest $vmm a line, and waits for its answer.
sent()
{
	echo "$*" >&5
	hears_exits
}

# exits_of NAME DRIVER COMBINING: the loads with that driver.  Prints lines
# "COUNT NAME DRIVER LOAD N us ALL MMIO IRQ HALT INTERRUPTS TICKS".
exits_of()
{
	sent drive "$2" "$3" || return
	what=$2
	[ "$3" = - ] || what=$2-$3
	for load in spin blast rr send receive; do
		before=$(exit_counts "$vmm")
		sent "$load" "$slice" || return
		after=$(exit_counts "$vmm")
		echo "$said $before $after" | awk -v what="$1 $what $load" \
		    'NF == 12 { print "COUNT", what, $1, $2, $9 - $5, $10 - $6,
			$11 - $7, $12 - $8, $3, $4 }'
		sent tell || return
	done
}

# exits_guest NAME COMMAND...: the guest that COMMAND becomes, with each driver.
exits_guest()
{
	name=$1
	shift
	mkfifo "$WORK/$name.in" "$WORK/$name.out"
	("$@" <"$WORK/$name.in" >"$WORK/$name.out" 2>&1) &
	vmm=$!
	exec 5>"$WORK/$name.in" 6<"$WORK/$name.out"
	(sleep 500 && kill -9 $vmm) >/dev/null 2>&1 &
	late=$!
	hears_exits && exits_of "$name" e1000 - && exits_of "$name" lem off &&
	    exits_of "$name" lem on
	exec 5>&- 6<&-
	kill $vmm $late
	wait $vmm
}

# becomes_lem DOORBELL: this shell becomes lem-vm.
becomes_lem()
{
	exec "$LEM_VM" run --kernel "$vmlinux" --initrd "$IMAGE/guest.img" \
	    --append "$quiet lem.name=lem lem.do=exits lem.end=wait" \
	    --memory 160M --nic "backend=tap,ifname=tap0,doorbell=$1" 2>&1
}

# exits_table FILE: makes a table of lines COUNT.  "no clock" is without what the
# clocks cause, which are as fast as ever where all else is slow: without the
# host's interrupts, and the exits of each tick of the guest, as many as when it
# only computes ("spin").
exits_table()
{
	awk '$1 == "COUNT" {
		k = $2 " " $3
		unit = $4 ~ /^(send|receive)$/ ? 1000000 : 1
		if ($4 == "spin") {
			tick[k] = ($7 - $9) / ($12 + 1)
		} else if ($5 > 0) {
			n = $5 / unit
			printf "%-8s %-7s %-7s", $2, $3, $4
			printf " %7.2f %8.3f", $7 / n,
			    ($7 - $9 - tick[k] * $12) / n
			printf " %6.2f %6.2f", $8 / n, $10 / n
			printf " %6.2f %8.1f\n", $11 / n, n / $6 * 1000000
		}
	}' "$1"
}

# exits_at_most LOAD DRIVER PART: checks, for QEMU and for lem-vm with a doorbell
# that exits, that this driver's exits, without the clocks', are at most that part
# of e1000's.
exits_at_most()
{
	if awk -v load="$1" -v driver="$2" -v part="$3" '
	$1 != "lem-auto" && $3 == load {
		n[$1 " " $2] = $5
		vmm[$1] = 1
		rows++
	}
	END {
		for (v in vmm)
			bad += !(n[v " " driver] > 0 &&
			    n[v " " driver] <= n[v " e1000"] * part)
		exit bad || rows != 6
	}' "$WORK/exits.table"; then
		pass "driver_exits: $1: $2's exits are at most $3 of e1000's"
	else
		wrong "driver_exits: $1: $2's exits are more than $3 of e1000's"
	fi
}

# The same kernel under QEMU with its e1000 and under lem-vm, with the driver of
# the kernel and with lem.ko: the VM exits of a datagram that is sent, of a
# round trip of TCP, and of a megabyte of a stream.
do_driver_exits()
{
	slice=6
	cables 1
	{
		exits_guest qemu becomes_qemu qemu "lem.do=exits" \
		    -netdev tap,id=n,ifname=tap0,script=no,downscript=no
		exits_guest lem-exit becomes_lem exit
		exits_guest lem-auto becomes_lem auto
	} | tee "$WORK/exits"
	exits_table "$WORK/exits" >"$WORK/exits.table"
	cat <<-END
	VMM      driver  load        all no clock   MMIO   halt   irqs a second
	$(cat "$WORK/exits.table")
	END
	exits_at_most blast lem-on 0.1
	exits_at_most rr lem-on 0.5
}

# ------------------------------------------- benchmark of the doorbell's ways

# way_begin N WAY: its guest, 10.9.0.N.  It stands still unless it is measured:
# with doorbell=mapped it would use a processor.
way_begin()
{
	tunctl -t "tap$1" >/dev/null
	ip addr add 10.9.0.1 peer "10.9.0.$1" dev "tap$1"
	ip link set "tap$1" up
	"$LEM_VM" run --kernel "$vmlinux" --initrd "$IMAGE/guest.img" --append \
	    "$quiet lem.name=$2 lem.do=serve lem.end=wait lem.at=$1" \
	    --memory 160M --nic "backend=tap,ifname=tap$1,doorbell=$2" \
	    >"$WORK/$2.console" 2>&1 </dev/null &
	echo $! >"$WORK/$2.pid"
	wait_for 120 grep -q SERVES "$WORK/$2.console" || {
		wrong "doorbells: $2 did not begin to serve"
		cat "$WORK/$2.console"
	}
	kill -STOP "$(cat "$WORK/$2.pid")"
}

# work LOAD N: prints how much of it guest N did a second.
work()
{
	case $1 in
	blast) lem-traffic flood "10.9.0.$2" 7000 "$slice" 18 0 |
	    awk -v s="$slice" '{ print $2 / s }' ;;
	ping) lem-traffic rr "10.9.0.$2" 7000 "$slice" |
	    awk '{ print 1e6 * $2 / $4 }' ;;
	out) lem-traffic rate "10.9.0.$2" 7000 receive "$slice" |
	    awk '{ print $1 / $3 }' ;;
	in) lem-traffic rate "10.9.0.$2" 7000 send "$slice" |
	    awk '{ print $1 / $3 }' ;;
	both)
		lem-traffic rate "10.9.0.$2" 7000 send "$slice" >"$WORK/both" &
		in=$!
		lem-traffic rate "10.9.0.$2" 7000 receive "$slice" >"$WORK/both.out"
		wait $in
		cat "$WORK/both" "$WORK/both.out" |
		    awk '{ sum += $1 / $3 } END { print sum }'
		;;
	esac
}

# way_measure LOAD N WAY: prints "WAY LOAD WAY RATE EXITS".
way_measure()
{
	pid=$(cat "$WORK/$3.pid")
	kill -CONT "$pid"
	sleep 0.2
	before=$(exits "$pid")
	rate=$(work "$1" "$2") || rate=''
	echo "WAY $1 $3 ${rate:-0} $(($(exits "$pid") - before))"
	kill -STOP "$pid"
}

# ways_table FILE: medians, and auto to the better of the others, by rounds.
ways_table()
{
	awk '$1 == "WAY" {
		n[$2, $3]++
		rate[$2, $3, n[$2, $3]] = $4
		exit_[$2, $3, n[$2, $3]] = $5
	}
	function sorted(m,   i, j, t) {
		for (i = 2; i <= m; i++)
			for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
				t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
			}
		return v[int((m + 1) / 2)]
	}
	function median(a, k, w, m,   i) {
		for (i = 1; i <= m; i++)
			v[i] = a[k, w, i]
		return sorted(m)
	}
	function row(k, what,   m, i, e, p) {
		m = n[k, "auto"]
		printf "%-26s %9.4g %9.4g %9.4g", what, median(rate, k, "auto", m),
		    median(rate, k, "exit", m), median(rate, k, "mapped", m)
		for (i = 1; i <= m; i++) {
			e = rate[k, "exit", i]
			p = rate[k, "mapped", i]
			v[i] = rate[k, "auto", i] / ((e > p ? e : p) + 1e-9)
		}
		printf "  %.2f", sorted(m)
		printf " (%.2f-%.2f)", v[1], v[m]
		printf "   %7d %7d %7d\n", median(exit_, k, "auto", m),
		    median(exit_, k, "exit", m), median(exit_, k, "mapped", m)
	}
	END {
		print "                                auto      exit" \
		    "    mapped  auto/better         exits: auto, exit, mapped"
		row("blast", "datagrams out a second")
		row("ping", "round trips a second")
		row("out", "stream out, MB/s")
		row("in", "stream in, MB/s")
		row("both", "streams both ways, MB/s")
	}' "$1"
}

# auto beside exit and mapped: a guest each, by turns.
do_doorbells()
{
	slice=6
	way_begin 2 auto
	way_begin 3 exit
	way_begin 4 mapped
	round=0
	while [ $round -lt 5 ]; do
		round=$((round + 1))
		for load in blast ping out in both; do
			n=2
			for way in auto exit mapped; do
				way_measure $load $n $way
				n=$((n + 1))
			done
		done
	done | tee "$WORK/ways"
	for way in auto exit mapped; do
		kill -CONT "$(cat "$WORK/$way.pid")"
		kill "$(cat "$WORK/$way.pid")"
	done
	wait
	ways_table "$WORK/ways"
}

# ----------------------------------------------------------------------- main

echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
# As in guests.  A network namespace does not have this file.
[ ! -w /proc/sys/net/core/default_qdisc ] ||
	echo pfifo_fast >/proc/sys/net/core/default_qdisc
echo "HOST BEGINS"
for scenario; do
	case $scenario in
	only=*) do_only "${scenario#only=}" ;;
	*) "do_$scenario" ;;
	esac
done
[ -z "$server_pid" ] || kill "$server_pid"
echo "END host"
