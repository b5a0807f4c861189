#!/usr/bin/env bash
# The checks, then every test; the exit code says whether both passed.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/check.sh; checked=$?
.venv/bin/python -m compileall -q server cda plugins  # else every program that a test starts does it again
.venv/bin/pytest -q -n 2 --dist loadfile "$@"; tested=$?
[ $checked = 0 ] || echo "make check failed: see above the tests" >&2
[ $checked = 0 ] && [ $tested = 0 ]
