"""A profile of the référencement: what a vendor is certified for, and so what it switches on."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Profile:
    """One value of USAGER_PROFILES. A plugin that has variants registers one Profile for each.

    Shape   key is what the operator writes ("ph-avec-decision"); title is French, as in the référentiel; excludes holds
            the keys that contradict this one. What it adds is what its plugin registers: `usager profiles` lists it.
    """

    key: str
    title: str
    excludes: frozenset[str] = frozenset()


def packaged(package: str, resource_type: str) -> list[dict[str, Any]]:
    """Return the resources of one type among the JSON files in the folder `profiles` of a plugin's package, by name."""
    paths = sorted((path for path in files(package).joinpath("profiles").iterdir()), key=lambda path: path.name)
    read = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.name.endswith(".json")]
    return [resource for resource in read if resource["resourceType"] == resource_type]
