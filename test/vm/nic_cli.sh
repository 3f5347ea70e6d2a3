#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# lem-nic as its user sees it: help; messages about a bad command line, backend
# or socket; exit statuses; signals; where the VMM can connect; that it is
# confined; its systemd units.
#
# Where root, namespaces or systemd's programs are missing, the parts that need
# them are left out, with a line that says so.

set -u
: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"
program=lem-nic
# shellcheck source=test/vm/common
. "$(dirname -- "$0")/common"
nic=$tmp/lem-nic
s=$tmp/nic.sock

# ------------------------------------------------------------- command line

for help in --help -h '--nic backend=null --help'; do
	# shellcheck disable=SC2086 # words
	shows $help
	has "^usage: lem-nic --socket" "$help"
done

shows --version
has "^lem-nic [0-9.]+\$" --version
cannot_write --help
cannot_write --version

fails 2 'needs --socket PATH'
fails 2 '--fast: unknown option' --fast
fails 2 '--socket: needs a value' --socket
fails 2 '-nic: unknown option; write --nic' -nic backend=null
fails 2 '--s: ambiguous: --socket or --stats or --sandbox' --s "$s"
fails 2 '--socket: needs a value, but --nic follows' --socket --nic x
fails 2 'more: unexpected argument' --socket "$s" more
fails 2 '--nic: given twice' --socket "$s" --nic backend=null --nic backend=null
fails 2 '--stats 0: must be a number from 1 to' --socket "$s" --stats 0
fails 2 '--stats : must be a number from 1 to' --socket "$s" --stats ''
fails 2 '--stats often: must be a number' --socket "$s" --stats often
fails 2 '--sandbox maybe: must be on or off' --socket "$s" --sandbox maybe
for nic_key in 'model=rtl8139: must be one of 82540em' \
    'doorbell=exit: must be one of auto, trap, mapped' \
    'mac=52:54:00:12:34: must be an address' 'spin=fast: must be a number' \
    'mac=00:00:00:00:00:00: all-zero' 'pcap=: must be the name of a file' \
    "'=on': an option is KEY=VALUE"; do
	value=${nic_key%%: *}
	value=${value%\'}
	fails 2 "--nic: $nic_key" --socket "$s" --nic "${value#\'}"
done
fails 2 '--nic: speed: unknown option' --socket "$s" --nic speed=1000
fails 2 '--nic: backend=carrier-pigeon: must be one of null' \
    --socket "$s" --nic backend=carrier-pigeon
fails 1 "--nic: pcap=$tmp/none/file: " --socket "$s" --nic "pcap=$tmp/none/file"

# ------------------------------------------------------------------ sockets

fails 1 "--socket $tmp/none/s: No such file" --socket "$tmp/none/s"
fails 2 '--socket : a socket' --socket ''
: >"$tmp/file"
fails 1 "--socket $tmp/file: Address already in use" --socket "$tmp/file"
fails 2 '--socket fd=77: not an open descriptor' --socket fd=77
fails 2 '--socket fd=x: must be the number' --socket fd=x
fails 2 "--nic: remote=$tmp/same: this is local, too" --socket "$s" \
    --nic "backend=dgram,local=$tmp/same,remote=$tmp/same"
fails 2 '--socket fd=0: not a UNIX stream socket' --socket fd=0
fails 2 '--control fd=0: not a stream socket' --socket "$s" --control fd=0
if [ "$(id -u)" = 0 ]; then
	fails 1 '--user no-such-user: no such user' --socket "$s" \
	    --user no-such-user
	fails 2 '--user root: this is root' --socket "$s" --user root
else
	fails 1 '--user nobody: only root can' --socket "$s" --user nobody
fi

for signal in TERM INT HUP; do
	# A shell ignores INT in the background; lem-nic must not.
	start 3 "$nic" --socket "$s" --control "$tmp/control" \
	    --nic "doorbell=trap,pcap=$tmp/pcap" || continue
	unprivileged $pid
	[ -S "$s" ] || wrong 'there is no socket'
	[ -S "$tmp/control" ] || wrong 'there is no control socket'
	fails 1 "--socket $s: Address already in use" --socket "$s"
	: >"$tmp/err"
	ended $signal
done

# Closed standard descriptors: no other file gets their numbers.
# shellcheck disable=SC2016 # the other shell expands it
if start 3 sh -c 'exec "$@" <&- >&- 2>&-' sh "$nic" --socket "$s" --stats 1 \
    --nic doorbell=trap; then
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$pid/fd/$fd")" = /dev/null ] ||
		    wrong "closed descriptor $fd: now of another file"
	done
	ended TERM
