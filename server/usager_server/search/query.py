"""A search as plain values: made by `parse.py`, turned into SQL by the repository."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Value:
    """One of the comma-separated values of a condition.

    Shape   prefix is eq, ne, gt, ge, lt, le, sa, eb or ap; text is the unescaped value; for a token or quantity,
            system is None when not given, "" when given empty ("|code"); code is the part after the last bar. parts are
            the components of a composite value, in order; the three of `:of-type`; the four of `near`.
    """

    text: str
    prefix: str = "eq"
    system: str | None = None
    code: str | None = None
    parts: "Sequence[Value]" = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One search parameter with its values; several conditions are AND-ed, several values OR-ed.

    Shape   parameter is the bare name; modifier without colon; chain holds the steps after the first dot:
            `patient:Patient.organization.name=x` is parameter "patient", modifier "Patient", chain a Condition on
            "organization" chained to one on "name". A `_has` condition has reverse = (type, reference parameter) and
            chain the condition on that type. types are the resource types the parameter is searched on.
    """

    types: Sequence[str]
    parameter: str
    values: Sequence[Value] = ()
    modifier: str | None = None
    chain: "Condition | None" = None
    reverse: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of `_sort`."""

    parameter: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """One `_include` (forward) or `_revinclude` (reverse).

    Shape   source is the type that holds the reference, or "*"; parameter its search parameter, or "*"; target a type
            or None.
    """

    source: str
    parameter: str
    target: str | None = None
    reverse: bool = False
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A whole search.

    Shape   types: one type, several for a system search, none for all. count is the size of the page; total is none,
            estimate or accurate; compartment is (type, id) or None; cursor is opaque. unknown names the parameters left
            out. self_link is the query string that was understood, without cursor. reader names who asks, for the
            signature of the cursors (a page link of one caller is worth nothing to another).
    """

    types: Sequence[str]
    conditions: Sequence[Condition] = ()
    sort: Sequence[Sort] = ()
    includes: Sequence[Include] = ()
    count: int = 50
    total: str = "none"
    summary: str | None = None
    elements: Sequence[str] = ()
    compartment: tuple[str, str] | None = None
    cursor: str | None = None
    unknown: Sequence[str] = field(default=())
    self_link: str = ""
    reader: str = ""
