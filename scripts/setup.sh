#!/bin/bash
# setup.sh run|test   Makes .venv with what running needs, or also what testing needs.
# On Debian it installs python3-venv where that is missing. PYTHON names another interpreter than python3.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

python=${PYTHON:-python3}
case ${1:-} in
  run) what=. ;;
  test) what='.[test,style]' ;;
  *) echo "usage: scripts/setup.sh run|test" >&2; exit 2 ;;
esac

fail() { echo "$*" >&2; exit 1; }

make_venv() {
  .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "meetserver needs Python 3.11 or newer: install it, or name it with 'make PYTHON=python3.x ...'."
  # Debian's python3 has venv but, without python3-venv, no ensurepip to put pip into one.
  "$python" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv ||
    fail "Python cannot make a virtual environment here: type 'sudo apt-get update && sudo apt-get install python3-venv', then this again."
  "$python" -m venv --clear .venv
}

# uv takes seconds where pip takes a minute, but brings an own TLS stack that not every network lets through.
install() {
  local pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
  if { [ -x .venv/bin/uv ] || "${pip[@]}" install -c constraints.txt uv; } &&
    .venv/bin/uv pip install --quiet --system-certs --python .venv/bin/python -c constraints.txt -e "$what"
  then return
  fi
  echo "uv could not; trying pip ..." >&2
  "${pip[@]}" install -c constraints.txt -e "$what"
}

make_venv
echo "Installing Python packages ..."
install
