#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh host.sh SCENARIO...
#
# Runs lem-nic, guests of a stock QEMU that has it as its NIC, and the other
# ends of the cables.  It runs as root, in network and mount namespaces of its
# own.  PATH has busybox under its names, and lem-traffic.  LEM_NIC and QEMU are
# programs; IMAGE is the folder of the kernel and guest.img; WORK is a folder.
#
# A scenario is a function do_NAME.  It and its guests print lines "PASS ..."
# and "FAIL ...".  The last line is "END host".

set -u
: "${LONG:=}" "${ACCEL:=tcg}" "${PASST:=passt}" "${OVMF:=}"

quiet="console=ttyS0 loglevel=4 panic=-1 no_timer_check tsc=reliable"

# shellcheck source=test/vm/linux/common
. "$(dirname -- "$0")/../linux/common"

# ----------------------------------------------------------------- processes

# nic NAME OPTIONS: starts lem-nic at $WORK/NAME.sock.  Sets $nic_pid.
nic()
{
	"$LEM_NIC" --socket "$WORK/$1.sock" --stats 1 --nic "$2" \
	    >"$WORK/$1.stats" 2>"$WORK/$1.nic" </dev/null &
	nic_pid=$!
	wait_for 20 listens "$1" || wrong "$1: lem-nic does not listen"
}

# listens NAME: has it a new socket there?
listens()
{
	[ -S "$WORK/$1.sock" ] && [ "$(stat -c %u "$WORK/$1.sock")" = 65534 ]
}

# nic_ends PID NAME: SIGTERM ends it, with status 0, without a line.
nic_ends()
{
	kill "$1"
	reap "$1"
	is "$2" "exit status of lem-nic" $? 0
	is "$2" "lines of lem-nic" "$(cat "$WORK/$2.nic")" "${3-}"
}

# stats NAME KEY: prints what lem-nic has counted, a second ago at most.
stats()
{
	tail -n 1 "$WORK/$1.stats" |
	    sed -n "s/.*\"$2\":\"*\([^,\"}]*\).*/\1/p"
}

# device NAME: prints the option of -device.
device()
{
	printf '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"%s"}}' \
	    "$WORK/$1.sock"
}

# device_rom NAME: the same, with the ROM of iPXE for it.
device_rom()
{
	device "$1" | sed 's/^{/{"romfile":"efi-e1000.rom",/'
}

# qemu NAME APPEND OPTION...: becomes a guest.  kernel= sets none; memory= is its
# size (192M), slots= has room for more.
qemu()
{
	name=$1 append=$2
	shift 2
	[ -z "${kernel=yes}" ] || set -- "$@" -kernel "$IMAGE/vmlinuz" \
	    -initrd "$IMAGE/guest.img" -append \
	    "$quiet lem.name=$name lem.long=$LONG $append"
	exec "$QEMU" -accel "$ACCEL" -machine "${machine:-pc},memory-backend=mem" \
	    -object "memory-backend-memfd,id=mem,size=${memory:-192M},share=on" \
	    -m "${memory:-192M}${slots-}" \
	    -nodefaults -display none -serial stdio "$@" \
	    >"$WORK/$name.console" 2>&1 </dev/null
}

# console NAME: shows it.
console()
{
	tr -d '\r' <"$WORK/$1.console"
}

# guest NAME SECONDS APPEND OPTION...: runs a guest to its end.
guest()
{
	name=$1 seconds=$2 append=$3
	shift 3
	read -r begin _ </proc/uptime
	(qemu "$name" "$append" -no-reboot "$@") &
	guest_pid=$!
	(sleep "$seconds" && kill -9 $guest_pid) >/dev/null 2>&1 &
	late=$!
	wait $guest_pid
	is "$name" "exit status of QEMU" $? 0
	kill $late
	read -r now _ </proc/uptime
	console "$name"
	echo "guest $name: $((${now%.*} - ${begin%.*})) s"
	grep -q "^END $name" "$WORK/$name.console" || wrong "$name: no line 'END'"
}

# says NAME TEXT [COUNT]: does its console have the text, so many times?
says()
{
	[ "$(grep -c "$2" "$WORK/$1.console")" -ge "${3:-1}" ]
}

