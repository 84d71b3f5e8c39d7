# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The emulated side of run, which sources this: one QEMU, its files, its end.
#
# Two lines of talk with the machine: a shared folder ("job": the command in,
# output out) and the emulator's own standard input and output, which is the
# machine's second serial line.  On that line the machine says "up" and "exit
# STATUS", and its end of file is the emulator's end.  So every wait here is
# for an event, with a limit.
#
# shellcheck disable=SC2154 # the names below are run's
# Uses from run: here, cpus, memory, nodes, limit, write, icount, debug, carried,
# die.

# How long Linux may take to come up (about 4 s when nothing else runs, and
# three times that by instructions), and to say that it is alive.
boot_limit=120
[[ ! $icount ]] || boot_limit=360
alive_limit=10

# quoted WORD: WORD as any shell reads it back.
quoted() {
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

# The command as shell code; exec keeps 126 and 127 what they are.
command_script() {
	local word name
	while read -r name; do
		printf 'export %s=%s\n' "$name" "$(quoted "${!name}")"
	done < <(carried)
	echo 'export LABYRINTH_TESTBED=emulated'
	printf 'cd %s || exit 125\nexec' "$(quoted "$PWD")"
	for word; do
		printf ' %s' "$(quoted "$word")"
	done
	echo
}

# The folders to write through, made absolute, each once, outer before inner.
write_folders() {
	local folder
	for folder in "${write[@]}" "${abs_top_builddir:-}"; do
		[[ $folder ]] || continue
		[[ -d $folder ]] || die "--write: $folder is not a folder"
		readlink -f "$folder"
	done | sort -u
}

# What the kernel is told: to end the machine when it is no longer sound, and to
# leave out what costs time and helps nobody here (0.2 s for the self-tests of
# its ciphers), and a check that the timer ticks often enough, which panics when
# the emulator is not given the processor for a moment.
kernel_line() {
	echo console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off \
		cryptomgr.notests=1 no_timer_check
}

# The options that make the machine.  As another user than root the files of
# that user are all that can be made, and no owner can be given to them.
machine() {
	local model=passthrough thread=single folder number=0
	[[ $EUID -eq 0 ]] || model=none
	# Multi-threaded emulation corrupts the guest before QEMU 10.
	[[ $("$qemu" --version) =~ version\ ([0-9]+) ]] &&
		((BASH_REMATCH[1] >= 10)) && [[ ! $icount ]] && thread=multi
	local arguments=(
		-nodefaults -no-user-config -display none -no-reboot
		-M q35 -accel "tcg,thread=$thread" -cpu max
		-smp "$cpus" -m "$memory"
		-kernel "$kernel_folder/vmlinux" -initrd "$initramfs"
		-append "$(kernel_line)"
		-serial "file:$job/console" -serial stdio -monitor none
	)
	[[ ! $icount ]] || arguments+=(-icount shift=0)
	((nodes == 1)) || numa
	share root / readonly=on
	share job "$job/share"
	while read -r folder; do
		share "write$number" "$folder"
		number=$((number + 1))
	done <"$job/share/write"
	printf '%s\0' "${arguments[@]}"
}

# Nodes that have a share of the memory each, and node 0 the processors: for
# machine.
numa() {
	local node mib=${memory%[MG]}
	[[ $memory == *M ]] || mib=$((mib * 1024))
	arguments+=(-m "$((mib / nodes * nodes))M")
	for ((node = 0; node < nodes; node++)); do
		arguments+=(-object "memory-backend-ram,id=node$node,size=$((mib / nodes))M"
			-numa "node,nodeid=$node,memdev=node$node$( ((node > 0)) || printf ',cpus=0-%d' $((cpus - 1)))")
	done
}

# share TAG FOLDER [OPTION]: one more 9p share, for machine.  A comma in a
# value is doubled for QEMU.
share() {
	arguments+=(-fsdev "local,id=$1,path=${2//,/,,},security_model=$model,multidevs=remap${3:+,$3}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

# The emulator must not outlive this shell, however that ends: the kernel sees
# to it if a signal leaves no time.
finish() {
	[[ ! ${emulator:-} ]] || kill -KILL "$emulator" 2>/dev/null || true
	[[ ! ${emulator:-} ]] || wait "$emulator" 2>/dev/null || true
	[[ ! ${followers:-} ]] || wait "${followers[@]}" 2>/dev/null || true
	if [[ $debug ]]; then
		printf 'testbed: the console is in %s/console\n' "$job" >&2
	else
		rm -rf "$job"
	fi
}

# report SENTENCE...: what the console said last, and what it comes to.
report() {
	{
		echo "testbed: the end of Linux $kernel's console:"
		tail -n 60 "$job/console" | tr -d '\r' | sed 's/^/testbed: | /'
		sed 's/^/testbed: qemu: /' "$job/qemu"
		printf 'testbed: %s\n' "$*"
	} >&2
}

broken() {
	report "$@"
	exit 125
}

# listen SECONDS: the next line from the machine, into line.  Fails with 1 at
# the emulator's end, and with more than 128 after SECONDS.
listen() {
	line=
	IFS= read -r -t "$1" -u "$from" line
}

start() {
	local arguments
	mapfile -d '' -t arguments < <(machine)
	coproc BED {
		exec setpriv --pdeathsig KILL "$qemu" "${arguments[@]}" \
			2>"$job/qemu"
	}
	emulator=$BED_PID
	exec {from}<&"${BED[0]}" {to}>&"${BED[1]}"

	# What the command wrote is shown as it comes, and the last of it
	# before a follower notices the emulator's end.
	tail -s 0.02 --pid="$emulator" -n +1 -f "$job/share/out" &
	followers=($!)
	tail -s 0.02 --pid="$emulator" -n +1 -f "$job/share/err" >&2 &
	followers+=($!)
}

# Follow the machine to the command's end; the exit status is the command's.
follow() {
	local line ended=0
	listen "$boot_limit" || ended=$?
	((ended <= 128)) || broken "Linux $kernel was not up after" \
		"$boot_limit s: try again when the machine has less to do," \
		"or --kernel with another version"
	[[ $line == up ]] || broken "Linux $kernel did not come up;" \
		"the reason is above"

	listen "$limit" || ended=$?
	if ((ended > 128)); then
		# The answer takes the list of processes to the console.
		echo >&"$to"
		listen "$alive_limit" || true
		[[ $line == alive ]] || broken "Linux $kernel hangs (no" \
			"answer after $limit s and $alive_limit s more): a" \
			"fault of the kernel or the emulator, not a slow test"
		report "the command was not done after $limit s, and was" \
			"killed; --timeout gives it longer"
		exit 124
	fi
	[[ $line == "exit "* ]] && exit "${line#exit }"
	broken "Linux $kernel died under the command; if the reason above is" \
		"not in the code under test, try --kernel with another version"
}

emulate() {
	kernel=$1
	shift
	qemu=${LABYRINTH_TESTBED_QEMU:-qemu-system-x86_64}
	command -v "$qemu" >/dev/null ||
		die "$qemu is missing: install qemu-system-x86"
	kernel_folder=$("$here/fetch-kernel" "$kernel") || exit 125
	initramfs=$("$here/make-initramfs" "$kernel_folder") || exit 125

	job=$(mktemp -d "${TMPDIR:-/tmp}/testbed.XXXXXX")
	trap finish EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir "$job/share"
	touch "$job"/{console,qemu,share/out,share/err}
	write_folders >"$job/share/write"
	command_script "$@" >"$job/share/command"
	echo "$kernel_folder/modules" >"$job/share/modules"
	start
	follow
}
