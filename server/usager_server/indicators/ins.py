"""TBB.INS.01, the dashboard of identities: their statuses, the calls of INSi, delays, and what is to be verified."""

from collections.abc import Sequence

from usager_server.indicators.indicator import Asked, Figure, Indicator, measure_definition
from usager_server.interactions.session import Session
from usager_server.requirements import fulfils

MEASURE = measure_definition(
    "tbb-ins",
    "1",
    "Tableau de bord INS",
    "Identités des personnes présentes sur la période, par statut et par attribut ; appels à INSi et leur taux de "
    "succès ; délai de l'admission à la qualification ; identités à vérifier de nouveau.",
    {
        "INS_STATUTS": "Personnes présentes, par statut et par attribut de leur identité",
        "INS_QUALIFIEES": "Parmi les dossiers actifs, ceux dont l'identité est qualifiée",
        "INS_POSTERIEURS": "Personnes présentes dont l'identité a changé de statut depuis la fin de la période",
        "INS_APPELS": "Appels à INSi de la période, par nature et par code de retour",
        "INS_AGE": "Identités qualifiées pendant la période, par délai depuis l'admission ; médiane en jours",
        "INS_A_VERIFIER": "Personnes présentes dont l'identité est à vérifier de nouveau, aujourd'hui",
    },
)


@fulfils("TBB.INS.01")
async def evaluate(session: Session, asked: Asked) -> Sequence[Figure]:
    """Return the figures; what computes them is imported when somebody first asks."""
    from usager_server.indicators import ins_figures

    return await ins_figures.evaluate(session, asked)


INS_DASHBOARD = Indicator("TBB.INS.01", MEASURE, evaluate)