# ----------------------------------------------------------------- scenarios

# A NIC with all that a driver does: streams both ways, byte for byte, ping,
# two CPUs.
do_main()
{
	cables 1
	nic main backend=tap,ifname=tap0
	pid=$nic_pid
	guest main 800 "lem.do=begin,traffic${LONG:+,offloads,filters},finish" \
	    -smp 2 -device "$(device main)"
	echo "pages: $(stats main pages), requests $(stats main requests)," \
	    "parked $(stats main parked), faults $(stats main faults)"
	nic_ends $pid main
}

# Doorbells that trap: ethtool -t passes whole.
do_trap()
{
	cables 1
	nic trap backend=tap,ifname=tap0,doorbell=trap
	pid=$nic_pid
	guest trap 800 "lem.do=begin,life,ethtool${LONG:+,mtu,ethtool_more},finish" \
	    -device "$(device trap)"
	is trap pages "$(stats trap pages)" none
	nic_ends $pid trap
}

# Two NICs are two instances.
do_two()
{
	cables 2
	nic two backend=tap,ifname=tap0
	first=$nic_pid
	nic second backend=tap,ifname=tap1,model=82544gc,mac=52:54:00:12:34:57,doorbell=mapped
	machine=q35 guest two 600 "lem.do=begin,two,finish lem.nics=2" \
	    -smp 2 -device "$(device two)" -device "$(device second)"
	nic_ends $first two
	nic_ends $nic_pid second
}

# The peer is another guest, and checks each byte.
do_dgram()
{
	nic dgram-server "backend=dgram,local=$WORK/d0,remote=$WORK/d1,mac=52:54:00:00:00:01"
	first=$nic_pid
	nic dgram "backend=dgram,local=$WORK/d1,remote=$WORK/d0"
	(qemu dgram-server "lem.do=serve lem.end=wait lem.at=1" \
	    -device "$(device dgram-server)") &
	server=$!
	wait_for 240 says dgram-server SERVES ||
	    wrong "dgram: the server did not begin to serve"
	guest dgram 400 "lem.do=begin,one,finish" -device "$(device dgram)"
	kill -9 $server
	reap $server
	console dgram-server
	nic_ends $first dgram-server
	nic_ends $nic_pid dgram
}

# The guest reboots while packets come and go.  Then QEMU is killed, and another
# one gets the NIC.
do_again()
{
	cables 1
	nic again backend=tap,ifname=tap0
	pid=$nic_pid
	(qemu again "lem.do=begin,one,loaded lem.end=reboot" \
	    -device "$(device again)") &
	guest_pid=$!
	wait_for 480 says again '^END again' 3 || wrong "again: it does not reboot"
	wait_for 240 says again 'PASS again.loaded' 4
	kill -9 $guest_pid
	reap $guest_pid
	console again
	guest after 400 "lem.do=begin,one,finish" -device "$(device again)"
	is again "clients" "$(stats again clients)" 2
	nic_ends $pid again
}

# lem-nic is killed while packets come and go.
do_killed()
{
	cables 1
	nic killed backend=tap,ifname=tap0
	(qemu killed "lem.do=begin,loaded,outlives lem.end=off" \
	    -no-reboot -device "$(device killed)") &
	guest_pid=$!
	wait_for 240 says killed 'PASS killed.loaded' ||
	    wrong "killed: the guest does not come up"
	kill -9 $nic_pid
	reap $nic_pid
	nic killed backend=tap,ifname=tap0
	pid=$nic_pid
	reap $guest_pid
	console killed
	# A bug of QEMU 11.1: two errors at once.
	if grep -q 'error_setv: Assertion' "$WORK/killed.console"; then
		pass "killed: QEMU ended itself"
	elif grep -q '^END killed' "$WORK/killed.console"; then
		pass "killed: the guest goes on"
	else
		wrong "killed: the guest does not go on"
	fi
	guest after 400 "lem.do=begin,one,finish" -device "$(device killed)"
	nic_ends $pid killed
}

