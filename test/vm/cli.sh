#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# lem-vm as its user sees it: help; messages about a bad command line, image,
# backend or host; exit statuses; signals; and that it is confined while it
# runs.
#
# Guests are 16 bytes at the reset vector.  Where /dev/kvm, root or namespaces
# are missing, the parts that need them are left out, with a line that says so.

set -u
: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"

program=lem-vm
# shellcheck source=test/vm/common
. "$(dirname -- "$0")/common"
vm=$tmp/lem-vm

# image NAME BYTES: a BIOS image of 64 KiB with BYTES at its reset vector.
image()
{
	{
		head -c 65520 /dev/zero
		# shellcheck disable=SC2059 # they are the format
		printf "$2"
		head -c 16 /dev/zero
	} | head -c 65536 >"$tmp/$1"
}

image halt '\364\353\375'				# 1: hlt; jmp 1b
image exit21 '\146\270\025\0\0\0\272\364\0\146\357\364'	# out 21 to f4h
image reset '\260\376\346\144\364'			# out FEh to 64h
image off '\272\004\006\270\000\064\357\364'		# out 3400h to 604h
image panic '\260\001\272\005\005\356\364'			# out 1 to 505h
image fault '\017\001\036\000\006\017\040\300\014\001\017\042\300\314'	# lidt [600h]; PE; int3
image hello '\272\370\003\260\101\356\260\376\346\144'	# A to COM1; reset
image chatter '\272\370\003\356\353\375'		# 1: to COM1; jmp 1b

# It counts in its memory how often it begins: the third time, 21 to f4h, else
# reset.
{
	head -c 65504 /dev/zero
	printf '\146\270\025\000\000\000\272\364\000\146\357\364\000\000\000\000'
	printf '\376\006\000\005\200\076\000\005\003\164\345\260\376\346\144\364'
} >"$tmp/third"

# ------------------------------------------------------------- command line

for help in --help 'run --help' -h help 'run --cpus 2 -h'; do
	# shellcheck disable=SC2086 # two words
	shows $help
	has "^usage: lem-vm run" "$help"
done

for version in --version 'run --version'; do
	# shellcheck disable=SC2086 # two words
	shows $version
	has "^lem-vm [0-9.]+\$" "$version"
done
cannot_write --help
cannot_write --version

fails 2 'no command; see lem-vm --help'
fails 2 "unknown command 'walk'; see lem-vm --help" walk
fails 2 '--fast: unknown option' run --fast
fails 2 '--kernel: needs a value' run --kernel
fails 2 '--kernel: the command comes first: lem-vm run --kernel' --kernel x
fails 2 '-kernel: unknown option; write --kernel' run -kernel x
fails 2 '-m: unknown option' run -m 512
fails 2 '--mem: ambiguous: --memory or --memory-fd' run --mem 512M
fails 2 '--help=yes: this option takes no value' run --help=yes
fails 2 '--kernel: needs a value, but --initrd follows' run --kernel --initrd x
fails 2 'needs --kernel FILE or --bios FILE' run
fails 2 '--kernel and --bios: give one of the two' run --kernel x --bios y
fails 2 '--append: needs --kernel, not --bios' run --bios x --append y
fails 2 '--initrd: needs --kernel, not --bios' run --bios x --initrd y
fails 2 'more: unexpected argument' run --kernel x more
for n in 0 5 -1 1.5 two ''; do
	fails 2 "--cpus $n: must be a number from 1 to 4" run --bios x --cpus "$n"
done
fails 2 '--memory much: must be a size' run --bios x --memory much
for size in 1M 65G 17M 512; do
	fails 2 "--memory $size: must be 16M to 64G, in steps of 2M" \
	    run --bios x --memory $size
done
fails 2 '--memory-fd 99: not an open descriptor' run --bios x --memory-fd 99
fails 2 '--memory-fd : must be the number' run --bios x --memory-fd ''
for option in --kernel --bios --initrd; do
	fails 2 "$option : must be the name of a file" run $option ''
done
fails 2 '--on-reset stop: must be restart or exit' run --bios x --on-reset stop
fails 2 '--serial maybe: must be on or off' run --bios x --serial maybe
fails 2 '--sandbox : must be on or off' run --bios x --sandbox ''

