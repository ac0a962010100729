#!/bin/bash
# install-test-tools.sh NAME...   Installs programs that tests drive and pip does not carry: chromium coturn janus nodejs.
# Where it cannot, it says so and ends well: the tests that need one are skipped by name, and fail with CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

packages=()
missing() { ! command -v "$1" >/dev/null; }

for name in "$@"; do
  case $name in
    # playwright's own driver links against libatomic; without a font pages have no text to click at.
    chromium) missing chromium && packages+=(chromium libatomic1 fonts-dejavu-core) ;;
    coturn) missing turnserver && packages+=(coturn) ;;
    janus) missing janus && packages+=(janus) ;;
    nodejs) missing node && packages+=(nodejs npm) ;;
    *) echo "install-test-tools.sh: unknown: $name" >&2; exit 2 ;;
  esac || true
done

[ ${#packages[@]} = 0 ] || apt_install "${packages[@]}" ||
  echo "Tests that need them are skipped; to run them type 'sudo apt-get update && sudo apt-get install ${packages[*]}'." >&2
