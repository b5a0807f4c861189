"""The templates of the pages, read when the first page is asked for."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def templates() -> "Environment":
    """Return where the pages find their templates; what they show is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("usager_server.http"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        enable_async=True,
    )
