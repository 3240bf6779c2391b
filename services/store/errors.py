"""What can go wrong when asking the store, in words a caller can act on."""

from __future__ import annotations


class StoreError(Exception):
    """The root of what the store raises of its own."""


class Unavailable(StoreError):
    """The database cannot be reached or is locked; nothing was written. Try again shortly."""


class UnknownSchool(StoreError):
    """No roster of this school was ever imported."""


class NotFound(StoreError):
    """There is no such row in the viewer's school."""


class NotAllowed(StoreError):
    """The viewer has no right to this person's records."""


class WrongState(StoreError):
    """What was asked does not follow from the state that something is in."""


class Unstorable(StoreError):
    """What was asked for or given holds a value that no database keeps; nothing was written."""


class NotReady(StoreError):
    """The record may not be served as it is: what to do first."""
