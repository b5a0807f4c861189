"""Every row of the table by which accounts are attached to national identities (psc.md 7.4)."""

from dataclasses import replace

import pytest

from tests.accounts.conftest import an_account
from usager_server.accounts.account import Kind, Link, State
from usager_server.accounts.linking import Attachment, Verdict, at_request, at_sign_in

pytestmark = pytest.mark.requirement("PSC/va1.01")

RPPS = "19990000002"
ATTACHMENT = Attachment("https://idp", "819990000002", "f:1")
FREE = an_account()
DECLARED = an_account(psc=Link.DECLARED, rpps=RPPS)
LINKED = an_account(psc=Link.LINKED, rpps=RPPS)


def test_a_declared_rpps_attaches_at_the_first_sign_in():
    assert at_sign_in(None, "f:1", (DECLARED,)) == (Verdict.ATTACH, DECLARED)


def test_an_identity_that_nobody_bears_is_unknown():
    assert at_sign_in(None, "f:1", ()) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize("psc", [Link.UNLINKED, Link.LINKED])
def test_an_rpps_alone_attaches_nobody_who_was_not_declared(psc):
    assert at_sign_in(None, "f:1", (an_account(psc=psc, rpps=RPPS),)) == (Verdict.UNKNOWN, None)


def test_two_accounts_of_one_rpps_are_not_chosen_between():
    assert at_sign_in(None, "f:1", (DECLARED, replace(DECLARED))) == (Verdict.UNKNOWN, None)


def test_an_attached_identity_opens_a_session():
    assert at_sign_in((LINKED, ATTACHMENT), "f:1", ()) == (Verdict.SESSION, LINKED)


def test_an_attached_identity_with_another_subject_is_refused():
    assert at_sign_in((LINKED, ATTACHMENT), "f:2", ()) == (Verdict.CHANGED, LINKED)


@pytest.mark.parametrize("state", [State.SUSPENDED, State.DISABLED])
def test_a_proof_of_identity_does_not_open_a_closed_account(state):
    closed = replace(LINKED, state=state)
    assert at_sign_in((closed, ATTACHMENT), "f:1", ()) == (Verdict.CLOSED, closed)
    declared = replace(DECLARED, state=state)
    assert at_sign_in(None, "f:1", (declared,)) == (Verdict.CLOSED, declared)
    assert at_request(closed, None, RPPS) is Verdict.CLOSED


def test_somebody_signed_in_attaches_an_identity_that_is_free():
    assert at_request(FREE, None, RPPS) is Verdict.ATTACH
    assert at_request(DECLARED, None, RPPS) is Verdict.ATTACH


def test_an_identity_other_than_the_declared_one_is_refused():
    assert at_request(DECLARED, None, "19990000010") is Verdict.OTHER_IDENTITY


def test_an_identity_of_another_account_is_taken():
    assert at_request(FREE, LINKED, RPPS) is Verdict.TAKEN


def test_an_account_has_one_identity():
    assert at_request(LINKED, None, "19990000010") is Verdict.OTHER_IDENTITY
    assert at_request(LINKED, LINKED, RPPS) is Verdict.SESSION


@pytest.mark.requirement("SC.SSI/IAM.92")
def test_an_account_of_administration_takes_no_clinical_identity():
    assert at_request(replace(FREE, kind=Kind.PRIVILEGED), None, RPPS) is Verdict.CLOSED


def test_an_account_that_waits_for_its_first_proof_is_given_one():
    waiting = replace(DECLARED, state=State.PENDING)
    assert at_sign_in(None, "f:1", (waiting,)) == (Verdict.ATTACH, waiting)
