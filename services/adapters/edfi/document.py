"""Ed-Fi XML interchanges as records by kind, without namespaces.

Source: Ed-Fi Data Standard 5.2 (https://docs.ed-fi.org/reference/data-exchange/data-standard).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TypeVar
from xml.etree.ElementTree import Element

from services.adapters.archive import Files
from services.adapters.report import Ledger
from services.adapters.tables import finite, minute_of

_NAMESPACE = "http://ed-fi.org/"
_TESTED = "http://ed-fi.org/5.2.0"

Value = TypeVar("Value")


class Record:
    """One element of an interchange; `number` is its place among those of its kind in its file.

    Paths are local names separated by `/`; what is absent reads as empty text.
    """

    def __init__(self, element: Element, file: str, number: int, ledger: Ledger) -> None:
        self.element = element
        self.file = file
        self.number = number
        self.kind = element.tag
        self._ledger = ledger

    def text(self, path: str) -> str:
        return (self.element.findtext(path) or "").strip()

    def texts(self, path: str) -> list[str]:
        return [t for e in self.element.findall(path) if (t := (e.text or "").strip())]

    def anywhere(self, name: str) -> str:
        """The text of the first element of that name at any depth."""
        return next(((e.text or "").strip() for e in self.element.iter(name)), "")

    def word(self, path: str) -> str:
        """The value of a descriptor, such as Mathematics."""
        return self.text(path).rsplit("#", 1)[-1]

    def words(self, path: str) -> list[str]:
        return [text.rsplit("#", 1)[-1] for text in self.texts(path)]

    def parts(self, path: str) -> Iterator[Record]:
        for element in self.element.findall(path):
            yield Record(element, self.file, self.number, self._ledger)

    def reference(self, path: str) -> str:
        """The `ref` attribute of an element."""
        found = self.element.find(path)
        return "" if found is None else found.get("ref", "")

    def refuse(self, path: str, reason: str, mend: str) -> None:
        self._ledger.refuse(
            self.file,
            f"{self.kind}: {reason}",
            mend,
            row=self.number,
            column=path,
            value=self.text(path),
        )

    def day(self, path: str) -> date | None:
        return self._parsed(path, lambda text: date.fromisoformat(text[:10]), "a date")

    def moment(self, path: str) -> datetime | None:
        return self._parsed(path, datetime.fromisoformat, "a date and time")

    def minute(self, path: str) -> int | None:
        return self._parsed(path, minute_of, "a time of day")

    def amount(self, path: str) -> float | None:
        return self._parsed(path, finite, "a number")

    def flag(self, path: str) -> bool:
        return self.text(path).lower() in ("true", "1")

    def _parsed(self, path: str, parse: Callable[[str], Value], form: str) -> Value | None:
        text = self.text(path)
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, OverflowError):
            self.refuse(path, f"not {form}", f"write {form}")
            return None


class Documents:
    """All interchanges handed in, with a note of which kinds of record were looked at."""

    def __init__(self, files: Files, ledger: Ledger) -> None:
        """
        Raises:
            ImportRefused: a file is no Ed-Fi interchange, or there is none.
        """
        self._ledger = ledger
        self._by_kind: dict[str, list[Record]] = defaultdict(list)
        self._by_id: dict[str, Record] = {}
        self._asked: set[str] = set()
        for name in files.names(".xml"):
            self._take(files.xml(name), name)
        if not self._by_kind:
            ledger.refuse("", "no Ed-Fi interchange", "hand in the folder with the .xml files")
        ledger.stop_if_refused()
        for kind in sorted(self._by_kind):
            ledger.rows(_shown(kind), len(self._by_kind[kind]))

    def all(self, *kinds: str) -> list[Record]:
        self._asked.update(kinds)
        return [record for kind in kinds for record in self._by_kind.get(kind, ())]

    def by_reference(self, reference: str) -> Record | None:
        """The record that a `ref` attribute points at."""
        return self._by_id.get(reference)

    def school_of(self, record: Record, path: str = "SchoolReference") -> str:
        """The SchoolId of a school reference, by identity or by `ref`."""
        target = self.by_reference(record.reference(path))
        return record.text(f"{path}/SchoolIdentity/SchoolId") or (
            target.text("SchoolId") if target else ""
        )

    def warn_of_unread(self) -> None:
        unread = sorted(set(self._by_kind) - self._asked)
        if unread:
            count = sum(len(self._by_kind[kind]) for kind in unread)
            self._ledger.warn(
                "records of kinds flexday does not read: "
                + ", ".join(sorted({_shown(kind) for kind in unread})),
                count=count,
            )

    def _take(self, root: Element, file: str) -> None:
        namespace, _, name = root.tag.rpartition("}")
        if not namespace.startswith("{" + _NAMESPACE) or not name.startswith("Interchange"):
            self._ledger.refuse(
                file, "not an Ed-Fi interchange", f"its root must be of {_TESTED}", value=root.tag
            )
            return
        if namespace[1:] != _TESTED:
            self._ledger.warn(f"namespace {namespace[1:]}; read as {_TESTED}", file=file)
        for element in root.iter():
            if isinstance(element.tag, str):
                element.tag = element.tag.rpartition("}")[2]
        counts: dict[str, int] = defaultdict(int)
        for element in root:
            counts[element.tag] += 1
            record = Record(element, file, counts[element.tag], self._ledger)
            self._by_kind[element.tag].append(record)
            if identifier := element.get("id"):
                self._by_id.setdefault(identifier, record)


def _shown(kind: str) -> str:
    """The kind as reports name it: which programs a district runs for how many is nobody's
    business there."""
    return "StudentProgramAssociation" if kind.endswith("ProgramAssociation") else kind
