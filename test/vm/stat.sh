#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# lem-stat as its user sees it: help, messages, exit statuses; a lem-vm that
# runs as blocks of lines, JSON and Prometheus' text; and on a terminal, which
# it gives back as it was.
#
# The guest is 3 bytes at the reset vector.  What needs /dev/kvm, root or
# script(1) is left out where they are missing, with a line that says so.

set -u
: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"

program=lem-stat
# shellcheck source=test/vm/common
. "$(dirname -- "$0")/common"
stat=$tmp/lem-stat
cp "$BUILD/lem-vm" "$tmp/lem-vm" && chmod 755 "$tmp/lem-vm" || exit

# ------------------------------------------------------------- command line

for help in --help -h; do
	shows $help
	has '^usage: lem-stat' "$help"
done
shows --version
has '^lem-stat [0-9.]+$' --version
cannot_write --help
cannot_write --version

fails 2 '--fast: unknown option' --fast
fails 2 '--count: needs a value' --count
fails 2 '-json: unknown option; write --json' -json
fails 2 '--json=x: this option takes no value' --json=x
fails 2 '--c: ambiguous: --count or --control' --c 1
fails 2 'more: unexpected argument' more
for n in 0 -1 0.05 nan inf 1e9 1s ''; do
	fails 2 "--interval $n: must be a number of seconds" --interval "$n"
done
for n in 0 -1 1.5 two ''; do
	fails 2 "--count $n: must be a number from 1 on" --count "$n"
done
fails 2 '--json and --metrics: give one of the two' --json --metrics
for again in '--interval 1 --metrics' '--metrics --count 2'; do
	# shellcheck disable=SC2086 # words
	fails 2 '--metrics prints once' $again
done
fails 2 "--control $tmp/much-too-long" \
    --control "$tmp/much-too-long$(head -c 100 /dev/zero | tr '\0' x)"
fails 2 "--control : a socket's path must be" --control ''
fails 1 "--control $tmp/none: no program listens there" --control "$tmp/none"
: >"$tmp/file"
fails 1 "--control $tmp/file: no program listens there" --control "$tmp/file"

# For Prometheus a program that does not run is a figure, too.
shows --metrics --count 1 --control "$tmp/none"
has '^lem_up\{.*control=".*/none"\} 0$' 'metrics of no program'

# As a user whose programs are known: none.
mkdir "$tmp/user" && chmod 755 "$tmp/user"
if [ "$(id -u)" != 0 ]; then
	run env XDG_RUNTIME_DIR="$tmp/user" "$stat"
elif command -v setpriv >/dev/null; then
	run setpriv --reuid=65534 --regid=65534 --clear-groups \
	    env XDG_RUNTIME_DIR="$tmp/user" "$stat"
fi
if [ -s "$tmp/err" ]; then
	said 1 'no running lem-vm or lem-nic found in' 'no programs'
	said 1 "$tmp/user/lem, /run/user/" 'no programs'
	said 1 'start one with --control auto' 'no programs'
else
	leave_out 'no programs: setpriv is not available, or some run'
fi

[ $bad = 0 ] || exit 1
[ -w /dev/kvm ] || {
	echo "the rest needs /dev/kvm, which is not usable here"
	exit 77
}

# ------------------------------------------------------- a lem-vm that runs

# 1: hlt; jmp 1b
{
	head -c 65520 /dev/zero
	printf '\364\353\375'
	head -c 13 /dev/zero
} >"$tmp/halt"

# vm ARGUMENT...: starts a guest; sets $pid.
vm()
{
	out=$tmp/guest
	start 3 "$tmp/lem-vm" run --bios "$tmp/halt" --serial off "$@"
	out=$tmp/out
}

# is_up PATTERN ARGUMENT...: a program that fits PATTERN answers lem-stat.
# shellcheck disable=SC2317 # until_true calls it
is_up()
{
	pattern=$1
	shift
	"$stat" --metrics "$@" 2>&1 | grep -q "^lem_up.*$pattern.* 1\$"
}

# asks ARGUMENT...: as shows, and all programs answer: on a busy machine not
# always in time.
asks()
{
	tries=0
	shows "$@"
	while grep -q -e 'does not answer' -e '"answers":false' \
	    -e '^lem_up{.* 0$' "$tmp/out" && [ $tries -lt 50 ]; do
		tries=$((tries + 1))
		sleep 0.2
		shows "$@"
	done
}

# vm_ends: the guest ends cleanly: none of our questions has killed it.
vm_ends()
{
	: >"$tmp/err"
	program=lem-vm
	ended TERM
	program=lem-stat
}

control=$tmp/control
vm --nic backend=null --nic backend=null,mac=02:00:00:00:00:07 \
    --control "$control"
until_true $pid is_up "" --control "$control" || {
	cat "$tmp/guest"
	wrong "lem-vm did not start"
	exit 1
}
name="lem-vm .*  pid $pid"

