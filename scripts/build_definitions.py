"""Turn the official FHIR R4 package into the compact data files of `usager_server/definitions/data/`.

    python scripts/build_definitions.py [folder of the unpacked hl7.fhir.r4.examples 4.0.1]

Without a folder the package is fetched with `npm pack`. It is published by HL7 under CC0, and holds every definition of
the release unchanged: StructureDefinition, SearchParameter, CompartmentDefinition, ValueSet and CodeSystem.
"""

import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from expand_value_sets import Codes, Expander, NotListableError, walk

PACKAGE = "hl7.fhir.r4.examples@4.0.1"
SOURCE = (
    "npm hl7.fhir.r4.examples 4.0.1, HL7 International, CC0-1.0, adapted to this form by scripts/build_definitions.py"
)
TARGET = Path(__file__).parent.parent / "server" / "usager_server" / "definitions" / "data"
BASE = "http://hl7.org/fhir/StructureDefinition/"
SIMPLE_QUANTITY = BASE + "SimpleQuantity"
FHIR_TYPE = BASE + "structuredefinition-fhir-type"
REGEX = BASE + "regex"
NOT_BASE = ("-extensions-", "-genetic-", "/example", "/filter")  # SearchParameters of extensions and of profiles

CORRECTED = {
    # published as `is Boolean`, the type of FHIRPath: no answer of a questionnaire is of it
    "que-7": "operator = 'exists' implies (answer is boolean)",
}

Resource = dict[str, Any]


