"""What the operator types; what it does is imported only then, since its HTTP client is long to import."""

from pathlib import Path
from typing import Annotated

import typer


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(help="NDJSON, Bundles and resources (JSON), CDA documents (XML), also .gz; or folders."),
    ],
    base_url: Annotated[str, typer.Option(help="The FHIR base of the server.")] = "http://127.0.0.1:8080/fhir",
    token_file: Annotated[Path | None, typer.Option(help="A file that holds a bearer token.")] = None,
    journal: Annotated[
        Path, typer.Option(help="Where to remember what was acknowledged; delete it to load everything again.")
    ] = Path("usager-load.journal"),
    errors: Annotated[Path, typer.Option(help="Where to write what was refused, a line each.")] = Path(
        "usager-load-errors.ndjson"
    ),
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="Requests under way at once.")] = 4,
) -> None:
    """Load files into a running server. Stopped at any moment, it goes on where it was when run again.

    Exit codes: 0 all is loaded; 1 something was refused (see the errors file); 2 wrong use; 3 the server is down.
    """
    from usager_server.loading.run import Wish, run

    raise typer.Exit(run(Wish(paths, base_url, token_file, journal, errors, concurrency)))
