#!/usr/bin/env bash
# Makes .venv and installs Usager into it, once: `scripts/setup.sh run` for the demo, `scripts/setup.sh dev` for the tests too.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?run or dev}
. scripts/system_packages.sh

say() { printf 'usager: %s\n' "$*" >&2; }

new_enough() { command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$candidate"; then echo "$candidate"; return; fi
  done
  say "Python 3.11 or later is needed and was not found; set PYTHON=/path/to/python3"
  return 1
}

# Debian's python3 comes without ensurepip: its package is added when we may, else pip is borrowed from the system.
make_venv() {
  "$1" -m venv .venv >/dev/null 2>&1 && return
  rm -rf .venv
  if install_packages python3-venv && "$1" -m venv .venv >/dev/null; then return; fi
  rm -rf .venv
  if command -v virtualenv >/dev/null && virtualenv --quiet --python "$1" .venv; then return; fi
  if "$1" -m pip --version >/dev/null 2>&1 && "$1" -m venv --without-pip .venv \
    && "$1" -m pip --quiet --python .venv/bin/python install pip; then return; fi
  rm -rf .venv
  say "cannot make a virtual environment: install the package python3-venv (as root: apt-get install python3-venv)"
  return 1
}

works() { [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1; }

python=$(find_python)
works || { rm -rf .venv; say "making .venv with $("$python" --version)"; make_venv "$python"; }
add_run_packages
[ "$kind" = dev ] && add_test_packages
target=.; [ "$kind" = dev ] && target='.[dev]'
say "installing the Python packages (a minute or two, once)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -c constraints.txt -e "$target"
touch .venv/.ready-run
[ "$kind" = dev ] && touch .venv/.ready-dev
say "ready"
