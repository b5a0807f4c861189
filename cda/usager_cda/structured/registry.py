"""Every kind of entry, section and model of this package, found by looking: a new one is a new file, nothing else."""

import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from usager_cda.structured.kinds import Kind, Model, Section


def _declared(room: str, names: tuple[str, str]) -> Iterator[Any]:
    package = import_module(f"usager_cda.{room}")
    for found in sorted(each.name for each in pkgutil.iter_modules(package.__path__)):
        module = import_module(f"usager_cda.{room}.{found}")
        single, several = (getattr(module, name, None) for name in names)
        yield from several or ()
        if single is not None:
            yield single


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind of entry by its template. Errors: ValueError when two files claim one."""
    return _by_template(_declared("entries", ("ENTRY", "ENTRIES")))


@cache
def sections() -> dict[str, Section]:
    """Return every kind of section by its template. Errors: ValueError when two files claim one."""
    return _by_template(_declared("sections", ("SECTION", "SECTIONS")))


@cache
def models() -> dict[str, Model]:
    """Return every model by its name."""
    return {model.name: model for model in _declared("models", ("MODEL", "MODELS"))}


def _by_template(declared: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in declared:
        if each.template in found:
            raise ValueError(f"The template {each.template} is declared twice")
        found[each.template] = each
    return found


@cache
def _by_any_template() -> dict[str, Kind]:
    """Return the kinds by the templates of others that identify them."""
    return {template: kind for kind in kinds().values() for template in kind.known_by}


@lru_cache(maxsize=4096)
def kind_of(templates: tuple[str, ...]) -> Kind | None:
    """Return the kind of an entry: the most specific French template it bears, else one it is known by."""
    own = [kind for template in templates if (kind := kinds().get(template))]
    others = [kind for template in templates if (kind := _by_any_template().get(template))]
    return max(own or others, key=lambda kind: len(kind.parents), default=None)


@lru_cache(maxsize=4096)
def section_of(templates: tuple[str, ...]) -> Section | None:
    """Return the kind of a section by its French template."""
    return next((found for template in templates if (found := sections().get(template))), None)


def model_for(codes: Iterable[str | None], profiles: Sequence[str] = ()) -> Model | None:
    """Return the model of a Composition: the one its profile names, else the one its type is written with."""
    wanted = set(codes)
    named = [model for model in models().values() if model.profile in profiles]
    typed = (model for model in models().values() if any(code.code in wanted for code in model.codes))
    return named[0] if named else next(typed, None)
