# SPDX-License-Identifier: MIT
# Each lint is a TAP producer, and runs as well by hand from any folder.
TESTS += \
	tests/lint/check-docs \
	tests/lint/check-errors \
	tests/lint/check-headers \
	tests/lint/check-layers \
	tests/lint/check-model \
	tests/lint/check-probes \
	tests/lint/check-style \
	tests/lint/check-summary
EXTRA_DIST += \
	tests/lint/analyze.py \
	tests/lint/analyze.known \
	tests/lint/check-docs \
	tests/lint/check-errors \
	tests/lint/check-headers \
	tests/lint/check-layers \
	tests/lint/check-model \
	tests/lint/check-probes \
	tests/lint/check-style \
	tests/lint/check-summary \
	tests/lint/lint.py

# All of them, and what takes minutes: clang-tidy, cppcheck, gcc's -fanalyzer.
.PHONY: lint
lint: all
	+$(srcdir)/tests/alone '$(MAKE)' tests/lint/analyze.py \
		tests/lint/check-docs tests/lint/check-errors \
		tests/lint/check-headers tests/lint/check-layers \
		tests/lint/check-model tests/lint/check-probes \
		tests/lint/check-style tests/lint/check-summary
