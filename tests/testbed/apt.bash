# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# private_apt FOLDER SUITE: packages of one Debian suite, from the mirror that
# this machine's own apt uses: nothing is installed, no list of the system's
# changes, and apt checks every signature. Sourced; apt-get and apt-cache of
# the shell that calls it know that suite only from then on.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The URI of the machine's first Debian source, so that a local mirror is used
# where there is one.  Security and third-party archives are not mirrors.
mirror() {
	local files=(/etc/apt/sources.list /etc/apt/sources.list.d/*) uri
	uri=$(cat "${files[@]}" 2>/dev/null | awk '
		$1 == "URIs:" { for (i = 2; i <= NF; i++) print $i }
		$1 == "deb" { for (i = 2; i <= NF; i++)
			if ($i ~ /^[a-z+]+:\//) { print $i; break } }' |
		grep -E '/debian/?$' | head -n 1) || true
	printf '%s\n' "${uri:-http://deb.debian.org/debian}"
}

# A private apt that knows one suite only, so that "the candidate" has one
# meaning.  Of the machine's settings those of the transport still apply (a
# proxy); not its hooks, which would act on the system.
private_apt() {
	local root=$1 suite=$2
	mkdir -p "$root"/{state/lists/partial,cache/archives/partial,sources}
	cat >"$root/sources/debian.sources" <<-END
		Types: deb
		URIs: $(mirror)
		Suites: $suite
		Components: main
		Architectures: amd64
		Signed-By: $keyring
	END
	apt-config dump | grep '^Acquire::' >"$root/conf" || true
	cat >>"$root/conf" <<-END
		Dir::State "$root/state";
		Dir::State::status "/dev/null";
		Dir::Cache "$root/cache";
		Dir::Etc::Parts "/dev/null";
		Dir::Etc::Main "/dev/null";
		Dir::Etc::SourceList "/dev/null";
		Dir::Etc::SourceParts "$root/sources";
		APT::Architecture "amd64";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Acquire::Retries "3";
	END
	export APT_CONFIG=$root/conf
	apt-get -qq --error-on=any update >&2
}
