"""A folder of national rules (schemas and ISO schematrons) as it is laid out, and a private copy of it that works.

The pack that the ANS publishes is written on Windows: some names differ in letter case from those that ask for them,
and a value set that the header asks for may be missing. Nothing is ever written into the folder that the user names.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from usager_cda.tree import Element, attribute, child, children

COPIED = ("schematrons", "jeuxDeValeurs", "infrastructure")
SUFFIXES = frozenset({".sch", ".xsl", ".xml", ".rdf", ".xsd"})
DONE = ".usager-done"
SVS = "{urn:ihe:iti:svs:2008}"

GENERIC = {
    "structuration-minimale": "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "ihe": "schematrons/profils/IHE.sch",
    "modeles-de-contenus": "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
    "modeles-ans": "schematrons/profils/CI-SIS_Modeles_ANS.sch",
    "terminologies": "schematrons/profils/terminologies/schematron/terminologie.sch",
}
"""The layers that every document goes through, in the order of the pack."""

SCHEMAS = ("CDA_extended.xsd", "CDA.xsd")
FIRST_STEP = "schematrons/moteur/iso_dsdl_include.xsl"
MODEL = re.compile(r"CI-SIS_(.+)\.sch")
MODEL_ROOT = re.compile(r"1\.2\.250\.1\.213\.1\.1\.1\.(?!1\b)[0-9.]+")
HEADER = re.compile(r"""href=["']([^"']*[Ee]ntete[^"']*)["']""")
CODE = re.compile(r"""@code\s*=\s*["']([A-Za-z0-9_-]+)["']""")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
INCLUDE = re.compile(r"""<(?:\w+:)?include\b[^>]*?href\s*=\s*["']([^"'#]+)""")
NAMED_FILE = re.compile(r"""<(?:\w+:)?let\b[^>]*?value\s*=\s*["']'([^']+\.xml)'["']""")
ASKED_VALUE_SET = re.compile(r"include/(voc-([0-9.]+)-DYNAMIC\.xml)")


class PackError(Exception):
    """The folder holds no rules that can be applied; the text is for the user, one line."""


@dataclass(frozen=True, slots=True)
class Model:
    """The rules of one document model: the OIDs and the type codes its rules speak of, and its version."""

    name: str
    path: str
    roots: frozenset[str]
    codes: frozenset[str]

    @property
    def version(self) -> str:
        """Return what follows the last underscore of the name."""
        return self.name.rpartition("_")[2]


class Pack:
    """The rules of a folder, in a private copy below `cache`.

    Errors  PackError when the folder holds neither schemas nor schematrons.
    Time    a second or two when the copy is made; some 50 ms when it is there.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        if not any((folder / name).is_dir() for name in ("schematrons", "infrastructure")):
            raise PackError(
                f"{folder} holds neither schematrons/ nor infrastructure/: it is no rules pack of the CI-SIS"
            )
        self.root = cache / _digest(folder)
        if not (self.root / DONE).exists():
            _copy(folder, self.root)
        self.models: Sequence[Model] = [
            _model(self.root, path) for path in sorted(self.root.glob("schematrons/CI-SIS_*.sch"))
        ]

    @property
    def schema(self) -> Path | None:
        """Return the schema of CDA, or None."""
        found = {path.name: path for path in sorted(self.root.glob("infrastructure/**/*.xsd"), reverse=True)}
        return next((found[name] for name in SCHEMAS if name in found), None)

    def layers(self, document: Element) -> dict[str, Path]:
        """Return the schematrons that apply to a document, by name of layer: the generic ones, then its model."""
        found = {name: self.root / path for name, path in GENERIC.items() if (self.root / path).exists()}
        model = self.model_of(document)
        return found if model is None else {**found, model.name: self.root / model.path}

    def model_of(self, document: Element) -> Model | None:
        """Return the model that the templateIds of a document name; None for an N1, and for a model without rules.

        Order   the one whose version is the extension of the templateId, then one that knows the type, then the newest.
        """
        component = child(document, "component")
        if child(component, "nonXMLBody") is not None:
            return None
        templates = {each.get("root"): each.get("extension") for each in children(document, "templateId")}
        code = attribute(child(document, "code"), "code")
        fitting = [model for model in self.models if model.roots & templates.keys()]
        return max(fitting, key=lambda model: _fit(model, templates, code), default=None)


def _fit(model: Model, templates: dict[str | None, str | None], code: str | None) -> tuple[bool, bool, str]:
    versions = {templates[root] for root in model.roots if root in templates}
    return model.version in versions, code in model.codes, model.version


def _digest(folder: Path) -> str:
    """Return what changes when a file of the pack does."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for path, source in _sources(folder):
        state = source.stat()
        digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:24]


