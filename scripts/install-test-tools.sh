#!/bin/bash
# install-test-tools.sh NAME...   Installs programs that tests drive and pip does not carry: chromium clamav coturn
# janus nginx nodejs.
# Where it cannot, it says so and ends well: the tests that need one are skipped by name, and fail with CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

packages=()
missing() { ! command -v "$1" >/dev/null; }

# unpack NAME PACKAGE   Only unpacks it, to .venv/NAME: installed, Debian's packages start their servers, nginx on port 80.
unpack() {
  command -v apt-get >/dev/null || return 1
  local folder
  folder=$(mktemp -d)
  (
    cd "$folder"
    # Everybody may read it, apt's own user too.
    chmod 755 .
    apt-get -qq download "$2" 2>/dev/null || { run_as_root apt-get -qq update && apt-get -qq download "$2"; }
  ) && dpkg -x "$folder/$2"_*.deb ".venv/$1"
  local result=$?
  rm -rf "$folder"
  return $result
}

for name in "$@"; do
  case $name in
    # Its shell is the same engine and takes half the processor time; not every distribution has it alone.
    # playwright's own driver links against libatomic; without a font pages have no text to click at.
    chromium)
      if missing chromium-headless-shell && ! apt_install chromium-headless-shell libatomic1 fonts-dejavu-core; then
        missing chromium && packages+=(chromium libatomic1 fonts-dejavu-core)
      fi ;;
    # Its library is a package of its own, whose name has a number in it.
    clamav)
      if missing clamd && ! [ -x .venv/clamav/usr/sbin/clamd ]; then
        { unpack clamav clamav-daemon && apt_install "$(apt-cache depends clamav-daemon | grep -o 'libclamav[0-9]*')"; } ||
          echo "Tests that need clamav are skipped: it could not be downloaded." >&2
      fi ;;
    coturn) missing turnserver && packages+=(coturn) ;;
    janus) missing janus && packages+=(janus) ;;
    nginx)
      if missing nginx && ! [ -x .venv/nginx/usr/sbin/nginx ]; then
        unpack nginx nginx || echo "Tests that need nginx are skipped: it could not be downloaded." >&2
      fi ;;
    nodejs) missing node && packages+=(nodejs npm) ;;
    *) echo "install-test-tools.sh: unknown: $name" >&2; exit 2 ;;
  esac || true
done

[ ${#packages[@]} = 0 ] || apt_install "${packages[@]}" ||
  echo "Tests that need them are skipped; to run them type 'sudo apt-get update && sudo apt-get install ${packages[*]}'." >&2