# nic_fails TEXT OPTIONS
nic_fails()
{
	fails 2 "--nic 1: $1" run --bios x --nic mac=02:00:00:00:00:01 --nic "$2"
}
nic_fails "model=rtl8139: must be one of 82540em" model=rtl8139
nic_fails "doorbell=bell: must be one of auto, exit" doorbell=bell
nic_fails 'mac=52:54:00:12:34: must be an address' mac=52:54:00:12:34
nic_fails 'mac=53:54:00:12:34:56: multicast address' mac=53:54:00:12:34:56
nic_fails 'mac=00:00:00:00:00:00: all-zero' mac=00:00:00:00:00:00
nic_fails 'mac=02:00:00:00:00:01: --nic 0 has it, too' mac=02:00:00:00:00:01
nic_fails 'moderation=1: must be one of off, on, adaptive' moderation=1
nic_fails 'msi=yes: must be on or off' msi=yes
nic_fails 'spin=fast: must be a number' spin=fast
nic_fails "'=on': an option is KEY=VALUE" =on
nic_fails 'spin: given twice' spin=1,spin=2
nic_fails 'pcap=: must be the name of a file' pcap=
fails 2 '--nic 1: mac=52:54:00:12:34:56: --nic 0 has it' \
    run --bios x --nic '' --nic mac=52:54:00:12:34:56
for own in pcap=x backend=stream,fd=0 backend=dgram,remote=r,local=x; do
	fails 2 "--nic 1: ${own##*,}: --nic 0 has it, too; give each its own" \
	    run --bios x --nic $own --nic $own
done
nic='--nic backend=null'
# shellcheck disable=SC2086 # words
fails 2 "too many --nic: at most 8" run --bios x $nic $nic $nic $nic $nic $nic $nic $nic $nic


# --------------------------------------------------------------------- host

# on_host COMMAND ARGUMENT...: lem-vm in a mount namespace that COMMAND changed.
# shellcheck disable=SC2016 # the other shell expands it
on_host()
{
	change=$1
	shift
	run unshare -rm sh -c "$change"' && exec "$0" "$@"' "$vm" "$@"
}

namespaces=yes
unshare -rm mount -t tmpfs none /mnt 2>/dev/null || namespaces=""

if [ "$namespaces" ]; then
	on_host 'mount -t tmpfs none /dev' run --bios x
	said 1 'there is no /dev/kvm' 'no KVM'
else
	leave_out 'no KVM, another /dev/kvm: namespaces are not available'
fi

if [ ! -c /dev/kvm ]; then
	leave_out 'no permission, another /dev/kvm: there is no /dev/kvm'
