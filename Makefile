# SPDX-License-Identifier: BSD-2-Clause
#
# make build      every user-space program and library, in build/
# make bench      build/lem-bench ARGS="..."
# make bench-pair build/bench_pair ARGS="..."
# make check      all tests; see test/run
# make check-linux    the long tests with a Linux guest
# make bench-linux    TCP streams of a Linux guest, beside QEMU's
# make coverage   line coverage of driver/ and device/ by the tests
# make freebsd        if_lem.ko, across from Linux; FREEBSD_SRC=DIR
# make check-freebsd  its tests; FREEBSD_KERNEL=FILE, too
# make fuzz SECONDS=N
# make install    PREFIX=/usr/local DESTDIR=
#
# ./lem installs what these need and calls them.

SRCDIR	:= $(CURDIR)
BUILD	= build
PREFIX	?= /usr/local
CC	= gcc
OBJCOPY	?= objcopy
SECONDS	?= 60
VERSION	= 0.1
SOVERSION = 2

# A warning of a compiler newer than this tree must not stop a user.
WARN	= -Wall -Wextra $(if $(filter check%,$(MAKECMDGOALS)),-Werror)
USERFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Ihw -Idriver -Idevice -Ibench \
	  -Ibench/guest -DLEM_VERSION='"$(VERSION)"' -pthread
HOSTFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Ihw -Idevice -Ihost -Ihost/vm \
	  -I$(BUILD)/host -DLEM_VERSION='"$(VERSION)"' -pthread
DEVFLAGS = -std=c11 $(WARN) -Ihw -Idevice -fPIC -fvisibility=hidden
CFLAGS	?= -O2 -g
# The core is called a packet at a time: without calls TCG runs it 1.2 times as
# fast.  (clang would need lld for it.)
LTO	= $(if $(findstring clang,$(CC)),,-flto)
GUEST	= -std=c11 -O3 -m64 -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	  -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	  -fno-asynchronous-unwind-tables $(LTO) $(WARN) \
	  -Ihw -Idriver -Idriver/os/bare -Ibench -Ibench/guest

CORE	= driver/lem_main.c driver/lem_phy.c driver/lem_txrx.c \
	  driver/lem_intr.c driver/lem_moderate.c
