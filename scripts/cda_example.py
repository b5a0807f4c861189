"""Makes the example of docs/examples: a letter in FHIR around a PDF, and the N1 document that the library writes of it.

Everyone in it is invented; the matricule is of the test authority (OID ...4.10).
"""

import base64
import json
from pathlib import Path
from typing import Any

from lxml import etree

from usager_cda import cda_from_bundle
from usager_cda.systems import FR_CORE, FR_CORE_IDENTIFIER_TYPES, V2_IDENTIFIER_TYPES, url_of

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
NAME = "lettre-de-liaison"
EXIT_LETTER = "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale"
LETTER = (
    "EHPAD Les Tilleuls - 12 allée des Tilleuls, 75013 Paris",
    "",
    "Lettre de liaison de sortie",
    "",
    "Patiente : Jeanne ABEILLON, née le 14/07/1938 à Brest (29019)",
    "Séjour du 2 septembre 2024 au 12 mars 2026",
    "",
    "Cher confrère,",
    "Mme Abeillon quitte notre établissement pour se rapprocher de sa fille.",
    "Hypertension équilibrée sous amlodipine 5 mg le matin ; appétit conservé,",
    "poids 58 kg. Marche avec déambulateur ; une chute sans gravité en janvier.",
    "Surveillance tensionnelle mensuelle à poursuivre.",
    "",
    "Dr Claire MARTINEAU, médecin coordonnateur",
)


def pdf(lines: tuple[str, ...]) -> bytes:
    """Return a page of text as a PDF of one kilobyte: enough to show, not a PDF/A."""
    shown = "\n".join(f"({_escaped(line)}) Tj T*" for line in lines)
    drawing = f"BT /F1 11 Tf 16 TL 60 780 Td\n{shown}\nET".encode("cp1252")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (len(objects) + 1, table, trailer)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def coding(oid: str, code: str, display: str) -> dict[str, Any]:
    """Return a CodeableConcept of one coding."""
    return {"coding": [{"system": url_of(oid), "code": code, "display": display}]}


def identifier(code: str, system: str, value: str, use: str = "official") -> dict[str, Any]:
    """Return a typed Identifier."""
    types = V2_IDENTIFIER_TYPES if code in ("PI", "VN") else FR_CORE_IDENTIFIER_TYPES
    return {"use": use, "type": {"coding": [{"system": types, "code": code}]}, "system": system, "value": value}


def bundle() -> dict[str, Any]:
    """Return the letter as a front end would post it."""
    resources = (patient(), organization(), practitioner(), role(), encounter(), document())
    entries = [{"fullUrl": f"urn:uuid:{resource.pop('key')}", "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


KEYS = {
    "patient": "6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b01",
    "organization": "6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b02",
    "practitioner": "6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b03",
    "role": "6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b04",
    "encounter": "6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b05",
    "document": "6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b06",
}


def to(name: str) -> dict[str, str]:
    """Return the Reference of one of the resources."""
    return {"reference": f"urn:uuid:{KEYS[name]}"}


def patient() -> dict[str, Any]:
    """Return the resident, with her five traits and her matricule."""
    insee = {"system": "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", "code": "29019"}
    code = {"url": f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code", "valueCoding": insee}
    listed = f"{FR_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"
    return {
        "key": KEYS["patient"],
        "resourceType": "Patient",
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"extension": [code], "city": "BREST"},
            }
        ],
        "identifier": [
            identifier("INS-NIR-TEST", "urn:oid:1.2.250.1.213.1.4.10", "238072901900194"),
            identifier("PI", "urn:oid:1.2.250.1.71.4.2.2.1750000999", "R0042", "usual"),
        ],
        "name": [
            {
                "use": "official",
                "family": "ABEILLON",
                "given": ["JEANNE"],
                "extension": [{"url": listed, "valueString": "JEANNE MARIE"}],
            }
        ],
        "gender": "female",
        "birthDate": "1938-07-14",
    }


def organization() -> dict[str, Any]:
    """Return the EHPAD."""
    return {
        "key": KEYS["organization"],
        "resourceType": "Organization",
        "identifier": [identifier("FINEG", "https://finess.esante.gouv.fr", "750000999")],
        "name": "EHPAD Les Tilleuls",
        "address": [{"line": ["12 allée des Tilleuls"], "postalCode": "75013", "city": "PARIS"}],
    }


def practitioner() -> dict[str, Any]:
    """Return the physician."""
    return {
        "key": KEYS["practitioner"],
        "resourceType": "Practitioner",
        "identifier": [identifier("RPPS", "https://rpps.esante.gouv.fr", "10100000017")],
        "name": [{"family": "MARTINEAU", "given": ["Claire"], "prefix": ["MME"], "suffix": ["DR"]}],
        "telecom": [{"system": "email", "value": "claire.martineau@medecin.mssante.fr", "use": "work"}],
    }


def role() -> dict[str, Any]:
    """Return the physician at work in the EHPAD."""
    return {
        "key": KEYS["role"],
        "resourceType": "PractitionerRole",
        "practitioner": to("practitioner"),
        "organization": to("organization"),
        "code": [coding("1.2.250.1.213.1.1.4.5", "G15_10/SM26", "Médecin - Qualifié en Médecine Générale (SM)")],
    }


def encounter() -> dict[str, Any]:
    """Return the stay."""
    return {
        "key": KEYS["encounter"],
        "resourceType": "Encounter",
        "identifier": [identifier("VN", "urn:oid:1.2.250.1.71.4.2.2.1750000999", "SEJ-2024-17")],
        "status": "finished",
        "class": {"system": url_of("2.16.840.1.113883.5.4"), "code": "IMP", "display": "Hospitalisation"},
        "subject": to("patient"),
        "period": {"start": "2024-09-02", "end": "2026-03-12"},
        "serviceProvider": to("organization"),
    }


def document() -> dict[str, Any]:
    """Return the letter itself."""
    attachment = {
        "contentType": "application/pdf",
        "language": "fr-FR",
        "data": base64.b64encode(pdf(LETTER)).decode("ascii"),
        "title": "Lettre de liaison de sortie",
        "creation": "2026-03-12T10:15:00+01:00",
    }
    return {
        "key": KEYS["document"],
        "resourceType": "DocumentReference",
        "status": "current",
        "type": coding(
            "2.16.840.1.113883.6.1",
            "83981-1",
            "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale",
        ),
        "subject": to("patient"),
        "date": "2026-03-12T10:15:00+01:00",
        "author": [to("role")],
        "authenticator": to("role"),
        "custodian": to("organization"),
        "content": [{"attachment": attachment}],
        "context": {
            "encounter": [to("encounter")],
            "period": {"start": "2026-03-12T09:30:00+01:00"},
            "facilityType": coding("1.2.250.1.71.4.2.4", "SA17", "Etablissement pour personnes âgées"),
            "practiceSetting": coding(
                "1.2.250.1.213.1.1.4.9", "ESSMS", "Etablissement ou Service Social ou Médico-Social"
            ),
        },
    }


def main() -> None:
    """Write both files."""
    letter = bundle()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{NAME}.json").write_text(json.dumps(letter, ensure_ascii=False, indent=2) + "\n", "utf-8")
    root = etree.fromstring(cda_from_bundle(letter))
    etree.indent(root)
    (FOLDER / f"{NAME}.xml").write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n")


if __name__ == "__main__":
    main()
