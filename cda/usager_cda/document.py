"""The two ways of the library: a CDA document -> a transaction Bundle, and a Bundle -> an N1 or N3 document."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from usager_cda.body import check_body
from usager_cda.building import markup
from usager_cda.classes import format_of, is_structured_format
from usager_cda.complete import completed
from usager_cda.coverage import unmapped
from usager_cda.datatypes import Tree
from usager_cda.errors import Finding, IncompleteDocument
from usager_cda.fhir.bundle import transaction_of
from usager_cda.fhir.composition import document_of_composition
from usager_cda.fhir.header import header_of_document
from usager_cda.fhir.resolver import Resolver
from usager_cda.functions import with_listed_functions
from usager_cda.header import Act, Header
from usager_cda.read import header_of
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.structured import registry
from usager_cda.structured.body import BodyWriter, says_something
from usager_cda.structured.kinds import Model
from usager_cda.tree import descendant
from usager_cda.wrapping import asked, content_key, left_behind, wrapped
from usager_cda.write import build_document


def bundle_from_cda(data: bytes, limits: Limits = LIMITS) -> Tree:
    """Return the transaction Bundle of a document: its header as resources, its bytes as a Binary.

    Shape   what was remarkable is in cda-finding extensions of the entry of the DocumentReference.
    Errors  UnreadableXML, TooLargeXML, NotConformant.
    Source  cda.md 6.1 and 6.3.
    """
    root = parse_document(data, limits)
    read = header_of(root)
    body = descendant(root, "component/structuredBody")
    return transaction_of(read.header, data, (*read.findings, *check_body(root), *unmapped(root)), body)


@dataclass(frozen=True, slots=True)
class Written:
    """A document that was written, its header, and what was remarkable on the way."""

    data: bytes
    header: Header
    findings: tuple[Finding, ...] = ()


def cda_from_bundle(
    bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None, pdf: bytes | None = None
) -> bytes:
    """Return the document of a Bundle, as write_document does, without the remarks."""
    return write_document(bundle, others, base_url=base_url, pdf=pdf).data


def write_document(
    bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None, pdf: bytes | None = None
) -> Written:
    """Return the document of a Bundle.

    Shape   a Composition whose type or profile is that of a model (models/) is written as N3, its header as the
            DocumentReference beside it tells, if there is one; anything else as N1 around the file of the
            DocumentReference or Composition. others are resources that the Bundle refers to without holding them;
            base_url the server they come from; pdf the copy of an N3 to be put inside it.
    Errors  IncompleteDocument with all that is missing. Source: CI-SIS structuration minimale; IHE XDS-SD.
    """
    resolver = resolver_of(bundle, others, base_url)
    composition = next(_of_type(bundle, "Composition"), None)
    model = structured_model(composition) if composition else None
    try:
        if composition is not None and model is not None:
            return _structured(bundle, composition, model, resolver, pdf)
        document = _document(bundle, composition, resolver)
        data, header, remarks = wrapped(document, composition, resolver)
        return Written(data, header, (*remarks, *left_behind(document, composition)))
    except ValueError as error:  # a time that is none, in a resource nobody validated
        raise IncompleteDocument(asked("Bundle", str(error))) from error


def structured_model(composition: Tree) -> Model | None:
    """Return the model a Composition is written with; None when it is only around a file."""
    codings = (composition.get("type") or {}).get("coding") or ()
    profiles = (composition.get("meta") or {}).get("profile") or ()
    model = registry.model_for((coding.get("code") for coding in codings), profiles)
    return model if model is not None and says_something(composition, model) else None


def _structured(bundle: Tree, composition: Tree, model: Model, resolver: Resolver, pdf: bytes | None) -> Written:
    documents = main_documents(bundle, resolver)
    if len(documents) > 1:
        raise IncompleteDocument(asked("Bundle.entry", f"{len(documents)} DocumentReferences; expected one at most"))
    document = documents[0] if documents else document_of_composition(bundle, composition, resolver)
    rewritten = list(_other_model(document, composition, model))
    header, renamed = with_listed_functions(header_of_document(document, resolver))
    header = replace(header, media_type=None, title=header.title or model.title, acts=_acts(header, model))
    header, remarks = _allowed(header, model)
    scope = str(header.set_id or (header.id if header.id.is_known else composition.get("id") or model.name))
    writer = BodyWriter(model, resolver, scope)
    if model.asks is not None:
        writer.missing.extend(model.asks(header, list(_listed(composition, resolver)), resolver))
    body = writer.build(composition, pdf)
    told = {"document": document, "composition": composition}
    inside = markup(body)
    header = completed(header, content_key(told, inside.encode()), model.templates)
    return Written(build_document(header, inside), header, (*rewritten, *renamed, *remarks, *writer.writing.findings))


def _other_model(document: Tree, composition: Tree, model: Model) -> Iterator[Finding]:
    """Yield the remark that a document becomes one of another model.

    Errors  IncompleteDocument when nobody asked for it: a model that is read only shares its type with one that is not.
    """
    codes = [(each.get("format") or {}).get("code") for each in document.get("content", ())]
    own = format_of(model.templates, None).code
    other = next((code for code in codes if is_structured_format(code) and code != own), None)
    if other is None:
        return
    where = "DocumentReference.content.format"
    if model.profile not in ((composition.get("meta") or {}).get("profile") or ()):
        text = f"the document is of the model {other}; to make one of the model {model.name} of it"
        raise IncompleteDocument(asked(where, f"{text}, name {model.profile} in Composition.meta.profile"))
    text = f"The document was of the model {other}; it is written as {model.name}, with what that has a place for"
    yield Finding("warning", text, expression=where)


def _acts(header: Header, model: Model) -> tuple[Act, ...]:
    """Return the acts; the code and the practice setting of the main one are those of the model, when it fixes them."""
    main, others = header.main_act, header.acts[1:]
    is_told = model.act is None or (main.code is not None and main.code.code == model.act.code)
    main = replace(main, setting=model.setting or main.setting)
    return (main if is_told else replace(main, code=model.act), *others)


def _allowed(header: Header, model: Model) -> tuple[Header, tuple[Finding, ...]]:
    """Return the header without the kind of encounter that the model does not allow, and what was left out."""
    code = header.stay.code
    if code is None or not model.stays or code.code in model.stays:
        return header, ()
    text = f"The class {code.code} of the encounter is left out: the model {model.name} allows {', '.join(model.stays)}"
    remark = Finding("information", text, expression="Encounter.class")
    return replace(header, stay=replace(header.stay, code=None)), (remark,)


def references_needed(bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None) -> set[str]:
    """Return the references ("Type/id") that a Bundle needs and that neither it nor others hold."""
    others = list(others)
    resolver = resolver_of(bundle, others, base_url)
    resources = [entry.get("resource") or {} for entry in bundle.get("entry", ())]
    return {
        text
        for resource in (*resources, *others)
        for text in (*resolver.missing(resource), *_file_url(resource, resolver))
    }


def _file_url(resource: Tree, resolver: Resolver) -> Iterable[str]:
    for content in resource.get("content", ()) if resource.get("resourceType") == "DocumentReference" else ():
        attachment = content.get("attachment") or {}
        url = str(attachment.get("url") or "")
        if url.startswith("Binary/") and "data" not in attachment and resolver.find({"reference": url}) is None:
            yield url


def resolver_of(bundle: Tree, others: Iterable[Tree], base_url: str | None) -> Resolver:
    entries = [entry for entry in bundle.get("entry", ()) if entry.get("resource")]
    resolver = Resolver(((entry.get("fullUrl"), entry["resource"]) for entry in entries), base_url)
    for resource in others:
        resolver.add(resource)
    return resolver


def _document(bundle: Tree, composition: Tree | None, resolver: Resolver) -> Tree:
    """Return the DocumentReference of what is not structured, or what a Composition says of it."""
    documents = main_documents(bundle, resolver)
    if len(documents) > 1:
        raise IncompleteDocument(asked("Bundle.entry", f"{len(documents)} DocumentReferences; expected one"))
    if documents:
        return documents[0]
    composition = composition or resolver.of_type("Composition")
    if composition is None:
        raise IncompleteDocument(asked("Bundle.entry", "no DocumentReference nor Composition; expected one"))
    return document_of_composition(bundle, composition, resolver)


def main_documents(bundle: Tree, resolver: Resolver) -> list[Tree]:
    """Return the DocumentReferences that are no file inside a document: not in a section, nor related to another."""
    listed = [found for composition in _of_type(bundle, "Composition") for found in _listed(composition, resolver)]
    found = [each for each in _of_type(bundle, "DocumentReference") if not any(each is other for other in listed)]
    return [each for each in found if not any(_is_inside(each, other, resolver) for other in found)]


def _is_inside(document: Tree, other: Tree, resolver: Resolver) -> bool:
    related = (document.get("context") or {}).get("related") or ()
    return any(resolver.find(reference, document) is other for reference in related)


def _listed(composition: Tree, resolver: Resolver) -> Iterator[Tree]:
    sections = list(composition.get("section", ()))
    while sections:
        section = sections.pop()
        sections.extend(section.get("section", ()))
        yield from (found for reference in section.get("entry", ()) if (found := resolver.find(reference, composition)))


def _of_type(bundle: Tree, resource_type: str) -> Iterator[Tree]:
    resources = (entry.get("resource") or {} for entry in bundle.get("entry", ()))
    return (found for found in resources if found.get("resourceType") == resource_type)
