# SPDX-License-Identifier: GPL-2.0
# apt-private.sh - sourced: apt with lists of its own, for other suites and
# architectures of the archive which this machine uses, without changing what
# the machine itself has configured.
# shellcheck shell=bash

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# "URI SUITE" of every Debian suite in the system's own sources.
system_suites() {
	env -u APT_CONFIG apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' 2>/dev/null | sort -u || true
}

# mirror SUITE: where the machine's own configuration gets this kind of suite
mirror() {
	local want='^(bookworm|trixie)$'
	case $1 in *-security) want='-security$' ;; esac
	system_suites | awk -v want="$want" '$2 ~ want { print $1; exit }'
}

# apt_sources FILE TYPES SUITE...
apt_sources() {
	local file=$1 types=$2 suite uri
	shift 2
	: >"$file"
	for suite; do
		uri=$(mirror "$suite")
		[ -n "$uri" ] || continue
		printf '%s\n' "Types: $types" "URIs: $uri" "Suites: $suite" \
			'Components: main' "Signed-By: $keyring" '' >>"$file"
	done
	[ -s "$file" ] || die "no Debian 12 or 13 archive in apt's sources;" \
		"Tombolo fetches its sources from there"
}

# apt_setup: an apt for packages of ISA (isa.sh; arm64) and for sources, whatever
# this machine is
apt_setup() {
	apt_dir=$cache/apt${isa_suffix:-}
	export APT_CONFIG=$apt_dir/apt.conf
	mkdir -p "$apt_dir"/{sources,lists/partial,archives/partial}
	: >"$apt_dir/status"
	apt_sources "$apt_dir/sources/tombolo.sources" deb $APT_SUITES
	apt_sources "$apt_dir/sources/tombolo-src.sources" deb-src \
		$SOURCE_SUITES
	cat >"$APT_CONFIG" <<-EOF
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$apt_dir/sources";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::Lists "$apt_dir/lists";
		Dir::State::status "$apt_dir/status";
		Dir::Cache "$apt_dir";
		APT::Architecture "${isa:-arm64}";
		APT::Architectures "${isa:-arm64}";
		APT::Sandbox::User "root";
		APT::Get::Only-Source "true";
		Acquire::Retries "3";
		Acquire::Languages "none";
	EOF
}

# apt_update [now]: at most once in an hour, unless a file was not found. That
# one of the suites fails is no reason to give up: another may do.
apt_update() {
	[ "${1:-}" = now ] || [ -z "$(find "$apt_dir/updated" -mmin -60 \
		2>/dev/null)" ] || return 0
	say "reading the package lists of ${APT_SUITES// /, }"
	apt-get -qq update >"$apt_dir/update.log" 2>&1 || true
	compgen -G "$apt_dir/lists/*Packages*" >/dev/null || {
		tail -n 3 "$apt_dir/update.log" >&2
		die "no package list could be read: is the network up?"
	}
	touch "$apt_dir/updated"
}
