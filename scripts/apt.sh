# shellcheck shell=bash
# Sourced by the other scripts.

# run_as_root COMMAND...   Runs it as root; 1 when that needs a password.
run_as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1
  fi
}

# apt_install PACKAGE...   Installs Debian packages, quietly unless it fails; 1 when this machine or this user cannot.
apt_install() {
  command -v apt-get >/dev/null && run_as_root true || return 1
  echo "Installing $* ..."
  local log
  log=$(mktemp)
  # The waits are for an apt that runs already, as on a machine that has just booted.
  if run_as_root env DEBIAN_FRONTEND=noninteractive sh -c '
      apt-get -o DPkg::Lock::Timeout=120 -qq update &&
      apt-get -o DPkg::Lock::Timeout=120 -qq install -y --no-install-recommends "$@"' sh "$@" >"$log" 2>&1
  then rm -f "$log"
  else cat "$log" >&2; rm -f "$log"; return 1
  fi
}
