"""Values of a resource -> token, string and uri rows: one writer per parameter and FHIR type, made once."""

from collections.abc import Callable
from typing import Any

from usager_server.search.hashing import parameter_hash, token_base
from usager_server.search.names import EXACT, LONG, OF_TYPE, TEXT, fold_code, fold_contact, typed_value
from usager_server.search.rows import Rows, Writer
from usager_server.search.words import GRAMMED, LONGEST, normalise
from usager_server.units.ucum import UCUM

NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")
TEXT_LEAVES = frozenset({"code", "string", "uri", "id", "canonical", "url", "oid", "uuid", "markdown"})


def token_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes the tokens of a value of this FHIR type, or None when such a value has none."""
    base = token_base(resource_type, name)
    text = parameter_hash(resource_type, name + TEXT)
    if leaf == "Coding":
        return _coding(base, text)
    if leaf == "CodeableConcept":
        return _concept(base, text)
    if leaf == "Identifier":
        return _identifier(base, text, token_base(resource_type, name + OF_TYPE))
    if leaf == "ContactPoint":
        return _contact(base)
    if leaf == "boolean":
        return lambda value, rows: rows.tokens.append(base ^ rows.code("true" if value else "false"))
    # The system of a bare code is implied by its element: `lookups.py` deals with a system in the query.
    return _code(base) if leaf in TEXT_LEAVES else None


def _coding(base: int, text: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        system, code = value.get("system"), value.get("code")
        of_system = base ^ rows.system(system or "")
        if system:
            rows.tokens.append(of_system)
        if code:
            folded = rows.code(code.casefold())
            own = rows.code(fold_code(system, code)) if system == UCUM else folded
            rows.tokens += (base ^ folded, of_system ^ own)
        if display := value.get("display"):
            rows.strings.append((text, normalise(display)))

    return write


def _concept(base: int, text: int) -> Writer:
    write_coding = _coding(base, text)

    def write(value: dict[str, Any], rows: Rows) -> None:
        for coding in value.get("coding", ()):
            write_coding(coding, rows)
        if words := value.get("text"):
            rows.strings.append((text, normalise(words)))

    return write


def _identifier(base: int, text: int, of_type: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        number, system, kind = value.get("value"), value.get("system"), value.get("type")
        write_value(base, system, number and number.casefold(), rows)
        if kind and (words := kind.get("text")):
            rows.strings.append((text, normalise(words)))
        for coding in kind.get("coding", ()) if kind and number else ():
            system, code = coding.get("system", ""), coding.get("code", "")
            rows.tokens.append(of_type ^ rows.system(system) ^ rows.code(typed_value(code, str(number))))

    return write


def _contact(base: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        if contact := value.get("value"):
            write_value(base, value.get("system"), fold_contact(contact), rows)

    return write


def write_value(base: int, system: str | None, folded: str | None, rows: Rows) -> None:
    """Write a value that has a system or none: by itself, with its system, and its system alone."""
    of_system = base ^ rows.system(system or "")
    if system:
        rows.tokens.append(of_system)
    if folded:
        code = rows.code(folded)
        rows.tokens += (base ^ code, of_system ^ code)


def _code(base: int) -> Writer:
    return lambda value, rows: rows.tokens.append(base ^ rows.code(value.casefold()))


def string_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes the words of a value of this FHIR type, and its exact text as a token."""
    parameters = parameter_hash(resource_type, name), parameter_hash(resource_type, name + LONG)
    write = _words(*parameters, token_base(resource_type, name + EXACT))
    if leaf == "HumanName":
        return _parts(NAME_PARTS, write)
    if leaf == "Address":
        return _parts(ADDRESS_PARTS, write)
    return write if leaf in TEXT_LEAVES else None


def _words(parameter: int, long: int, exact: int) -> Callable[[str, Rows], None]:
    def write(value: str, rows: Rows) -> None:
        words = normalise(value)
        rows.strings.append((parameter, words))
        rows.tokens.append(exact ^ rows.code(value))
        if len(words) <= GRAMMED:
            rows.contained.append(words)
        else:
            rows.strings.append((long, words))

    return write


def _parts(names: tuple[str, ...], write: Callable[[str, Rows], None]) -> Writer:
    def write_parts(value: dict[str, Any], rows: Rows) -> None:
        for name in names:
            found = value.get(name)
            if isinstance(found, str):
                write(found, rows)
            elif found:
                for part in found:
                    if part is not None:
                        write(part, rows)

    return write_parts


def uri_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes a uri as it is, and a canonical without its version besides."""
    parameter = parameter_hash(resource_type, name)
    if leaf not in TEXT_LEAVES:
        return None

    def write(value: str, rows: Rows) -> None:
        rows.strings.append((parameter, value[:LONGEST]))
        url, bar, _ = value.partition("|")
        if bar:
            rows.strings.append((parameter, url[:LONGEST]))

    return write
