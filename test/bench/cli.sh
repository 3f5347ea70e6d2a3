#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# lem-bench's options: what it takes, what it refuses and in what words.  The
# QEMU here is a script: lem-bench may not even try to measure.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"

qemu_script <<END
case "\$*" in
--version) echo 'QEMU emulator version 0 (a script)' ;;
*help*) echo '  mitigation=<bool>      - on/off (default: true)' ;;
*) echo "\$*" >>'$tmp/measured' ;;
esac
END

# refused WORD ARG...: a usage error that names WORD, before any measuring.
refused()
{
	word=$1
	shift
	topic "$*"
	run --qemu "$tmp/qemu" "$@"
	status_is 2
	[ -s "$tmp/out" ] && wrong "it prints on standard output"
	grep -qF -e "$word" "$tmp/err" ||
	    wrong "it does not say '$word': $(cat "$tmp/err")"
	grep -q '^lem-bench: ' "$tmp/err" ||
	    wrong "the line does not name the program"
	[ "$(wc -l <"$tmp/err")" = 1 ] ||
	    wrong "not one line: $(cat "$tmp/err")"
	[ -e "$tmp/measured" ] && wrong "it began to measure"
	rm -f "$tmp/measured"
	nothing_left
}

topic --help
run --help
status_is 0
for option in quick full cells list json report qemu lem-vm lem-nic nic-qemu \
    seconds runs itr frame help; do
	grep -q -e "--$option" "$tmp/out" || wrong "no --$option"
done
[ -s "$tmp/err" ] && wrong "it prints on standard error"
[ "$(awk 'length > 80' "$tmp/out")" = '' ] || wrong "lines over 80 columns"

topic --version
run --version
status_is 0
grep -Eqx 'lem-bench [0-9.]+' "$tmp/out" || wrong "$(cat "$tmp/out")"

topic '--help >/dev/full'
"$bench" --help >/dev/full 2>"$tmp/err" </dev/null
status=$?
status_is 1
grep -q 'cannot write the output' "$tmp/err" || wrong "$(cat "$tmp/err")"

refused --bogus --bogus
refused x -x
refused extra extra
refused '--runs: needs a value' --runs
refused '--runs: needs a value, but --list follows' --runs --list
refused '--list=3: this option takes no value' --list=3
refused '-cells: unknown option; write --cells' -cells x
refused '--q: ambiguous: --quick or --qemu' --q
for option in --json --report --qemu --lem-vm --lem-nic --nic-qemu \
    --freebsd-kernel; do
	refused "$option : must be the name of a file" $option ''
done
for value in 0 -1 x '' 1001 1x 1,2 99999999999999999999; do
	refused --runs --runs "$value"
done
for value in -1 65536 x '' '1,' 1,,2 '1 2' 99999999999999999999; do
	refused --itr --itr "$value"
done
refused --itr --itr 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
for value in 59 1515 x '' 60,59 -60; do
	refused --frame --frame "$value"
done
for value in 0 -1 x '' 1x nan inf 1e9 0.001; do
	refused --seconds --seconds "$value"
done
refused nope --cells nope
refused nope --cells 'kvm.tx.null.modified,nope'
refused --cells --cells ''
refused --cells --cells ,
refused combined --cells kvm.tx.null.combined	# the old name of "modified"

refused /nonexistent/file --json /nonexistent/file
refused "$tmp/cwd" --json "$tmp/cwd"
refused /nonexistent/a/b --report /nonexistent/a/b
refused "$tmp/out" --report "$tmp/out"
# A usage error leaves no files, whatever the order of the options.
refused nope --json "$tmp/cwd/json" --report "$tmp/cwd/report" --cells nope

topic --list
run --list --qemu "$tmp/qemu" --json "$tmp/cwd/json" --report "$tmp/cwd/report"
status_is 0
[ -e "$tmp/measured" ] && wrong "it began to measure"
nothing_left
for vmm in kvm tcg; do
	for row in standard moderated modified original interrupt-only \
	    modified-alone virtio virtio-polled; do
		grep -Eq "^$vmm\.tx\.null\.$row( |$)" "$tmp/out" ||
		    wrong "no $vmm.tx.null.$row"
	done
