# SPDX-License-Identifier: BSD-2-Clause
#
# make build      every user-space program, in build/
# make bench      build/lem-bench ARGS="..."
# make check      all tests; see test/run
# make coverage   line coverage of the driver core by its unit tests
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

# A warning of a compiler newer than this tree must not stop a user.
WARN	= -Wall -Wextra $(if $(filter check%,$(MAKECMDGOALS)),-Werror)
USERFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Ihw -Idriver -Ibench -Ibench/guest \
	  -DLEM_VERSION='"$(VERSION)"' -pthread
CFLAGS	?= -O2 -g
# The core is called a packet at a time: without calls TCG runs it 1.2 times as
# fast.  (clang would need lld for it.)
LTO	= $(if $(findstring clang,$(CC)),,-flto)
GUEST	= -std=c11 -O3 -m64 -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	  -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	  -fno-asynchronous-unwind-tables $(LTO) $(WARN) \
	  -Ihw -Idriver -Idriver/os/bare -Ibench -Ibench/guest

CORE	= driver/lem_main.c driver/lem_phy.c driver/lem_txrx.c \
	  driver/lem_intr.c
BARE	= driver/os/bare/start.S driver/os/bare/bare.c
BENCH	= $(sort $(wildcard bench/*.c))
HEADERS	= $(wildcard hw/*.h driver/*.h driver/os/*/*.h bench/*.h \
	  bench/guest/*.h test/fake/*.h)

# V=1 shows whole commands.
say	= $(if $(V),,@echo '  $(1) $@';)

all: build
build: $(BUILD)/lem-bench
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

bench: build
	$(BUILD)/lem-bench $(ARGS)

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

FUZZ	= $(patsubst test/fuzz/%.c,%,$(sort $(wildcard test/fuzz/*.c)))
$(BUILD)/fuzz/%: test/fuzz/%.c $(FAKE) $(CORE) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)clang $(USERFLAGS) -Itest/fake -O1 -g -fno-sanitize-recover=all \
	    -fsanitize=fuzzer,address,undefined -o $@ $< $(FAKE) $(CORE)

# lem-bench itself, with sanitizers; the guest in it is the same.
$(BUILD)/asan/lem-bench: $(BENCH) bench/image.S $(BUILD)/guest.bin $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) $(SANITIZE) -Wa,-I,$(BUILD) -o $@ $(BENCH) \
	    bench/image.S -lm

build-clang:
	$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang check-clang

check-build: build build-clang $(UNIT_BIN) $(FUZZ:%=$(BUILD)/fuzz/%) \
    $(BUILD)/asan/lem-bench

check: check-build
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) CC=$(CC) test/run test/check \
	    $(UNIT_BIN) test/fuzz test/bench

# Each target for SECONDS; what crashes one is kept in its corpus.
fuzz: $(FUZZ:%=$(BUILD)/fuzz/%)
	@BUILD=$(BUILD) test/fuzz/fuzz.sh $(SECONDS)

# Line coverage of the driver core by its unit tests.
coverage:
	@for t in $(filter-out test_results,$(UNIT)); do \
		mkdir -p $(BUILD)/coverage/$$t && \
		gcc $(USERFLAGS) -Itest/fake --coverage -O0 \
		    -o $(BUILD)/coverage/$$t/$$t test/unit/$$t.c $(FAKE) \
		    $(CORE) -lcmocka && \
		$(BUILD)/coverage/$$t/$$t >$(BUILD)/coverage/$$t/log 2>&1 || \
		exit; done
	@gcovr -r . -f 'driver/[^/]*$$' $(BUILD)/coverage \
	    >$(BUILD)/coverage/report.txt
	@cat $(BUILD)/coverage/report.txt
	@awk '$$1 == "TOTAL" { print "driver/", $$4 }' \
	    $(BUILD)/coverage/report.txt

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/lem-bench $(DESTDIR)$(PREFIX)/bin/
	install -m 644 man/lem-bench.1 $(DESTDIR)$(PREFIX)/share/man/man1/

clean:
	rm -rf build

.PHONY: all build bench build-clang check-clang check-build check fuzz coverage install \
	clean
