#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh host.sh SCENARIO...
#
# Runs guests that drive a NIC of QEMU, or lem-nic, with lem.ko, and the other
# ends of the cables.  See ../nic/host.sh for what it needs.

set -u
: "${LONG:=}" "${ACCEL:=tcg}"
quiet="console=ttyS0 loglevel=4 panic=-1 no_timer_check tsc=reliable"

# shellcheck source=test/vm/linux/common
. "$(dirname -- "$0")/../linux/common"

# guest NAME SECONDS APPEND OPTION...: runs a guest to its end.
guest()
{
	name=$1 seconds=$2 append=$3
	shift 3
	timeout -k 5 "$seconds" "$QEMU" -accel "$ACCEL" -machine "${machine:-pc}" \
	    -m 256M -nodefaults -display none -serial stdio -no-reboot \
	    -kernel "$IMAGE/vmlinuz" -initrd "$IMAGE/guest.img" -append \
	    "$quiet lem.name=$name lem.long=$LONG lem.driver=lem $append" \
	    "$@" >"$WORK/$name.console" 2>&1 </dev/null
	is "$name" "exit status of QEMU" $? 0
	tr -d '\r' <"$WORK/$name.console"
	grep -q "^END $name" "$WORK/$name.console" || wrong "$name: no line 'END'"
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
	guest ethtool 800 "lem.do=begin,tools,finish" \
	    $(nic e1000 0)
}

# shellcheck disable=SC2046 # options
do_two()
{
	cables 2
	guest two 600 "lem.do=begin,two,finish lem.nics=2" \
	    -smp 2 $(nic e1000-82544gc 0) $(nic e1000 1)
}

for scenario; do
	"do_$scenario"
done
echo "END host"
