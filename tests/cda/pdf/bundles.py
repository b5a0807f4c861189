"""Document Bundles to be printed: a short letter, a long summary, and one whose every text is too long."""

import base64
import copy
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image

from tests.cda.documents import letter as transaction

Tree = dict[str, Any]


def bundle(*sections: Tree, title: str = "Lettre de liaison de sortie") -> Tree:
    """Return a document Bundle with these sections, about the person of the letter of docs/examples."""
    made = transaction()
    document = next(
        each["resource"] for each in made["entry"] if each["resource"]["resourceType"] == "DocumentReference"
    )
    composition = {name: document[name] for name in ("type", "subject", "date", "author", "custodian")} | {
        "resourceType": "Composition",
        "status": "final",
        "title": title,
        "attester": [{"mode": "legal", "party": document["authenticator"], "time": document["date"]}],
        "section": list(sections),
    }
    others = [each for each in made["entry"] if each["resource"] is not document]
    return {"resourceType": "Bundle", "type": "document", "entry": [{"resource": composition}, *others]}


def section(title: str, xhtml: str) -> Tree:
    """Return a section with a narrative."""
    return {
        "title": title,
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{xhtml}</div>'},
    }


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in XHTML."""
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def picture(mode: str = "RGBA", size: tuple[int, int] = (60, 20), kind: str = "PNG") -> str:
    """Return a picture as a data URI, half of it transparent when it can be."""
    image = Image.new(mode, size)
    out = BytesIO()
    image.save(out, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def letter() -> Tree:
    """Return a letter of one page."""
    posology = [("PARACÉTAMOL 1 g, comprimé", "1 comprimé matin, midi et soir", "02/04/2026")] * 4
    return bundle(
        section("Motif de sortie", "<p>Retour à domicile. Douleur ≤ 3/10 → palier 1 ; ☐ néant ☑ revu.</p>"),
        section("Traitements de sortie", table(("Médicament", "Posologie", "Jusqu'au"), posology)),
        {"title": "Allergies", "emptyReason": {"coding": [{"code": "nilknown"}]}},
    )


def letter_with_setting() -> Tree:
    """Return the letter with what a CDA asks for beside: where it was written, in what setting."""
    made = letter()
    document = next(each["resource"] for each in transaction()["entry"] if "context" in each["resource"])
    found = {each["resource"]["resourceType"]: each["resource"] for each in made["entry"]}
    place = {"resourceType": "Location", "id": "place", "type": [document["context"]["facilityType"]]}
    found["Encounter"] |= {"contained": [place], "location": [{"location": {"reference": "#place"}}]}
    found["Organization"]["type"] = [document["context"]["practiceSetting"]]
    found["Composition"]["encounter"] = document["context"]["encounter"][0]
    return made


def summary() -> Tree:
    """Return a summary of several pages: tables, sections inside sections, a picture, other alphabets."""
    problems = [("I48.2", "Fibrillation auriculaire", "2021-09", "Actif", "CHA₂DS₂-VASc = 5")] * 25
    treatments = [("APIXABAN 2,5 mg, comprimé pelliculé", "1 matin et soir", "Orale", "depuis le 14/09/2021")] * 25
    analyses = [("Hémoglobine", "11,8", "g/dL", "12,0 – 16,0")] * 6
    return bundle(
        section("Problèmes actifs", table(("Code", "Problème", "Début", "Statut", "Commentaire"), problems)),
        section("Traitements au long cours", table(("Médicament", "Posologie", "Voie", "Période"), treatments)),
        {
            "title": "Résultats",
            "section": [section("Hémogramme", table(("Analyse", "Résultat", "Unité", "Référence"), analyses))],
        },
        section("Documents joints", f'<img src="{picture()}" alt="Tracé"/><p>العربية · ελληνικά · русский</p>'),
        title="Synthèse médicale",
    )


def extreme() -> Tree:
    """Return a document of long names, long words and a long title."""
    rows = [("x" * 200, "Un texte " * 60)]
    made = bundle(
        section("Texte", f"<p>{'Phrase assez longue. ' * 200}</p><p>{'A' * 400}</p>{table(('D' * 80, 'B'), rows)}"),
        title="Attestation d'identité qualifiée concernant un prélèvement externe effectué par un préleveur libéral",
    )
    patient(made)["name"] = LONG_NAMES
    return made


def patient(made: Tree) -> Tree:
    """Return the Patient of a Bundle."""
    found: Tree = next(each["resource"] for each in made["entry"] if each["resource"]["resourceType"] == "Patient")
    return found


def with_status(made: Tree, code: str) -> Tree:
    """Return a Bundle whose Patient has an identity of this status."""
    changed = copy.deepcopy(made)
    coding = {"system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-identity-status", "code": code}
    status = {"url": "identityStatus", "valueCoding": coding}
    url = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability"
    patient(changed)["extension"].append({"url": url, "extension": [status]})
    return changed


LISTED = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name"
LONG_NAMES = [
    {
        "use": "official",
        "family": "DE LA ROCHEFOUCAULD-MONTMORENCY-LAVAL DE SAINT-EXUPÉRY D'ARTAGNAN-FEZENSAC",
        "given": ["MARIE-ANTOINETTE"],
        "extension": [{"url": LISTED, "valueString": "MARIE-ANTOINETTE JOSÈPHE JEANNE ÉLÉONORE CHARLOTTE WILHELMINE"}],
    },
    {"use": "usual", "family": "WOLFESCHLEGELSTEINHAUSENBERGERDORFF", "given": ["Marie-Antoinette-Joséphine"]},
]