BARE	= driver/os/bare/start.S driver/os/bare/bare.c
BENCH	= $(sort $(wildcard bench/*.c))
DEVICE	= $(sort $(wildcard device/*.c))
HOST	= $(sort $(wildcard host/*.c))
VM	= $(sort $(wildcard host/vm/*.c))
SIM	= $(sort $(wildcard driver/os/sim/*.c))
HEADERS	= $(wildcard hw/*.h driver/*.h driver/os/*/*.h device/*.h host/*.h \
	  host/*/*.h bench/*.h bench/*/*.h test/*/*.h test/*/*/*.h)

# V=1 shows whole commands.
say	= $(if $(V),,@echo '  $(1) $@';)

all: build
build: $(BUILD)/lem-bench $(BUILD)/lem-vm $(BUILD)/libe82540.a \
    $(BUILD)/libe82540.so $(BUILD)/bench_pair
check-clang: build

# --- the bare-metal guest -------------------------------------------------

GUEST_SRC = $(BARE) $(CORE) $(sort $(wildcard bench/guest/*.c))
GUEST_OBJ = $(patsubst %,$(BUILD)/guest/%.o,$(GUEST_SRC))

$(BUILD)/guest/%.o: % $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(GUEST) -c -o $@ $<

$(BUILD)/guest/payload.elf: $(GUEST_OBJ) driver/os/bare/payload.ld
	$(call say,CC)$(CC) $(GUEST) -nostdlib -static -Wl,--build-id=none \
	    -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack -T driver/os/bare/payload.ld \
	    -o $@ $(GUEST_OBJ)

$(BUILD)/guest/payload.bin: $(BUILD)/guest/payload.elf
	$(call say,COPY)$(OBJCOPY) -O binary -j .text -j .rodata -j .data $< $@

$(BUILD)/guest.bin: driver/os/bare/rom.S driver/os/bare/rom.ld \
    $(BUILD)/guest/payload.bin
	$(call say,CC)$(CC) -m32 -c -Wa,-I,$(BUILD)/guest -o $(BUILD)/guest/rom.o $<
	$(call say,LD)ld -m elf_i386 --no-warn-rwx-segments -T driver/os/bare/rom.ld -o $(BUILD)/guest/rom.elf \
	    $(BUILD)/guest/rom.o
	$(call say,COPY)$(OBJCOPY) -O binary $(BUILD)/guest/rom.elf $@

# --- lem-bench ------------------------------------------------------------

BENCH_OBJ = $(patsubst %,$(BUILD)/%.o,$(BENCH)) $(BUILD)/bench/image.S.o

$(BUILD)/bench/%.c.o: bench/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/image.S.o: bench/image.S $(BUILD)/guest.bin
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -c -Wa,-I,$(BUILD) -o $@ $<

$(BUILD)/lem-bench: $(BENCH_OBJ)
	$(call say,CC)$(CC) $(CFLAGS) -pthread -o $@ $(BENCH_OBJ) -lm

bench: build $(if $(FREEBSD_SRC),freebsd-bench)
	$(BUILD)/lem-bench $(ARGS)

# --- libe82540 ------------------------------------------------------------

$(BUILD)/device/%.o: device/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(DEVFLAGS) $(CFLAGS) -c -o $@ $<

DEVICE_OBJ = $(DEVICE:%.c=$(BUILD)/%.o)

$(BUILD)/libe82540.a: $(DEVICE_OBJ)
	@rm -f $@
	$(call say,AR)ar rcs $@ $(DEVICE_OBJ)

$(BUILD)/libe82540.so: $(DEVICE_OBJ) device/libe82540.map
	$(call say,LD)$(CC) -shared -Wl,-soname,libe82540.so.$(SOVERSION) \
	    -Wl,-z,defs -Wl,--version-script=device/libe82540.map \
	    -o $@ $(DEVICE_OBJ)

# Driver and model in one process; the driver compiled as the guest's is.
$(BUILD)/bench_pair: bench/pair/bench_pair.c $(CORE) $(BUILD)/libe82540.a \
    $(HEADERS)
	$(call say,CC)$(CC) $(USERFLAGS) -Idriver/os/sim $(CFLAGS) -O3 $(LTO) \
	    -o $@ bench/pair/bench_pair.c $(CORE) $(BUILD)/libe82540.a

bench-pair: $(BUILD)/bench_pair
	$(BUILD)/bench_pair $(ARGS)

# --- lem-vm ---------------------------------------------------------------

$(BUILD)/host/dsdt.hex: host/vm/dsdt.asl
	@mkdir -p $(@D)
	$(call say,ASL)iasl -va -tc -p $(BUILD)/host/dsdt $< >$@.log || \
	    { cat $@.log; exit 1; }

$(BUILD)/host/%.o: host/%.c $(HEADERS) $(BUILD)/host/dsdt.hex
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(HOSTFLAGS) $(CFLAGS) -c -o $@ $<

HOST_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(HOST) $(VM))

$(BUILD)/lem-vm: $(HOST_OBJ) $(BUILD)/libe82540.a
	$(call say,LD)$(CC) $(CFLAGS) -pthread -o $@ $^ -lseccomp

# --- if_lem.ko, across ----------------------------------------------------
#
# On FreeBSD: make -C driver/os/freebsd.  Here its own bmake files, of
# FREEBSD_SRC, drive clang.  A kernel's options, if FREEBSD_KERNEL lies where it
# was built, are the module's.  The compiler may be newer than the sources and
# warn of those; of ours it may not.  No symbol of the module is for others.

FREEBSD_KERNEL ?=
FREEBSD	= $(BUILD)/freebsd
FREEBSD_CC = clang --target=x86_64-unknown-freebsd -Wno-unknown-warning-option
FREEBSD_OPT = $(dir $(FREEBSD_KERNEL))
FREEBSD_MAKE = env -u MAKEFLAGS MAKESYSPATH=$(abspath $(FREEBSD_SRC))/share/mk \
	  MAKEOBJDIR=$(abspath $(FREEBSD)) bmake MACHINE=amd64 MACHINE_ARCH=amd64 \
	  MACHINE_CPUARCH=amd64 CC="$(FREEBSD_CC)" COMPILER_TYPE=clang \
	  LD=/usr/bin/ld.lld LINKER_TYPE=lld OBJCOPY=llvm-objcopy NM=llvm-nm \
	  SYSDIR=$(abspath $(FREEBSD_SRC))/sys EXPORT_SYMS=YES MK_CTF=no MK_MAN=no \
	  FORMAT_EXTENSIONS=-D__printf__=__freebsd_kprintf__ WERROR= \
	  $(if $(wildcard $(FREEBSD_OPT)opt_global.h),KERNBUILDDIR=$(abspath \
	  $(FREEBSD_OPT)))

freebsd:
	@[ -n "$(FREEBSD_SRC)" ] || \
	    { echo 'make freebsd: FREEBSD_SRC= is not set' >&2; exit 2; }
	@mkdir -p $(FREEBSD)
	$(call say,KMOD)cd driver/os/freebsd && $(FREEBSD_MAKE) if_lem.ko \
	    >$(abspath $(FREEBSD))/log 2>&1 </dev/null || \
	    { tail -n 30 $(abspath $(FREEBSD))/log; exit 1; }
	@! grep -E "$(CURDIR)/driver/.*(warning|error):" $(FREEBSD)/log
	@llvm-nm --defined-only -g $(FREEBSD)/if_lem.ko | cut -d ' ' -f 3 \
	    >$(FREEBSD)/symbols && llvm-objcopy \
	    --localize-symbols=$(FREEBSD)/symbols $(FREEBSD)/if_lem.ko

# What its tests need: a program that starts a kernel, the guest's user space,
# and on this side the other end of the wire.
FREEBSD_BOOT = -m32 -std=c11 -O2 -ffreestanding -fno-pic -fno-stack-protector \
	  -fcf-protection=none -fno-asynchronous-unwind-tables \
	  -mgeneral-regs-only $(WARN)

$(FREEBSD)/boot.elf: $(wildcard test/freebsd/boot/*)
	@mkdir -p $(@D)
	$(call say,CC)gcc $(FREEBSD_BOOT) -nostdlib -static -Wl,--build-id=none \
	    -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack \
	    -T test/freebsd/boot/boot.ld -o $@ test/freebsd/boot/start.S \
	    test/freebsd/boot/boot.c

$(FREEBSD)/init: $(wildcard test/freebsd/guest/*) test/freebsd/pattern.h
	@mkdir -p $(@D)/include
	@ln -sfn $(abspath $(FREEBSD_SRC))/sys/amd64/include $(@D)/include/machine
	@ln -sfn $(abspath $(FREEBSD_SRC))/sys/x86/include $(@D)/include/x86
	$(call say,CC)$(FREEBSD_CC) -std=c11 -O2 $(WARN) -nostdinc -nostdlib \
	    -ffreestanding -fno-stack-protector -static -fuse-ld=lld \
	    -Wl,-e,start -isystem $(@D)/include -isystem $(FREEBSD_SRC)/sys \
	    -isystem $(FREEBSD_SRC)/include \
	    -idirafter $$(clang -print-resource-dir)/include \
	    -o $@ test/freebsd/guest/*.c

$(FREEBSD)/peer $(FREEBSD)/vlan: $(FREEBSD)/%: test/freebsd/%.c \
    test/freebsd/pattern.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) -O2 -o $@ $<

# The root file system of the guest that lem-bench measures.
$(FREEBSD)/bench.iso: freebsd $(FREEBSD)/init bench/freebsd/script
	@rm -rf $(FREEBSD)/root && mkdir -p $(FREEBSD)/root/dev $(FREEBSD)/root/sbin
	@cp $(FREEBSD)/init $(FREEBSD)/root/sbin/
	@cp $(FREEBSD)/if_lem.ko bench/freebsd/script $(FREEBSD)/root/
	$(call say,ISO)makefs -t cd9660 -o rockridge $@ $(FREEBSD)/root >/dev/null

freebsd-bench: $(FREEBSD)/boot.elf $(FREEBSD)/bench.iso

freebsd-test: freebsd $(FREEBSD)/boot.elf $(FREEBSD)/init $(FREEBSD)/peer \
    $(FREEBSD)/vlan

check-freebsd:
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) CC=$(CC) FREEBSD_SRC=$(FREEBSD_SRC) \
	    FREEBSD_KERNEL=$(FREEBSD_KERNEL) test/run test/freebsd

# --- tests ----------------------------------------------------------------
#
# make check builds everything again three times over: with clang, with the
# sanitizers of both compilers, and for the fuzzers; then runs every test by
# test/run.

SANITIZE = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=address,undefined
FAKE	= $(sort $(wildcard test/fake/*.c))
UNIT	= $(patsubst test/unit/%.c,%,$(sort $(wildcard test/unit/*.c)))
UNIT_RESULTS = bench/table.c bench/json.c bench/report.c bench/svg.c
unit_src = test/unit/$(1).c \
	  $(if $(filter test_results,$(1)),$(UNIT_RESULTS),$(FAKE) $(CORE))
UNIT_BIN = $(UNIT:%=$(BUILD)/unit/gcc/%) $(UNIT:%=$(BUILD)/unit/clang/%)

define unit_rule
$$(BUILD)/unit/gcc/$(1): $$(call unit_src,$(1)) $$(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)gcc $$(USERFLAGS) -Itest/fake $$(SANITIZE) -o $$@ \
	    $$(call unit_src,$(1)) -lcmocka -lm
$$(BUILD)/unit/clang/$(1): $$(call unit_src,$(1)) $$(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)clang $$(USERFLAGS) -Itest/fake $$(SANITIZE) -o $$@ \
	    $$(call unit_src,$(1)) -lcmocka -lm
endef
$(foreach t,$(UNIT),$(eval $(call unit_rule,$(t))))

# The model, the core on it (sim), and their tests: by both compilers.
TESTFLAGS = $(USERFLAGS) -Itest/device -Itest/pair -Idriver/os/sim
DEVICE_TEST = $(patsubst test/device/%.c,%,$(sort $(wildcard test/device/*.c)))
PAIR_TEST = $(filter-out test_threads,$(patsubst test/pair/%.c,%,$(sort \
	    $(wildcard test/pair/test_*.c))))

define compiler_rules
$$(BUILD)/san/$(1)/%.o: %.c $$(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)$(1) $$(TESTFLAGS) $$(SANITIZE) -c -o $$@ $$<
$$(BUILD)/device/$(1)/%: $$(BUILD)/san/$(1)/test/device/%.o \
    $$(DEVICE:%.c=$$(BUILD)/san/$(1)/%.o)
	@mkdir -p $$(@D)
	$$(call say,LD)$(1) $$(SANITIZE) -o $$@ $$^ -lcmocka
$$(BUILD)/pair/$(1)/%: $$(BUILD)/san/$(1)/test/pair/%.o \
    $$(patsubst %.c,$$(BUILD)/san/$(1)/%.o,$$(DEVICE) $$(CORE) $$(SIM))
	@mkdir -p $$(@D)
	$$(call say,LD)$(1) $$(SANITIZE) -o $$@ $$^ -lcmocka
$$(BUILD)/pair/$(1)/test_threads: test/pair/test_threads.c $$(DEVICE) \
    $$(CORE) $$(SIM) $$(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)$(1) $$(TESTFLAGS) -O1 -g -fsanitize=thread -o $$@ \
	    $$(filter %.c,$$^) -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call compiler_rules,$(c))))
.SECONDARY:

$(BUILD)/pair/explore: test/pair/explore.c $(DEVICE) $(CORE) $(SIM) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(TESTFLAGS) -O2 -g -o $@ $(filter %.c,$^)

MODEL_BIN = $(foreach c,gcc clang,$(DEVICE_TEST:%=$(BUILD)/device/$(c)/%) \
	    $(PAIR_TEST:%=$(BUILD)/pair/$(c)/%) \
	    $(BUILD)/pair/$(c)/test_threads) $(BUILD)/pair/explore

# What lem-vm is made of, without KVM; what has threads by ThreadSanitizer as
# well.
HOST_TEST = $(patsubst test/host/%.c,%,$(sort $(wildcard test/host/test_*.c)))
HOST_THREADS = $(filter test_machine test_nic%,$(HOST_TEST))
HOST_LIB = $(HOST) $(filter-out host/vm/main.c,$(VM))
HOSTTEST = $(HOSTFLAGS) -Itest/host

define host_rules
$$(BUILD)/san/$(1)/host/%.o: host/%.c $$(HEADERS) $$(BUILD)/host/dsdt.hex
	@mkdir -p $$(@D)
	$$(call say,CC)$(1) $$(HOSTTEST) $$(SANITIZE) -c -o $$@ $$<
$$(BUILD)/san/$(1)/test/host/%.o: test/host/%.c $$(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)$(1) $$(HOSTTEST) $$(SANITIZE) -c -o $$@ $$<
$$(BUILD)/host/$(1)/%: $$(BUILD)/san/$(1)/test/host/%.o \
    $$(patsubst %.c,$$(BUILD)/san/$(1)/%.o,$$(HOST_LIB) $$(DEVICE))
	@mkdir -p $$(@D)
	$$(call say,LD)$(1) $$(SANITIZE) -pthread -o $$@ $$^ -lcmocka -lseccomp
$$(BUILD)/host/$(1)/%_threads: test/host/%.c $$(HOST_LIB) $$(DEVICE) \
    $$(HEADERS) $$(BUILD)/host/dsdt.hex
	@mkdir -p $$(@D)
	$$(call say,CC)$(1) $$(HOSTTEST) -O1 -g -fsanitize=thread -o $$@ \
	    $$(filter %.c,$$^) -lcmocka -lseccomp
endef
$(foreach c,gcc clang,$(eval $(call host_rules,$(c))))

HOST_BIN = $(foreach c,gcc clang,$(HOST_TEST:%=$(BUILD)/host/$(c)/%) \
	    $(HOST_THREADS:%=$(BUILD)/host/$(c)/%_threads))

# The program of both ends in a Linux guest's cable.
TRAFFIC	= $(sort $(wildcard test/vm/linux/*.c))
$(BUILD)/vm/lem-traffic: $(TRAFFIC) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) $(CFLAGS) -static -o $@ $(TRAFFIC)

# The model beside QEMU's.  A QEMU with the qtest accelerator, for the exact
# clock: make qemu-qtest (or set QEMU_QTEST).
DIFF	= $(sort $(wildcard test/differential/*.c))
$(BUILD)/differential/differential: $(DIFF) $(DEVICE) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) $(SANITIZE) -o $@ $(DIFF) $(DEVICE)

qemu-qtest:
	BUILD=$(BUILD) sh test/differential/qemu-from-debs.sh

FUZZ	= $(patsubst test/fuzz/%.c,%,$(sort $(wildcard test/fuzz/fuzz_*.c)))
FUZZ_HOST = fuzz_boot fuzz_machine
fuzz_src = test/fuzz/$(1).c $(if $(filter fuzz_core,$(1)),$(FAKE) $(CORE),$(DEVICE)) \
	  $(if $(filter $(FUZZ_HOST),$(1)),$(HOST_LIB))
fuzz_flags = $(if $(filter $(FUZZ_HOST),$(1)),$(HOSTFLAGS),$(USERFLAGS) -Itest/fake \
	  -Itest/device)

define fuzz_rule
$$(BUILD)/fuzz/$(1): $$(call fuzz_src,$(1)) $$(HEADERS) \
    $$(BUILD)/host/dsdt.hex
	@mkdir -p $$(@D)
	$$(call say,CC)clang $$(call fuzz_flags,$(1)) -O1 -g \
	    -fno-sanitize-recover=all -fsanitize=fuzzer,address,undefined \
	    -o $$@ $$(call fuzz_src,$(1)) \
	    $(if $(filter $(FUZZ_HOST),$(1)),-lseccomp)
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz_rule,$(f))))

# lem-bench itself, with sanitizers; the guest in it is the same.
$(BUILD)/asan/lem-bench: $(BENCH) bench/image.S $(BUILD)/guest.bin $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) $(SANITIZE) -Wa,-I,$(BUILD) -o $@ $(BENCH) \
	    bench/image.S -lm

build-clang:
	$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang check-clang

check-build: build build-clang $(UNIT_BIN) $(MODEL_BIN) $(HOST_BIN) \
    $(BUILD)/vm/lem-traffic $(BUILD)/differential/differential \
    $(FUZZ:%=$(BUILD)/fuzz/%) $(BUILD)/asan/lem-bench

check: check-build
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) CC=$(CC) test/run test/check \
	    $(UNIT_BIN) $(MODEL_BIN) $(HOST_BIN) test/differential test/fuzz \
	    test/vm test/bench test/freebsd

check-linux: build $(BUILD)/vm/lem-traffic
	@LEM_LONG=1 BUILD=$(BUILD) SRCDIR=$(SRCDIR) test/run -t 3600 test/vm/linux.sh

bench-linux: build $(BUILD)/vm/lem-traffic
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) sh test/vm/linux.sh rates

# Each target for SECONDS; what crashes one is kept in its corpus.
fuzz: $(FUZZ:%=$(BUILD)/fuzz/%)
	@BUILD=$(BUILD) test/fuzz/fuzz.sh $(SECONDS)

# Line coverage: driver/ by its unit tests; device/ by its tests and the pair
# tests, and by the fuzzers' corpora alone (replayed, without libFuzzer).
COV	= $(BUILD)/coverage
COV_TEST = $(DEVICE_TEST:%=$(COV)/tests/%) $(PAIR_TEST:%=$(COV)/tests/%)
COV_FUZZ = $(patsubst %,$(COV)/corpus/%,$(filter-out fuzz_core $(FUZZ_HOST),\
	  $(FUZZ)))

$(COV)/tests/%.o $(COV)/corpus/%.o: %.c $(HEADERS)
$(COV)/tests/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)gcc $(TESTFLAGS) --coverage -O0 -c -o $@ $<
$(COV)/corpus/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)gcc $(TESTFLAGS) --coverage -O0 -c -o $@ $<
$(COV)/tests/%: $(COV)/tests/test/device/%.o $(DEVICE:%.c=$(COV)/tests/%.o)
	$(call say,LD)gcc --coverage -o $@ $^ -lcmocka
$(COV)/tests/%: $(COV)/tests/test/pair/%.o \
    $(patsubst %.c,$(COV)/tests/%.o,$(DEVICE) $(CORE) $(SIM))
	$(call say,LD)gcc --coverage -o $@ $^ -lcmocka
$(COV)/corpus/%: $(COV)/corpus/test/fuzz/%.o $(COV)/corpus/test/fuzz/replay.o \
    $(DEVICE:%.c=$(COV)/corpus/%.o)
	$(call say,LD)gcc --coverage -o $@ $^

COV_UNIT = $(filter-out test_results,$(UNIT))
cover = gcovr -r . -f '$(2)/[^/]*$$' $(1) >$(BUILD)/coverage/$(3).txt
total = awk -v what='$(2)' '$$1 == "TOTAL" { print what, $$4 }' \
	  $(BUILD)/coverage/$(1).txt

coverage: $(COV_TEST) $(COV_FUZZ)
	@for t in $(COV_UNIT); do \
		mkdir -p $(COV)/$$t && \
		gcc $(USERFLAGS) -Itest/fake --coverage -O0 \
		    -o $(COV)/$$t/$$t test/unit/$$t.c $(FAKE) \
		    $(CORE) -lcmocka && \
		$(COV)/$$t/$$t >$(COV)/$$t/log 2>&1 || \
		exit; done
	@find $(COV)/tests $(COV)/corpus -name '*.gcda' -delete
	@for t in $(COV_TEST); do $$t >$$t.log 2>&1 || exit; done
	@for t in $(COV_FUZZ); do \
		$$t test/fuzz/corpus/$${t##*/fuzz_}/* >$$t.log 2>&1 || \
		exit; done
	@$(call cover,$(COV_UNIT:%=$(COV)/%),driver,driver)
	@$(call cover,$(COV)/tests,device,device)
	@$(call cover,$(COV)/corpus,device,corpus)
	@cat $(COV)/driver.txt $(COV)/device.txt
	@$(call total,driver,driver/)
	@$(call total,corpus,device/ by the fuzz corpus alone)
	@sed 's/%$$/ %/' $(COV)/device.txt | \
	    awk '$$1 == "TOTAL" { print "device/", $$4, $$5 }'

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/lem-bench $(BUILD)/lem-vm \
	    $(DESTDIR)$(PREFIX)/bin/
	install -m 644 man/lem-bench.1 man/lem-vm.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 644 device/e82540.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(BUILD)/libe82540.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(BUILD)/libe82540.so \
	    $(DESTDIR)$(PREFIX)/lib/libe82540.so.$(SOVERSION)
	ln -sf libe82540.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/libe82540.so
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@VERSION@,$(VERSION),' \
	    device/e82540.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/e82540.pc
	install -m 644 man/libe82540.3 $(DESTDIR)$(PREFIX)/share/man/man3/

clean:
	rm -rf build

.PHONY: all build bench bench-pair build-clang check-clang check-build check \
	check-linux bench-linux fuzz coverage qemu-qtest freebsd freebsd-test \
	freebsd-bench check-freebsd install clean
