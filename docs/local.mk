# SPDX-License-Identifier: MIT
dist_man_MANS += \
	docs/man/labyrinth.1 \
	docs/man/labyrinthd.8

EXTRA_DIST += \
	docs/architecture.md \
	docs/audit.md \
	docs/contract.md \
	docs/domain-xml.md \
	docs/host-faults.md \
	docs/hostile-vmm.md \
	docs/grafana-dashboard.json \
	docs/guest-memfd.md \
	docs/hypercalls.md \
	docs/lease-protocol.md \
	docs/libvirt-recipes.md \
	docs/maze.png \
	docs/memory-layout.md \
	docs/performance.md \
	docs/pool-xml.md \
	docs/probes.md \
	docs/rpc-coverage.md \
	docs/share.md \
	docs/track.png \
	docs/virt-manager.png
