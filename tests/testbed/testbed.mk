# SPDX-License-Identifier: MIT
TESTS += tests/testbed/selftest.sh
EXTRA_DIST += \
	tests/testbed/README.md \
	tests/testbed/apt.bash \
	tests/testbed/emulate.bash \
	tests/testbed/extract-vmlinux \
	tests/testbed/fetch-kernel \
	tests/testbed/init \
	tests/testbed/kvm-smoke.c \
	tests/testbed/tiny-guest.h \
	tests/testbed/make-initramfs \
	tests/testbed/packages \
	tests/testbed/run \
	tests/testbed/selftest.sh
