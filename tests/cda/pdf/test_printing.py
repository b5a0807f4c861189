"""A document Bundle -> a PDF/A-1b that says all of it, with the identity on each page, and always the same bytes."""

import os
import re
import subprocess
import sys
from functools import cache
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from tests.cda.pdf import bundles
from tests.cda.pdf.looking import symbols, texts
from tests.cda.pdf.preflight import needs_preflight, verdict
from usager_cda import IncompleteDocument
from usager_cda.pdf import pdf_from_bundle


@cache
def printed_once(made):
    return pdf_from_bundle(made())


DOCUMENTS = [bundles.letter, bundles.summary, bundles.extreme]
ROOM = Path(__file__).parents[3] / "cda" / "usager_cda" / "pdf"


@pytest.mark.parametrize("made", DOCUMENTS)
@needs_preflight
def test_every_template_passes_preflight_as_pdf_a_1b(made, tmp_path):
    assert "is a valid PDF/A-1b file" in verdict(printed_once(made).content, tmp_path)


@pytest.mark.parametrize("made", DOCUMENTS)
def test_each_page_bears_the_identity_the_title_and_its_number(made):
    printed = printed_once(made)
    pages = texts(printed.content)
    assert len(pages) == printed.pages
    for rank, page in enumerate(pages, 1):
        for told in ("Nom de naissance", "14/07/1938", "BREST (code INSEE 29019)", "1.2.250.1.213.1.4.10", "Féminin"):
            assert told in page
        assert f"page {rank}/{printed.pages}" in page
        assert "version 1 du 12/03/2026 à 10 h 15" in page.replace("\u00a0", " ")


def test_the_matricule_is_printed_with_its_nature():
    assert "2 38 07 29 019 001 94 [NIR de test]" in texts(printed_once(bundles.letter).content)[0]


@pytest.mark.parametrize("made", DOCUMENTS)
def test_a_scanner_reads_the_ins_on_each_page(made):
    printed = printed_once(made)
    found = symbols(printed.content)
    assert len(found) == printed.pages
    for page in found:
        assert len(page) == 1
        assert page[0].startswith("IS010000000000000000000000S1238072901900194S21.2.250.1.213.1.4.10S3")
        assert page[0].endswith("S5FS614-07-1938S729019")


@pytest.mark.parametrize("status", ["PROV", "RECUP"])
def test_an_identity_that_is_not_validated_shows_no_matricule(status):
    printed = pdf_from_bundle(bundles.with_status(bundles.letter(), status)).content
    assert symbols(printed) == [[]]
    assert "Matricule" not in texts(printed)[0]
    assert "ABEILLON" in texts(printed)[0]


def test_what_the_narratives_say_is_printed_in_their_order():
    page = texts(printed_once(bundles.letter).content)[0]
    told = ("Motif de sortie", "Douleur ≤ 3/10 → palier 1", "Médicament", "PARACÉTAMOL 1 g", "Aucun élément connu")
    places = [page.index(each) for each in told]
    assert places == sorted(places)


def test_the_header_is_printed_whole():
    page = texts(printed_once(bundles.letter).content)[0]
    for told in ("Dr Claire MARTINEAU", "RPPS 10100000017", "EHPAD Les Tilleuls", "FINESS 750000999", "75013 PARIS"):
        assert told in page.replace("\u00a0", " ")


def test_the_same_document_is_the_same_bytes_in_another_process():
    program = (
        "from tests.cda.pdf import bundles; from usager_cda.pdf import pdf_from_bundle; import hashlib;"
        "print(hashlib.sha256(pdf_from_bundle(bundles.summary()).content).hexdigest())"
    )
    root = Path(__file__).parents[3]
    seeds = ({**os.environ, "PYTHONHASHSEED": seed, "TZ": zone} for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")))
    hashes = {
        subprocess.run([sys.executable, "-c", program], env=env, cwd=root, capture_output=True, check=True).stdout
        for env in seeds
    }
    assert len(hashes) == 1


def test_the_metadata_say_the_same_twice():
    with pikepdf.open(BytesIO(printed_once(bundles.letter).content)) as pdf:
        packet = bytes(pdf.Root.Metadata.read_bytes()).decode()
        assert str(pdf.docinfo.Title) == "Lettre de liaison de sortie"
        assert str(pdf.docinfo.CreationDate) == str(pdf.docinfo.ModDate) == "D:20260312091500+00'00'"
        assert str(pdf.Root.Lang) == "fr-FR"
    for told in ("Lettre de liaison de sortie", "Dr Claire MARTINEAU", "fr-FR", "2026-03-12T09:15:00+00:00"):
        assert told in packet


def test_every_font_is_ours():
    with pikepdf.open(BytesIO(printed_once(bundles.summary).content)) as pdf:
        names = {
            str(each.BaseFont) for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and "/BaseFont" in each
        }
    assert names
    assert all(re.match(r"/[A-Z]{6}\+(NotoSans|DejaVuSans|Text|Symbols)", name) for name in names), names


def test_what_no_font_has_is_told_and_shown_as_missing():
    printed = pdf_from_bundle(bundles.bundle(bundles.section("Texte", "<p>日本</p>")))
    assert printed.findings[0].message.startswith("2 characters are in no font of ours")


def test_the_style_knows_no_transparency():
    style = re.sub(r"/\*.*?\*/", "", (ROOM / "document.css").read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"opacity|rgba|hsla|box-shadow|text-shadow|filter|mix-blend|#[0-9a-f]{8}|gradient", style)


def test_a_bundle_without_composition_is_refused():
    with pytest.raises(IncompleteDocument, match="no Composition"):
        pdf_from_bundle({"resourceType": "Bundle", "entry": []})


def test_a_composition_without_date_is_refused():
    made = bundles.letter()
    made["entry"][0]["resource"].pop("date")
    with pytest.raises(IncompleteDocument, match=r"Composition\.date"):
        pdf_from_bundle(made)