elif [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	other='setpriv --reuid=65534 --regid=65534 --clear-groups'
	if $other test -w /dev/kvm; then
		leave_out 'no permission: every user has it here'
	else
		# shellcheck disable=SC2086 # words
		run $other "$vm" run --bios x
		said 1 'no permission for /dev/kvm' 'no permission'
	fi
	if [ "$namespaces" ]; then
		on_host 'mount --bind /dev/null /dev/kvm' run --bios x
		said 1 '/dev/kvm: not KVM' 'another /dev/kvm'
	fi
elif [ ! -w /dev/kvm ]; then
	fails 1 'no permission for /dev/kvm' run --bios x
else
	leave_out 'no permission: not root'
fi

[ $bad = 0 ] || exit 1
[ -w /dev/kvm ] || {
	echo "the rest needs /dev/kvm, which is not usable here"
	exit 77
}

# ------------------------------------------------------- images, memory, NICs

: >"$tmp/empty"
head -c 3000 /dev/zero >"$tmp/zeros"
head -c 65535 "$tmp/halt" >"$tmp/short"
printf '\177ELF' >"$tmp/elf"
# A bzImage's magic, version and flags, and no more.
{
	head -c 514 /dev/zero
	printf 'HdrS\017\002'
	head -c 600 /dev/zero
} >"$tmp/bzimage"

fails 1 "BIOS image $tmp/none: No such file" run --bios "$tmp/none"
fails 1 "BIOS image $tmp/empty: the file is empty" run --bios "$tmp/empty"
fails 1 '65535 bytes; must be a multiple of 64 KiB' run --bios "$tmp/short"
fails 1 "kernel $tmp/none: No such file" run --kernel "$tmp/none"
fails 1 "kernel $tmp/empty: the file is empty" run --kernel "$tmp/empty"
mkfifo "$tmp/nobody-writes" || exit
for option in --kernel --bios; do
	fails 1 "$tmp: this is a directory; name a file" run $option "$tmp"
	fails 1 "$tmp/nobody-writes: not a regular file" \
	    run $option "$tmp/nobody-writes"
	fails 1 "/dev/zero: not a regular file" run $option /dev/zero
done
fails 1 "initrd $tmp: this is a directory; name a file" \
    run --kernel "$tmp/zeros" --initrd "$tmp"
fails 2 '--append: must be at most 2047 bytes long' run --kernel "$tmp/zeros" \
    --append "$(head -c 2048 /dev/zero | tr '\0' x)"
fails 1 'neither a bzImage nor an ELF file' run --kernel "$tmp/zeros"
fails 1 'an ELF file, but not for x86-64' run --kernel "$tmp/elf"
fails 1 'not a 64-bit Linux' run --kernel "$tmp/bzimage"
fails 1 "initrd $tmp/none: No such file" \
    run --kernel "$tmp/zeros" --initrd "$tmp/none"
fails 2 '--memory-fd 0: the file is smaller than the memory' \
    run --bios "$tmp/halt" --memory-fd 0

# late_fails STATUS TEXT OPTIONS: a NIC whose options fail after parsing.
late_fails()
{
	fails "$1" "--nic 0: $2" run --bios "$tmp/halt" --nic "$3"
}
late_fails 2 "speed: unknown option" speed=1000
fails 2 "--nic 0: fd: unknown option, or not one of backend=null" \
    run --bios "$tmp/halt" --nic fd=0 --nic fd=1
late_fails 2 'backend=carrier-pigeon: must be one of null' backend=carrier-pigeon
late_fails 2 'backend=tap: needs either ifname=NAME or fd=N' backend=tap
late_fails 2 'ifname=far-too-long-a-name: must be 1 to 15 bytes long' backend=tap,ifname=far-too-long-a-name
late_fails 2 'backend=stream: needs path=PATH or fd=N' backend=stream
late_fails 2 'fd=x: must be the number of a descriptor' backend=dgram,fd=x
late_fails 2 'tap: unknown option; write backend=tap' tap,ifname=x
for path in "$tmp/same" "$tmp/./same"; do
	late_fails 2 "remote=$path: this is local, too" \
	    "backend=dgram,local=$tmp/same,remote=$path"
	[ ! -e "$tmp/same" ] || wrong "$tmp/same is still there"
done
late_fails 2 'fd=77: not an open descriptor' backend=dgram,fd=77
late_fails 2 'fd=0: not a' backend=dgram,fd=0
late_fails 1 "pcap=$tmp/none/file: " "pcap=$tmp/none/file"
fails 2 '--control fd=0: not a stream socket' \
    run --bios "$tmp/halt" --control fd=0
fails 2 '--control fd=99: not an open descriptor' \
    run --bios "$tmp/halt" --control fd=99
fails 2 '--control fd=: must be the number' run --bios "$tmp/halt" --control fd=
fails 2 "--control : a socket's path must be" run --bios "$tmp/halt" --control ''
if [ "$(id -u)" = 0 ]; then
	fails 1 "--user no-such-user: no such user" \
	    run --bios "$tmp/halt" --user no-such-user
	fails 2 "--user root: this is root" run --bios "$tmp/halt" --user root
else
	fails 1 "--user nobody: only root can become another user" \
	    run --bios "$tmp/halt" --user nobody
fi

# ------------------------------------------------------------- how it ends

# ends STATUS IMAGE ARGUMENT...: lem-vm ends with STATUS, silently.
ends()
{
	expected=$1 of=$2
	shift 2
	run "$vm" run --bios "$tmp/$of" "$@"
	[ "$status" = "$expected" ] ||
	    wrong "$of: exit status $status, not $expected"
	[ ! -s "$tmp/err" ] || wrong "$of: there is standard error"
}

ends 43 exit21
ends 43 exit21 --cpus 4 --nic backend=null --nic doorbell=mapped
ends 4 reset
ends 4 reset --on-reset exit
ends 4 third
ends 43 third --on-reset restart
ends 43 third --on-reset restart --cpus 4 --nic backend=null --sandbox off
ends 43 third --on-reset restart --cpus 4 --nic doorbell=mapped
ends 0 off
ends 0 off --on-reset restart
ends 6 panic --on-reset restart
run "$vm" run --bios "$tmp/fault" --on-reset restart
if grep -q 'KVM cannot emulate' "$tmp/err"; then
	leave_out "triple fault: this KVM stops before it"
else
	said 8 'CPU 0: the guest caused a triple fault' 'triple fault'
fi
ends 4 hello
[ "$(cat "$tmp/out")" = A ] || wrong "hello: the output is not 'A'"
ends 4 hello --serial off
[ ! -s "$tmp/out" ] || wrong 'hello: there is output in spite of --serial off'

# begin ARGUMENT...: starts $guest, with the main thread, a CPU's and a NIC's
# at least.
space="" guest=halt
begin()
{
	# shellcheck disable=SC2086 # words
	start 3 $space "$vm" run --bios "$tmp/$guest" "$@"
}

for signal in TERM INT HUP; do
	# A shell ignores INT in the background; lem-vm must not.
	: >"$tmp/inherited"
	begin --nic "pcap=$tmp/pcap" --control "$tmp/control" 8<"$tmp/inherited" || continue
	unprivileged $pid
	! find "/proc/$pid/fd" -lname /dev/kvm | grep -q . ||
	    wrong '/dev/kvm is still open'
	! find "/proc/$pid/fd" -lname "*/inherited" | grep -q . ||
	    wrong 'what it inherited is still open'
	grep -q '^Max core file size  *0 ' /proc/$pid/limits ||
	    wrong 'it may dump core'
	grep -q '^NoNewPrivs:	1$' /proc/$pid/status ||
	    wrong 'it can gain privileges'
	[ -S "$tmp/control" ] || wrong 'there is no control socket'
	ended $signal
done

# Closed standard descriptors: no other file gets their numbers.
# shellcheck disable=SC2016 # the other shell expands it
if start 3 sh -c 'exec "$@" <&- >&- 2>&-' sh "$vm" run --bios "$tmp/halt" \
    --nic backend=null; then
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$pid/fd/$fd")" = /dev/null ] ||
		    wrong "closed descriptor $fd: now of another file"
	done
	ended TERM
