"""References: the form of the literal one, the type of what it points at, and ref-1 for the local ones."""

import re
from collections.abc import Sequence
from typing import Any

from usager_server.definitions import Definitions
from usager_server.validation.findings import Findings, one
from usager_server.validation.walk import Check, Walk

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z").match
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:").match
_ABSOLUTE = re.compile(
    r"https?://[^\s?#]+/([A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#.*)?\Z"
).match
_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


def reference_check(inner: Check, targets: Sequence[str], definitions: Definitions) -> Check:
    """Return the checker of a Reference that may point at `targets` (empty: anything).

    Source  FHIR R4 references.html; ref-1.
    """
    known = definitions.resource_types
    allowed = frozenset(targets) or known

    def check(value: Any, walk: Walk) -> Findings | None:
        found = inner(value, walk)
        if found is not None:
            return found
        reference = value.get("reference")
        if reference is not None:
            target, _, rest = reference.partition("/")
            if target not in allowed or not _ID(rest):
                return _explain(reference, walk)
        elif "type" not in value:
            return None
        else:
            target = None
        if "type" in value:
            return _check_type(value["type"], target)
        return None

    def _explain(reference: str, walk: Walk) -> Findings | None:
        target = _target(reference, walk)
        if target is None:
            return None
        if target.startswith("!"):
            return one("value", target[1:], reference, ".reference")
        if target not in allowed:
            return one("structure", f"points at {_article(target)}; {_expected(targets)}", reference, ".reference")
        return None

    def _target(reference: str, walk: Walk) -> str | None:
        """Return the type pointed at, None when it cannot be known, or '!' and a complaint."""
        if reference.startswith("#"):
            if reference == "#":
                return (
                    None if walk.resource is not walk.container else "!points at its own resource, and is not contained"
                )
            inner = walk.contained.get(reference[1:])
            if inner is None:
                return "!points at no contained resource of this resource (ref-1)"
            return str(inner.get("resourceType"))
        if _SCHEME(reference):
            match = _ABSOLUTE(reference)
            return match[1] if match and match[1] in known else None
        target, separator, rest = reference.partition("?" if "?" in reference else "/")
        if target in known and (separator == "?" or _ID(rest)):
            return target
        if target not in known and separator:
            return f"!is not a reference: {target[:40]!r} is not a resource type of R4"
        return "!is not a reference: [type]/[id], an absolute URL, urn:uuid:... or #[id of a contained resource]"

    def _check_type(kind: str, target: str | None) -> Findings | None:
        kind = kind.removeprefix(_DEFINITION)
        if ":" in kind:
            return None
        if kind not in known:
            return one("value", "is not a resource type of R4", kind, ".type")
        if kind not in allowed:
            return one("structure", f"is the type given; {_expected(targets)}", kind, ".type")
        if target is not None and target != kind:
            return one("structure", f"is the type given, but the reference points at {_article(target)}", kind, ".type")
        return None

    return check


def _expected(targets: Sequence[str]) -> str:
    return "a reference to " + " or ".join(targets) + " is expected"


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "AEIOU" else f"a {kind}"
