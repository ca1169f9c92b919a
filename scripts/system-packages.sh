#!/usr/bin/env bash
# Makes sure that the Debian packages are there which no Python registry has.
#
#   scripts/system-packages.sh up      what the embedded service needs: Python 3.11 or newer, with venv
#   scripts/system-packages.sh test    the same, and the real parts that the test suite starts
#
# Everything found: prints nothing, exits 0. Something missing: installs it as root, otherwise says what is missing
# and exits 1. PYTHON names another interpreter than python3. Progress goes to stderr.
set -euo pipefail

PYTHON=${PYTHON:-python3}
POLICY=/usr/sbin/policy-rc.d
LOCK=/run/attune-system-packages.lock

# The command that proves a package, the package, and the service it would start at boot (- for none).
TEST_TABLE='
java            default-jre-headless  -
mvn             maven                 -
redis-server    redis-server          redis-server
promtool        prometheus            prometheus
chromium        chromium              -
docker-compose  docker-compose        -
'

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# The major version of the java on PATH: 17 for "17.0.15", 1 for "1.8.0_402", nothing without a java.
java_major() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1; }

have_command() {
  command -v "$1" >/dev/null 2>&1 || return 1
  # Kafka 4 is built for Java 17: an older one is as good as none.
  [ "$1" != java ] || [ "$(java_major || true)" -ge 17 ] 2>/dev/null
}

# python3 may be there without venv: Debian ships ensurepip apart, and `python3 -m venv` fails only half-way.
have_venv() { "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Lines "package service" of what is missing for the mode $1.
missing() {
  have_venv || echo "python3-venv -"
  [ "$1" = test ] || return 0
  local name package service
  while read -r name package service; do
    [ -z "$name" ] || have_command "$name" || echo "$package $service"
  done <<<"$TEST_TABLE"
}

# The missing packages on one line.
names() { missing "$1" | cut -d' ' -f1 | paste -sd' '; }

# Before anything is installed: no package of ours would cure an old interpreter.
check_python_version() {
  command -v "$PYTHON" >/dev/null 2>&1 || return 0
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    die "Attune needs Python 3.11 or newer, and $PYTHON is $("$PYTHON" --version 2>&1 | tail -n 1)." \
      "Install a newer one (Debian 12: apt-get install python3 python3-venv) and put it first on PATH," \
      "or name it: PYTHON=/path/to/python3.11"
}

# Debian starts a daemon as soon as it is installed, which would take Redis' and Prometheus' usual ports and stay.
# policy-rc.d is asked both with and without systemd; what stood there is put back however this script ends.
forbid_daemons() {
  saved=""
  if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then
    saved=$POLICY.attune-saved.$$
    mv "$POLICY" "$saved"
  fi
  trap allow_daemons EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
}

allow_daemons() {
  rm -f "$POLICY"
  [ -z "$saved" ] || mv "$saved" "$POLICY"
}

# policy-rc.d only holds them back now; without this they would start at the next boot.
disable_at_boot() {
  local service
  for service in "$@"; do
    [ ! -e "/etc/init.d/$service" ] || update-rc.d "$service" disable >/dev/null 2>&1 ||
      say "note: $service was installed for its command only, but could not be disabled at boot"
  done
}

# stdout belongs to whoever calls this (make prints settings there), so apt talks on stderr.
apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }

install_packages() {
  local packages=("$@")
  say "installing: ${packages[*]}"
  forbid_daemons
  apt update || die "apt-get update failed (its words are above): check the network and the apt sources, run this again"
  apt install -y --no-install-recommends "${packages[@]}" ||
    die "apt-get install failed (its words are above): apt-get install --no-install-recommends ${packages[*]}"
}

main() {
  local mode=${1:-} rows packages services
  case $mode in up | test) ;; *) die "usage: scripts/system-packages.sh up|test" ;; esac
  check_python_version
  [ -n "$(missing "$mode")" ] || return 0

  command -v apt-get >/dev/null 2>&1 ||
    die "missing, by their Debian names: $(names "$mode"). This system has no apt-get: install them its own way"
  [ "$(id -u)" = 0 ] || die "missing: $(names "$mode"). Run as root: apt-get update &&" \
    "apt-get install -y --no-install-recommends $(names "$mode")"

  # Two at once would save and restore each other's policy-rc.d: the second waits and then finds it all there.
  exec 9>"$LOCK"
  flock 9
  rows=$(missing "$mode")
  [ -n "$rows" ] || return 0
  mapfile -t packages < <(cut -d' ' -f1 <<<"$rows")
  mapfile -t services < <(cut -d' ' -f2 <<<"$rows" | grep -vx -e -)
  install_packages "${packages[@]}"
  disable_at_boot "${services[@]}"

  check_python_version
  [ -z "$(missing "$mode")" ] || die "installed, yet still not found on PATH: $(names "$mode")"
}

main "$@"