fi

# Its own sockets are removable, although it has no file system.
if [ "$(id -u)" = 0 ]; then
	mkdir "$tmp/own" && chown nobody "$tmp/own"
else
	mkdir "$tmp/own"
fi
start 3 "$nic" --socket "$tmp/own/s" --nic "doorbell=trap,backend=dgram,\
local=$tmp/own/d,remote=$tmp/own/peer" && ended TERM
[ -z "$(ls "$tmp/own")" ] || wrong "it left $(ls "$tmp/own") behind"

sandbox=0
start 3 "$nic" --socket "$s" --sandbox off --nic doorbell=trap && ended TERM
sandbox=2

# two_lines: of statistics.
# shellcheck disable=SC2317 # until_true calls it
two_lines()
{
	[ "$(grep -c '^{.*"pages":"memfd".*"program":"lem-nic".*}$' \
	    "$tmp/out")" -ge 2 ]
}

# Statistics, while it runs.
if start 3 "$nic" --socket "$s" --stats 1 --nic doorbell=mapped; then
	until_true $pid two_lines
	two_lines || wrong '--stats: not two lines of JSON'
	ended TERM
fi

# -------------------------------------------------------------------- FUSE

# Without /dev/fuse it goes on, and says so.
if unshare -m true 2>/dev/null && [ -c /dev/fuse ]; then
	: >"$tmp/out"
	# shellcheck disable=SC2016 # the other shell expands it
	unshare -m sh -c 'mount --bind /dev/null /dev/fuse && exec "$@"' sh \
	    "$nic" --socket "$s" --stats 1 >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	guests=$pid
	until_true $pid grep -q '"pages":"memfd"' "$tmp/out"
	kill $pid
	wait $pid
	status=$?
	guests=""
	grep -q '"pages":"memfd"' "$tmp/out" || wrong 'no FUSE: no memfd'
	: >"$tmp/out"
	said 0 'so an idle NIC is looked at from time to time' 'no FUSE'
else
	leave_out 'no FUSE: namespaces are not available'
fi

# ----------------------------------------------------------------- systemd

# Started by the first connection, of another lem-nic's backend.
if command -v systemd-socket-activate >/dev/null; then
	systemd-socket-activate -l "$tmp/activate" \
	    "$nic" --nic doorbell=trap >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	guests=$pid
	until_true $pid test -S "$tmp/activate"
	"$nic" --socket "$s" --nic "doorbell=trap,backend=stream,\
path=$tmp/activate" >/dev/null 2>&1 </dev/null &
	client=$!
	guests="$pid $client"
	until_true $pid has_threads $pid 3 || wrong 'systemd: it does not start'
	kill $client
	wait $client
	: >"$tmp/err"
	ended TERM
else
	leave_out 'systemd: systemd-socket-activate is not here'
fi

if command -v systemd-analyze >/dev/null; then
	mkdir "$tmp/units"
	sed "s,@PREFIX@/bin,$tmp," "$SRCDIR/dist/systemd/lem-nic@.service" \
	    >"$tmp/units/lem-nic@.service"
	cp "$SRCDIR/dist/systemd/lem-nic@.socket" "$tmp/units/"
	for unit in lem-nic@x.service lem-nic@x.socket; do
		systemd-analyze verify --man=no "$tmp/units/$unit" \
		    >"$tmp/out" 2>"$tmp/err"
		grep -q lem-nic "$tmp/err" && wrong "systemd-analyze verify $unit"
	done
	# Not worse than it is: exposure in tenths, of 100.
	systemd-analyze security --offline=yes --threshold=30 \
	    "$tmp/units/lem-nic@.service" >"$tmp/out" 2>"$tmp/err" ||
	    wrong 'systemd-analyze security: more exposed than 3.0'
	unit_allows "$tmp/units/lem-nic@.service" seccomp mount setfsuid \
	    landlock_create_ruleset landlock_add_rule landlock_restrict_self
else
	leave_out 'systemd: systemd-analyze is not here'
fi

# What the unit leaves it is enough, and it leaves nothing of that.
if bounded && command -v setpriv >/dev/null; then
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' \
	    "$SRCDIR/dist/systemd/lem-nic@.service" | tr '[:upper:]' '[:lower:]' |
	    sed 's/cap_/+/g; s/ /,/g')
	start 3 setpriv "--bounding-set=-all,$caps" --no-new-privs \
	    "$nic" --socket "$tmp/unit" --nic backend=null && {
		unprivileged $pid
		ended TERM
	}
else
	leave_out 'the capabilities of the unit: root with CAP_SETPCAP is needed'
fi
exit $bad
