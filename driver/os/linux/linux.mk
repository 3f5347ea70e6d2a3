# SPDX-License-Identifier: BSD-2-Clause
#
# lem.ko, for the kernel whose headers are in KDIR.

KDIR	?= /lib/modules/$(shell uname -r)/build
LINUX	= $(BUILD)/linux-module
LINUX_SOURCES = hw/e1000_hw.h $(sort $(wildcard driver/*.[ch])) \
	  $(sort $(wildcard driver/os/linux/*.[ch])) driver/os/linux/Kbuild
KOPT	=
DKMSDIR	?= /usr/src
DKMS	= $(DESTDIR)$(DKMSDIR)/lem-$(VERSION)
MODPROBE = $(DESTDIR)/etc/modprobe.d

linux: $(LINUX)/lem.ko

$(LINUX)/lem.ko: $(LINUX_SOURCES) FORCE
	@mkdir -p $(@D)
	@cp -u $(LINUX_SOURCES) $(@D)/
	$(call say,KMOD)$(MAKE) -s -C $(KDIR) M=$(abspath $(@D)) \
	    LEM_VERSION=$(VERSION) $(KOPT) modules

# Then: dkms install lem/$(VERSION).  lem.conf of an earlier time stays as it is.
install-dkms:
	install -d $(DKMS) $(MODPROBE) $(DESTDIR)$(PREFIX)/share/man/man4 \
	    $(DESTDIR)$(PREFIX)/lib/modprobe.d
	install -m 644 $(LINUX_SOURCES) $(DKMS)/
	sed -i '1a LEM_VERSION := $(VERSION)' $(DKMS)/Kbuild
	sed 's,#MODULE_VERSION#,$(VERSION),' driver/os/linux/dkms.conf \
	    >$(DKMS)/dkms.conf
	[ -e $(MODPROBE)/lem.conf ] || \
	    install -m 644 dist/modprobe.d/lem.conf $(MODPROBE)/
	install -m 644 dist/modprobe.d/lem-blacklist.conf \
	    $(DESTDIR)$(PREFIX)/lib/modprobe.d/
	install -m 644 man/lem-linux.4 $(DESTDIR)$(PREFIX)/share/man/man4/

FORCE:

.PHONY: linux install-dkms
