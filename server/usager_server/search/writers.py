"""Values of a resource -> token, string and uri rows: one writer per parameter and FHIR type, made once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from usager_server.search.hashing import FOLDED, parameter_hash, token_base
from usager_server.search.names import LONG, OF_TYPE, TEXT, fold_code, fold_contact, typed_value
from usager_server.search.rows import Rows, Writer
from usager_server.search.words import GRAMMED, LONGEST, normalise
from usager_server.units.ucum import UCUM

PARTS: Mapping[str, Sequence[str]] = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}
"""What the words of a name or an address are."""

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
        return lambda value, rows: rows.tokens.append(base | rows.code("true" if value else "false"))
    # The system of a bare code is implied by its element: `lookups.py` deals with a system in the query.
    return _code(base) if leaf in TEXT_LEAVES else None


def _coding(base: int, text: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        write_value(base, value.get("system"), value.get("code"), rows)
        if display := value.get("display"):
            rows.strings.append((text, normalise(display), 0))

    return write


def _concept(base: int, text: int) -> Writer:
    write_coding = _coding(base, text)

    def write(value: dict[str, Any], rows: Rows) -> None:
        for coding in value.get("coding", ()):
            write_coding(coding, rows)
        if words := value.get("text"):
            rows.strings.append((text, normalise(words), 0))

    return write


def _identifier(base: int, text: int, of_type: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        number, system, kind = value.get("value"), value.get("system"), value.get("type")
        write_value(base, system, number, rows)
        if kind and (words := kind.get("text")):
            rows.strings.append((text, normalise(words), 0))
        for coding in kind.get("coding", ()) if kind and number else ():
            system, code = coding.get("system", ""), coding.get("code", "")
            rows.tokens.append(of_type | rows.system(system) | rows.code(typed_value(code, str(number))))

    return write


def _contact(base: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        contact, system = value.get("value"), value.get("system")
        held = base | rows.system(system) if system else base
        if contact:
            rows.tokens.append(held | rows.code(fold_contact(contact)))
        elif system:
            rows.tokens.append(held)

    return write


def write_value(base: int, system: str | None, code: str | None, rows: Rows) -> None:
    """Write a code or value that has a system or none: one token, which every spelling of a query finds."""
    held = base | rows.system(system) if system else base
    if code:
        folded = code.casefold()
        own = fold_code(system, code) if system == UCUM else folded
        rows.tokens.append(held | rows.code(own))
        if own != folded:
            rows.tokens.append(base | FOLDED | rows.code(folded))
    elif system:
        rows.tokens.append(held)


def _code(base: int) -> Writer:
    return lambda value, rows: rows.tokens.append(base | rows.code(value.casefold()))


def string_writer(resource_type: str, name: str, leaf: str, elsewhere: Collection[str] = ()) -> Writer | None:
    """Return what writes the words of a value of this FHIR type, each with what tells its spelling.

    Shape   elsewhere: the parts of a name or address that another parameter writes, whose rows answer this one too.
    """
    write = _words(parameter_hash(resource_type, name), parameter_hash(resource_type, name + LONG))
    if parts := PARTS.get(leaf):
        return _parts([part for part in parts if part not in elsewhere], write)
    return write if leaf in TEXT_LEAVES else None


def _words(parameter: int, long: int) -> Callable[[str, Rows], None]:
    def write(value: str, rows: Rows) -> None:
        words = normalise(value)
        rows.strings.append((parameter, words, rows.spelling(value)))
        if len(words) <= GRAMMED:
            rows.contained.append(words)
        else:
            rows.strings.append((long, words, 0))

    return write


def _parts(names: Sequence[str], write: Callable[[str, Rows], None]) -> Writer:
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
        rows.strings.append((parameter, value[:LONGEST], 0))
        url, bar, _ = value.partition("|")
        if bar:
            rows.strings.append((parameter, url[:LONGEST], 0))

    return write
