#!/usr/bin/env bash
# The checks, then every test; the exit code says whether both passed.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/check.sh; checked=$?
.venv/bin/python -m compileall -q server cda plugins  # else every program that a test starts does it again
# Three processes on two processors, since a third of the time a test waits for a server that it started.
.venv/bin/pytest -q -n 3 --dist loadfile --no-loadscope-reorder "$@"; tested=$?
[ $checked = 0 ] || echo "make check failed: see above the tests" >&2
[ $checked = 0 ] && [ $tested = 0 ]
