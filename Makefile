.PHONY: demo test setup check bench openapi conformance sbom lock

demo: .venv/.ready-run
	@exec .venv/bin/usager demo

test: .venv/.ready-dev
	@scripts/test.sh

setup: .venv/.ready-dev

check: .venv/.ready-dev
	@scripts/check.sh

bench: .venv/.ready-dev
	@.venv/bin/python -m tests.bench $(OPTIONS)

openapi: .venv/.ready-dev
	@.venv/bin/usager openapi --folder openapi

conformance: .venv/.ready-dev
	@.venv/bin/usager requirements --format markdown > docs/conformance.md

sbom: .venv/.ready-dev
	@.venv/bin/python scripts/sbom.py

lock: .venv/.ready-dev
	@.venv/bin/python -m pip freeze --exclude-editable > constraints.txt

.venv/.ready-%: pyproject.toml constraints.txt scripts/setup.sh scripts/system_packages.sh
	@scripts/setup.sh $*
