"""The schemas (XSD) of a rules pack, through lxml: from their folder alone, never from the network."""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from usager_cda.tree import Element
from usager_cda.validation.pack import PackError
from usager_cda.validation.report import Remark

LAYER = "xsd"
LOCATION = re.compile(r"""schemaLocation\s*=\s*["']([^"']+)["']""")
NAMESPACES = re.compile(r"\{[^}]*\}")
MOST_ERRORS = 500


class Schema:
    """The schema of CDA. Time: a second to load, a millisecond or two a document."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root

    def check(self, document: Element) -> Iterator[Remark]:
        """Yield what breaks the schema. Errors: PackError when the schema cannot be read."""
        if self._schema.validate(document):
            return
        for error in islice(_entries(self._schema), MOST_ERRORS):
            message = NAMESPACES.sub("", error.message)
            yield Remark(error.type_name.lower(), "error", message, line=error.line, xpath=error.path, layer=LAYER)

    @cached_property
    def _schema(self) -> etree.XMLSchema:
        for path in self._root.rglob("*.xsd"):
            for location in LOCATION.findall(path.read_text("utf-8", "replace")):
                _refuse_outside(path, location.split(), self._root)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            return etree.XMLSchema(etree.parse(self._path, parser))
        except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise PackError(f"{self._path.name} is no schema that can be read: {error}") from error


def _entries(schema: etree.XMLSchema) -> Iterator[Any]:
    entries: Any = schema.error_log  # iterable, which its stubs do not say
    yield from entries


def _refuse_outside(path: Path, locations: list[str], root: Path) -> None:
    for location in locations:
        if location.endswith(".xsd") and not (path.parent / location).resolve().is_relative_to(root.resolve()):
            raise PackError(f"{path.name} asks for {location}, which is not in the folder of the rules")
