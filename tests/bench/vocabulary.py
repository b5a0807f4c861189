"""The words that the synthetic population is made of, read from `words.toml`."""

import tomllib
from pathlib import Path

_words = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))

FAMILIES: list[str] = _words["families"]
STREETS: list[str] = _words["streets"]
GIVEN: dict[str, list[str]] = _words["given"]
CITIES: list[list[str]] = _words["coded"]["cities"]
MEASURES: list[tuple[str, str, str, int, int, str]] = [tuple(row) for row in _words["coded"]["measures"]]
CONDITIONS: list[list[str]] = _words["coded"]["conditions"]
PROCEDURES: list[list[str]] = _words["coded"]["procedures"]
VACCINES: list[list[str]] = _words["coded"]["vaccines"]
MEDICINES: list[list[str]] = _words["coded"]["medicines"]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
