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
	tests/lint/check-docs \
	tests/lint/check-errors \
	tests/lint/check-headers \
	tests/lint/check-layers \
	tests/lint/check-model \
	tests/lint/check-probes \
	tests/lint/check-style \
	tests/lint/check-summary \
	tests/lint/lint.py
