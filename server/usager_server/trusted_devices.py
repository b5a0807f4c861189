"""The devices of high trust that an identity may be checked against: those of FR Core, or those of a structure."""

from collections.abc import Mapping, Sequence
from functools import cache

DEVICES = ("CN", "PA", "CS", "eCN", "IN", "AV", "LECV", "ANCV", "AN", "LEP", "CC", "CIMS")
"""Every one there is (FR Core fr-core-cs-mode-validation-identity)."""

EVERYBODY = 0
"""The number under which stands what tenants take that are not named: no tenant has it."""


@cache
def parse_devices(text: str) -> Mapping[int, Sequence[str]]:
    """Return the devices that each tenant takes.

    Shape   "CN,PA,CS; 2=CN,PA": tenant 2 takes two, every other three. Those who are not named take all there are.
    Errors  ValueError, which says what would be right.
    """
    found: dict[int, Sequence[str]] = {EVERYBODY: DEVICES}
    for group in filter(None, (each.strip() for each in text.split(";"))):
        tenant, equals, codes = group.rpartition("=")
        if equals and not tenant.strip().isdecimal():
            raise ValueError(f"{tenant.strip()[:20]!r} is no number of a tenant: write 2=CN,PA")
        taken = [each.strip() for each in codes.split(",")]
        unknown = [each for each in taken if each not in DEVICES]
        if unknown:
            raise ValueError(f"{unknown[0][:20]!r} is no device; they are {', '.join(DEVICES)}")
        found[int(tenant) if equals else EVERYBODY] = taken
    return found


def devices_of(text: str, tenant: int) -> Sequence[str]:
    """Return the devices that a tenant takes, as the setting says it."""
    found = parse_devices(text)
    return found.get(tenant, found[EVERYBODY])
