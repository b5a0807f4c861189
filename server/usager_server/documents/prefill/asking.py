"""What would keep a draft from becoming a document: the writer of documents is asked, nothing it writes is kept."""

import base64
from collections.abc import Iterable, Sequence

import usager_cda
from usager_cda.errors import Finding
from usager_server.documents.prefill.draft import Draft
from usager_server.documents.prefill.outline import Tree

# An N1 is written around a file, which is printed when the document is produced.
FILE = {
    "resourceType": "Binary",
    "id": "prefill",
    "contentType": "application/pdf",
    "data": base64.b64encode(b"%PDF-1.4").decode("ascii"),
}
FILE_LINK = "urn:usager:prefill"


def missing_in(draft: Draft, composition: Tree, others: Iterable[Tree], base_url: str) -> Sequence[Finding]:
    """Return what the document lacks, each with its FHIRPath. Time: some 5 ms of CPU."""
    try:
        written = usager_cda.write_document(_document(draft, composition), others, base_url=base_url)
    except usager_cda.CDAError as error:
        return error.findings
    return written.findings


def _document(draft: Draft, composition: Tree) -> Tree:
    entries = [{"fullUrl": name, "resource": each} for name, each in draft.made.items()]
    entries += [{"resource": each} for each in draft.listed.values()]
    if draft.outline.model is None:
        composition = {**composition, "section": [{"title": "-", "entry": [{"reference": FILE_LINK}]}]}
        entries.append({"fullUrl": FILE_LINK, "resource": FILE})
    return {"resourceType": "Bundle", "type": "document", "entry": [{"resource": composition}, *entries]}


def needed_by(draft: Draft, composition: Tree, others: Iterable[Tree], base_url: str) -> set[str]:
    """Return the references ("Type/id") that the document needs and that nothing at hand holds."""
    return usager_cda.references_needed(_document(draft, composition), others, base_url=base_url)
