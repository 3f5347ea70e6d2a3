# SPDX-License-Identifier: BSD-2-Clause
#
# lem.ko, for the kernel whose headers are in KDIR.

KDIR	?= /lib/modules/$(shell uname -r)/build
LINUX	= $(BUILD)/linux-module
LINUX_SOURCES = hw/e1000_hw.h $(sort $(wildcard driver/*.[ch])) \
	  $(sort $(wildcard driver/os/linux/*.[ch])) driver/os/linux/Kbuild
KOPT	=

linux: $(LINUX)/lem.ko

$(LINUX)/lem.ko: $(LINUX_SOURCES) FORCE
	@mkdir -p $(@D)
	@cp -u $(LINUX_SOURCES) $(@D)/
	$(call say,KMOD)$(MAKE) -s -C $(KDIR) M=$(abspath $(@D)) \
	    LEM_VERSION=$(VERSION) $(KOPT) modules

FORCE:
