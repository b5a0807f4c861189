"""IHE_XDM.ZIP from anywhere: what is in it comes out, what is dangerous is refused, what is wrong is told."""

import io
import random
import struct
import warnings
import zipfile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.cda.xdm.archives import LETTER, OTHER, unzipped, zipped
from tests.spent import at_most
from usager_cda import CDAError
from usager_cda.xdm import UnsafeArchive, XDMLimits, build_xdm, read_xdm
from usager_cda.xdm.members import ARCHIVES

FOLDER = "IHE_XDM/SUBSET01/"
WRITTEN = build_xdm([LETTER, OTHER])


def changed(**members):
    """Return the archive with members changed; None takes one out."""
    found = unzipped(WRITTEN)
    for name, content in members.items():
        path = f"{FOLDER}{name.replace('_', '.')}"
        found.pop(path)
        if content is not None:
            found[path] = content
    return zipped(found)


def test_what_was_written_is_read():
    archive = read_xdm(WRITTEN)
    assert [document.content for document in archive.documents] == [LETTER, OTHER]
    assert all(document.is_intact and not document.findings for document in archive.documents)
    assert archive.findings == ()
    assert archive.others == ("INDEX.HTM", "README.TXT")


def test_the_entry_of_a_document_is_read():
    entry = read_xdm(WRITTEN).documents[0].entry
    assert (entry.unique_id, entry.type_code) == ("2.25.264665220010003236527935720731892256873", "83981-1")
    assert (entry.title, entry.status, entry.media_type) == ("Lettre de liaison de sortie", "current", "text/xml")
    assert entry.patient_id == "238072901900194^^^&1.2.250.1.213.1.4.10&ISO^NH"


def test_other_folders_and_other_cases_are_read():
    moved = {f"courrier/{name.lower()}": content for name, content in unzipped(WRITTEN).items()}
    assert [document.content for document in read_xdm(zipped(moved)).documents] == [LETTER, OTHER]


def test_several_subsets_are_read():
    one, two = (unzipped(build_xdm([each])) for each in (LETTER, OTHER))
    moved = {name.replace("SUBSET01", "SUBSET02"): content for name, content in two.items() if "SUBSET" in name}
    assert [document.content for document in read_xdm(zipped({**one, **moved})).documents] == [LETTER, OTHER]


def test_a_document_without_metadata_is_found_and_told():
    archive = read_xdm(changed(METADATA_XML=None))
    assert [document.content for document in archive.documents] == [LETTER, OTHER]
    assert "no METADATA.XML" in archive.findings[0].message
    assert "in no metadata" in archive.documents[0].findings[0].message


def test_metadata_that_cannot_be_read_are_told():
    archive = read_xdm(changed(METADATA_XML=b"<!DOCTYPE a><a/>"))
    assert "DOCTYPE" in archive.findings[0].message
    assert len(archive.documents) == 2


def test_a_wrong_hash_is_told():
    document = read_xdm(changed(DOC00001_XML=LETTER.replace(b"Lettre de", b"lettre de"))).documents[0]
    assert not document.is_intact
    assert "has the SHA-1" in document.findings[0].message


def test_a_wrong_size_is_told():
    document = read_xdm(changed(DOC00001_XML=LETTER + b"\n")).documents[0]
    assert any(f"has {len(LETTER) + 1} bytes" in finding.message for finding in document.findings)


def test_a_document_under_the_name_of_another_is_told():
    document = read_xdm(changed(DOC00001_XML=OTHER)).documents[0]
    assert any("is 2.25.12; its metadata announce" in finding.message for finding in document.findings)


def test_an_announced_document_that_is_not_there_is_told():
    archive = read_xdm(changed(DOC00002_XML=None))
    assert len(archive.documents) == 1
    assert "DOC00002.XML (status current), which is not in the archive" in archive.findings[0].message


def test_a_deletion_is_told():
    metadata = unzipped(WRITTEN)[f"{FOLDER}METADATA.XML"]
    approved = b"urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    deleted = metadata.replace(approved, b"urn:asip:ci-sis:2010:StatusType:Deleted")
    assert read_xdm(changed(METADATA_XML=deleted)).documents[0].entry.status == "deleted"


def test_an_address_that_leads_out_leads_nowhere():
    metadata = unzipped(WRITTEN)[f"{FOLDER}METADATA.XML"].replace(b"DOC00001.XML", b"../../../../etc/passwd")
    archive = read_xdm(changed(METADATA_XML=metadata))
    assert "etc/passwd (status current), which is not in the archive" in archive.findings[0].message
    assert archive.documents[-1].content == LETTER


def encrypted():
    data = bytearray(zipped({"DOC.XML": LETTER}))
    data[6] |= 1
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    return bytes(data)


def link():
    info = zipfile.ZipInfo("DOC.XML")
    info.external_attr = 0o120777 << 16
    return zipped([(info, b"/etc/passwd")])


def twice(one, other):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of what it writes all the same
        return zipped([(one, LETTER), (other, OTHER)])


def overlapping():
    """Return an archive whose members are all the same bytes."""
    data = zipped({"a.xml": random.Random(1).randbytes(5000)})  # noqa: S311
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entries = b"".join(data[start:end].replace(b"a.xml", b"%c.xml" % letter) for letter in range(97, 117))
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 20, 20, len(entries))
    return data[:start] + entries + bytes(tail)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no whole zip"),
        (b"PK\x03\x04", "no whole zip"),
        (WRITTEN[: len(WRITTEN) // 2], "no whole zip"),
        (zipped({"../DOC.XML": LETTER}), "leads out"),
        (zipped({"a/../../DOC.XML": LETTER}), "leads out"),
        (zipped({"/etc/passwd": LETTER}), "leads out"),
        (zipped({"C:DOC.XML": LETTER}), "leads out"),
        (zipped({"a\\..\\DOC.XML": LETTER}), "leads out"),
        (zipped({"a\nb.xml": LETTER}), "control character"),
        (zipped({"a" * 300: LETTER}), "300 characters"),
        (zipped({"DOC.XML": b"0" * 50_000_000}), "grow more than 100 times"),
        (zipped({f"{rank}.xml": b"" for rank in range(201)}), "201 members"),
        (zipped({"INSIDE.ZIP": WRITTEN}), "archive itself"),
        (zipped({"README.TXT": b"rien"}), "no document"),
        (zipped({}), "no document"),
        (encrypted(), "encrypted"),
        (link(), "link or a device"),
        (overlapping(), "overlap"),
    ],
)
def test_a_dangerous_archive_is_refused(data, told):
    with pytest.raises(UnsafeArchive, match=told):
        read_xdm(data)


@pytest.mark.parametrize("other", ["DOC.XML", "doc.xml"])
def test_a_name_that_is_there_twice_is_refused(other):
    with pytest.raises(UnsafeArchive, match="twice"):
        read_xdm(twice("DOC.XML", other))


def test_a_size_that_lies_is_refused():
    data = bytearray(zipped({"DOC.XML": LETTER}))
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 10)
    with pytest.raises(UnsafeArchive):
        read_xdm(bytes(data))


def test_bytes_that_were_changed_are_refused():
    data = bytearray(WRITTEN)
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(UnsafeArchive):
        read_xdm(bytes(data))


def test_an_unusual_compression_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("DOC.XML", LETTER)
    with pytest.raises(UnsafeArchive, match="compression is unusual"):
        read_xdm(out.getvalue())


def test_the_bounds_are_those_that_are_asked():
    with pytest.raises(UnsafeArchive, match="at most 100"):
        read_xdm(WRITTEN, XDMLimits(size_bytes=100))
    with pytest.raises(UnsafeArchive, match="unpack to more than 1000"):
        read_xdm(WRITTEN, XDMLimits(total_bytes=1000))


def test_a_bomb_is_refused_before_it_is_unpacked():
    data = zipped({"DOC.XML": b"0" * 199_000_000})
    with at_most(0.5), pytest.raises(UnsafeArchive):
        read_xdm(data)


@given(st.lists(st.tuples(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_an_archive_changed_at_random_is_read_or_refused_by_name(changes):
    data = bytearray(WRITTEN)
    for place, value in changes:
        data[place] = value
    try:
        archive = read_xdm(bytes(data))
    except CDAError as error:
        assert error.findings
    else:
        assert all(isinstance(document.content, bytes) for document in archive.documents)


METADATA = unzipped(WRITTEN)[f"{FOLDER}METADATA.XML"]


@given(st.integers(0, len(METADATA) - 1), st.binary(max_size=12), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_metadata_changed_at_random_lose_no_document(place, inserted, removed):
    metadata = METADATA[:place] + inserted + METADATA[place + removed :]
    assume(not metadata.startswith(ARCHIVES))  # an archive in the archive is refused whole
    archive = read_xdm(changed(METADATA_XML=metadata))
    assert {document.content for document in archive.documents} == {LETTER, OTHER}
