#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Failures: if something is missing, dies, hangs or is interrupted, the cells
# that need it are lost and no others, a message says why, and nothing is left
# behind.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"

command -v jq >/dev/null || skip "jq is not here"
short='--runs 1 --seconds 0.1'
one=tcg.tx.null.modified

topic "QEMU is missing"
# shellcheck disable=SC2086 # options
run $short --qemu /nonexistent/qemu --lem-vm /nonexistent/vm \
    --cells 'kvm.*,tcg.*' --json "$tmp/json"
status_is 0
json '.cells | length > 20 and all(.skipped != null and .failed == null and
    .kpps.runs == 0 and .kpps.median == null)'
json '[.cells[].skipped] | unique | length == 1 and
    (.[0] | contains("/nonexistent/qemu") and contains("--qemu"))'
says "/nonexistent/qemu does not run"
[ "$(tr -s ' \n' '  ' <"$tmp/out" | grep -oF '/nonexistent/qemu' | wc -l)" = \
    1 ] || wrong "the reason is not said once"
says "$one"
nothing_left

topic "lem-vm is missing"
# shellcheck disable=SC2086
run $short --lem-vm /nonexistent/vm --cells 'vm.*' --json "$tmp/json"
status_is 0
json '.cells | length > 10 and all(.skipped != null and .failed == null)'

topic "QEMU is another program"
# shellcheck disable=SC2086
run $short --qemu /bin/false --cells "$one" --json "$tmp/json"
status_is 0
json '.cells[0].skipped | contains("/bin/false")'

if [ -z "$real" ]; then
	[ $bad = 0 ] || exit 1
	skip "QEMU is not here"
fi

topic "QEMU cannot switch moderation off"
qemu_script <<END
echo "\$*" >>'$tmp/commands'
case "\$*" in
*help*) "\$real" "\$@" | sed '/mitigation=/d' ;;
*) exec "\$real" "\$@" ;;
esac
END
# shellcheck disable=SC2086
run $short --qemu "$tmp/qemu" --json "$tmp/json" \
    --cells 'tcg.tx.null.standard,tcg.tx.null.modified,tcg.tx.null.virtio'
status_is 0
json '[.cells[] | select(.skipped != null) | .id] == ["tcg.tx.null.standard"]'
json '[.cells[] | select(.skipped == null) | .kpps.runs] == [1, 1]'
says "tcg.tx.null.standard: this QEMU cannot switch moderation off"
grep -q mitigation= "$tmp/commands" &&
    wrong "QEMU gets an option that it does not have"
nothing_left

topic "QEMU dies at once"
qemu_script <<'END'
case "$*" in
*virtio-net-pci,netdev*)
	echo 'qemu: first words' >&2
	echo 'qemu: no luck today' >&2
	exit 1
	;;
esac
exec "$real" "$@"
END
# shellcheck disable=SC2086
run $short --qemu "$tmp/qemu" --json "$tmp/json" \
    --cells "tcg.tx.null.virtio,$one,tcg.tx.null.moderated"
status_is 1
json '[.cells[] | select(.failed != null) | .id, .kpps.runs] ==
    ["tcg.tx.null.virtio", 0]'
json '.cells[] | select(.failed != null) | .failed |
    contains("qemu: no luck today")'
json '[.cells[] | select(.failed == null) | .kpps.runs] == [1, 1]'
says "tcg.tx.null.virtio: QEMU ended with status 1: qemu: no luck today"
nothing_left

# runs=2: a cell that failed is not tried again, and keeps its figures.
topic "QEMU dies in the middle of a run"
qemu_script <<END
case "\$*" in
*virtio-net-pci,netdev*)
	echo x >>'$tmp/starts'
	(
		exec >/dev/null 2>&1
		sleep 0.6
		kill -KILL \$\$
	) &
	;;
esac
exec "\$real" "\$@"
END
run --runs 2 --seconds 1.5 --qemu "$tmp/qemu" --json "$tmp/json" \
    --cells "tcg.tx.null.virtio,$one"
