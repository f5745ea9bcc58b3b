# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
#
# What the scripts share: where the repository is, how a missing Debian package gets installed, how
# the release binary is built. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Servers live in sbin, which a plain user of Debian does not have on the path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: $*"
  exit 1
}

# Is what this Debian package would bring there already, wherever it came from?
has() {
  case $1 in
    libmicrohttpd-dev) [[ -e /usr/include/microhttpd.h || -e /usr/local/include/microhttpd.h ]] ;;
    libgnutls28-dev) [[ -e /usr/include/gnutls/gnutls.h || -e /usr/local/include/gnutls/gnutls.h ]] ;;
    libnginx-mod-http-memc) [[ -e /usr/lib/nginx/modules/ngx_http_memc_module.so ]] ;;
    # Debian's python3 has the venv module but not what it needs to put pip into one.
    python3-venv) python3 -c 'import ensurepip, venv' ;;
    nodejs) command -v node ;;
    systemd) command -v systemd-analyze ;;
    # A JRE alone cannot run a program from its source.
    default-jdk-headless) command -v java && command -v javac ;;
    *) command -v "$1" ;;
  esac &>/dev/null
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

can_be_root() {
  [[ $(id -u) == 0 ]] && return
  has sudo || return
  # Without a terminal nobody could type the password.
  [[ -t 0 ]] || sudo -n true 2>/dev/null
}

# `SYSTEMD_OFFLINE` keeps memcached, nginx and haproxy from being started as services by their installation:
# the scripts start their own, on free ports, and an installed service on 11211 is not asked for.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 \
    apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

# install_missing PACKAGE...: installs those of the packages that are not there; usually nothing.
install_missing() {
  local package missing=()
  for package in "$@"; do
    has "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  has apt-get || die "needs ${missing[*]} (names of Debian packages); install them and try again"
  can_be_root || die "needs ${missing[*]}; as root: apt-get update && apt-get install ${missing[*]}"
  say "Installing ${missing[*]} ..."
  local log
  log=$(mktemp)
  # A stale package list names versions that the mirrors have dropped: hence the update.
  if ! { apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}

need_swift() {
  has swift || die "needs a Swift 6 toolchain: https://www.swift.org/install/linux/"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\).*/\1/p' | head -n 1)
  ((${version:-0} >= 6)) || die "needs Swift 6 or newer; $(command -v swift) is Swift ${version:-?}"
}

# Why these: docs/adr/0008-release-flags.md.
release_flags=(--static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)

# Leaves the path of the release binary in `binary`. CROSSFADE_BINARY names one built already; it is for
# the scripts alone, since `crossfade` takes a variable of that prefix for a misspelt setting.
build_release() {
  if [[ -n ${CROSSFADE_BINARY:-} ]]; then
    [[ -x $CROSSFADE_BINARY ]] || die "CROSSFADE_BINARY=$CROSSFADE_BINARY is no program"
    binary=$CROSSFADE_BINARY
    unset CROSSFADE_BINARY
    return
  fi
  need_swift
  local build=(swift build --package-path "$root" -c release --product crossfade "${release_flags[@]}")
  binary=$("${build[@]}" --show-bin-path)/crossfade
  [[ -x $binary ]] || say "Building Crossfade; the first time takes some minutes ..."
  "${build[@]}" --quiet >&2 || die "the build failed"
}
