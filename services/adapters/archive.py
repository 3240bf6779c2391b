"""Opens what somebody hands in for import (a file, a folder, a zip) without trusting it."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.adapters.report import Ledger

MIB = 1024 * 1024
Reader = Callable[[int], bytes]
"""Gives at most so many bytes of a content."""

_ZIP_MAGIC = b"PK\x03\x04"
_CLUTTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OverflowError,
)
"""What the standard library raises on damaged, encrypted or exotic archives."""


@dataclass(frozen=True)
class Limits:
    """Most entries, bytes in all, bytes per file, and bytes out per byte in (above 1 MiB)."""

    entries: int = 500
    total_bytes: int = 512 * MIB
    file_bytes: int = 128 * MIB
    ratio: int = 100


class Files:
    """Named contents, read on demand and within limits. Names use `/` and have no `..`."""

    def __init__(self, readers: dict[str, Reader], ledger: Ledger, limits: Limits) -> None:
        self._readers = readers
        self._ledger = ledger
        self._limits = limits
        self._sizes: dict[str, int] = {}

    def names(self, ending: str = "") -> list[str]:
        """Names in order, those with the ending (any case) where one is given."""
        return [name for name in sorted(self._readers) if name.lower().endswith(ending)]

    def find(self, base: str) -> str | None:
        """The full name of the file called `base` (any case), in whichever folder it lies.

        Raises:
            ImportRefused: several folders have one.
        """
        found = [name for name in self.names() if PurePosixPath(name).name.lower() == base.lower()]
        if len(found) > 1:
            raise self._ledger.refuse_now(
                found[1], f"{found[0]} has the same name", "hand in one of them at a time"
            )
        return found[0] if found else None

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises:
            ImportRefused: it is too large, damaged, or itself an archive.
        """
        self._ledger.reads(name)
        most = self._limits.file_bytes
        try:
            content = self._readers[name](most + 1)
        except _ZIP_FAULTS as error:
            raise self._ledger.refuse_now(
                name, f"it can't be read: {error}", "make the archive anew, without a password"
            ) from error
        if len(content) > most:
            raise self._ledger.refuse_now(
                name, f"larger than {most // MIB} MiB", "split it, or raise the limit"
            )
        self._sizes[name] = len(content)
        if sum(self._sizes.values()) > self._limits.total_bytes:
            raise self._ledger.refuse_now(
                name,
                f"together larger than {self._limits.total_bytes // MIB} MiB",
                "import fewer files at a time, or raise the limit",
            )
        if content[:4] == _ZIP_MAGIC:
            raise self._ledger.refuse_now(
                name, "an archive within an archive", "unpack it and hand in its files"
            )
        return content

    def text(self, name: str) -> str:
        """The content as text, without a byte order mark.

        Raises:
            ImportRefused: it is not UTF-8; the refusal gives the offset of the first wrong byte.
        """
        content = self.read(name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            offset = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
            raise self._ledger.refuse_now(
                name,
                f"not UTF-8: byte {content[offset : offset + 1].hex()} at offset {offset}",
                "save the file as UTF-8",
            ) from error

    def xml(self, name: str) -> Element:
        """The root element of an XML file.

        Raises:
            ImportRefused: it is not well formed, or has a document type or entities.
        """
        text = self.text(name)
        try:
            root: Element = fromstring(text, forbid_dtd=True)
        except DefusedXmlException as error:
            raise self._ledger.refuse_now(
                name, "a document type or entities in XML", "take the DOCTYPE out"
            ) from error
        except (ParseError, ValueError) as error:
            raise self._ledger.refuse_now(
                name, f"not well-formed XML: {error}", "export the file again"
            ) from error
        return root

    def json(self, name: str) -> Any:
        """A JSON document.

        Raises:
            ImportRefused: it is not JSON, holds NaN or an infinity, or is nested too deeply.
        """
        text = self.text(name)
        try:
            return json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise self._ledger.refuse_now(
                name, f"not JSON: {why}", "export the file again"
            ) from error


def open_path(path: Path, ledger: Ledger, limits: Limits | None = None) -> Files:
    """Open a file, a folder or a zip.

    Raises:
        ImportRefused: it is not there, or breaks a limit or a rule of safety.
    """
    limits = limits or Limits()
    if path.is_dir():
        return _folder(path, ledger, limits)
    if not path.is_file():
        raise ledger.refuse_now(path.name, "no such file or folder", "check the path")
    with path.open("rb") as stream:
        zipped = stream.read(4) == _ZIP_MAGIC
    if zipped:
        return open_bytes(path.name, path.read_bytes(), ledger, limits)
    return Files({path.name: _file_reader(path)}, ledger, limits)


def open_bytes(name: str, content: bytes, ledger: Ledger, limits: Limits | None = None) -> Files:
    """Open one uploaded file, which may be a zip.

    Raises:
        ImportRefused: as for `open_path`.
    """
    limits = limits or Limits()
    if content[:4] in (_ZIP_MAGIC, b"PK\x05\x06"):
        return _zip(name, content, ledger, limits)
    if name.lower().endswith(".zip"):
        raise ledger.refuse_now(name, "named .zip but not a zip", "make the archive anew")
    return Files({name: _content_reader(content)}, ledger, limits)


def open_many(uploads: dict[str, bytes], ledger: Ledger, limits: Limits | None = None) -> Files:
    """Open several uploaded plain files as if they lay in one folder.

    Raises:
        ImportRefused: a name leads out of it.
    """
    limits = limits or Limits()
    for name in uploads:
        _check_name(name, name, ledger)
    ledger.stop_if_refused()
    readers = {name: _content_reader(content) for name, content in uploads.items()}
    return Files(readers, ledger, limits)


def _folder(path: Path, ledger: Ledger, limits: Limits) -> Files:
    readers = {}
    for inner in sorted(path.rglob("*")):
        name = inner.relative_to(path).as_posix()
        if inner.is_symlink():
            raise ledger.refuse_now(name, "a symbolic link", "put the file itself in the folder")
        if inner.is_file() and not _is_clutter(name):
            readers[name] = _file_reader(inner)
        if len(readers) > limits.entries:
            raise ledger.refuse_now(
                path.name, f"more than {limits.entries} files", "import fewer files at a time"
            )
    return Files(readers, ledger, limits)


def _zip(name: str, content: bytes, ledger: Ledger, limits: Limits) -> Files:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    except _ZIP_FAULTS as error:
        raise ledger.refuse_now(name, f"a damaged zip: {error}", "make the archive anew") from error
    readers = {entry.filename: _entry_reader(archive, entry) for entry in _kept(entries)}
    for inner, reason, mend in _zip_faults(entries, limits):
        ledger.refuse(f"{name}/{inner}", reason, mend)
    for entry in entries:
        _check_name(entry.filename, f"{name}/{entry.filename}", ledger)
    ledger.stop_if_refused()
    return Files(readers, ledger, limits)


def _kept(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    return [e for e in entries if not e.is_dir() and not _is_clutter(e.filename)]


def _zip_faults(entries: list[zipfile.ZipInfo], limits: Limits) -> Iterator[tuple[str, str, str]]:
    """Entry, reason and mend for whatever the directory of the zip gives away."""
    if len(entries) > limits.entries:
        yield "", f"more than {limits.entries} entries", "import fewer files at a time"
    if sum(entry.file_size for entry in entries) > limits.total_bytes:
        yield "", f"unpacks to more than {limits.total_bytes // MIB} MiB", "import less at a time"
    seen: set[str] = set()
    for entry in entries:
        key = entry.filename.lower()
        if key in seen:
            yield entry.filename, "stands twice in the zip", "keep one of the two"
        seen.add(key)
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield entry.filename, "a symbolic link", "put the file itself in the zip"
        if entry.flag_bits & 0x1:
            yield entry.filename, "encrypted", "make the archive without a password"
        large = entry.file_size > MIB
        if large and entry.file_size > limits.ratio * max(1, entry.compress_size):
            yield entry.filename, f"packed more than {limits.ratio} to 1", "hand it in unpacked"


def _check_name(name: str, shown: str, ledger: Ledger) -> None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
        ledger.refuse(shown, "a path that leads out of the archive", "use plain file names")
    elif "\\" in name:
        ledger.refuse(shown, "a backslash in the name", "separate folders by /")


def _is_clutter(name: str) -> bool:
    return name.startswith(_CLUTTER) or PurePosixPath(name).name in _CLUTTER


def _file_reader(path: Path) -> Reader:
    def read(most: int) -> bytes:
        with path.open("rb") as stream:
            return stream.read(most)

    return read


def _content_reader(content: bytes) -> Reader:
    return lambda most: content[:most]


def _entry_reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Reader:
    def read(most: int) -> bytes:
        with archive.open(entry) as stream:
            return stream.read(most)

    return read


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")
