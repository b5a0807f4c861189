"""The process that runs a style sheet from outside: it has little memory, little time, no file and no network.

Started by `producer.py` as `python -I -m usager_cda.render.foreign`; the sheet and the document come by standard input.
"""

import resource
import sys

from lxml import etree

CPU_SECONDS, MEMORY_BYTES, OUTPUT_BYTES = 5, 512 * 1024 * 1024, 30 * 1024 * 1024
REFUSED, LENGTH_BYTES = 3, 8


def confine() -> None:
    """Give up what is not needed. A limit that is lower already stays."""
    for kind, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def transformed(sheet: bytes, document: bytes) -> str:
    """Return what the sheet makes of the document. Errors: those of lxml; MemoryError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    nothing = etree.XSLTAccessControl.DENY_ALL  # type: ignore[attr-defined]  # missing in the stubs
    run = etree.XSLT(etree.fromstring(sheet, parser), access_control=nothing, regexp=False)
    return str(run(etree.fromstring(document, parser)))


def main() -> int:
    """Run one style sheet; the exit code is REFUSED when it will not run, its reason on standard error."""
    confine()
    given = sys.stdin.buffer.read()
    end = LENGTH_BYTES + int.from_bytes(given[:LENGTH_BYTES], "big")
    try:
        made = transformed(given[LENGTH_BYTES:end], given[end:]).encode()
    except (etree.LxmlError, ValueError, MemoryError, RecursionError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:500])
        return REFUSED
    if len(made) > OUTPUT_BYTES:
        sys.stderr.write(f"it makes {len(made)} bytes; at most {OUTPUT_BYTES} are shown")
        return REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
