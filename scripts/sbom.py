"""Write the inventory of the components that a running Usager is made of (SBOM), as CycloneDX 1.6 JSON.

    python scripts/sbom.py [DISTRIBUTION ...]

Without a name it is that of `usager`: the distribution and all that it requires at run time, with their versions,
licences and dependencies, read from what is installed here. A version other than the one that `constraints.txt` pins is
an error. A vendor who adds plugins names them too. The same installation always gives the same file.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement

from usager_server import __released__, __version__

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "dist" / f"usager-{__version__}.cdx.json"
# In the sources, or in a file beside the metadata of the wheel, which name none themselves.
TOLD_ELSEWHERE = {"pyrage": "MIT", "saxonche": "MPL-2.0"}
LICENCE_LENGTH = 64  # a longer text in the field License is the licence itself, not its name


class InventoryError(Exception):
    """What is installed is not what would be shipped; the text says which component."""


def inventory(names: Sequence[str]) -> Bom:
    """Return the inventory of these distributions and of all that they require at run time. Errors: InventoryError."""
    needed = dependencies(names)
    parts = {
        name: component(installed(name), ComponentType.APPLICATION if name in names else ComponentType.LIBRARY)
        for name in needed
    }
    root = parts[names[0]]
    bom = Bom(components=[it for it in parts.values() if it is not root])
    bom.metadata.component = root
    bom.metadata.timestamp = datetime.fromisoformat(__released__).replace(tzinfo=UTC)
    bom.serial_number = uuid5(NAMESPACE_URL, " ".join(sorted(str(it.purl) for it in parts.values())))
    for name, theirs in needed.items():
        bom.register_dependency(parts[name], [parts[it] for it in sorted(theirs)])
    return bom


def dependencies(names: Iterable[str]) -> dict[str, set[str]]:
    """Return what each distribution requires here at run time, from these on down, by normalised name."""
    found: dict[str, set[str]] = {}
    asked = [Requirement(name) for name in names]
    met: set[tuple[str, str]] = set()
    while asked:
        one = asked.pop()
        for extra in {"", *one.extras}:
            name = normalised(one.name)
            if (name, extra) not in met:
                met.add((name, extra))
                theirs = required(name, extra)
                found.setdefault(name, set()).update(normalised(it.name) for it in theirs)
                asked += theirs
    return found


def required(name: str, extra: str) -> list[Requirement]:
    """Return what a distribution requires on this machine, with one of its extras."""
    every = [Requirement(text) for text in installed(name).requires or ()]
    return [it for it in every if it.marker is None or it.marker.evaluate({"extra": extra})]


def installed(name: str) -> Distribution:
    """Return an installed distribution. Errors: InventoryError when there is none of that name."""
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise InventoryError(f"{name} is not installed here") from error


def component(found: Distribution, kind: ComponentType) -> Component:
    """Return a distribution as a component, with its licence."""
    purl = PackageURL("pypi", name=normalised(found.name), version=found.version)
    return Component(
        name=purl.name,
        version=found.version,
        type=kind,
        purl=purl,
        bom_ref=str(purl),
        description=found.metadata.get("Summary"),
        licenses=licences(found),
    )


def licences(found: Distribution) -> list[License]:
    """Return the licence of a distribution: its SPDX expression, or what its classifiers or its metadata name."""
    about = found.metadata
    classified = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier", []) if "License ::" in text]
    named = about.get("License", "").strip()
    told = about.get("License-Expression") or (named if 0 < len(named) <= LICENCE_LENGTH else " / ".join(classified))
    told = told or TOLD_ELSEWHERE.get(normalised(about["Name"]), "")
    return [LicenseFactory().make_from_string(told)] if told else []


def unpinned(bom: Bom, pins: Mapping[str, str]) -> Iterator[str]:
    """Yield the components whose version is not the one that is pinned; those that a plugin adds may have no pin."""
    for it in bom.components:
        if pins.get(it.name, it.version) != it.version:
            yield f"{it.name} {it.version} is installed; constraints.txt pins {pins[it.name]}: run make setup"


def pinned() -> dict[str, str]:
    """Return the pinned versions, by normalised name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {normalised(name): version for name, _, version in (line.partition("==") for line in lines)}


def text(bom: Bom) -> str:
    """Return an inventory as CycloneDX JSON."""
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"


def normalised(name: str) -> str:
    """Return the name of a distribution as registries write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(names: list[str]) -> None:
    """Write the inventory, and say where and of how many components."""
    try:
        bom = inventory([normalised(name) for name in names] or ["usager"])
    except InventoryError as error:
        raise SystemExit(f"sbom: {error}") from error
    wrong = list(unpinned(bom, pinned()))
    if wrong:
        raise SystemExit("\n".join(f"sbom: {line}" for line in wrong))
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(bom), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(bom.components)} components")


if __name__ == "__main__":
    main(sys.argv[1:])
