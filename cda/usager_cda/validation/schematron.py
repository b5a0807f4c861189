"""ISO schematrons of a rules pack, compiled to XSLT 2 and run by Saxon. Only the worker process imports this."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from usager_cda.tree import Element, line_of, text_of, xpath_of
from usager_cda.validation.pack import PackError
from usager_cda.validation.report import Remark

STEPS = ("iso_dsdl_include.xsl", "iso_abstract_expand.xsl", "iso_svrl_for_xslt2.xsl")
ENGINE = "schematrons/moteur"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
SEVERITIES = {"warning": "warning", "warn": "warning", "info": "information", "information": "information"}
TAG = re.compile(r"^\[([^\]]{1,80})\]\s*")
STEP = re.compile(r"\*:([\w.-]+)\[namespace-uri\(\)='([^']*)'\]")
UNSAFE = re.compile(
    r"unparsed-text|(?<![\w-])collection\s*\(|result-document|xmlns:\w+\s*=\s*[\"']java:|<!DOCTYPE|<!ENTITY"
)
PROPERTIES = {
    "http://saxon.sf.net/feature/parserFeature?uri=http://apache.org/xml/features/disallow-doctype-decl": "true",
    "http://saxon.sf.net/feature/allowedProtocols": "file",
}
HOSTILE = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
MOST_REMARKS = 2_000


class Saxon:
    """The engine, locked: no DOCTYPE, no protocol but files, no style sheet that reads or writes beside the rules.

    Shape   root is the private copy of the pack: what is compiled is kept beside each schematron, since its paths are
            relative to it.
    Errors  PackError when a schematron cannot be compiled, or when the engine would read a DOCTYPE.
    """

    def __init__(self, root: Path) -> None:
        import saxonche

        self._errors: type[Exception] = saxonche.PySaxonApiError
        self._root = root
        self._processor: Any = saxonche.PySaxonProcessor(license=False)
        for name, value in PROPERTIES.items():
            self._processor.set_configuration_property(name, value)
        self._xslt: Any = self._processor.new_xslt30_processor()
        self._compiled: dict[Path, Any] = {}
        self._refuse_doctypes()

    def tree(self, document: Element) -> Any:
        """Return a document as the engine reads it."""
        return self._processor.parse_xml(xml_text=etree.tostring(document, encoding="unicode"))

    def check(self, layer: str, schematron: Path, tree: Any, document: Element) -> Iterator[Remark]:
        """Yield what a schematron finds. Errors: PackError."""
        try:
            found = self._executable(schematron).transform_to_string(xdm_node=tree)
        except self._errors as error:
            raise PackError(f"{schematron.name} cannot be applied: {_first_line(error)}") from error
        report = etree.fromstring(found.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        for number, assertion in enumerate(report.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report")):
            if number == MOST_REMARKS:
                return
            yield _remark(layer, assertion, document)

    def _refuse_doctypes(self) -> None:
        try:
            self._processor.parse_xml(xml_text=HOSTILE)
        except self._errors:
            return
        raise PackError("this Saxon reads a DOCTYPE: it is not used")

    def _executable(self, schematron: Path) -> Any:
        if schematron not in self._compiled:
            target = schematron.with_suffix(".usager.xsl")
            if not target.exists():
                self._compile(schematron, target)
            self._compiled[schematron] = self._xslt.compile_stylesheet(stylesheet_file=str(target))
        return self._compiled[schematron]

    def _compile(self, schematron: Path, target: Path) -> None:
        """Turn a schematron into XSLT, in the three steps of ISO schematron; the last one is moved to its place."""
        source, made = schematron, []
        for number, step in enumerate(STEPS):
            result = schematron.with_suffix(f".usager-{number}.tmp")
            style = self._root / ENGINE / step
            if not style.exists():
                raise PackError(f"{ENGINE}/{step} is missing from the rules")
            self._xslt.compile_stylesheet(stylesheet_file=str(style)).transform_to_file(
                source_file=str(source), output_file=str(result)
            )
            made.append(result)
            source = result
        unsafe = UNSAFE.search(source.read_text("utf-8", "replace"))
        if unsafe:
            raise PackError(f"{schematron.name} uses {unsafe[0].strip()}, which is not allowed")
        source.rename(target)
        for result in made[:-1]:
            result.unlink()


def _remark(layer: str, assertion: Element, document: Element) -> Remark:
    text = text_of(assertion) or ""
    tag = TAG.match(text)
    rule = assertion.get("id") or (tag[1] if tag else layer)
    severity = SEVERITIES.get((assertion.get("role") or "").lower(), "error")
    element = _element(assertion.get("location") or "", document)
    message = TAG.sub("", text) or assertion.get("test") or ""
    if element is None:
        return Remark(rule, severity, message, layer=layer)
    return Remark(rule, severity, message, line=line_of(element), xpath=xpath_of(element), layer=layer)


def _element(location: str, document: Element) -> Element | None:
    """Return the element that a location of SVRL names; attributes name theirs."""
    path = STEP.sub(r"*[local-name()='\1' and namespace-uri()='\2']", location).partition("/@")[0]
    try:
        found = document.getroottree().xpath(path) if path else []
    except etree.XPathError:
        return None
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, etree._Element) else None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:300]