asks --control "$control" --interval 0.1 --count 3
has '^lem-stat  [0-9:]{8}  1 program, 2 NICs$' blocks
has "^$name  CPU [0-9.]+ %" blocks
has '^  1 TRAP  ' blocks
has '^    02:00:00:00:00:07  ' blocks
[ "$(grep -c '^lem-stat  ' "$tmp/out")" = 3 ] || wrong 'not three blocks'
[ "$(awk '{ if (length > n) n = length } END { print n }' "$tmp/out")" = 80 ] ||
    wrong 'the widest line has not 80 columns'

# A figure that cannot be written.
if [ -w /dev/full ]; then
	"$stat" --control "$control" --metrics >/dev/full 2>"$tmp/err"
	status=$?
	: >"$tmp/out"
	said 1 'cannot write the output' /dev/full
fi

asks --control "$control" --interval 0.1 --count 2 --json
if command -v jq >/dev/null; then
	[ "$(jq -s 'map(.answers and .stats.pid == '"$pid"' and
	    (.stats.nics | length) == 2 and .rates.cpu >= 0 and
	    .rates.nics[1].tx_packets == 0 and .seconds > 0) |
	    length == 2 and all' "$tmp/out")" = true ] || wrong '--json'
else
	leave_out '--json: jq is not here'
fi

asks --control "$control" --metrics
has "^lem_nic_packets_total\{program=\"lem-vm\",pid=\"$pid\",nic=\"1\",direction=\"receive\"} 0$" --metrics
has "^lem_cpu_seconds_total\{program=\"lem-vm\",pid=\"$pid\"} [0-9]" --metrics
if command -v promtool >/dev/null; then
	promtool check metrics <"$tmp/out" >"$tmp/err" 2>&1 ||
	    wrong 'promtool finds something'
else
	leave_out "promtool's check of --metrics: promtool is not here"
fi

# is_stopped: each thread of it?
# shellcheck disable=SC2317 # until_true calls it
is_stopped()
{
	! cat "/proc/$1"/task/*/status | grep '^State:' | grep -qv '	T'
}

# It is stopped: it does not answer, and is not waited for.
kill -STOP "$pid"
until_true "$pid" is_stopped "$pid" || wrong 'SIGSTOP does not stop it'
shows --control "$control" --interval 0.1 --count 1
has "^lem-vm|^$control" stopped
has '  does not answer$' stopped
kill -CONT "$pid"

# ---------------------------------------------------------------- terminal

# on_terminal KEYS COMMAND: the command's terminal is in $tmp/out.
on_terminal()
{
	# Keys that come before the terminal is lem-stat's are lost.
	# shellcheck disable=SC2016 # the other shell expands it
	run sh -c 'while sleep 0.2; do printf "%s" "$0" || exit; done |
	    script -qec "stty rows 24 cols 80; stty -g; $1; echo status $?
	    stty -g" /dev/null' "$1" "$2"
}

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	esc=$(printf '\033')
	for _ in 1 2 3 4 5; do
		on_terminal q "$stat --control $control --interval 0.3"
		grep -q 'does not answer' "$tmp/out" || break
	done
	has "$esc\\[\\?1049h" 'a screen of its own'
	has "$esc\\[\\?25h$esc\\[\\?1049l" 'the screen is given back'
	has 'q quits' screen
	has '  1 TRAP  ' screen
	[ "$(grep -oE '([0-9a-f]+:){10,}[0-9a-f]+' "$tmp/out" | sort -u |
	    wc -l)" = 1 ] || wrong 'the terminal is not as it was'
	[ "$status" = 0 ] || wrong "q: exit status $status"
	# --count ends it, too.
	on_terminal x "$stat --control $control --interval 0.2 --count 2"
	has "$esc\\[\\?1049l" '--count on a terminal'
else
	leave_out 'terminal: script(1) or terminals are not available'
fi
vm_ends

# -------------------------------------------------------------- to be found

# Root's programs are in /run/lem, where others may run now.
if [ "$(id -u)" = 0 ]; then
	sockets=/run/lem
else
	XDG_RUNTIME_DIR=$tmp/user
	export XDG_RUNTIME_DIR
	sockets=$tmp/user/lem
fi
vm
until_true $pid is_up "pid=\"$pid\"" ||
	wrong "a lem-vm with no --control is not found in $sockets"
asks --interval 0.1 --count 1
has "^lem-vm .*  pid $pid" 'found by itself'
vm_ends

# That of an instance of lem-vm@.service, whose folder belongs to its user.
units=/run/lem-vm
instance=$units/test-$$
if [ "$(id -u)" = 0 ] && mkdir -p $units && mkdir $instance; then
	chown nobody $instance
	vm --control $instance/control
	until_true "$pid" is_up "pid=\"$pid\"" ||
		wrong "a lem-vm with --control $instance/control is not found"
	asks --json --interval 0.1 --count 1
	has "\"control\":\"$instance/control\"" 'found: an instance of a unit'
	vm_ends
	rm -rf $instance
	rmdir $units 2>/dev/null
else
	leave_out 'an instance of a unit: not root'
fi
exit $bad
