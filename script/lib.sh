# Shared by the scripts: what the project needs from the system, and how to get it.

say() { printf '\n== %s\n' "$*"; }

# Installs the Debian packages that are missing; without the right to, says exactly what to install.
need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo='sudo -n'; else
    echo "These packages are missing and this user may not install them:" >&2
    echo "  sudo apt-get install$missing" >&2
    exit 1
  fi
  say "installing$missing"
  $sudo apt-get update -q >/dev/null || true
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends $missing >/dev/null || {
    echo "Installing failed; install by hand:$missing" >&2
    exit 1
  }
}

need_swift() {
  command -v swift >/dev/null 2>&1 || { echo "Swift 6.1 or newer is needed: https://www.swift.org/install" >&2; exit 1; }
}

# A Python environment of the project's own, with the recounting engine.
need_python() {
  need_packages python3 python3-venv
  venv=.build/venv
  if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import duckdb' 2>/dev/null; then
    say "making a Python environment with duckdb"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check duckdb
  fi
  python="$PWD/$venv/bin/python"
}