done
for row in moderated adaptive stock virtio; do
	for vmm in nic nic-tcg; do
		grep -Eq "^$vmm\.tx\.null\.$row( |$)" "$tmp/out" ||
		    wrong "no $vmm.tx.null.$row"
	done
	grep -Eq "^nic\.ping\.dgram\.$row( |$)" "$tmp/out" ||
	    wrong "no nic.ping.dgram.$row"
done
grep -E '^(kvm|tcg|vm)\..*\.stock' "$tmp/out" &&
    wrong "row stock where lem-nic is not"
grep -E '^(kvm|tcg)\..*\.adaptive' "$tmp/out" &&
    wrong "row adaptive with QEMU's e1000"
grep -q '^vm\.tx\.null\.adaptive' "$tmp/out" || wrong "no vm.tx.null.adaptive"
cut -d ' ' -f 1 "$tmp/out" >"$tmp/quick"
run --list --full --qemu "$tmp/qemu"
status_is 0
cut -d ' ' -f 1 "$tmp/out" | sort >"$tmp/full"
[ "$(sort "$tmp/quick" | comm -23 - "$tmp/full")" = '' ] ||
    wrong "--quick has cells that --full has not"
[ "$(wc -l <"$tmp/full")" -gt "$(wc -l <"$tmp/quick")" ] ||
    wrong "--full is no more than --quick"

topic "--list without vfio-user-pci, without lem-nic"
run --list --cells 'nic-tcg.tx.null.[ms]*' --nic-qemu "$tmp/qemu"
status_is 0
says "nic-tcg.tx.null.stock skipped: $tmp/qemu has no vfio-user-pci (QEMU 10.1"
run --list --cells 'nic-tcg.tx.null.moderated' --lem-nic /nonexistent/nic
status_is 0
says "nic-tcg.tx.null.moderated skipped: /nonexistent/nic does not run"

topic "--list with --cells"
run --list --cells 'tcg.*.null.modified,tcg.ping.*.virtio' --qemu "$tmp/qemu"
status_is 0
cut -d ' ' -f 1 "$tmp/out" | grep -Evq \
    '^tcg\.(tx\.null\.modified|ping\.dgram\.virtio)$' &&
    wrong "cells that do not match: $(cat "$tmp/out")"
[ -s "$tmp/out" ] || wrong "no cells at all"

topic "--frame and --itr"
run --list --frame 60,1514 --itr 488,77 --qemu "$tmp/qemu"
status_is 0
grep -q '^tcg\.tx\.null\.modified\.frame1514$' "$tmp/out" ||
    wrong "no cell for the second frame length"
grep -q '\.modified\.itr77\( \|$\)' "$tmp/out" ||
    wrong "no cell for the second ITR"

topic "the curves against ITR"
# points LEVEL CELL: the values of ITR of its curve.
points()
{
	run "--$1" --list --qemu "$tmp/qemu"
	sed -n "s/^$2\\.itr\\([0-9]*\\).*/\\1/p" "$tmp/out" |
	    paste -s -d " " -
}
five='488 976 1953 3906 7812'
for cell in vm.tx.null.moderated nic.tx.null.moderated; do
	[ "$(points quick $cell)" = "$five" ] ||
	    wrong "--quick: the points of $cell: $(points quick $cell)"
done
[ "$(points quick vm.tx.null.interrupt-only)" = '' ] ||
    wrong "--quick has too many curves"
for cell in tcg.tx.null.modified vm.tx.null.interrupt-only; do
	[ "$(points full $cell)" = '488 0 976 1953 3906 7812' ] ||
	    wrong "--full: the points of $cell: $(points full $cell)"
done

# Refused or taken once: an id is a key.
topic "the same number twice"
run --list --frame 60,60 --itr 5,5 --qemu "$tmp/qemu"
[ $status = 2 ] || [ "$(cut -d ' ' -f 1 "$tmp/out" | sort | uniq -d)" = '' ] ||
    wrong "ids are not unique: $(sort "$tmp/out" | uniq -d | head -n 2)"

topic "an output that is full"
run --cells tcg.tx.null.virtio --qemu /nonexistent --seconds 0.05 \
    --json /dev/full
status_is 1
grep -q /dev/full "$tmp/err" || wrong "the file is not named"
"$bench" --cells tcg.tx.null.virtio --qemu /nonexistent --seconds 0.05 \
    >/dev/full 2>"$tmp/err" </dev/null
status=$?
status_is 1

verdict