fi

# answers: lem-stat gets an answer, which it waits for 300 ms.
# shellcheck disable=SC2317 # until_true calls it
answers()
{
	"$tmp/lem-stat" --control "$tmp/control" --json --count 1 |
	    grep -q '"pid"'
}

# The control socket is for its owner and root only, whatever the umask and
# whoever changes its mode.
was=$(umask)
umask 0
if begin --nic backend=null --control "$tmp/control"; then
	umask "$was"
	[ "$(stat -c %a "$tmp/control")" = 600 ] ||
	    wrong "the control socket's mode is $(stat -c %a "$tmp/control")"
	grep -q '^Max open files  *256  *256 ' /proc/$pid/limits ||
	    wrong 'it may open more than 256 files'
	if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
		chmod 666 "$tmp/control"
		cp "$BUILD/lem-stat" "$tmp/lem-stat" &&
		    chmod 755 "$tmp" "$tmp/lem-stat"
		until_true $pid answers || wrong 'root cannot ask it'
		! setpriv --reuid=65533 --regid=65533 --clear-groups \
		    "$tmp/lem-stat" --control "$tmp/control" --json --count 1 \
		    2>/dev/null | grep -q '"pid"' ||
		    wrong 'another user can ask it'
	else
		leave_out "another user at the control socket: not root"
	fi
	ended TERM
fi
umask "$was"

# in_order PATTERN...: these lines of the trace are there, in this order.
in_order()
{
	last=0
	for step; do
		at=$(grep -n "$step" "$tmp/trace" | head -n 1)
		at=${at%%:*}
		[ "${at:-0}" -gt "$last" ] || {
			wrong "not there, or too late: $step"
			return
		}
		last=$at
	done
}

# A kernel is read by somebody who can do nothing else any more.
printf 'no kernel' >"$tmp/garbage"
if strace -f -o "$tmp/trace" -e trace=setresuid,capset,seccomp,write,\
landlock_create_ruleset,landlock_restrict_self "$vm" run --memory 64M \
    --kernel "$tmp/garbage" 2>/dev/null
