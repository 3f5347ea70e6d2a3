#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The driver on the other 8254x that QEMU has: a wrapper puts them in the place
# of the 82540EM.  ITR is 0, as the 82544 does not have it.

# shellcheck source=test/bench/common
. "$(dirname -- "$0")/common"

command -v jq >/dev/null || skip "jq is not here"
[ -n "$real" ] || skip "QEMU is not here"

cells=''
for vmm in kvm tcg; do
	for cell in tx.null tx.dgram rx.dgram ping.dgram; do
		cells=$cells${cells:+,}$vmm.$cell.modified
	done
done

for chip in 82544gc 82545em; do
	topic "$chip"
	qemu_script <<END
for a; do
	shift
	case \$a in e1000,netdev=*) a=e1000-$chip,\${a#e1000,} ;; esac
	set -- "\$@" "\$a"
done
exec "\$real" "\$@"
END
	run --qemu "$tmp/qemu" --itr 0 --runs 1 --seconds 0.2 \
	    --cells "$cells" \
	    --json "$tmp/json"
	status_is 0
	json '[.cells[] | select(.skipped == null) | .kpps.median > 0 and
	    .failed == null and (.lost == 0 or .lost == null)] |
	    length >= 4 and all'
	json '[.cells[] | select(.skipped == null and .workload == "tx") |
	    .per_packet | .deferred > 0 and .doorbells < 1 and
	    .doorbells <= .interrupts * 1.5 + 0.02] | all'
done
verdict
