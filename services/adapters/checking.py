"""What must hold of every school that an import brings, whichever format it came in."""

from __future__ import annotations

from collections import Counter

from schemas.imports import SchoolImport
from services.adapters.merging import record_key
from services.adapters.report import Ledger


def refuse_doubles(part: SchoolImport, ledger: Ledger) -> None:
    """Refuse records of one kind that share an id: which of them is meant is not ours to say."""
    for kind in part.kinds:
        counts = Counter(record_key(record) for record in getattr(part.roster, kind))
        for key, count in counts.items():
            if count > 1:
                ledger.refuse(
                    "",
                    f"{kind}: {' and '.join(key)} stands {count} times in {part.roster.school.id}",
                    "keep one of them",
                    column=kind,
                    value=key[0],
                )
    counts = Counter((event.source, event.id) for event in part.events)
    for (_, id), count in counts.items():
        if count > 1:
            ledger.refuse("", f"event {id} stands {count} times", "keep one of them", value=id)