# boots_by_net FILE [OPTION]: gives the guest at tap0 an address by DHCP, and the
# files of $WORK/www by HTTP.  It boots FILE.
boots_by_net()
{
	cat >"$WORK/udhcpd.conf" <<-END
	start 10.9.0.20
	end 10.9.0.30
	interface tap0
	lease_file $WORK/leases
	boot_file http://10.9.0.1/$1
	option subnet 255.255.255.0
	${2-}
	END
	: >"$WORK/leases"
	udhcpd -f "$WORK/udhcpd.conf" >"$WORK/udhcpd" 2>&1 &
	httpd -p 10.9.0.1:80 -h "$WORK/www"
}

# iPXE, which QEMU has as a ROM for such NICs, boots the guest over the NIC.
do_ipxe()
{
	cables 1
	mkdir "$WORK/www"
	cp "$IMAGE/vmlinuz" "$IMAGE/guest.img" "$WORK/www/"
	cat >"$WORK/www/boot.ipxe" <<-END
	#!ipxe
	kernel http://10.9.0.1/vmlinuz initrd=guest.img $quiet lem.name=ipxe lem.do=begin,one,finish
	initrd http://10.9.0.1/guest.img
	boot
	END
	boots_by_net boot.ipxe
	nic ipxe backend=tap,ifname=tap0
	pid=$nic_pid
	kernel='' guest ipxe 600 '' -device "$(device_rom ipxe)"
	cat "$WORK/udhcpd"
	nic_ends $pid ipxe
}

# end_of_sections FILE: prints where the sections of a program for UEFI end.
end_of_sections()
{
	objdump -h "$1" | {
		last=0
		while read -r _ _ size at _; do
			case $at in
			*[!0-9a-f]* | "") continue ;;
			esac
			end=$((0x$at + 0x$size))
			[ $end -le $last ] || last=$end
		done
		echo $last
	}
}

# uki APPEND: makes kernel, RAM disk and command line one program for UEFI
# (a unified kernel image).
uki()
{
	stub=$OVMF/lib/systemd/boot/efi/linuxx64.efi.stub
	at=$(end_of_sections "$stub")
	printf '%s' "$1" >"$WORK/cmdline"
	set -- "$stub" "$WORK/www/boot.efi"
	for part in "osrel /etc/os-release" "cmdline $WORK/cmdline" \
	    "initrd $IMAGE/guest.img" "linux $IMAGE/vmlinuz"; do
		file=${part#* }
		at=$(((at + 0xffff) & ~0xffff))
		set -- --add-section ".${part%% *}=$file" \
		    --change-section-vma ".${part%% *}=$at" "$@"
		at=$((at + $(stat -c %s "$file")))
	done
	objcopy "$@"
}

# The ROM has a driver for UEFI, too: OVMF boots by HTTP with it.
do_ovmf()
{
	cables 1
	mkdir "$WORK/www"
	uki "$quiet lem.name=ovmf lem.do=begin,one,finish"
	boots_by_net boot.efi "option 0x3c 48545450436c69656e74" # HTTPClient
	cp "$OVMF/share/OVMF/OVMF_VARS_4M.fd" "$WORK/vars"
	nic ovmf backend=tap,ifname=tap0
	pid=$nic_pid
	kernel='' machine=q35 memory=512M guest ovmf 900 '' \
	    -drive "if=pflash,format=raw,readonly=on,file=$OVMF/share/OVMF/OVMF_CODE_4M.fd" \
	    -drive "if=pflash,format=raw,file=$WORK/vars" \
	    -fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n \
	    -fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n \
	    -device "$(device_rom ovmf)"
	cat "$WORK/udhcpd"
	nic_ends $pid ovmf
}

# inwards NAME PROTOCOL ARGUMENT...: traffic that this side begins.
inwards()
{
	name=$1 protocol=$2
	shift 2
	if lem-traffic "$protocol" 127.0.0.1 7001 "$@"; then
		pass "$name: $protocol $1, begun by this side"
	else
		wrong "$name: $protocol $1, begun by this side"
	fi
}

# passt is the peer, and the guest's network: DHCP, ping, TCP and UDP, begun by
# the guest and by this side.
do_passt()
{
	tunctl -t passt0 >/dev/null
	ip addr add 10.9.0.2/24 dev passt0
	ip link set passt0 up
	ip route add default via 10.9.0.1 dev passt0
	ip link set lo up
	echo "0 65535" >/proc/sys/net/ipv4/ping_group_range
	lem-traffic serve 7000 lo &
	server=$!
	mkdir "$WORK/peer"
	chmod 777 "$WORK/peer"	# passt becomes nobody
	# UDP: the ports that the guest's server may choose.
	$PASST -f -s "$WORK/peer/passt" -4 -t 7001 -u 40000-40009 \
	    >"$WORK/passt.log" 2>&1 &
	passt=$!
	wait_for 20 grep -q "You can now start" "$WORK/passt.log"
	nic passt "backend=stream,path=$WORK/peer/passt"
	pid=$nic_pid
	what=lease,out,nat,serve_in
	# As Debian 12 builds it: it drops packets with padding.
	! $PASST --version | grep -q "unknown version" || what=lease,out
	(qemu passt "lem.do=$what,finish lem.end=wait" \
	    -device "$(device passt)") &
	guest_pid=$!
	wait_for 120 says passt "^END passt" || wrong "passt: no line 'END'"
	console passt
	case $what in
	*serve_in)
		inwards passt tcp send 2000000 0 84
		inwards passt tcp receive 2000000 0 85
		inwards passt udp 100 1000 86
		;;
	esac
	kill -9 $guest_pid
	reap $guest_pid
	nic_ends $pid passt
	kill $passt $server
	cat "$WORK/passt.log"
	ip link del passt0
}

