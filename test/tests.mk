# SPDX-License-Identifier: BSD-2-Clause
#
# The tests.  make check builds everything again: with clang, with the
# sanitizers of both compilers, and for the fuzzers; then test/run runs every
# test.

SECONDS	?= 60
FAKE	= $(sort $(wildcard test/fake/*.c))
SIM	= $(sort $(wildcard driver/os/sim/*.c))
HOST_LIB = $(filter-out %/main.c,$(BACKEND) $(VMM) $(VFIO_USER))

# names FOLDER,GLOB: of the C files there, without ".c".
names	= $(patsubst $(1)/%.c,%,$(sort $(wildcard $(1)/$(2).c)))
UNIT	= $(call names,test/unit,*)
BENCH_UNIT = test_kinds test_json test_table test_report
DEVICE_TEST = $(call names,test/device,*)
PAIR_TEST = $(filter-out test_threads,$(call names,test/pair,test_*))
HOST_TEST = $(call names,test/host,test_*)
HOST_THREADS = $(filter-out test_nic_cost test_nic_moderate,\
	  $(filter test_machine test_nic% test_vfu%,$(HOST_TEST)))
FUZZ	= $(call names,test/fuzz,fuzz_*)
FUZZ_HOST = fuzz_bars fuzz_boot fuzz_machine fuzz_peers fuzz_vfu
fuzz_bars_LINK = -Wl,--wrap=vm_slot_set,--wrap=machine_port_read
fuzz_peers_LINK = -lcmocka

# --- objects --------------------------------------------------------------
#
# A flavour's objects are shared by all programs that are built so.  The
# driver's core finds lem_os.h by include path, so each of its files has two
# objects: in FLAVOUR with the sim port's, in FLAVOUR/fake with test/fake's.

# cmocka 2 (Debian testing) warns of old names; cmocka 1 has only these.
CMOCKA	= -DCMOCKA_DISABLE_DEPRECATION_WARNINGS
FAKEFLAGS = $(USERFLAGS) $(CMOCKA) -Itest/fake
SIMFLAGS = $(USERFLAGS) $(CMOCKA) -Itest/device -Itest/pair -Idriver/os/sim

SANITIZE = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=address,undefined
THREADS	= -O1 -g -fsanitize=thread
FUZZER	= -O1 -g -fno-sanitize-recover=all \
	  -fsanitize=fuzzer,address,undefined

# flavour NAME,COMPILER,OPTIONS
define flavour
$(call compile,$(1),,$(2) $(SIMFLAGS) $(3))
$(call compile,$(1)/fake,,$(2) $(FAKEFLAGS) $(3))
$(call compile,$(1),host/,$(2) $(HOSTFLAGS) $(3))
$(call compile,$(1),test/host/,$(2) $(HOSTFLAGS) $(CMOCKA) -Itest/host $(3))
$(foreach f,$(FUZZ_HOST),
$(call compile,$(1),test/fuzz/$(f),$(2) $(HOSTFLAGS) $(CMOCKA) -Itest/host \
    $(3)))
endef

$(eval $(call compile,cc,,$(CC) $(SIMFLAGS) $(CFLAGS)))
$(eval $(call flavour,gcc-san,gcc,$(SANITIZE)))
$(eval $(call flavour,clang-san,clang,$(SANITIZE)))
$(eval $(call flavour,gcc-tsan,gcc,$(THREADS)))
$(eval $(call flavour,clang-tsan,clang,$(THREADS)))
$(eval $(call flavour,fuzz,clang,$(FUZZER)))

# --- programs -------------------------------------------------------------

# link PROGRAM,COMMAND,OBJECTS,LIBRARIES
define link
$(1): $(3)
	@mkdir -p $$(@D)
	$$(call say,LD)$(2) -pthread -o $$@ $$^ $(4)

endef

# unit NAME, its sources: the driver's core on a fake device, or, for
# BENCH_UNIT, lem-bench's reports.
unit	= test/unit/$(1).c $(if $(filter $(BENCH_UNIT),$(1)),\
	  bench/kinds.c bench/results.c bench/table.c bench/json.c \
	  bench/report.c bench/report_charts.c bench/svg.c,$(FAKE) $(CORE))

# What the test of lem-stat has, and others do not.
stat_lib = $(if $(filter test_stat%,$(1)),$(filter-out %/main.c,$(STAT)))
stat_libs = $(if $(filter test_stat%,$(1)),$(STAT_LIBS))

# programs COMPILER: the tests that are built by both.
define programs
$(foreach t,$(UNIT),$(call link,$(BUILD)/unit/$(1)/$(t),$(1) $(SANITIZE),\
    $(call objects,$(1)-san/fake,$(call unit,$(t))),-lcmocka -lm))
$(foreach t,$(DEVICE_TEST),$(call link,$(BUILD)/device/$(1)/$(t),\
    $(1) $(SANITIZE),$(call objects,$(1)-san,test/device/$(t).c $(DEVICE)),\
    -lcmocka))
$(call link,$(BUILD)/device/$(1)/test_reply_threads,$(1) $(THREADS),\
    $(call objects,$(1)-tsan,test/device/test_reply.c $(DEVICE)),-lcmocka)
$(foreach t,$(PAIR_TEST),$(call link,$(BUILD)/pair/$(1)/$(t),\
    $(1) $(SANITIZE),$(call objects,$(1)-san,test/pair/$(t).c \
    $(DEVICE) $(CORE) $(SIM)),-lcmocka))
$(call link,$(BUILD)/pair/$(1)/test_threads,$(1) $(THREADS),\
    $(call objects,$(1)-tsan,test/pair/test_threads.c \
    $(DEVICE) $(CORE) $(SIM)),-lcmocka)
$(foreach t,$(HOST_TEST),$(call link,$(BUILD)/host/$(1)/$(t),\
    $(1) $(SANITIZE),$(call objects,$(1)-san,test/host/$(t).c $(HOST_LIB) \
    $(call stat_lib,$(t)) $(DEVICE)),-lcmocka $(HOST_LIBS) \
    $(call stat_libs,$(t))))
$(foreach t,$(HOST_THREADS),$(call link,$(BUILD)/host/$(1)/$(t)_threads,\
    $(1) $(THREADS),$(call objects,$(1)-tsan,test/host/$(t).c $(HOST_LIB) \
    $(DEVICE)),-lcmocka $(HOST_LIBS)))
endef
$(eval $(call programs,gcc))
$(eval $(call programs,clang))

UNIT_BIN = $(foreach c,gcc clang,$(UNIT:%=$(BUILD)/unit/$(c)/%))
MODEL_BIN = $(foreach c,gcc clang,$(DEVICE_TEST:%=$(BUILD)/device/$(c)/%) \
	  $(PAIR_TEST:%=$(BUILD)/pair/$(c)/%) \
	  $(BUILD)/pair/$(c)/test_threads \
	  $(BUILD)/device/$(c)/test_reply_threads)
EXPLORE	= $(BUILD)/pair/explore $(BUILD)/host/explore_pages
# What lem-vm is made of, without KVM; what has threads by ThreadSanitizer as
# well.
HOST_BIN = $(foreach c,gcc clang,$(HOST_TEST:%=$(BUILD)/host/$(c)/%) \
	  $(HOST_THREADS:%=$(BUILD)/host/$(c)/%_threads))

# Every interleaving of driver and model: as fast as can be.
$(eval $(call link,$(BUILD)/pair/explore,$(CC) $(CFLAGS),\
    $(call objects,cc,test/pair/explore.c $(CORE) $(SIM)) \
    $(BUILD)/libe82540.a))

# The same for doorbell pages that are taken back; it includes what it tests.
$(eval $(call compile,cc,test/host/explore_pages,$(CC) $(HOSTFLAGS) \
    -Itest/pair $(CFLAGS)))
$(eval $(call link,$(BUILD)/host/explore_pages,$(CC) $(CFLAGS),\
    $(call objects,cc,test/host/explore_pages.c host/err.c) \
    $(BUILD)/libe82540.a))

# The program at both ends of a Linux guest's cable.
$(eval $(call link,$(BUILD)/vm/lem-traffic,$(CC) $(CFLAGS) -static,\
    $(call objects,cc,$(sort $(wildcard test/vm/linux/*.c)))))

# The model beside QEMU's.  A QEMU with the qtest accelerator, for the exact
# clock: make qemu-qtest (or set QEMU_QTEST).
$(eval $(call link,$(BUILD)/differential/differential,gcc $(SANITIZE),\
    $(call objects,gcc-san,$(sort $(wildcard test/differential/*.c)) \
    $(DEVICE))))

qemu-qtest:
	BUILD=$(BUILD) sh test/qemu-from-debs.sh

# lem-bench itself, with sanitizers; the guest in it is the same.
$(eval $(call link,$(BUILD)/asan/lem-bench,gcc $(SANITIZE),\
    $(call objects,gcc-san,$(BENCH)) $(IMAGE),-lm))

# The model on other processors, one of them big-endian.  foreign.sh makes and
# runs these, under QEMU.
FOREIGN_TEST = test_tx test_rx test_snapshot test_offload test_regs test_pci
FOREIGNFLAGS = -O1 -Wno-scalar-storage-order -Itest/foreign

# foreign PROCESSOR
define foreign
$(call compile,$(1),,$(1)-linux-gnu-gcc $(SIMFLAGS) $(FOREIGNFLAGS))
$(foreach t,$(FOREIGN_TEST),$(call link,$(BUILD)/foreign/$(1)/$(t),\
    $(1)-linux-gnu-gcc -static,\
    $(call objects,$(1),test/device/$(t).c $(DEVICE))))
foreign-$(1): $(FOREIGN_TEST:%=$(BUILD)/foreign/$(1)/%)
.PHONY: foreign-$(1)
endef
$(foreach p,aarch64 riscv64 s390x,$(eval $(call foreign,$(p))))

# fuzzed NAME, the sources of a fuzzer.
fuzzed	= $(if $(filter fuzz_core,$(1)),$(CORE:%=fake/%) $(FAKE:%=fake/%) \
	  fake/test/fuzz/$(1).c,test/fuzz/$(1).c $(DEVICE) \
	  $(if $(filter $(FUZZ_HOST),$(1)),$(HOST_LIB)))
$(eval $(foreach f,$(FUZZ),$(call link,$(BUILD)/fuzz/$(f),clang $(FUZZER),\
    $(call objects,fuzz,$(call fuzzed,$(f))),\
    $(if $(filter $(FUZZ_HOST),$(f)),$(HOST_LIBS) $($(f)_LINK)))))

# --- targets --------------------------------------------------------------

build-clang:
	$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang \
	    WERROR.clang=$(WERROR.clang) build

check-build: build build-clang $(UNIT_BIN) $(MODEL_BIN) $(HOST_BIN) $(EXPLORE) \
    $(BUILD)/vm/lem-traffic $(BUILD)/differential/differential \
    $(FUZZ:%=$(BUILD)/fuzz/%) $(BUILD)/asan/lem-bench

# Before "--": what needs a processor and no clock, the longest first.
FAKE_CLOCK = $(filter %/test_nic_moderate %/test_nic_cost %/test_boot,$(HOST_BIN))
NO_CLOCK = $(EXPLORE) test/fuzz test/differential test/foreign $(UNIT_BIN) \
	  $(MODEL_BIN) $(FAKE_CLOCK)

check: check-build
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) CC=$(CC) test/run -t 1200 $(NO_CLOCK) -- \
	    test/check $(filter-out $(FAKE_CLOCK),$(HOST_BIN)) \
	    test/vm test/bench test/freebsd

# In a bare Debian: this machine's suite, or SUITES="bookworm trixie forky".
SUITES	=
check-deb: deb
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) test/deb/install.sh $(SUITES)

# clang-tidy with its path-sensitive analyser for the tests, too.
check-tidy: $(BUILD)/host/dsdt.hex
	@LEM_LONG=1 BUILD=$(BUILD) SRCDIR=$(SRCDIR) CC=$(CC) test/run -t 3600 \
	    test/check/clang-tidy.sh

check-linux: build $(BUILD)/vm/lem-traffic
	@LEM_LONG=1 BUILD=$(BUILD) SRCDIR=$(SRCDIR) test/run -t 3600 test/vm/linux.sh

NIC_LONG = $(BUILD)/host/gcc/test_pages $(BUILD)/host/gcc/test_nic_peers

check-nic: build $(BUILD)/vm/lem-traffic $(NIC_LONG)
	@LEM_LONG=1 BUILD=$(BUILD) SRCDIR=$(SRCDIR) test/run -t 3600 \
	    $(NIC_LONG) test/vm/nic.sh

check-linux-driver: build $(BUILD)/vm/lem-traffic
	@LEM_LONG=1 BUILD=$(BUILD) SRCDIR=$(SRCDIR) test/run -t 3600 test/vm/driver.sh

# lem.ko in a kernel that looks for bugs (test/vm/linux/debug.config), built here
# from Debian's source: 6 GB, and half an hour of one processor, once.
DEBUG	= $(abspath $(BUILD))/debug-kernel
check-debug-kernel: build $(BUILD)/vm/lem-traffic
	BUILD=$(DEBUG) sh test/vm/linux/debug_kernel.sh
	mkdir -p $(DEBUG)/vm
	cp $(BUILD)/vm/lem-traffic $(DEBUG)/vm/
	cp $(BUILD)/lem-vm $(DEBUG)/
	BUILD=$(DEBUG) LEM_ALL=1 memory=1G SLOW=5 sh test/vm/driver.sh

# doorbell=auto, exit and mapped, run by run: packets out, in, and round trips.
WAYS	= vm.*.moderated.auto,vm.*.moderated.exit,vm.*.moderated.mapped
bench-doorbells: build
	$(BUILD)/lem-bench --full --cells "$(WAYS)" $(ARGS)

bench-linux: build $(BUILD)/vm/lem-traffic
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) sh test/vm/linux.sh rates

# What lem-bench boots as a Linux guest, in $(BUILD)/linux/image.
linux-guest: build $(BUILD)/vm/lem-traffic
	sh test/vm/linux/packages.sh
	sh test/vm/linux/packages.sh headers
	sh test/vm/linux/module.sh
	sh test/vm/linux/image.sh

# The same of a Linux guest, where lem-vm runs inside of QEMU's TCG.
bench-doorbells-tcg: build $(BUILD)/vm/lem-traffic
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) sh test/vm/linux.sh doorbells

# QEMU without KVM: lem-nic and QEMU's e1000 as two NICs of one Linux guest.
bench-nic-tcg: build $(BUILD)/vm/lem-traffic
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) NIC=doorbell=trap sh test/vm/nic.sh blast
	@sed -n '/^UDP/,/^lem, a/p' $(BUILD)/test/vm/nic/blast.log

# Each target for SECONDS; what crashes one is kept in its corpus.
fuzz: $(FUZZ:%=$(BUILD)/fuzz/%)
	@BUILD=$(BUILD) test/fuzz/fuzz.sh $(SECONDS)

# --- coverage -------------------------------------------------------------
#
# Lines that are reached: of driver/ by its unit tests; of device/ by its tests
# and the pair tests, and by the fuzzers' corpora alone (replayed, without
# libFuzzer).  gcc counts beside each object, so each of the three has objects
# of its own.

COV	= $(BUILD)/coverage
COV_UNIT = $(filter-out $(BENCH_UNIT),$(UNIT))
COV_FUZZ = $(filter-out fuzz_core $(FUZZ_HOST),$(FUZZ))

$(foreach f,cov-unit cov-tests cov-corpus,\
    $(eval $(call flavour,$(f),gcc,--coverage -O0)))
$(eval $(foreach t,$(COV_UNIT),$(call link,$(COV)/unit/$(t),gcc --coverage,\
    $(call objects,cov-unit/fake,$(call unit,$(t))),-lcmocka)))
$(eval $(foreach t,$(DEVICE_TEST),$(call link,$(COV)/tests/$(t),gcc --coverage,\
    $(call objects,cov-tests,test/device/$(t).c $(DEVICE)),-lcmocka)))
$(eval $(foreach t,$(PAIR_TEST),$(call link,$(COV)/tests/$(t),gcc --coverage,\
    $(call objects,cov-tests,test/pair/$(t).c $(DEVICE) $(CORE) $(SIM)),\
    -lcmocka)))
$(eval $(foreach t,$(COV_FUZZ),$(call link,$(COV)/corpus/$(t),gcc --coverage,\
    $(call objects,cov-corpus,test/fuzz/$(t).c test/fuzz/replay.c $(DEVICE)))))

cover = gcovr -r . -f '$(2)/[^/]*$$' $(OBJ)/cov-$(1) >$(COV)/$(3).txt
total = awk -v what='$(2)' '$$1 == "TOTAL" { print what, $$4 }' $(COV)/$(1).txt

coverage: $(COV_UNIT:%=$(COV)/unit/%) $(DEVICE_TEST:%=$(COV)/tests/%) \
    $(PAIR_TEST:%=$(COV)/tests/%) $(COV_FUZZ:%=$(COV)/corpus/%)
	@find $(OBJ)/cov-* -name '*.gcda' -delete
	@for t in $(filter-out $(COV)/corpus/%,$^); do \
		$$t >$$t.log 2>&1 || exit; done
	@for t in $(filter $(COV)/corpus/%,$^); do \
		$$t test/fuzz/corpus/$${t##*/fuzz_}/* >$$t.log 2>&1 || \
		exit; done
	@$(call cover,unit,driver,driver)
	@$(call cover,tests,device,device)
	@$(call cover,corpus,device,corpus)
	@cat $(COV)/driver.txt $(COV)/device.txt
	@$(call total,driver,driver/)
	@$(call total,corpus,device/ by the fuzz corpus alone)
	@sed 's/%$$/ %/' $(COV)/device.txt | \
	    awk '$$1 == "TOTAL" { print "device/", $$4, $$5 }'

.PHONY: build-clang check-build check check-deb check-linux check-nic check-tidy \
	check-debug-kernel bench-linux \
	bench-doorbells bench-doorbells-tcg bench-nic-tcg linux-guest \
	qemu-qtest fuzz coverage
