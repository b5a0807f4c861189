"""A CDA -> one page of HTML that needs nothing else: no script, no address outside, readable without sight."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Template
from markupsafe import Markup

from usager_cda.read import header_of
from usager_cda.render.body import sections_of
from usager_cda.render.files import PDF, file_of
from usager_cda.render.texts import words_of
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.telling import colophon, wording
from usager_cda.telling.identity import identity_of
from usager_cda.telling.page import template_of
from usager_cda.tree import Element

ROOM = files("usager_cda").joinpath("render")
PICTURES = ("image/jpeg", "image/png", "image/gif")
UNTITLED = "Document"


def html_from_cda(
    data: bytes, limits: Limits = LIMITS, *, file_url: str | None = None, note: str | None = None
) -> bytes:
    """Return the page of any CDA: its identity and header, the file it carries first, then its sections.

    Shape   UTF-8. file_url is where the file can be had; without it the file is in the page itself, as a data link.
            note is said to the reader before anything else.
    Errors  UnreadableXML, TooLargeXML, NotConformant. Nothing that the document names is fetched, none of it runs.
    Source  CI-SIS, Volet Structuration minimale; WCAG 2.2 AA.
    """
    root = parse_document(data, limits)
    header = header_of(root).header
    file = file_of(root)
    return (
        _template()
        .render(
            policy=content_security_policy(),
            note=note,
            style=_style(),
            language=header.language or "fr-FR",
            identity=identity_of(header.patient, is_qualified=True),
            title=header.title or wording.label(header.code) or UNTITLED,
            kind=wording.label(header.code),
            version=header.version,
            written=wording.moment(header.time),
            structure=colophon.letterhead(header),
            essential=colophon.essential(header),
            whole=colophon.whole(header),
            file=file,
            address=file_url or (file.data_url if file else None),
            is_picture=file is not None and file.media_type in PICTURES,
            is_pdf=file is not None and file.media_type == PDF,
            words=words_of(file) if file else None,
            sections=sections_of(root),
        )
        .encode()
    )


@cache
def content_security_policy() -> str:
    """Return the policy that the page is made for, for those who serve it: it may show, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(str(_style()).encode()).digest()).decode()
    shown = "img-src data:; object-src 'self' data:; frame-src 'self' data:"
    return f"default-src 'none'; style-src 'sha256-{digest}'; {shown}; base-uri 'none'; form-action 'none'"


@cache
def _style() -> Markup:
    return Markup(ROOM.joinpath("page.css").read_text("utf-8"))  # noqa: S704  (ours)


@cache
def _template() -> Template:
    return template_of(ROOM, "page.html", scrolls=_scrolls)


def _scrolls(text: Element) -> bool:
    """Say whether a narrative may be wider than the screen: who has no mouse must reach it to scroll it."""
    return text.find(".//table") is not None
