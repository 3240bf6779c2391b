"""The ways in which drivers say that a database is not there, or busy, turned into one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.store.errors import Unavailable, Unstorable


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raises: Unavailable or Unstorable in place of what the driver or the pool raised."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("the database is busy; try again shortly") from error
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(f"the database cannot be used now: {error.orig}") from error
    except DataError as error:
        raise Unstorable("it holds a character or a number that cannot be kept") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("the connection to the database was lost") from error
        raise
