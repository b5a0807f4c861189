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
