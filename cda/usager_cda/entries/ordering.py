"""What the lines of a prescription share: its number, who ordered, the circumstances, how many."""

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.structured.kinds import FR_ENTRY
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.tree import Element

SIMPLE = f"{FR_ENTRY}48"
EDQM = "http://standardterms.edqm.eu"


def order(reading: Reading) -> Tree:
    """Return what says that a line is ordered, and in which prescription."""
    group = {"system": systems.DOCUMENT_SETS, "value": reading.scope}
    return {"status": "active", "intent": "order", "groupIdentifier": group}


def with_requester(people: Tree, reading: Reading) -> Tree:
    """Return the people of a line; who wrote the prescription ordered what nobody else did."""
    return people if "requester" in people else {**people, "requester": reading.author}


def circumstances(statement: Statement, reading: Reading) -> list[Tree]:
    """Return the References of what is told of a line: long illness, accident at work, not reimbursed ..."""
    return [reference for each in statement.related(SIMPLE) for reference in reading.statement(each)]


def amount(element: Element, reading: Reading) -> Tree:
    """Return a Quantity; packagings are counted in the terms of the EDQM."""
    try:
        made = reading.quantity(element)
    except ValueError as error:
        reading.reader.report(element, f"{error}; it is left out")
        return {}
    if str(made.get("code", "")).isdigit():
        made = {**made, "system": EDQM}
        del made["unit"]
    return made
