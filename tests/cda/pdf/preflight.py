"""PDFBox Preflight, an independent judge of PDF/A-1b; the tests that need it are skipped without it."""

import shutil
import subprocess
from pathlib import Path

import pytest

JAVA = Path("/usr/share/java")
JARS = ("preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "javax.activation", "jaxb-api")
CLASSPATH = [JAVA / f"{name}.jar" for name in JARS]
IS_HERE = shutil.which("java") is not None and all(jar.exists() for jar in CLASSPATH)

needs_preflight = pytest.mark.skipif(
    not IS_HERE, reason="needs libpdfbox2-java, libactivation-java, libjaxb-api-java and a Java runtime"
)


def verdict(pdf: bytes, folder: Path) -> str:
    """Return what Preflight says of a PDF."""
    file = folder / "printed.pdf"
    file.write_bytes(pdf)
    java = ["java", "-XX:TieredStopAtLevel=1"]  # a run is too short for the second compiler, which costs half of it
    command = [*java, "-cp", ":".join(map(str, CLASSPATH)), "org.apache.pdfbox.preflight.Validator_A1b", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr
