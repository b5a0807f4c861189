"""Code systems: the OIDs of CDA and the addresses of FHIR, one table read both ways (`data/systems.csv`)."""

import csv
import re
from functools import cache
from importlib.resources import files
from urllib.parse import quote, unquote

OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

OURS = "https://usager.example/fhir"
EXTENSIONS = f"{OURS}/StructureDefinition"
FR_CORE = "https://hl7.fr/ig/fhir/core"
FR_CORE_EXTENSIONS = f"{FR_CORE}/StructureDefinition"
FR_CORE_IDENTIFIER_TYPES = f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0203"
V2_IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"

PERSONS = "1.2.250.1.71.4.2.1"
STRUCTURES = "1.2.250.1.71.4.2.2"
RPPS = "https://rpps.esante.gouv.fr"
FINESS = "https://finess.esante.gouv.fr"
SIRENE = "https://sirene.fr"
URIS = "urn:ietf:rfc:3986"
# Identities that only exist inside a document (a person without a national number), and the sets of its versions.
SCOPED = f"{OURS}/sid/cda"
DOCUMENT_SETS = f"{OURS}/sid/document-set"


def rows(name: str) -> list[dict[str, str]]:
    """Return the lines of one data file of this package."""
    text = files("usager_cda").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    table = rows("systems.csv")
    urls = {row["oid"]: row["url"] for row in table}
    oids = {row["url"]: row["oid"] for row in (*table, *rows("aliases.csv"))}
    return urls, oids, {row["oid"]: row["name"] for row in table}


def url_of(oid: str) -> str:
    """Return the FHIR system of a CDA codeSystem; one that is not in the table is named by its OID."""
    return _tables()[0].get(oid) or uri_of(oid)


def oid_of(url: str) -> str | None:
    """Return the OID (or UUID) of a FHIR system, other names of it included; None when it has none that we know."""
    return _tables()[1].get(url) or root_of(url)


def name_of(oid: str) -> str | None:
    """Return the codeSystemName of an OID, or None."""
    return _tables()[2].get(oid)


def uri_of(root: str) -> str:
    """Return the URI of a CDA root: urn:oid: or urn:uuid:, else urn:hl7ii: (the rare RUID)."""
    if OID.fullmatch(root):
        return f"urn:oid:{root}"
    return f"urn:uuid:{root.lower()}" if UUID.fullmatch(root) else f"urn:hl7ii:{quote(root)}"


def root_of(uri: str) -> str | None:
    """Return the CDA root of a URI, or None. UUIDs are written in capitals, as HL7 v3 does."""
    if uri.startswith("urn:oid:"):
        return uri.removeprefix("urn:oid:")
    if uri.startswith("urn:hl7ii:"):
        return unquote(uri.removeprefix("urn:hl7ii:"))
    return uri.removeprefix("urn:uuid:").upper() if uri.startswith("urn:uuid:") else None
