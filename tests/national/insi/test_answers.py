"""Answers that will not do: refused, with nothing of an identity in the reason."""

import pytest

from usager_server.errors import ServiceRefused
from usager_server.national.insi.answers import reply_of
from usager_server.national.insi.xml import tree_of

RESULT = 'xmlns="http://www.cnamts.fr/INSiResultat"'
INS = "<INSACTIF><OID>1.2.250.1.213.1.4.8</OID><IdIndividu><NumIdentifiant>{}</NumIdentifiant></IdIndividu></INSACTIF>"
TRAITS = (
    "<TIQ><LieuNaissance>63220</LieuNaissance><DateNaissance>{}</DateNaissance><Sexe>{}</Sexe>"
    "<ListePrenom>ZOE</ListePrenom><NomNaissance>ADRUN</NomNaissance></TIQ>"
)


def answer(number="2751263220749", date="1950-00-00", sex="F", more=""):
    """Return an answer in an order of its own."""
    individual = TRAITS.format(date, sex) + INS.format(number) + more
    outcome = "<CR><LibelleCR>OK</LibelleCR><CodeCR>00</CodeCR></CR>"
    return tree_of(f"<RESULTAT {RESULT}><INDIVIDU>{individual}</INDIVIDU>{outcome}</RESULTAT>".encode())


def test_order_tells_nothing_and_a_date_may_be_lunar():
    reply = reply_of(answer())
    assert reply.individual.traits.birth_date == "1950-00-00"
    assert reply.individual.active.number.body == "2751263220749"


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "275126322074"},
        {"date": "31/12/1975"},
        {"sex": "I"},
        {"more": INS.format("2751263220749")},
        {"more": "<INSHISTO/>"},
        {"more": INS.format("2751263220749").replace("INSACTIF", "INSHISTO") * 51},
    ],
)
def test_an_identity_that_is_not_whole_is_not_used(wrong):
    with pytest.raises(ServiceRefused) as refused:
        reply_of(answer(**wrong))
    assert "27512632" not in str(refused.value) and "ADRUN" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<RESULTAT",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        "<!DOCTYPE a><a/>".encode("utf-16"),
        b"<a/>",
    ],
)
def test_what_is_no_answer_is_refused(content):
    with pytest.raises(ServiceRefused):
        reply_of(tree_of(content))
