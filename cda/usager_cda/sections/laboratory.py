"""The chapters of a laboratory report, whose codes are their own, and what came from a second laboratory."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc

CHAPTERS = frozenset(
    {
        "18717-9",  # immuno-hématologie
        "18718-7",  # marqueurs cellulaires
        "18719-5",  # biochimie
        "18720-3",  # coagulation
        "18721-1",  # suivi thérapeutique
        "18722-9",  # fertilité
        "18723-7",  # hématologie
        "18724-5",  # HLA
        "18725-2",  # microbiologie
        "18727-8",  # sérologie
        "18728-6",  # toxicologie
        "18729-4",  # examens urinaires
        "18767-4",  # gaz du sang
        "18768-2",  # numération et formule
        "18769-0",  # antibiogramme
        "26435-8",  # pathologie moléculaire
        "26436-6",  # examens de biologie
        "26437-4",  # épreuves fonctionnelles
        "26438-2",  # cytologie
    }
)


def _chapter(number: str, parent: str) -> Section:
    """Return a section of results: a chapter, or a part of one."""
    return Section(
        template=f"{FR_SECTION}{number}",
        parents=(f"{IHE}{parent}",),
        code=loinc("26436-6", "Examens de biologie médicale"),
        others=CHAPTERS,
        title="Résultats",
        entries=(f"{FR_ENTRY}21",),
        needs_entry=True,
        most=1,
        link="DRIV",
    )


SECTIONS = (
    _chapter("70", "1.3.3.2.1"),
    _chapter("71", "1.3.3.2.2"),
    Section(
        template=f"{FR_SECTION}60",
        code=loinc("101792-0", "Résultats de laboratoire de seconde intention"),
        title="Résultats de laboratoire de seconde intention",
        entries=(f"{FR_ENTRY}18",),
        needs_entry=True,
    ),
)
