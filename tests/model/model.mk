# SPDX-License-Identifier: MIT
# The lease protocol's model, checked by spin.
TESTS += tests/model/model.sh
EXTRA_DIST += \
	tests/model/README.md \
	tests/model/broker.pml \
	tests/model/kernel.pml \
	tests/model/lease.pml \
	tests/model/ledger.pml \
	tests/model/model.sh \
	tests/model/vmm.pml
