"""One scenario from its start to its end: what it holds in its hands, and how it may fail."""

import time

import pytest

from usager_server import Run, Scenario, scenario
from usager_server.conformity.record import Exchange, Record, Verdict
from usager_server.conformity.running import prove
from usager_server.conformity.target import Target


def proven(function, target, **options) -> Record:
    """Return the record of a scenario made of this function."""
    return prove(scenario("X.01", title="Un essai", **options)(function), target)


def exchanges(record: Record) -> list[Exchange]:
    """Return what was exchanged, in order."""
    return [event for step in record.steps for event in step.events if isinstance(event, Exchange)]


async def reads(run: Run) -> None:
    async with run.step("Lire"):
        answer = run.expect(await run.http.get("Patient/1"), 200)
        run.check(answer["sent"] == "", "Rien n'est envoyé")


def test_a_scenario_whose_checks_hold_has_passed(odd):
    record = proven(reads, odd)
    assert record.verdict is Verdict.PASSED
    assert [check.text for check in record.steps[0].checks] == ["Le serveur répond 200", "Rien n'est envoyé"]


def test_every_exchange_is_recorded(odd):
    exchange = exchanges(proven(reads, odd))[0]
    assert exchange.method == "GET"
    assert exchange.url == f"{odd.base_url}/Patient/1"
    assert exchange.status == 200
    assert b"sent" in exchange.response_body


def test_a_soft_check_lets_the_scenario_go_on(odd):
    async def function(run: Run) -> None:
        async with run.step("Comparer"):
            run.check(False, "Le nom est Durand", found="Dupont")
            run.check(True, "La suite est vérifiée")

    record = proven(function, odd)
    assert record.verdict is Verdict.FAILED
    assert record.reasons == ["Comparer : Le nom est Durand (constaté : Dupont)"]
    assert len(record.steps[0].checks) == 2


def test_a_hard_check_stops_the_scenario(odd):
    async def function(run: Run) -> None:
        async with run.step("Comparer"):
            run.require(False, "Le patient existe")
            run.check(True, "Jamais atteint")

    assert proven(function, odd).reasons == ["Comparer : Le patient existe : non"]


def test_an_unexpected_status_tells_the_operation_outcome(odd):
    async def function(run: Run) -> None:
        async with run.step("Créer"):
            run.expect(await run.http.post("refused"), 201)

    assert proven(function, odd).reasons == [
        "Créer : Le serveur répond 201 (constaté : 422 Patient.birthDate: not a date)"
    ]


def test_a_scenario_that_verifies_nothing_has_failed(odd):
    async def function(run: Run) -> None:
        async with run.step("Lire"):
            await run.http.get("Patient/1")

    assert proven(function, odd).reasons == ["Le scénario n'a rien vérifié."]


def test_a_scenario_that_raises_has_failed_and_says_where(odd):
    async def function(run: Run) -> None:
        async with run.step("Lire"):
            run.check(True, "Tout va bien")
            raise KeyError("software")

    (reason,) = proven(function, odd).reasons
    assert reason.startswith("Lire : le scénario s'est arrêté sur une erreur : KeyError: 'software', ligne ")
    assert reason.endswith(" de test_running.py.")


@pytest.mark.parametrize("blocks", [False, True])
def test_a_scenario_that_hangs_has_failed(odd, monkeypatch, blocks):
    async def function(run: Run) -> None:
        async with run.step("Attendre"):
            if blocks:
                time.sleep(5)  # noqa: ASYNC251
            await run.http.get("slow")

    monkeypatch.setattr("usager_server.conformity.running.GRACE_SECONDS", 0.1)
    began = time.monotonic()
    record = proven(function, odd, timeout_seconds=1)
    assert time.monotonic() - began < 4
    assert record.verdict is Verdict.FAILED
    assert "1 s" in record.reasons[0]
    assert blocks or exchanges(record)[0].error == "aucune réponse avant la fin du temps imparti"


def test_a_server_that_is_gone_is_a_failure_with_its_exchange(odd):
    record = proven(reads, Target("http://127.0.0.1:9/fhir"))
    assert record.reasons[0].startswith("Lire : l'échange n'a pas abouti (ConnectError")
    assert exchanges(record)[0].error.startswith("ConnectError")


def test_a_scenario_that_needs_the_sandbox_is_not_run_without_it(odd):
    record = proven(reads, odd, stand_ins=("national-status",))
    assert record.verdict is Verdict.NOT_RUN
    assert "national-status" in record.not_run


def test_what_stands_outside_a_step_is_an_error(odd):
    async def function(run: Run) -> None:
        await run.http.get("Patient/1")

    assert "outside a step" in proven(function, odd).reasons[0]


def test_unique_values_differ_between_runs(odd):
    seen = []

    async def function(run: Run) -> None:
        seen.extend([run.unique("nom"), run.unique("nom"), run.identifier()["value"]])

    proven(function, odd)
    proven(function, odd)
    assert len(set(seen)) == 6


def test_files_are_kept_under_safe_names(odd):
    async def function(run: Run) -> None:
        run.attach("../../etc/passwd", "x", "Un fichier")
        run.attach("../../etc/passwd", b"y", "Un autre")

    assert [it.name for it in proven(function, odd).files] == ["etc-passwd", "2-etc-passwd"]


def test_secrets_are_masked_in_headers_bodies_and_errors(odd):
    async def function(run: Run) -> None:
        async with run.step("Envoyer"):
            body = {"token": "other-secret", "note": f"voici {odd.token}"}
            await run.http.post(f"x?access_token=third-secret&echo={odd.token}", json=body)
            run.check(False, "Le jeton reste caché", found=odd.token)
            raise ValueError(odd.token)

    record = proven(function, odd)
    kept = repr(record)
    for secret in (odd.token, "other-secret", "third-secret", "very-secret"):
        assert secret not in kept
    assert ("authorization", "Bearer ••• masqué •••") in exchanges(record)[0].request_headers


def test_a_scenario_has_a_name_fit_for_a_file():
    async def the_version_is_visible(run: Run) -> None: ...

    the_version_is_visible.__module__ = "usager_server.http.conformity"
    named: Scenario = scenario("P-GEN-01", title="La version")(the_version_is_visible)
    assert named.name == "http-the-version-is-visible"