# monitor COMMAND ARGUMENTS: asks QEMU for it; JSON without the outer braces.
monitor()
{
	echo "{\"execute\":\"$1\",\"arguments\":{$2}}" >"$WORK/monitor.in"
}

# plugged PID: prints how many MiB of the guest's memory lem-nic has.
plugged()
{
	grep memfd:memory-backend "/proc/$1/maps" | {
		sum=0
		while read -r range _; do
			sum=$((sum + 0x${range#*-} - 0x${range%-*}))
		done
		echo $((sum >> 20))
	}
}

# plugged_is PID MIB
plugged_is()
{
	[ "$(plugged "$1")" = "$2" ]
}

# Memory is plugged into a guest with traffic, and unplugged.
do_plug()
{
	cables 1
	nic plug backend=tap,ifname=tap0
	pid=$nic_pid
	mkfifo "$WORK/monitor.in" "$WORK/monitor.out"
	cat "$WORK/monitor.out" >"$WORK/monitor" &
	(memory=512M slots=,slots=2,maxmem=2G qemu plug \
	    "lem.do=begin,loaded,plug,unplug,finish memhp_default_state=online_movable" \
	    -no-reboot -device "$(device plug)" \
	    -qmp "pipe:$WORK/monitor") &
	guest_pid=$!
	wait_for 240 says plug "PLUG plug" || wrong "plug: no traffic"
	before=$(plugged $pid)
	echo '{"execute":"qmp_capabilities"}' >"$WORK/monitor.in"
	monitor object-add '"qom-type":"memory-backend-memfd","id":"more","size":268435456,"share":true'
	monitor device_add '"driver":"pc-dimm","id":"dimm","memdev":"more"'
	wait_for 120 says plug 'PASS plug.plugged' || wrong "plug: no memory"
	wait_for 60 plugged_is $pid $((before + 256))
	is plug "MiB more of the guest's memory in lem-nic" \
	    $(($(plugged $pid) - before)) 256
	wait_for 120 says plug 'PASS plug.both' || wrong "plug: no traffic"
	monitor device_del '"id":"dimm"'
	wait_for 120 says plug 'PASS plug.unplugged' || wrong "plug: it stays"
	wait_for 60 plugged_is $pid "$before"
	is plug "MiB more, after that" $(($(plugged $pid) - before)) 0
	reap $guest_pid
	is plug "exit status of QEMU" $? 0
	console plug
	cat "$WORK/monitor"
	nic_ends $pid plug
}

# blast_table: makes a table of lines BLAST.  eth1 is QEMU's; the ratio of
# another NIC is the median of those of all rounds.
blast_table()
{
	awk '$1 == "BLAST" {
		n[$2]++
		packets[$2] += $3
		interrupts[$2] += $4
		us[$2] += $5
		rate[$2, n[$2]] = $3 / $5
	}
	function line(nic, name,   v, i, j, t, m) {
		if (n[nic] == 0)
			return
		for (i = 1; i <= n[nic]; i++) {
			v[i] = rate[nic, i] / rate["eth1", i]
			for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
				t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
			}
		}
		m = i - 1
		printf "%-23s %7.1f  %6.4f  %5.2f  (%.2f to %.2f, %d rounds)\n",
		    name, packets[nic] / us[nic] * 1000,
		    interrupts[nic] / packets[nic], v[int((m + 1) / 2)], v[1],
		    v[m], m
	}
	END {
		printf "UDP, 18 bytes            Kpps  interrupts  times QEMU\n"
		line("eth1", "QEMU, e1000")
		line("eth0", "lem-nic, e1000")
		line("eth2", "lem-nic, lem combining")
		line("dummy0", "no NIC: the guest alone")
	}'
}

# between_stats NAME DRIVER: what lem-nic did for a packet while many were sent.
between_stats()
{
	awk -v driver="$2" '
	function value(key,   at) {
		at = index($0, "\"" key "\":")
		return substr($0, at + length(key) + 3) + 0
	}
	{
		sent = value("tx_packets")
		if (NR > 1 && sent - was > 3000) {
			n += sent - was
			for (k in now)
				sum[k] += value(k) - now[k]
		}
		was = sent
		for (i = split("reads unmasks posted tdt_writes interrupts " \
		    "cpu_us", key, " "); i > 0; i--)
			now[key[i]] = value(key[i])
	}
	END {
		if (n == 0)
			exit
		printf driver ", a packet: TDT %.3f, posted %.3f, round trips " \
		    "%.4f, interrupts %.4f, CPU %.2f us\n", sum["tdt_writes"] / n,
		    sum["posted"] / n, (sum["reads"] + sum["unmasks"]) / n,
		    sum["interrupts"] / n, sum["cpu_us"] / n
	}' "$WORK/$1.stats"
}

# A benchmark: lem-nic and QEMU's e1000 as two NICs of one guest; a third one is
# lem-nic with lem.ko.
do_blast()
{
	nic blast "backend=null${NIC:+,$NIC}"
	pid=$nic_pid
	nic blast_lem backend=null,msi=on
	guest blast 300 "lem.do=blast lem.nics=3 lem.rounds=${ROUNDS:-9}" \
	    -device "$(device blast | sed 's/^{/{"addr":"4",/')" \
	    -netdev hubport,id=a,hubid=0 -netdev hubport,id=b,hubid=0 \
	    -device e1000,netdev=a,addr=5 \
	    -device "$(device blast_lem | sed 's/^{/{"addr":"6",/')"
	console blast | blast_table
	between_stats blast e1000
	between_stats blast_lem lem
	nic_ends $pid blast
	nic_ends $nic_pid blast_lem
}

# lem.ko drives the NIC, by MSI.
do_lem()
{
	cables 1
	nic lem backend=tap,ifname=tap0,msi=on
	pid=$nic_pid
	guest lem 800 "lem.do=begin,traffic,filters,life,whole,tools,finish,lem lem.driver=lem" \
	    -smp 2 -device "$(device lem)"
	nic_ends $pid lem
}

# only=A+B: the functions of steps with these names; NIC has more options.
do_only()
{
	cables 1
	nic only "backend=tap,ifname=tap0${NIC:+,$NIC}"
	pid=$nic_pid
	guest only 800 "lem.do=begin,$(echo "$1" | tr + ,),finish" \
	    -device "$(device only)"
	nic_ends $pid only
}

echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
echo "HOST BEGINS"
for scenario; do
	case $scenario in
	only=*) do_only "${scenario#only=}" ;;
	*) "do_$scenario" ;;
	esac
done
[ -z "$server_pid" ] || kill "$server_pid"
echo "END host"
