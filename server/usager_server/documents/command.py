"""What the operator types about CDA documents: `usager cda …`; what it does is imported only then."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

cda = typer.Typer(name="cda", help="Work on CDA documents in files, without a server.", no_args_is_help=True)


class Shape(StrEnum):
    """What a document is made into."""

    html = "html"
    pdf = "pdf"


@cda.command()
def render(
    paths: Annotated[list[Path], typer.Argument(help="CDA documents (.xml), or folders of them.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    shape: Annotated[Shape, typer.Option("--format", help="A page, or a PDF.")] = Shape.html,
) -> None:
    """Show CDA documents: a page of HTML or a PDF for each, named like it.

    Exit codes: 0 all are shown; 1 some cannot be, and it is said why; 2 wrong use.
    """
    from usager_server.documents.rendering import run

    raise typer.Exit(run(paths, out, shape.value))


@cda.command("to-fhir")
def to_fhir(
    paths: Annotated[list[Path], typer.Argument(help="CDA documents (.xml), or folders of them.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
) -> None:
    """Read CDA documents into FHIR: a transaction Bundle (.json) for each, named like it.

    Exit codes: 0 all are read; 1 some cannot be, and it is said why; 2 wrong use.
    """
    from usager_server.documents import converting

    raise typer.Exit(converting.to_fhir(paths, out))


@cda.command("from-fhir")
def from_fhir(
    paths: Annotated[list[Path], typer.Argument(help="Bundles (.json), or folders of them.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    prints: Annotated[
        bool, typer.Option("--pdf/--no-pdf", help="Print what can be: the PDF/A-1b inside the document, and beside it.")
    ] = True,
    writes_vsm: Annotated[bool, typer.Option("--vsm", help="Write the VSM too.")] = False,
) -> None:
    """Write CDA documents from FHIR: a document (.xml) for each Bundle, and its PDF, named like it.

    Exit codes: 0 all are written; 1 some cannot be, and it is said why; 2 wrong use.
    """
    from usager_server.documents import converting

    raise typer.Exit(converting.from_fhir(paths, out, prints=prints, writes_vsm=writes_vsm))


class Telling(StrEnum):
    """How a report is told."""

    table = "table"
    json = "json"


@cda.command()
def validate(
    paths: Annotated[list[Path], typer.Argument(help="CDA documents (.xml), or folders of them.")],
    rules: Annotated[
        Path | None, typer.Option(help="The folder of the national rules: schemas and schematrons.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Where a copy of the rules is kept, compiled; unset: your cache folder.")
    ] = None,
    telling: Annotated[
        Telling, typer.Option("--format", help="A table, or one JSON object a document.")
    ] = Telling.table,
    warnings: Annotated[bool, typer.Option(help="Tell warnings and information too, in the table.")] = True,
) -> None:
    """Validate CDA documents by our own rules and, with --rules, by the national ones.

    Exit codes: 0 no error; 1 at least one error, or a layer that could not be applied; 2 wrong use.
    """
    from usager_server.documents.validating import run

    raise typer.Exit(run(paths, rules, cache, as_json=telling is Telling.json, with_warnings=warnings))