status_is 1
json '[.cells[] | .kpps.runs] | sort == [0, 2]'
json '.cells[] | select(.id == "tcg.tx.null.virtio") | .failed |
    contains("QEMU was killed by signal 9")'
[ "$(cat "$tmp/starts")" = x ] || wrong "a cell that failed was tried again"

topic "QEMU closes QMP"
# QEMU's descriptors are single digits as a rule; sh cannot close others.
qemu_script <<'END'
case "$*" in
*id=qmp,fd=[3-9]\ * | *id=qmp,fd=[3-9])
	fd=${*#*id=qmp,fd=}
	fd=${fd%%[!0-9]*}
	for arg; do
		shift
		case $arg in
		socket,id=qmp,*) arg=null,id=qmp ;;
		esac
		set -- "$@" "$arg"
	done
	eval "exec $fd>&-"
	;;
esac
exec "$real" "$@"
END
# shellcheck disable=SC2086
run $short --qemu "$tmp/qemu" --json "$tmp/json" --cells "$one"
status_is 1
json '.cells[0].failed | contains("QMP") or contains("QEMU")'

topic "the guest hangs"
# shellcheck disable=SC2016 # the script's own
echo 'case "$*" in *help* | --version) exec "$real" "$@" ;; esac
exec "$real" "$@" -S' | qemu_script
# shellcheck disable=SC2086
run $short --qemu "$tmp/qemu" --json "$tmp/json" --cells "$one"
status_is 1
json '.cells[0].failed | contains("hangs booting")'
says "$one: the guest hangs booting"
nothing_left

topic "no usable /dev/kvm"
for unshare in 'unshare -m' 'unshare -rm'; do
	$unshare mount --bind /dev/null /dev/kvm 2>/dev/null && break
	unshare=''
done
if [ -n "$unshare" ]; then
	# shellcheck disable=SC2016,SC2086 # the inner shell's; options
	$unshare sh -c 'mount --bind /dev/null /dev/kvm && exec "$@"' sh \
	    "$bench" $short --json "$tmp/json" \
	    --cells "kvm.tx.null.modified,$one" \
	    >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	status_is 0
	json '[.cells[] | select(.skipped != null) | .id] ==
	    ["kvm.tx.null.modified"]'
	json '.cells[] | select(.skipped != null) | .skipped |
	    contains("/dev/kvm")'
	json '[.cells[] | select(.skipped == null) | .kpps.runs] == [1]'
	says "kvm.tx.null.modified: /dev/kvm is not KVM"
else
	echo "not tried: /dev/kvm is not here, or cannot be covered"
fi

topic "no permission on /dev/kvm"
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
if [ -e /dev/kvm ] && $nobody test -x "$bench" 2>/dev/null &&
    ! $nobody test -w /dev/kvm; then
	$nobody "$bench" --list --cells '*.tx.null.modified' \
	    >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	status_is 0
	says "kvm.tx.null.modified skipped: no permission on /dev/kvm"
	grep -qx "$one" "$tmp/out" || wrong "$one is not to be run"
else
	echo "not tried: this user's permissions cannot be dropped, or suffice"
fi

# start ARG...: lem-bench in the background, its pid in $pid; returns once it
# has a QEMU, $child.
start()
{
	rm -f "$tmp/json"
	"$bench" "$@" --verbose >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	wait_for 60 has_child || {
		wrong "no QEMU was started"
		return 1
	}
}

# Its guard (bench/process.h) is a copy of lem-bench, and not meant.
# shellcheck disable=SC2317,SC2329 # for wait_for
has_child()
{
	for child in $(child_of "$pid"); do
		! grep -qx lem-bench "/proc/$child/comm" 2>/dev/null ||
		    continue
		return
	done
	return 1
}

# shellcheck disable=SC2317,SC2329 # for wait_for
measured_one()
{
	grep -q Kpps "$tmp/err"
}

# shellcheck disable=SC2317,SC2329 # for wait_for
dead()
{
	! runs "$1"
}

