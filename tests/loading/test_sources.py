"""What is found in files, and what is told of that which cannot be read."""

import gzip
from pathlib import Path

import pytest

from usager_server.errors import Invalid
from usager_server.loading.sources import Item, find_files, items, open_source


def read(path: Path) -> list[Item]:
    return list(items(open_source(path)))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_an_item_under_its_number(tmp_path: Path) -> None:
    path = written(tmp_path, "people.ndjson", '{"resourceType":"Patient"}\n\n{"resourceType":"Group"}\n')
    assert [(item.ordinal, item.content["resourceType"]) for item in read(path)] == [(1, "Patient"), (3, "Group")]


@pytest.mark.parametrize("line", ["not json", "[]", '"Patient"', '{"id":"1"}', '{"resourceType":7}', '{"a":1,"a":2}'])
def test_a_line_that_is_no_resource_is_told_not_lost(tmp_path: Path, line: str) -> None:
    (item,) = read(written(tmp_path, "people.ndjson", line + "\n"))
    assert item.kind == "unreadable"
    assert item.content


def test_a_packed_file_is_the_same_file(tmp_path: Path) -> None:
    plain = written(tmp_path, "people.ndjson", '{"resourceType":"Patient"}\n')
    packed = tmp_path / "people.ndjson.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert open_source(packed).digest == open_source(plain).digest
    assert read(packed)[0].content == read(plain)[0].content


def test_a_collection_is_its_entries_and_a_transaction_stays_whole(tmp_path: Path) -> None:
    entries = '"entry":[{"resource":{"resourceType":"Patient"}},{"resource":{"resourceType":"Group"}},{}]'
    collection = written(tmp_path, "a.json", f'{{"resourceType":"Bundle","type":"collection",{entries}}}')
    transaction = written(tmp_path, "b.json", f'{{"resourceType":"Bundle","type":"transaction",{entries}}}')
    assert [item.kind for item in read(collection)] == ["resource", "resource", "unreadable"]
    assert [item.kind for item in read(transaction)] == ["bundle"]


def test_the_links_of_a_collection_become_links_between_what_is_stored(tmp_path: Path) -> None:
    patient = '{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"}}'
    known = '{"fullUrl":"http://x.example/Group/g","resource":{"resourceType":"Group","id":"g"}}'
    flag = '{"resource":{"resourceType":"Flag","subject":{"reference":"urn:uuid:1"},"author":{"reference":"Device/d"}}}'
    linked = '{"resource":{"resourceType":"Flag","subject":{"reference":"http://x.example/Group/g"}}}'
    text = f'{{"resourceType":"Bundle","type":"collection","entry":[{patient},{known},{flag},{linked}]}}'
    stored, _, first, second = read(written(tmp_path, "a.json", text))
    assert first.content["subject"]["reference"] == f"Patient/{stored.content['id']}"
    assert first.content["author"]["reference"] == "Device/d"
    assert second.content["subject"]["reference"] == "Group/g"


def test_a_batch_stays_whole_and_a_history_is_told(tmp_path: Path) -> None:
    batch = written(tmp_path, "a.json", '{"resourceType":"Bundle","type":"batch","entry":[]}')
    history = written(tmp_path, "b.json", '{"resourceType":"Bundle","type":"history","entry":[]}')
    assert [item.kind for item in (*read(batch), *read(history))] == ["bundle", "unreadable"]


def test_what_has_no_id_keeps_its_name_when_the_file_is_mended(tmp_path: Path) -> None:
    people = ['{"resourceType":"Patient","gender":"female"}', "not json", '{"resourceType":"Patient","gender":"male"}']
    before = read(written(tmp_path, "before.ndjson", "\n".join(people)))
    people[1] = '{"resourceType":"Patient"}'
    after = read(written(tmp_path, "after.ndjson", "\n".join(people)))
    assert [after[0].content["id"], after[2].content["id"]] == [before[0].content["id"], before[2].content["id"]]


def test_two_that_say_the_same_are_two(tmp_path: Path) -> None:
    first, second = read(written(tmp_path, "twins.ndjson", '{"resourceType":"Patient"}\n' * 2))
    assert first.content["id"] != second.content["id"]


def test_a_resource_keeps_the_id_it_came_with(tmp_path: Path) -> None:
    (item,) = read(written(tmp_path, "one.json", '{"resourceType":"Patient","id":"p1"}'))
    assert item.content["id"] == "p1"


def test_a_document_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "letter.xml"
    path.write_bytes(b"\xef\xbb\xbf<ClinicalDocument/>\r\n")
    assert read(path)[0].content == path.read_bytes()


def test_folders_are_searched_and_other_files_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    wanted = [written(tmp_path / "deep", "b.ndjson", ""), written(tmp_path, "z.XML", "")]
    written(tmp_path, "notes.txt", "")
    assert list(find_files([tmp_path])) == wanted


def test_a_file_of_another_kind_named_outright_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="none of"):
        list(find_files([written(tmp_path, "notes.txt", "")]))


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(find_files([tmp_path / "nothing"]))
