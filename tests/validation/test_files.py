"""Files in resources: bytes are held to the media type that they are said to be of."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from usager_server.definitions import Definitions
from usager_server.errors import Issue
from usager_server.validation.files import BY_TYPE, KINDS, mismatch
from usager_server.validation.limits import FILE_HEAD_BYTES, FILE_LEAST_BYTES
from usager_server.validation.structure import Structure

Check = Callable[[dict[str, Any]], list[Issue]]

MORE = b"\x01\x02" * FILE_LEAST_BYTES
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + MORE
SAMPLES = {
    "application/pdf": PDF,
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + MORE,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + MORE,
    "image/gif": b"GIF89a" + MORE,
    "image/tiff": b"II*\0" + MORE,
    "image/webp": b"RIFF\x10\0\0\0WEBPVP8 " + MORE,
    "image/heic": b"\0\0\0\x18ftypheic\0\0\0\0" + MORE,
    "application/dicom": b"\0" * 128 + b"DICM" + MORE,
    "application/rtf": b"{\\rtf1\\ansi Bonjour}" + b" " * FILE_LEAST_BYTES,
    "application/zip": b"PK\x03\x04\x14\0" + MORE,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": b"PK\x03\x04\x14\0" + MORE,
    "application/vnd.oasis.opendocument.text": b"PK\x03\x04\x14\0" + MORE,
    "text/xml": b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>' + b" " * FILE_LEAST_BYTES,
    "application/fhir+json": b' {"resourceType": "Patient"}' + b" " * FILE_LEAST_BYTES,
    "text/plain": "Décès d'un proche ; à revoir.".encode() * 4,
}


def bearing(media_type: str, content: bytes) -> dict[str, Any]:
    """Return a Binary."""
    return {"resourceType": "Binary", "contentType": media_type, "data": b64encode(content).decode()}


@pytest.mark.parametrize("media_type", SAMPLES)
def test_bytes_of_their_type_are_kept(check: Check, media_type: str) -> None:
    assert check(bearing(media_type, SAMPLES[media_type])) == []


@pytest.mark.parametrize("media_type", SAMPLES)
@pytest.mark.parametrize("other", [name for name in SAMPLES if name in BY_TYPE])
def test_bytes_of_another_kind_are_refused_and_the_right_type_is_named(media_type: str, other: str) -> None:
    text = mismatch(media_type, SAMPLES[other])
    if SAMPLES[other] == SAMPLES[media_type]:
        assert text is None  # a ZIP may be a document of an office suite
    else:
        assert text is not None
        assert f"{other} would be right" in text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_bytes_that_are_nothing_known_are_refused_with_how_they_would_begin(kind: Any) -> None:
    for name in (kind.type, *kind.other_types):
        assert kind.start in (mismatch(name, b"nothing of the kind " * 10) or "")


def test_an_attachment_is_told_by_its_place(check: Check, patient: dict[str, Any]) -> None:
    photo = {"contentType": "image/jpeg", "data": b64encode(SAMPLES["image/heic"]).decode()}
    [issue] = check({**patient, "photo": [photo]})
    assert (issue.severity, issue.code, issue.expression) == ("error", "business-rule", "Patient.photo[0].contentType")
    assert "image/heic would be right" in issue.diagnostics


def test_white_space_in_the_base64_hides_nothing(check: Check) -> None:
    resource = bearing("image/png", PDF)
    resource["data"] = "\n".join(resource["data"])
    assert [issue.expression for issue in check(resource)] == ["Binary.contentType"]


def test_a_pdf_may_begin_a_little_later() -> None:
    assert mismatch("application/pdf", b"\r\n" * 20 + PDF) is None
    assert mismatch("application/pdf", b"\r\n" * 600 + PDF) is not None


def test_base64_of_base64_is_told() -> None:
    assert "decode them once more" in (mismatch("application/pdf", b64encode(PDF)) or "")


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("application/octet-stream", PDF),
        ("text/cql", b"library HIV"),
        ("audio/mpeg", b"too big too include the whole"),
        ("application/x-whatever", b"\0"),
        ("nonsense", PDF),
    ],
)
def test_a_type_that_is_not_known_promises_nothing(media_type: str, content: bytes) -> None:
    assert mismatch(media_type, content) is None


def test_what_is_too_short_for_a_file_stands_for_one() -> None:
    assert mismatch("application/pdf", b"Hello") is None
    assert mismatch("application/pdf", b"x" * FILE_LEAST_BYTES) is not None
    assert mismatch("application/pdf", b"GIF89a") is not None


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/plain", "Décès".encode("latin-1")),
        ("text/plain;charset=UTF-8", "Décès".encode("latin-1")),
        ("text/plain; charset=iso-8859-1", b"a\0b"),
        ("application/xml", b"Bonjour"),
        ("application/hl7-cda+xml", b"{}"),
        ("application/json", b"<a/>"),
    ],
)
def test_what_is_no_such_text_is_refused(media_type: str, content: bytes) -> None:
    assert mismatch(media_type, content) is not None


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ('text/plain; charset="ISO-8859-1"', "Décès".encode("latin-1")),
        ("text/plain;charset=utf-16", "Décès".encode("utf-16")),
        ("TEXT/PLAIN", "Décès".encode()),
        ("text/plain", "é".encode() * FILE_HEAD_BYTES),
        ("text/plain", b"x" + ("é".encode() * FILE_HEAD_BYTES)),
        ("text/xml", "<a>Décès</a>".encode("utf-16")),
        ("text/xml", "<a>Décès</a>".encode("utf-16-le")),
        ("text/xml", b"\xef\xbb\xbf \n<a/>"),
        ("application/json", b"\xef\xbb\xbf[]"),
        ("text/plain", b"MZ is how a note may begin; BM too, ID3 as well"),
        ("text/plain", b""),
    ],
)
def test_a_text_in_its_charset_is_kept(media_type: str, content: bytes) -> None:
    assert mismatch(media_type, content[:FILE_HEAD_BYTES]) is None


@pytest.mark.parametrize("media_type", ["application/octet-stream", "text/cql", "image/bmp"])
def test_an_operator_may_have_other_types_refused(definitions: Definitions, media_type: str) -> None:
    strict = Structure(definitions, known_files_only=True)
    [issue] = strict.check(bearing(media_type, b"anything"))
    assert (issue.severity, issue.code, issue.expression) == ("error", "business-rule", "Binary.contentType")
    assert "PDF, PNG, JPEG" in issue.diagnostics
    assert all(strict.check(bearing(known, SAMPLES[known])) == [] for known in SAMPLES)


def test_advice_repeats_no_refusal(validator: Any) -> None:
    assert validator.advice(bearing("image/png", PDF)) == []
