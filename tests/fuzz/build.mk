# SPDX-License-Identifier: MIT
# All that is fuzzed, by clang with its sanitizers: one library of every layer,
# and a program for each target. fuzz.sh calls it in a folder of its own:
# make -f build.mk SOURCE=tree BUILD=where-it-was-configured CLANG=clang
TARGETS = rpc elf domain pool session run labyrinthd hcall
PACKAGES = libsystemd libtirpc libxml-2.0 uuid libvirt json-c cmocka

CFLAGS = -g -O1 -std=gnu11 -pthread -fno-sanitize-recover=all \
	-fsanitize=address,undefined,fuzzer-no-link -MMD -MP \
	-DHAVE_CONFIG_H -DSBINDIR='"/"' -DBINDIR='"/"' -DLIBEXECDIR='"/"' \
	-I$(BUILD) -I$(BUILD)/vmm -I$(SOURCE)/vmm -I$(SOURCE)/include \
	-I$(SOURCE)/tests/fuzz -I$(SOURCE)/tests/unit \
	$(shell pkg-config --cflags $(PACKAGES))
LIBS = $(shell pkg-config --libs $(PACKAGES))

layers = base share mem wire lease machine broker audit hcall guests rpc
names = $(patsubst $(SOURCE)/%.c,%,$(wildcard $(layers:%=$(SOURCE)/vmm/%/*.c)))
objects = $(names:=.o) vmm/wire/remote.o vmm/activation.o
# What else a target is made of.
rpc_objects = tests/unit/rpc-view.o
hcall_flags = -Wl,--wrap=sem_wait

all: $(TARGETS)

$(TARGETS): %: tests/fuzz/%.o tests/unit/rpc-view.o library.a
	$(CLANG) -fsanitize=fuzzer,address,undefined -pthread -o $@ $< \
		$($@_objects) library.a $($@_flags) $(LIBS)

library.a: $(objects)
	rm -f $@
	ar rcs $@ $(objects)

vpath %.c $(SOURCE) $(BUILD)
%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) -c -o $@ $<

-include $(objects:.o=.d) $(TARGETS:%=tests/fuzz/%.d)
