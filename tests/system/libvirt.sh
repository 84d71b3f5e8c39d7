#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Python's libvirt, virsh and the Prometheus exporter look at guests that run,
# and what they say is compared with the ledger.
set -euo pipefail
. "$abs_top_srcdir/tests/tap.sh"
. "$abs_top_srcdir/tests/system/kernels.sh"
on_kernels libvirt-inside.sh any
tap_done
