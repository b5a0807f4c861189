"""A round of the verification, for one organisation: look, then ask INSi as much as it may be asked in that time."""

from usager_server.interactions.session import Session
from usager_server.national.insi.teleservice import Teleservice
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.in_lots import collect, hand_in
from usager_server.national.insi.verifying.one_by_one import note_lost, verify_next
from usager_server.national.insi.verifying.sweeping import hasten_nias, sweep
from usager_server.requirements import fulfils


@fulfils("SC.INS.13", "P-INS-12")
async def verify_due(session: Session, teleservice: Teleservice, patients: int, calls: int) -> int:
    """Verify those whose time has come, and return how many were.

    Shape   patients is the number of the type Patient in the store; calls: how many may be asked about one by one.
            Without a certificate nobody is asked: who is due is only noted.
    Time    about that of the calls; a lot is collected in a later round.
    """
    settings = session.house.settings
    await sweep(session, patients)
    await hasten_nias(session)
    if not (teleservice.has_certificate and settings.insi_auto_certificate_file):
        return 0
    await note_lost(session)
    done = 0
    async with teleservice.with_certificate(unattended=True) as client:
        done += await collect(session, client)
        while await store.count_due(session.repository.runner, settings.insi_batch_from) >= settings.insi_batch_from:
            if not await hand_in(session, client):
                break
        for _ in range(calls):
            if not await verify_next(session, client):
                break
            done += 1
    return done