# finished SECONDS: lem-bench ends by itself in that time; its $status.
finished()
{
	wait_for "$1" dead "$pid" || {
		wrong "no end within $1 s"
		kill -KILL "$pid"
	}
	wait "$pid"
	status=$?
}

topic "Ctrl-C between runs"
if start --runs 200 --seconds 0.2 --json "$tmp/json" \
    --cells "$one,tcg.tx.null.moderated" &&
    wait_for 60 measured_one && wait_for 60 has_child; then
	kill -INT "$pid"
	finished 60
	status_is 1
	wait_for 60 dead "$child" || wrong "QEMU still runs"
	json '.interrupted and (.cells | any(.kpps.runs > 0) and
	    all(.failed == null))'
	says INTERRUPTED
	grep -q '^mod[a-z]* .* [0-9]' "$tmp/out" ||
	    wrong "no table of what there is"
	nothing_left
fi

# The user does not wait for the end of the window, however long it is.
topic "Ctrl-C in the middle of a long window"
if start --runs 1 --seconds 60 --json "$tmp/json" --cells "$one"; then
	sleep 0.5
	kill -INT "$pid"
	finished 30
	status_is 1
	wait_for 60 dead "$child" || wrong "QEMU still runs"
	json '.interrupted and .cells[0].kpps.runs == 0'
fi

topic "SIGTERM"
if start --runs 200 --seconds 0.2 --cells "$one"; then
	kill -TERM "$pid"
	finished 60
	status_is 1
	wait_for 60 dead "$child" || wrong "QEMU still runs"
fi

topic "SIGKILL"
if start --runs 200 --seconds 0.5 --cells "$one"; then
	kill -KILL "$pid"
	wait "$pid"
	wait_for 60 dead "$child" || wrong "QEMU outlives lem-bench"
	nothing_left
fi

# As root, lem-vm becomes another user.
topic "SIGKILL, lem-vm"
if ! "$bench" --list --cells vm.tx.null.modified | grep -q skipped &&
    start --runs 200 --seconds 0.5 --cells vm.tx.null.modified &&
    wait_for 60 measured_one && wait_for 60 has_child; then
	kill -KILL "$pid"
	wait "$pid"
	wait_for 60 dead "$child" || wrong "lem-vm outlives lem-bench"
fi

# can_nic: the column of lem-nic, with KVM or without; $nic is a cell of it.
can_nic()
{
	for nic in nic.tx.null.moderated nic-tcg.tx.null.moderated; do
		"$bench" --list --cells "$nic" | grep -q skipped || return 0
	done
	"$bench" --list --cells "$nic"
	return 1
}

if can_nic; then
	topic "lem-nic dies at once"
	# shellcheck disable=SC2016 # the script's own
	printf '#!/bin/sh\ncase $1 in --help) exit ;; esac\necho no luck\nexit 3' \
	    >"$tmp/nic"
	chmod +x "$tmp/nic"
	# shellcheck disable=SC2086
	run $short --lem-nic "$tmp/nic" --json "$tmp/json" \
	    --cells "$nic,${nic%moderated}virtio"
	status_is 1
	json '[.cells[] | .kpps.runs] == [0, 1]'
	json '.cells[0].failed | contains("lem-nic ended with status 3: no lu")'
	nothing_left

	topic "SIGKILL, lem-nic"
	RUNTIME_DIRECTORY=$tmp	# of its mount, if there is one
	export RUNTIME_DIRECTORY
	if start --runs 200 --seconds 0.5 --cells "$nic" &&
	    wait_for 60 measured_one && wait_for 60 has_child; then
		children=$(child_of "$pid")
		for parent in $children; do
			children="$children $(child_of "$parent")"
		done
		kill -KILL "$pid"
		wait "$pid"
		for child in $children; do
			wait_for 60 dead "$child" ||
			    wrong "$child outlives lem-bench"
		done
		nothing_left
		! grep -F "$tmp" /proc/self/mounts ||
		    wrong "a mount is left behind"
	fi
else
	echo "not tried: lem-nic"
fi

verdict
