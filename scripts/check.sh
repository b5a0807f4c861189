#!/usr/bin/env bash
# Style, types and floors: everything that reads the code without running it.
set -uo pipefail
cd "$(dirname "$0")/.."
status=0
.venv/bin/ruff check --quiet . || status=1
.venv/bin/ruff format --quiet --check . || { echo "ruff format: run .venv/bin/ruff format ."; status=1; }
.venv/bin/mypy --no-error-summary || status=1
.venv/bin/lint-imports --no-logo || status=1
exit $status
