"""The commands that list: what is installed and what each profile adds, and where the requirements stand."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from usager_server.plugins import Plugins
    from usager_server.requirements.standing import Standing


class Status(StrEnum):
    """Where a requirement stands."""

    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"
    RETIRED = "retired"


class Form(StrEnum):
    """How a list is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


KEY_WIDTH, NAME_WIDTH, WIDTH = 20, 30, 120
MARGIN = "     "
MOST_LINES, MOST_CHARACTERS = 5, 240  # definitions of one type that have a line each; what is told of a name
INNER = len(MARGIN) + NAME_WIDTH
IN_FORCE = (Status.DONE, Status.TODO, Status.EXEMPT)


def profiles() -> None:
    """List the installed profiles: which are on, and what each adds to the server."""
    from usager_server.environment import load_settings
    from usager_server.installed import PluginError
    from usager_server.plugins import activate, installed

    active = activate(load_settings().profile_keys).active
    bare = activate([])
    for key in (*bare.active, *installed()):
        state = "on " if key in active else "off"
        try:
            lines = list(_profile(key, activate([key]), bare))
        except PluginError as error:  # one that is broken and off is no reason not to show the others
            lines = [f"cannot be switched on: {error}"]
        typer.echo(f"{state}  {key:<{KEY_WIDTH}}" + "\n".join(lines))


def _profile(key: str, plugins: "Plugins", bare: "Plugins") -> Iterator[str]:
    """Yield the title of a profile, then what it adds to the bare server: each name, and what it says of itself."""
    yield next(profile.title for profile in plugins.profiles if profile.key == key)
    known = {name for name, _ in _registered(bare)} if key not in bare.active else ()
    added = {name: told for name, told in _registered(plugins) if name not in known}
    stands = Counter(it.line.status for it in plugins.requirements if key in it.fact.profiles and it.line.title)
    if stands:
        added["requirements"] = ", ".join(f"{count} {status}" for status, count in sorted(stands.items()))
    for name, told in _gathered(added).items():
        line = f"{name:<{NAME_WIDTH - 1}} {told}"
        yield fill(line, WIDTH, initial_indent=MARGIN, subsequent_indent=f"{MARGIN:{INNER}}")


def _gathered(added: dict[str, str]) -> dict[str, str]:
    """Return the same with one line for the definitions of a type that are many."""
    many = Counter(name.partition("/")[0] for name in added if "/$" not in name)
    lines: dict[str, str] = {}
    for name, told in added.items():
        kind, _, key = name.partition("/")
        if key and many[kind] > MOST_LINES:
            line = f"{many[kind]} × {kind}"
            lines[line] = f"{lines[line]}; {told}" if line in lines else told
        else:
            lines[name] = told
    return {name: shorten(told, MOST_CHARACTERS, placeholder=" …") for name, told in lines.items()}


def _registered(plugins: "Plugins") -> Iterator[tuple[str, str]]:
    for operation in plugins.operations:
        yield from ((name, operation.definition.get("description", "")) for name in operation.names)
    for resource in plugins.search_parameters:
        yield from ((f"{base}?{resource['code']}", resource.get("description", "")) for base in resource["base"])
    for resource in plugins.conformance_resources:
        yield f"{resource['resourceType']}/{resource['id']}", resource.get("title") or resource.get("name", "")


def requirements(
    profile: Annotated[
        list[str] | None,
        typer.Option(help="Only what a product with these profiles must answer for; repeat it, or use commas."),
    ] = None,
    status: Annotated[
        list[Status] | None, typer.Option(help="Only those that stand there; repeat it for several.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to write the list.")] = Form.TABLE,
) -> None:
    """List the requirements in the ledgers of all that is installed, and where each stands."""
    from usager_server.environment import load_settings
    from usager_server.plugins import survey
    from usager_server.requirements.report import FORMATS

    load_settings()
    found = _found(survey(), profile or (), status or IN_FORCE)
    sys.stdout.write(FORMATS[form.value](found))
    typer.echo(f"{len(found)} requirements in the ledgers.", err=True)


def _found(plugins: "Plugins", wanted: Iterable[str], statuses: Sequence[Status]) -> "list[Standing]":
    from usager_server.installed import PluginError
    from usager_server.requirements.standing import concerning

    keys = [key.strip() for each in wanted for key in each.split(",") if key.strip()]
    for key in keys:
        if key not in plugins.active:
            raise PluginError(f"--profile {key} is not installed; installed: {', '.join(sorted(plugins.active))}")
    every = plugins.requirements
    return [it for it in (concerning(keys, every) if keys else every) if it.line.status in statuses]
