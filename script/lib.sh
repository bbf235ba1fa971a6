# Shared by the scripts: what the project needs from the system, and how to get it.

say() { printf '\n== %s\n' "$*"; }

# How to become root, in $sudo; fails where this user cannot.
find_sudo() {
  if [ "$(id -u)" = 0 ]; then sudo=; return 0; fi
  command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || return 1
  sudo='sudo -n'
}

# Installs the Debian packages that are missing; without the right to, says exactly what to install.
need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  find_sudo || {
    echo "These packages are missing and this user may not install them:" >&2
    echo "  sudo apt-get install$missing" >&2
    exit 1
  }
  say "installing$missing"
  $sudo apt-get update -q >/dev/null || true
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends $missing >/dev/null || {
    echo "Installing failed; install by hand:$missing" >&2
    exit 1
  }
}

# prometheus and promtool, out of Debian's package without installing it: that would start a server and keep it running.
need_prometheus() {
  command -v promtool >/dev/null 2>&1 && command -v prometheus >/dev/null 2>&1 && return 0
  tools="$PWD/.build/tools"
  if [ ! -x "$tools/usr/bin/prometheus" ]; then
    say "fetching prometheus"
    mkdir -p "$tools"
    (
      cd "$tools"
      # A machine that is new has no lists of packages yet.
      apt-get download -q prometheus >/dev/null 2>&1 || { find_sudo && $sudo apt-get update -q >/dev/null && apt-get download -q prometheus >/dev/null 2>&1; } || {
        echo "prometheus is missing and cannot be fetched; install Debian's package prometheus" >&2
        exit 1
      }
      dpkg -x prometheus_*.deb . && rm prometheus_*.deb
    )
  fi
  PATH="$tools/usr/bin:$PATH"
  export PATH
}

# Where Postgres' programs are, in $postgres_bin: version 15, or else the newest that is installed.
find_postgres() {
  postgres_bin=
  for postgres_bin in /usr/lib/postgresql/15/bin $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t / -k 5 -rn); do
    [ -x "$postgres_bin/initdb" ] && [ -x "$postgres_bin/pg_amcheck" ] && return 0
  done
  return 1
}

# Postgres and its programs, in $postgres_bin, but without the cluster that Debian's package would make and start.
need_postgres() {
  find_postgres && return 0
  need_packages postgresql-common
  find_sudo
  echo 'create_main_cluster = false' | $sudo tee -a /etc/postgresql-common/createcluster.conf >/dev/null
  if apt-cache show postgresql-15 >/dev/null 2>&1; then need_packages postgresql-15; else need_packages postgresql; fi
  find_postgres || { echo "Postgres was installed but its programs were not found in /usr/lib/postgresql" >&2; exit 1; }
}

# Who may run a server, in $postgres_user and $as_postgres_user: Postgres refuses root. Both are empty for anybody else.
find_postgres_user() {
  postgres_user=
  as_postgres_user=
  [ "$(id -u)" = 0 ] || return 0
  postgres_user=nobody
  if id postgres >/dev/null 2>&1; then postgres_user=postgres; fi
  as_postgres_user="runuser -u $postgres_user --"
}

need_swift() {
  command -v swift >/dev/null 2>&1 || { echo "Swift 6.1 or newer is needed: https://www.swift.org/install" >&2; exit 1; }
}

# A Python environment of the project's own, with the recounting engine and a reader of data packages.
need_python() {
  need_packages python3 python3-venv
  venv=.build/venv
  if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import duckdb, frictionless' 2>/dev/null; then
    say "making a Python environment with duckdb and frictionless"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check duckdb==2.0.0 frictionless==5.21.0
  fi
  python="$PWD/$venv/bin/python"
}
