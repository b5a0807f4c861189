"""The edition of the COG in use: the last one imported, else the one that comes with the server."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from usager_server.birthplaces.code_systems import COMMUNES, COUNTRIES, communes, countries
from usager_server.birthplaces.edition import read_edition
from usager_server.birthplaces.gazetteer import Gazetteer
from usager_server.terminology.code_system import CodeSystem


@cache
def shipped() -> Gazetteer:
    """Return the edition that comes with the server. Time: about 0.2 s, once."""
    return Gazetteer(read_edition(files("usager_server").joinpath("birthplaces", "data", "cog.gz").read_bytes()))


class Birthplaces:
    """The gazetteer of one process. Time: read when it is first asked for."""

    def __init__(self) -> None:
        self._content: bytes | None = None
        self._gazetteer: Gazetteer | None = None

    def use(self, content: bytes) -> None:
        """Take an imported edition, as it is kept, before the first question."""
        self._content = content

    @property
    def gazetteer(self) -> Gazetteer:
        """Return what answers about places. Errors: EditionError when what was imported is damaged."""
        if self._gazetteer is None:
            self._gazetteer = shipped() if self._content is None else Gazetteer(read_edition(self._content))
        return self._gazetteer

    def code_systems(self) -> Mapping[str, Callable[[], CodeSystem]]:
        """Return what makes the code systems of places, by canonical."""
        return {COMMUNES: lambda: communes(self.gazetteer), COUNTRIES: lambda: countries(self.gazetteer)}