[ -s "$tmp/trace" ]; then
	user='setresuid(.* = 0'
	[ "$(id -u)" = 0 ] || user=
	landlock='landlock_restrict_self(.* = 0'
	! grep -q 'landlock_create_ruleset(NULL, 0, .*) = -1' "$tmp/trace" ||
	    landlock='landlock_create_ruleset('
	in_order ${user:+"$user"} 'capset(.* = 0' "$landlock" \
	    'seccomp(SECCOMP_SET_MODE_FILTER, 0, .* = 0' \
	    'write(2, "lem-vm: kernel '
else
	leave_out "the order of its system calls: strace cannot trace here"
fi

sandbox=0
begin --nic backend=null --sandbox off && ended TERM
sandbox=2

# The socket that lem-stat finds.  Root cannot remove it at the end, since
# lem-vm is not root any more by then; the next start does.
if [ "$(id -u)" = 0 ]; then
	sockets=/run/lem
else
	XDG_RUNTIME_DIR=$tmp
	export XDG_RUNTIME_DIR
	sockets=$tmp/lem
fi
if begin --nic backend=null; then
	first=$sockets/lem-vm.$pid.sock
	[ -S "$first" ] || wrong "there is no $first"
	ended TERM
	[ "$(id -u)" = 0 ] || [ ! -e "$first" ] || wrong "$first is still there"
fi
if begin --nic backend=null; then
	[ ! -e "$first" ] || wrong "$first is not removed by the next start"
	ended TERM
fi
if begin --nic backend=null --control off; then
	[ ! -e "$sockets/lem-vm.$pid.sock" ] || wrong "--control off: a socket"
	ended TERM
fi

# A guest that begins again and again is ended as any other.
guest=reset
if begin --nic backend=null --on-reset restart --cpus 4; then
	sleep 0.5
	ended TERM
fi
guest=halt

# Nobody reads its output: it waits, but a signal ends it.
mkfifo "$tmp/fifo" && exec 3<>"$tmp/fifo"
guest=chatter out=$tmp/fifo
if begin --nic backend=null; then
	sleep 1
	ended TERM
fi
exec 3>&-
guest=halt out=$tmp/out

# ---------------------------------------------------------------- terminal

# Repeat the keys: those before the terminal is the guest's are lost.
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	# shellcheck disable=SC2016 # the other shell expands it
	run sh -c 'while sleep 0.2; do printf "\001x" || exit; done |
	    script -qec "$0 run --bios $1" /dev/null' "$vm" "$tmp/halt"
	[ "$status" = 10 ] || wrong "Ctrl-A x: exit status $status"
else
	leave_out 'terminal: script(1) or terminals are not available'
fi

# ---------------------------------------------------------------- busy tap

# In its own network namespace.
if [ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] && command -v nsenter >/dev/null &&
    unshare -n true 2>/dev/null; then
	sandbox=2 space="unshare -n"
	if begin --nic backend=tap,ifname=lem0; then
		run nsenter --net=/proc/$pid/ns/net "$vm" run --bios "$tmp/halt" \
		    --nic backend=tap,ifname=lem0
		said 1 "--nic 0: tap lem0: another program uses it" "busy tap"
		: >"$tmp/err"
		ended TERM
	fi
else
	leave_out "busy tap: not root, or tun is not available"
fi

# ----------------------------------------------------------------- systemd

if command -v systemd-analyze >/dev/null; then
	mkdir "$tmp/units"
	sed "s,@PREFIX@/bin,$tmp," "$SRCDIR/dist/systemd/lem-vm@.service" \
	    >"$tmp/units/lem-vm@.service"
	systemd-analyze verify --man=no "$tmp/units/lem-vm@x.service" \
	    >"$tmp/out" 2>"$tmp/err"
	grep -q lem-vm "$tmp/err" && wrong 'systemd-analyze verify'
	# Not worse than it is: exposure in tenths, of 100.
	systemd-analyze security --offline=yes --threshold=17 \
	    "$tmp/units/lem-vm@.service" >"$tmp/out" 2>"$tmp/err" ||
	    wrong 'systemd-analyze security: more exposed than 1.7'
	unit_allows "$tmp/units/lem-vm@.service" seccomp clone3 \
	    landlock_create_ruleset landlock_add_rule landlock_restrict_self
else
	leave_out 'systemd: systemd-analyze is not here'
fi
exit $bad
