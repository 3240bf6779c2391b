"""What a person asked for and cannot have: one family of refusals, ready for a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schemas.plan import Finding
from services.snapshot import NoSchoolDay
from services.store import NotAllowed, NotFound


class Refused(Exception):
    """Nothing was changed. `status` is the HTTP status that says so; `findings` are the broken
    rules, where that is the reason."""

    def __init__(
        self, status: int, code: str, message: str, mend: str, findings: tuple[Finding, ...] = ()
    ) -> None:
        super().__init__(f"{message}; {mend}")
        self.status = status
        self.code = code
        self.message = message
        self.mend = mend
        self.findings = findings


@contextmanager
def refusing() -> Iterator[None]:
    """Turns what the store says of unknown rows and missing rights into refusals."""
    try:
        yield
    except NotFound as error:
        raise Refused(404, "not_found", str(error), "look for it among the day's plans") from error
    except NotAllowed as error:
        raise Refused(403, "not_allowed", str(error), "ask the school's scheduler") from error
    except NoSchoolDay as error:
        raise Refused(409, "no_school_day", str(error), "choose another day") from error


def stale() -> Refused:
    """Somebody was quicker, or the page is old."""
    return Refused(
        412, "stale", "the plan is no longer the one you saw", "look at it again, then decide"
    )
