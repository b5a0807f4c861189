"""How often a caller may do something."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket that fills as it is drawn from. Unit: acts a minute in the long run; burst: at once after a rest."""

    per_minute: int
    burst: int
