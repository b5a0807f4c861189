"""The templates of the pages, of paper and of screens: strict, all escaped but the narratives that were cleaned."""

from collections.abc import Callable
from importlib.resources.abc import Traversable
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from usager_cda.telling.section import markup_of
from usager_cda.tree import Element


def template_of(room: Traversable, name: str, **filters: Callable[..., Any]) -> Template:
    """Return a template of a room; filters are those it uses beside markup."""
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(lambda name: room.joinpath(name).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"markup": _markup, **filters}
    return environment.get_template(name)


def _markup(text: Element) -> Markup:
    """Return a narrative as it is written into a page; what it may hold was allowed before it came here."""
    return Markup(markup_of(text))  # noqa: S704  (cleaned by `pdf/narrative.py`, or made by `render/body.xsl`)
