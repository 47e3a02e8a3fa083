# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The probe guest. A kernel is not built as programs are: none of the flags that the
# rest gets (hardening, sanitizers, coverage, optimisation) reach it.
probe_sources = \
	examples/probe/entry.S \
	examples/probe/notes.S \
	examples/probe/image.S \
	examples/probe/check-channels.c \
	examples/probe/check-declared.c \
	examples/probe/check-image.c \
	examples/probe/check-layout.c \
	examples/probe/check-limits.c \
	examples/probe/check-module.c \
	examples/probe/check-p2m.c \
	examples/probe/check-p2m-tree.c \
	examples/probe/check-registers.c \
	examples/probe/check-shared-info.c \
	examples/probe/check-start-info.c \
	examples/probe/check-tables.c \
	examples/probe/checks.c \
	examples/probe/console.c \
	examples/probe/events.c \
	examples/probe/exceptions.c \
	examples/probe/facts.c \
	examples/probe/main.c \
	examples/probe/options.c \
	examples/probe/pages.c \
	examples/probe/store.c \
	examples/probe/text.c
probe_others = \
	examples/probe/abi.h \
	examples/probe/check.h \
	examples/probe/hypercall.h \
	examples/probe/probe.h \
	examples/probe/probe.lds
EXTRA_DIST += $(probe_sources) $(probe_others) examples/probe/README.md

probe_cflags = -O2 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -Iinclude $(PVB_WARNINGS)
probe_ldflags = -nostdlib -static -Wl,-T,examples/probe/probe.lds \
	-Wl,--build-id=none -Wl,-z,noexecstack

# $(call probe_link,virt_base,first page,more)
probe_link = $(AM_V_CCLD)$(MKDIR_P) examples/probe && cd $(srcdir) && \
	$(CC) $(probe_cflags) -DPROBE_NAME='"$(@F)"' -DPROBE_VIRT_BASE=$(1) -DPROBE_FIRST_PAGE=$(2) $(3) \
	-o $(abs_top_builddir)/$@ $(probe_sources) $(probe_ldflags) \
	-Wl,--defsym=virt_base=$(1) -Wl,--defsym=first_page=$(2)

if BUILD_PROBE
probe_kernels = examples/probe/probe examples/probe/probe-p2m examples/probe/probe-legacy \
	examples/probe/probe-declares examples/probe/probe-maxphys examples/probe/probe-tree
noinst_DATA += $(probe_kernels)
CLEANFILES += $(probe_kernels)
$(probe_kernels): $(probe_sources) $(probe_others) include/pvbuild/guest-abi.h

# As a kernel of little ambition: p2m list and ramdisk in the initial mapping.
examples/probe/probe:
	$(call probe_link,0xffffffff80000000,0x100)
# As Linux asks for it: the list at an address of its own, the ramdisk mapped nowhere.
examples/probe/probe-p2m:
	$(call probe_link,0xffffffff80000000,0x100,-DPROBE_INIT_P2M=0x8000000000 -DPROBE_MOD_START_PFN)
# As before there were notes, with a hypercall page, and in the low half of the address space.
examples/probe/probe-legacy:
	$(call probe_link,0x400000,0x10,-DPROBE_LEGACY_STRING)
# With declarations of each kind: 32 bits of address, few free bits in L1 entries, any page size.
examples/probe/probe-declares:
	$(call probe_link,0xffffffff80000000,0x100,-DPROBE_INIT_P2M=0x8000000000 -DPROBE_MOD_START_PFN \
		-DPROBE_ADDRESS_BITS=32 -DPROBE_PTE_L1=0x4010000000000e00 \
		-DPROBE_PTE_UPPER=0x7ff0000000000e00 -DPROBE_GRANULES=0x15000)
# The same width as Xen's number 19 would have had it, and nothing else: no answer is wanted.
examples/probe/probe-maxphys:
	$(call probe_link,0xffffffff80000000,0x100,-DPROBE_MAXPHYS=32)
# The p2m as a tree that is deeper than it has to be.
examples/probe/probe-tree:
	$(call probe_link,0xffffffff80000000,0x100,-DPROBE_P2M_TREE=4)
endif
