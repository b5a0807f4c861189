"""Values of a resource -> token, string and uri rows: one writer per parameter and FHIR type, made once."""

from collections.abc import Callable
from typing import Any

from usager_server.search.names import EXACT, OF_TYPE, TEXT, fold_code, fold_contact
from usager_server.search.rows import Rows, Writer, parameter_hash, token_prefix
from usager_server.search.words import LONGEST, normalise

NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")


def token_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes the tokens of a value of this FHIR type, or None when such a value has none."""
    prefix = token_prefix(resource_type, name)
    text = parameter_hash(resource_type, name + TEXT)
    if leaf == "Coding":
        return _coding(prefix, text)
    if leaf == "CodeableConcept":
        return _concept(prefix, text)
    if leaf == "Identifier":
        return _identifier(prefix, text, token_prefix(resource_type, name + OF_TYPE))
    if leaf == "ContactPoint":
        return _contact(prefix)
    if leaf == "boolean":
        return _boolean(prefix)
    return _code(prefix) if leaf in TEXT_LEAVES else None


TEXT_LEAVES = frozenset({"code", "string", "uri", "id", "canonical", "url", "oid", "uuid", "markdown"})


def _coding(prefix: bytes, text: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        system, code = value.get("system"), value.get("code")
        key = (prefix, system, code)
        found = rows.hashes.remembered.get(key)
        if found is None:
            found = rows.hashes.remember(key, _coding_hashes(prefix, system, code, rows))
        rows.tokens += found
        if display := value.get("display"):
            rows.strings.append((text, normalise(display)))

    return write


def _coding_hashes(prefix: bytes, system: str | None, code: str | None, rows: Rows) -> tuple[int, ...]:
    token = rows.hashes.token
    of_system = (token(prefix, system, ""),) if system else ()
    if not code:
        return of_system
    folded = code.casefold()
    return token(prefix, None, folded), token(prefix, system or "", fold_code(system, code)), *of_system


def _concept(prefix: bytes, text: int) -> Writer:
    write_coding = _coding(prefix, text)

    def write(value: dict[str, Any], rows: Rows) -> None:
        for coding in value.get("coding", ()):
            write_coding(coding, rows)
        if words := value.get("text"):
            rows.strings.append((text, normalise(words)))

    return write


def _identifier(prefix: bytes, text: int, of_type: bytes) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        token, system = rows.hashes.token, value.get("system")
        if system:
            rows.tokens.append(token(prefix, system, ""))
        kind = value.get("type") or {}
        if words := kind.get("text"):
            rows.strings.append((text, normalise(words)))
        if not (number := value.get("value")):
            return
        folded = number.casefold()
        rows.tokens += (token(prefix, None, folded), token(prefix, system or "", folded))
        for coding in kind.get("coding", ()):
            rows.tokens.append(token(of_type, coding.get("system", ""), f"{coding.get('code', '')}\0{folded}"))

    return write


def _contact(prefix: bytes) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        if contact := value.get("value"):
            folded, token = fold_contact(contact), rows.hashes.token
            rows.tokens += (token(prefix, None, folded), token(prefix, value.get("system", ""), folded))

    return write


def _boolean(prefix: bytes) -> Writer:
    def write(value: bool, rows: Rows) -> None:
        key = (prefix, None, "true" if value else "false")
        found = rows.hashes.remembered.get(key)
        if found is None:
            found = rows.hashes.remember(key, (rows.hashes.token(*key),))
        rows.tokens += found

    return write


def _code(prefix: bytes) -> Writer:
    # The system of a bare code is implied by its element: `search/lookups.py` deals with a system in the query.
    def write(value: str, rows: Rows) -> None:
        key = (prefix, None, value)
        found = rows.hashes.remembered.get(key)
        if found is None:
            found = rows.hashes.remember(key, (rows.hashes.token(prefix, None, value.casefold()),))
        rows.tokens += found

    return write


def string_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes the words of a value of this FHIR type, and its exact text as a token."""
    write = _words(parameter_hash(resource_type, name), token_prefix(resource_type, name + EXACT))
    if leaf == "HumanName":
        return _parts(NAME_PARTS, write)
    if leaf == "Address":
        return _parts(ADDRESS_PARTS, write)
    return write if leaf in TEXT_LEAVES else None


def _words(parameter: int, exact: bytes) -> Callable[[str, Rows], None]:
    def write(value: str, rows: Rows) -> None:
        rows.strings.append((parameter, normalise(value)))
        rows.tokens.append(rows.hashes.token(exact, None, value))

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