@contextmanager
def package_folder(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the folder of the unpacked package."""
    if arguments:
        yield Path(arguments[0])
        return
    with tempfile.TemporaryDirectory() as temporary:
        packed = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=temporary, check=True, capture_output=True, text=True
        )
        with tarfile.open(Path(temporary) / packed.stdout.strip()) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2, Debian's, has none
            archive.extractall(temporary)  # noqa: S202 - filtered on the line above
        yield Path(temporary) / "package"


def read(folder: Path, resource_type: str) -> list[Resource]:
    """Return the resources of one type, by url."""
    paths = folder.glob(f"{resource_type}-*.json")
    resources = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted((item for item in resources if item["resourceType"] == resource_type), key=lambda item: item["url"])


class Invariants:
    """Numbers the invariants, so that one shared by many types is written once."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str, str, str], int] = {}

    def number(self, constraint: Mapping[str, Any]) -> int | None:
        """Return the number of a constraint; None when it has no FHIRPath expression."""
        if "expression" not in constraint:
            return None
        expression = CORRECTED.get(constraint["key"], constraint["expression"])
        row = (constraint["key"], constraint["severity"], constraint["human"], expression)
        return self.numbers.setdefault(row, len(self.numbers))

    def of(self, element: Mapping[str, Any], without: Iterable[str] = ()) -> list[int]:
        """Return the numbers of the constraints of an ElementDefinition."""
        kept = (item for item in element.get("constraint", ()) if item["key"] not in without)
        return sorted(number for item in kept if (number := self.number(item)) is not None)


class Structures:
    """Turns StructureDefinitions into types: [kind, base, abstract, pattern, invariants, elements] by name."""

    def __init__(self, definitions: Sequence[Resource]) -> None:
        self.invariants = Invariants()
        self.types: dict[str, list[Any]] = {}
        simple = next(item for item in definitions if item["url"] == SIMPLE_QUANTITY)
        constraints = simple["snapshot"]["element"][0]["constraint"]
        self.simple_quantity = [item for item in constraints if item["key"] == "sqt-1"]
        for definition in definitions:
            if definition["kind"] != "logical" and definition.get("derivation") != "constraint":
                self._add(definition)

    def _add(self, definition: Resource) -> None:
        root, *elements = definition["snapshot"]["element"]
        kind = definition["kind"].removesuffix("-type")
        base = definition.get("baseDefinition", "").removeprefix(BASE) or None
        self._type(definition["type"], kind, base, definition["abstract"], root)
        for element in elements:
            self._element(element, {item["path"] for item in elements})

    def _type(self, name: str, kind: str, base: str | None, abstract: bool, root: Mapping[str, Any]) -> None:
        self.types[name] = [kind, base, int(abstract), None, self.invariants.of(root), []]

    def _element(self, element: Mapping[str, Any], paths: set[str]) -> None:
        parent, _, name = element["path"].rpartition(".")
        if self.types[parent][0] == "primitive" and name == "value":
            self.types[parent][3] = _extension(element["type"][0], REGEX)
            return
        nested = any(path.startswith(element["path"] + ".") for path in paths)
        if nested:
            self._type(element["path"], "backbone", element["type"][0]["code"], False, element)
        self.types[parent][5].append(
            [
                name.removesuffix("[x]"),
                [element["path"]] if nested else _types(element),
                element["min"],
                None if element["max"] == "*" else int(element["max"]),
                _flags(element),
                _required(element),
                _targets(element),
                [] if nested else self._element_invariants(element),
            ]
        )

    def _element_invariants(self, element: Mapping[str, Any]) -> list[int]:
        found = self.invariants.of(element, without=("ele-1", "ext-1"))  # said by the types Element and Extension
        profiles = [profile for kind in element.get("type", ()) for profile in kind.get("profile", ())]
        if SIMPLE_QUANTITY in profiles:
            found += [number for item in self.simple_quantity if (number := self.invariants.number(item)) is not None]
        return found


_SYSTEM = {"http://hl7.org/fhirpath/System.String": "string"}  # xhtml.id says only this


def _types(element: Mapping[str, Any]) -> list[str]:
    if "contentReference" in element:
        return [element["contentReference"].partition("#")[2]]
    if element.get("base", {}).get("path") == "Resource.id":
        return ["id"]  # the snapshots say string here; datatypes.html and the JSON schema say id
    return [_extension(kind, FHIR_TYPE) or _SYSTEM.get(kind["code"], kind["code"]) for kind in element["type"]]


def _extension(kind: Mapping[str, Any], url: str) -> str | None:
    found = [item for item in kind.get("extension", ()) if item["url"] == url]
    return (found[0].get("valueUrl") or found[0].get("valueString")) if found else None


def _flags(element: Mapping[str, Any]) -> str:
    return "".join(
        letter
        for letter, is_set in (
            ("c", element["path"].endswith("[x]")),
            ("s", element.get("isSummary")),
            ("m", element.get("isModifier")),
            ("a", "xmlAttr" in element.get("representation", ())),
        )
        if is_set
    )


def _required(element: Mapping[str, Any]) -> str | None:
    binding = element.get("binding", {})
    return binding["valueSet"].partition("|")[0] if binding.get("strength") == "required" else None


def _targets(element: Mapping[str, Any]) -> list[str]:
    named = {
        profile.removeprefix(BASE)
        for kind in element.get("type", ())
        if kind["code"] == "Reference"
        for profile in kind.get("targetProfile", ())
    }
    return [] if "Resource" in named else sorted(named)


def search_parameters(resources: Iterable[Resource]) -> list[list[Any]]:
    """Return the search parameters of the release, without those of extensions and profiles."""
    return [
        [
            item["code"],
            item["type"],
            sorted(item["base"]),
            item.get("expression", ""),
            item["url"],
            sorted(item.get("target", ())),
            [[part["definition"], part["expression"]] for part in item.get("component", ())],
            " ".join(item.get("description", "").split()),
        ]
        for item in resources
        if not any(mark in item["url"] for mark in NOT_BASE)
    ]


def compartments(resources: Iterable[Resource]) -> dict[str, dict[str, list[str]]]:
    """Return, per compartment, the search parameters that link each resource type to it."""
    return {
        item["code"]: {line["code"]: line["param"] for line in item["resource"] if line.get("param")}
        for item in resources
        if "example" not in item["url"]
    }


def listed(expander: Expander, canonicals: Iterable[str]) -> tuple[dict[str, Codes], dict[str, str]]:
    """Return the codes of the value sets that can be listed, and why the others cannot."""
    codes: dict[str, Codes] = {}
    reasons: dict[str, str] = {}
    for canonical in sorted(canonicals):
        try:
            codes[canonical] = expander.expand(canonical)
        except NotListableError as reason:
            reasons[canonical] = str(reason)
    return codes, reasons


def compact(codes: Mapping[str, Codes], expander: Expander) -> dict[str, dict[str, Any]]:
    """Return the value sets with "*" for a system that is taken whole."""
    return {
        canonical: {
            system: "*" if found == set(expander.trees.get(system, ())) else sorted(found)
            for system, found in sorted(systems.items())
        }
        for canonical, systems in codes.items()
    }


def code_system_names(resources: Iterable[Resource], known: Iterable[str]) -> dict[str, list[Any]]:
    """Return the name, the version and the displays of code systems, in the order of their codes."""
    by_url = {item["url"]: item for item in resources}
    return {url: _names_of(by_url[url]) for url in known}


def _names_of(system: Resource) -> list[Any]:
    concepts = {concept["code"]: concept for concept, _ in walk(system["concept"], None)}
    marks = {code: mark for code, concept in concepts.items() if (mark := _marks(concept))}
    displays = [concept.get("display") for concept in concepts.values()]
    return [system.get("name"), system.get("version"), system.get("caseSensitive", True), displays, marks]


def _marks(concept: Mapping[str, Any]) -> str:
    """Return the marks of a concept: "i" no longer to be used, "a" only there to hold others."""
    known = {item["code"]: next(v for k, v in item.items() if k != "code") for item in concept.get("property", ())}
    inactive = known.get("status") in ("retired", "deprecated", "inactive") or known.get("inactive") is True
    abstract = known.get("notSelectable") in (True, "true") or known.get("abstract") in (True, "true")
    return ("i" if inactive else "") + ("a" if abstract else "")


def value_set_names(resources: Iterable[Resource], known: Iterable[str]) -> dict[str, list[Any]]:
    """Return the name, the title and the version of value sets."""
    by_url = {item["url"]: item for item in resources}
    return {url: [by_url[url].get(name) for name in ("name", "title", "version")] for url in sorted(known)}


def type_numbers(names: Iterable[str]) -> dict[str, int]:
    """Return the numbers given before, and the next ones for new types, in alphabetical order."""
    path = TARGET / "type_numbers.json"
    numbers: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["numbers"] if path.exists() else {}
    for name in sorted(set(names) - set(numbers)):
        numbers[name] = len(numbers) + 1
    return numbers


def write(name: str, content: Mapping[str, Any]) -> None:
    """Write one data file: a line per item, so that a change can be read; compressed when its name says so."""
    lines = [f'"source":{json.dumps(SOURCE)}', '"version":"4.0.1"']
    for key, value in content.items():
        if isinstance(value, dict):
            items = ",\n".join(f"{json.dumps(k)}:{_dense(v)}" for k, v in value.items())
            lines.append(f"{json.dumps(key)}:{{\n{items}\n}}")
        else:
            items = ",\n".join(_dense(item) for item in value)
            lines.append(f"{json.dumps(key)}:[\n{items}\n]")
    data = ("{" + ",\n".join(lines) + "}\n").encode()
    TARGET.mkdir(exist_ok=True)
    (TARGET / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def _dense(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(arguments: Sequence[str]) -> None:
    """Build every file and say what they hold."""
    with package_folder(arguments) as folder:
        structures = Structures(sorted(read(folder, "StructureDefinition"), key=lambda item: item["id"]))
        parameters = search_parameters(read(folder, "SearchParameter"))
        links = compartments(read(folder, "CompartmentDefinition"))
        value_sets, code_systems = read(folder, "ValueSet"), read(folder, "CodeSystem")
        expander = Expander(value_sets, code_systems)
    concrete = sorted(name for name, row in structures.types.items() if row[0] == "resource" and not row[2])
    required = {element[5] for row in structures.types.values() for element in row[5] if element[5]}
    codes, reasons = listed(expander, required)
    others, unlisted = listed(expander, set(expander.value_sets) - required)
    write("types.json", {"invariants": list(structures.invariants.numbers), "types": structures.types})
    write("search.json", {"search_parameters": parameters, "compartments": links})
    write("type_numbers.json", {"note": [_STABLE], "numbers": type_numbers(concrete)})
    write("required.json", {"value_sets": _sorted(codes), "not_listed": reasons})
    write("terminology.json.gz", {"value_sets": compact(others, expander), "code_systems": expander.trees})
    write(
        "names.json.gz",
        {
            "code_systems": code_system_names(code_systems, expander.trees),
            "value_sets": value_set_names(value_sets, [*codes, *others]),
            "not_listed": {**reasons, **unlisted},
        },
    )
    print(f"{len(concrete)} resource types, {len(structures.types)} types, {len(parameters)} search parameters")
    print(f"{len(codes)} required value sets, {len(others)} others, {len(expander.trees)} code systems")
    print("\n".join(f"not listed: {canonical}: {reason}" for canonical, reason in reasons.items()))


_STABLE = "These numbers are stored in databases: they are for ever. A new type gets the next number, at the end."


def _sorted(codes: Mapping[str, Codes]) -> dict[str, dict[str, list[str]]]:
    return {url: {system: sorted(found) for system, found in sorted(item.items())} for url, item in codes.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
