"""INSEE's files, in their own columns, into an edition."""

import zipfile
from pathlib import Path

import pytest

from usager_server.birthplaces.edition import EditionError, Period, edition_bytes, read_edition
from usager_server.birthplaces.gazetteer import Gazetteer
from usager_server.birthplaces.insee import edition_of

FILES = {
    "v_commune_depuis_1943.csv": """TYPECOM,COM,TNCC,NCC,NCCENR,LIBELLE,DATE_DEBUT,DATE_FIN
COM,85043,0,CHAILLE SOUS LES ORMEAUX,Chaillé-sous-les-Ormeaux,Chaillé-sous-les-Ormeaux,1943-01-01,2016-01-01
COMD,85043,0,CHAILLE SOUS LES ORMEAUX,Chaillé-sous-les-Ormeaux,Chaillé-sous-les-Ormeaux,2016-01-01,
COM,85213,0,SAINT FLORENT DES BOIS,Saint-Florent-des-Bois,Saint-Florent-des-Bois,1943-01-01,2016-01-01
COM,85213,0,RIVES DE L YON,Rives de l'Yon,Rives de l'Yon,2016-01-01,
COM,20004,1,AJACCIO,Ajaccio,Ajaccio,1943-01-01,1976-01-01
COM,2A004,1,AJACCIO,Ajaccio,Ajaccio,1976-01-01,
""",
    "v_mvt_commune_2026.csv": (
        "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TNCC_AV,NCC_AV,NCCENR_AV,LIBELLE_AV,TYPECOM_AP,COM_AP,TNCC_AP,NCC_AP,NCCENR_AP,"
        "LIBELLE_AP\n"
        "32,2016-01-01,COM,85043,0,,,,COM,85213,0,,,\n"
        "32,2016-01-01,COM,85043,0,,,,COMD,85043,0,,,\n"
        "32,2016-01-01,COM,85213,0,,,,COM,85213,0,,,\n"
        "41,1976-01-01,COM,20004,1,,,,COM,2A004,1,,,\n"
    ),
    "v_pays_et_territoire_depuis_1943.csv": """COG,CRPAY,LIBCOG,LIBENR,DATE_DEBUT,DATE_FIN
99352,,ALGERIE,ALGÉRIE,1962-07-03,
99111,99109,ALLEMAGNE DE L'EST,,1949-10-07,1990-10-03
""",
    "v_commune_2026.csv": """TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT
ARM,75101,11,75,75C,,0,PARIS 1,Paris 1er Arrondissement,Paris 1er Arrondissement,,75056
""",
    "v_commune_comer_2026.csv": """COM_COMER,TNCC,NCC,NCCENR,LIBELLE,NATURE_ZONAGE,COMER,LIBELLE_COMER
98735,0,PAPEETE,Papeete,Papeete,COM,987,Polynésie française
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files, unpacked."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    return tmp_path


@pytest.fixture
def archive(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as INSEE sends them."""
    path = tmp_path_factory.mktemp("insee") / "cog_ensemble_2026_csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in FILES:
            made.write(folder / name, f"cog_ensemble_2026_csv/{name}")
    return path


def test_an_archive_and_a_folder_give_one_edition(folder: Path, archive: Path) -> None:
    assert edition_of(archive) == edition_of(folder)


def test_history_events_countries_and_overseas_are_read(archive: Path) -> None:
    edition = edition_of(archive)
    gazetteer = Gazetteer(edition)
    assert edition.name == "2026"
    assert gazetteer.on("85213", "2016-01-01").label == "Rives de l'Yon"
    assert gazetteer.on("99111", "1960-01-01").label == "ALLEMAGNE DE L'EST"
    assert gazetteer.on("99111", "1990-10-03") is None
    assert gazetteer.on("98735", "1960-01-01") == Period("98735", "COMER", "Papeete", parent="987")
    assert gazetteer.are_one_place("75101", "75056")
    assert gazetteer.are_one_place("20004", "2A004")
    assert {
        (each.event.what, each.after.kind) for each in gazetteer.successors(gazetteer.on("85043", "2015-01-01"))
    } == {
        ("merged", "COM"),
        ("delegated", "COMD"),
    }


def test_an_edition_is_read_as_it_was_written(archive: Path) -> None:
    edition = edition_of(archive)
    data = edition_bytes(edition)
    assert (read_edition(data), edition_bytes(edition)) == (edition, data)


def test_columns_that_are_added_or_moved_change_nothing(folder: Path) -> None:
    before = edition_of(folder)
    lines = FILES["v_commune_depuis_1943.csv"].splitlines()
    moved = "\n".join(f"X{';'}{line.replace(',', ';')}" for line in lines)
    (folder / "v_commune_depuis_1943.csv").write_text(moved, encoding="utf-8")
    assert edition_of(folder) == before


@pytest.mark.parametrize("name", ["v_commune_depuis_1943.csv", "v_mvt_commune_2026.csv"])
def test_a_file_that_lacks_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EditionError, match=name.replace("2026", "<year>")):
        edition_of(folder)


def test_a_column_that_lacks_is_named(folder: Path) -> None:
    (folder / "v_commune_depuis_1943.csv").write_text("TYPECOM,COM,LIBELLE\n", encoding="utf-8")
    with pytest.raises(EditionError, match=r"v_commune_depuis_1943\.csv has no column DATE_DEBUT, DATE_FIN"):
        edition_of(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x1f\x8b\x08 no gzip"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cog.zip").write_bytes(content)
    with pytest.raises(EditionError, match="cannot be read"):
        edition_of(tmp_path / "cog.zip")
    with pytest.raises(EditionError):
        read_edition(content)


def test_a_zip_bomb_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "cog.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("v_commune_depuis_1943.csv", b"0" * (51 * 1024 * 1024))
    with pytest.raises(EditionError, match="has over"):
        edition_of(path)
