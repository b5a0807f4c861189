"""Documents that were tampered with: judged or refused, never a crash, never long."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cda.documents import everything
from tests.cda.validation.test_own_rules import SOUND
from tests.spent import at_most
from usager_cda.validation import check_document

SEVERITIES = {"error", "warning", "information"}
ODD = [b'"', b"<", b">", b"&", b"\x00", b"]]>", b"#", b"-", b"9" * 40, b"\xff", "é".encode(), b"<a/>", b' ID=""']
BOMB = (
    b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
    + b"".join(b"<!ENTITY b%d '%s'>" % (n, b"&b%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(9))
    + b"]><a>&b8;</a>"
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_document_tampered_with_is_judged_or_refused(data: st.DataObject):
    document = bytearray(data.draw(st.sampled_from([SOUND.encode(), everything()])))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(document) - 1))
        document[place : place + data.draw(st.integers(0, 30))] = data.draw(st.sampled_from(ODD))
    report = check_document(bytes(document))
    assert {remark.severity for remark in report.remarks} <= SEVERITIES


@settings(max_examples=60, deadline=None)
@given(value=st.text(max_size=40))
def test_whatever_an_attribute_holds_a_document_is_judged(value: str):
    escaped = value.translate(
        {ord(character): f"&#{ord(character)};" if character in '<>&"' else "" for character in '<>&"'}
    )
    text = "".join(character for character in escaped if character >= " " and character not in "\ufffe\uffff")
    for known in ("279035121518989", "19790305", "20260101", "#weight", "61.50", "1.2.3.6"):
        document = SOUND.replace(f'"{known}"', f'"{text}"').encode("utf-8", "replace")
        assert {remark.severity for remark in check_document(document).remarks} <= SEVERITIES


def test_a_bomb_costs_nothing():
    with at_most(1):
        report = check_document(BOMB)
        assert [remark.rule for remark in report.remarks] == ["xml"]