def _sources(folder: Path) -> Iterator[tuple[Path, Path]]:
    for name in COPIED:
        for path in sorted((folder / name).rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                yield path.relative_to(folder), path


def _copy(folder: Path, target: Path) -> None:
    """Make the copy beside its place and move it there, so that a half-made one is never used."""
    making = target.with_name(f"{target.name}.{os.getpid()}")
    making.mkdir(parents=True, mode=0o700, exist_ok=True)
    for path, source in _sources(folder):
        (making / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, making / path)
    _add_missing_value_sets(making)
    _add_missing_spellings(making)
    (making / DONE).touch()
    try:
        making.rename(target)
    except OSError:  # another process was faster: its copy is as good
        shutil.rmtree(making)


def _add_missing_spellings(root: Path) -> None:
    """Copy each file that is asked for under another spelling of its name to that name."""
    by_spelling = {str(path).lower(): path for path in root.rglob("*") if path.is_file()}
    for schematron in sorted(root.rglob("*.sch")):
        text = COMMENT.sub("", _text(schematron))
        for asked in (*INCLUDE.findall(text), *NAMED_FILE.findall(text)):
            wanted = Path(os.path.normpath(schematron.parent / asked.strip()))
            known = by_spelling.get(str(wanted).lower())
            if known is not None and not wanted.exists() and wanted.is_relative_to(root):
                wanted.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(known, wanted)


def _add_missing_value_sets(root: Path) -> None:
    """Make each value set that the header asks for and that is not there from the list of that OID."""
    folder = root / "schematrons/profils/structurationMinimale"
    asked = {found for path in folder.rglob("*.sch") for found in ASKED_VALUE_SET.findall(_text(path))}
    missing = [(name, oid) for name, oid in sorted(asked) if not (folder / "include" / name).exists()]
    if not missing:
        return
    lists = {oid: path for path in sorted(root.glob("jeuxDeValeurs/*.xml")) for oid in _oids(path)}
    for name, oid in missing:
        if oid in lists:
            (folder / "include").mkdir(parents=True, exist_ok=True)
            (folder / "include" / name).write_bytes(_vocabulary(oid, lists[oid]))


def _oids(path: Path) -> list[str]:
    return re.findall(r"""<ValueSet\b[^>]*\bid=["']([0-9.]+)["']""", _text(path))


def _vocabulary(oid: str, path: Path) -> bytes:
    root = etree.Element("valueSets")
    concepts = etree.SubElement(etree.SubElement(root, "valueSet", id=oid), "conceptList")
    for concept in _parsed(path).iter(f"{SVS}Concept"):
        names = {name: concept.get(name, "") for name in ("code", "codeSystem", "displayName")}
        etree.SubElement(concepts, "concept", names)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _parsed(path: Path) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.parse(path, parser).getroot()


def _model(root: Path, path: Path) -> Model:
    name = MODEL.fullmatch(path.name)
    text = _text(path)
    for asked in HEADER.findall(text):
        header = Path(os.path.normpath(path.parent / asked))
        if header.is_relative_to(root) and header.is_file():
            text += _text(header)
    roots = frozenset(each.rstrip(".") for each in MODEL_ROOT.findall(text))
    return Model(name[1] if name else path.stem, str(path.relative_to(root)), roots, frozenset(CODE.findall(text)))


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
