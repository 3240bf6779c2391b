"""Whatever is handed in for import is opened without trusting it."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from services.adapters.archive import MIB, Limits, open_bytes, open_many, open_path
from services.adapters.report import ImportRefused, Ledger
from tests.services.import_samples import opened, reasons, zip_of


def test_a_folder_a_zip_and_a_file_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "a.zip").write_bytes(zip_of({"a.csv": "x\n1\n"}))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("x\n1\n")
    for path in (tmp_path / "a.csv", tmp_path / "a.zip", tmp_path / "in"):
        files = open_path(path, Ledger("test"))
        assert files.text(files.find("a.csv") or "") == "x\n1\n"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused) as refused:
        open_path(tmp_path / "gone.zip", Ledger("test"))
    assert "no such file or folder" in reasons(refused)


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "C:\\out.csv", "a/../../b.csv"])
def test_a_path_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        open_bytes("a.zip", zip_of({name: "x"}), Ledger("test"))
    assert "leads out of the archive" in reasons(refused)
    with pytest.raises(ImportRefused):
        open_many({name: b"x"}, Ledger("test"))


def test_a_symbolic_link_in_a_zip_is_refused() -> None:
    link = zipfile.ZipInfo("passwords.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ImportRefused) as refused:
        open_bytes("a.zip", stream.getvalue(), Ledger("test"))
    assert "symbolic link" in reasons(refused)


def test_a_symbolic_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("/etc/passwd")
    with pytest.raises(ImportRefused) as refused:
        open_path(tmp_path, Ledger("test"))
    assert "symbolic link" in reasons(refused)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zip_of({"users.csv": b"0" * (40 * MIB)})
    assert len(bomb) < MIB
    with pytest.raises(ImportRefused) as refused:
        open_bytes("a.zip", bomb, Ledger("test"))
    assert "packed more than 100 to 1" in reasons(refused)


def test_a_zip_that_unpacks_to_too_much_in_all_is_refused() -> None:
    content = zip_of({"a.csv": "x" * 600, "b.csv": "y" * 600})
    with pytest.raises(ImportRefused) as refused:
        open_bytes("a.zip", content, Ledger("test"), Limits(total_bytes=1000))
    assert "unpacks to more than" in reasons(refused)


def test_a_size_that_the_zip_lies_about_does_not_help_it() -> None:
    content = bytearray(zip_of({"a.csv": b"abc" * 400}))
    start = content.find(b"PK\x01\x02")
    content[start + 24 : start + 28] = (10).to_bytes(4, "little")
    files = open_bytes("a.zip", bytes(content), Ledger("test"), Limits(file_bytes=100))
    with pytest.raises(ImportRefused):
        files.read("a.csv")


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    names = {f"{number}.csv": "x" for number in range(6)}
    for name in names:
        (tmp_path / name).write_text("x")
    with pytest.raises(ImportRefused):
        open_bytes("a.zip", zip_of(names), Ledger("test"), Limits(entries=5))
    with pytest.raises(ImportRefused):
        open_path(tmp_path, Ledger("test"), Limits(entries=5))


def test_a_file_that_is_too_large_and_files_too_large_together_are_refused() -> None:
    files = open_many({"a.csv": b"x" * 60, "b.csv": b"y" * 60}, Ledger("t"), Limits(file_bytes=50))
    with pytest.raises(ImportRefused):
        files.read("a.csv")
    files = open_many({"a.csv": b"x" * 60, "b.csv": b"y" * 60}, Ledger("t"), Limits(total_bytes=99))
    files.read("a.csv")
    with pytest.raises(ImportRefused) as refused:
        files.read("b.csv")
    assert "together larger" in reasons(refused)


def test_a_zip_within_a_zip_is_refused() -> None:
    files = open_bytes("a.zip", zip_of({"inner.csv": zip_of({"b.csv": "x"})}), Ledger("test"))
    with pytest.raises(ImportRefused) as refused:
        files.read("inner.csv")
    assert "archive within an archive" in reasons(refused)


def test_a_name_that_stands_twice_in_a_zip_is_refused() -> None:
    with pytest.raises(ImportRefused) as refused:
        open_bytes("a.zip", zip_of({"users.csv": "x", "Users.csv": "y"}), Ledger("test"))
    assert "stands twice" in reasons(refused)


def test_two_folders_with_a_file_of_one_name_are_refused() -> None:
    files = open_bytes("a.zip", zip_of({"a/users.csv": "x", "b/users.csv": "y"}), Ledger("test"))
    with pytest.raises(ImportRefused) as refused:
        files.find("users.csv")
    assert "a/users.csv has the same name" in reasons(refused)


def test_what_an_operating_system_leaves_in_a_zip_is_overlooked() -> None:
    content = zip_of({"users.csv": "x", "__MACOSX/users.csv": "y", ".DS_Store": "z"})
    assert open_bytes("a.zip", content, Ledger("test")).names() == ["users.csv"]


def test_an_encrypted_entry_is_refused() -> None:
    content = bytearray(zip_of({"a.csv": "x"}))
    directory = content.find(b"PK\x01\x02")
    content[directory + 8] |= 1
    with pytest.raises(ImportRefused) as refused:
        open_bytes("a.zip", bytes(content), Ledger("test"))
    assert "encrypted" in reasons(refused)


def test_a_damaged_zip_and_a_false_one_are_refused() -> None:
    whole = zip_of({"a.csv": "x" * 1000})
    for content in (whole[:-30], b"not a zip at all"):
        with pytest.raises(ImportRefused):
            open_bytes("a.zip", content, Ledger("test"))


def test_a_file_that_is_not_utf_8_is_refused_with_the_offset() -> None:
    files, _ = opened({"a.csv": "name\nJos\xe9\n".encode("latin-1")})
    with pytest.raises(ImportRefused) as refused:
        files.text("a.csv")
    assert "byte e9 at offset 8" in reasons(refused)


def test_a_byte_order_mark_is_taken_off() -> None:
    files, _ = opened({"a.csv": b"\xef\xbb\xbfname\n"})
    assert files.text("a.csv") == "name\n"


BILLION_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
BARE = '<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><x/>'


@pytest.mark.parametrize("content", [BILLION_LAUGHS, OUTSIDE, BARE])
def test_xml_with_a_document_type_or_entities_is_refused(content: str) -> None:
    files, _ = opened({"a.xml": content})
    with pytest.raises(ImportRefused) as refused:
        files.xml("a.xml")
    assert "document type or entities" in reasons(refused)


@pytest.mark.parametrize("content", ["<a><b></a>", "", "<a>&nosuch;</a>", "text"])
def test_xml_that_is_not_well_formed_is_refused(content: str) -> None:
    files, _ = opened({"a.xml": content})
    with pytest.raises(ImportRefused):
        files.xml("a.xml")


@pytest.mark.parametrize("content", ["{", "[NaN]", "[" * 100_000, "[1e999999, Infinity]"])
def test_json_that_is_broken_or_too_deep_is_refused(content: str) -> None:
    files, _ = opened({"a.json": content})
    with pytest.raises(ImportRefused):
        files.json("a.json")
