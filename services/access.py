"""Lets people in by name and password, and systems by key; what is secret is kept hashed only."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schemas.events import PREFIX
from schemas.school import AccessRole
from services.canonical import sha256
from services.store import Store, Tx, Unavailable
from services.store.access import ApiKey, SignInRow
from services.viewer import Sender, Viewer

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a browser was last here."""
USED_EVERY = timedelta(hours=1)
MOMENT = timedelta(seconds=1)
"""For how long what the record says of a key is taken to hold."""
MOST_REMEMBERED = 10_000

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
FREE_TRIES = 5
"""Wrong passwords in a row before an account closes: a minute at first, twice as long each time."""
LONGEST_CLOSED = timedelta(hours=1)

_hasher = PasswordHasher()
_hashing = threading.BoundedSemaphore(2)
"""Each hash takes 64 MB: many who sign in at once wait for their turn."""


class Refused(Exception):
    """Nobody is let in: why, in words for whoever tried."""


class WeakPassword(Exception):
    """A password that would be guessed: what to do."""


class SignIn(NamedTuple):
    """Somebody signed in, with what their browser and their forms have to send back."""

    school: str
    access_role: AccessRole
    person: str
    csrf: str


def hash_password(password: str, name: str) -> str:
    """A password as it is kept (Argon2id, RFC 9106).

    Raises:
        WeakPassword: it is too short, too long or too plain.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword(f"give {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if len(set(password)) < 5 or name.lower() in password.lower():
        raise WeakPassword("give one without the account's name that is not a few letters repeated")
    with _hashing:
        return _hasher.hash(password)


def enter(store: Store, school: str, name: str, password: str) -> tuple[AccessRole, str]:
    """The role and the person of an account whose password this is.

    Raises:
        Refused: it is not, there is no such account, or it is closed for a while; the words, and
            the time it takes, do not tell which.
        Unavailable: the database cannot be reached.
    """
    viewer = Viewer.machine(school, "sign-in")
    with store.read(viewer) as tx:
        account = tx.account(name)
        now = tx.clock()
    fits = _fits(account.password_hash if account else _nobodys_hash(), password)
    closed = account is not None and account.closed_until is not None and now < account.closed_until
    if account is None or closed or not fits:
        if account is not None and not closed:
            _count_failure(store, viewer, name)
        raise Refused("The name or the password is wrong, or there were too many tries just now.")
    with store.begin(viewer) as tx:
        tx.note_password(name, 0, None)
        tx.audit("signed.in", f"{account.access_role} {account.person}")
    return account.access_role, account.person


def _count_failure(store: Store, viewer: Viewer, name: str) -> None:
    """Counts a wrong password, under a lock, so that many tried at once count as many."""
    with store.begin(viewer) as tx:
        tx.lock_school()
        account = tx.account(name)
        if account is None:
            return
        failures = account.failures + 1
        over = failures - FREE_TRIES
        closed = min(timedelta(minutes=2 ** min(over, 10)), LONGEST_CLOSED) if over >= 0 else None
        tx.note_password(name, failures, None if closed is None else tx.clock() + closed)
        tx.audit("sign.in.refused", f"account {name}")


def _fits(password_hash: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        with _hashing:
            return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    """Compared with where there is no account, so that it takes as long."""
    return _hasher.hash(secrets.token_urlsafe())


def name_in_role(tx: Tx, role: AccessRole, person: str) -> str | None:
    """The name of a person who may act in a role today; None for anybody else."""
    if role == "guardian":
        links = [link for link in tx.guardian_links() if link.guardian == person]
        live = [link for link in links if link.may_see and not link.court_restricted]
        return f"{live[0].given_name} {live[0].family_name}".strip() if live else None
    entry = tx.entry("students" if role == "student" else "staff", person)
    if entry is None or (role != "student" and role not in entry.access_roles):
        return None
    return f"{entry.given_name} {entry.family_name}".strip()


class SignIns:
    """The sign-ins of browsers. A token is kept only hashed with `secret`, so that a copy of the
    database opens nothing, and another secret ends them all."""

    def __init__(self, store: Store, secret: str) -> None:
        self._store = store
        self._secret = (secret or secrets.token_urlsafe(32)).encode()

    def begin(
        self, school: str, access_role: AccessRole, person: str, account: str | None = None
    ) -> str:
        """Signs a person in; the token that their browser brings back from now on."""
        token = f"{to_word(school)}.{secrets.token_urlsafe(32)}"
        with self._store.begin(_machine(school)) as tx:
            now = tx.clock()
            tx.end_sign_ins_before(now - LONGEST, now - IDLE)
            tx.begin_sign_in(self._hash(token), person, access_role, account)
        return token

    def read(self, token: str) -> SignIn | None:
        """Who a token stands for; None where it is wrong, has ended or is too old."""
        school = from_word(token.partition(".")[0])
        if school is None:
            return None
        hashed = self._hash(token)
        with self._store.read(_machine(school)) as tx:
            row, now = tx.sign_in(hashed), tx.clock()
        if row is None or now - row.begun_at > LONGEST or now - row.seen_at > IDLE:
            return None
        self._see(school, hashed, row, now)
        csrf = self._hash(f"form {token}")
        return SignIn(school, row.access_role, row.person, csrf)

    def end(self, token: str) -> None:
        school = from_word(token.partition(".")[0])
        if school is not None:
            with self._store.begin(_machine(school)) as tx:
                tx.end_sign_in(self._hash(token))

    def _see(self, school: str, hashed: str, row: SignInRow, now: datetime) -> None:
        """Keeps that the browser was here, where that can be written: what can still be read is
        shown even while nothing can be."""
        if now - row.seen_at < SEEN_EVERY:
            return
        try:
            with self._store.begin(_machine(school)) as tx:
                tx.note_seen(hashed)
        except Unavailable:
            return

    def _hash(self, token: str) -> str:
        return hmac.new(self._secret, token.encode(), "sha256").hexdigest()


def make_key(
    tx: Tx, title: str, source: str, types: tuple[str, ...], office: bool, lasts: timedelta
) -> str:
    """Makes a key for a system that sends events to the viewer's school. It is returned this once:
    only its hash is kept."""
    secret, id = secrets.token_urlsafe(32), secrets.token_hex(4)
    now = tx.clock()
    tx.save_key(
        ApiKey(
            id=id,
            hash=sha256(secret),
            title=title,
            source=source,
            types=types,
            office=office,
            created_at=now,
            expires_at=now + lasts,
            ended_at=None,
            used_at=None,
        )
    )
    tx.audit("key.made", f"key {id}", reason=title)
    return f"fd_{to_word(tx.viewer.school)}.{id}.{secret}"


class Senders:
    """The systems that send and read with a key. What the record says of a key is remembered for a
    moment, as a system that sends single events would have it asked hundreds of times a second: a
    key that is ended lets nothing in after a `MOMENT`, in every process.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, str], tuple[datetime, ApiKey]] = {}

    def of(self, key: str) -> Viewer | None:
        """The system a key stands for, with what it may send; None for a key that is wrong, has
        ended or has expired."""
        if (named := _named(key)) is None:
            return None
        school, id, secret = named
        with self._store.read(_machine(school)) as tx:
            known = tx.api_key(id)
        if known is None or not _opens(known, secret, now := self._store.clock()):
            return None
        if known.used_at is None or now - known.used_at > USED_EVERY:
            with self._store.begin(_machine(school)) as tx:
                tx.note_used(id)
        self._remember(school, known)
        return viewer_for(school, known)

    def remembered(self, key: str) -> Viewer | None:
        """The same without asking the record; None where that is needed."""
        if (named := _named(key)) is None:
            return None
        school, id, secret = named
        now, (read_at, known) = self._store.clock(), self._known.get((school, id), (None, None))
        if known is None or read_at is None or not timedelta() <= now - read_at < MOMENT:
            return None
        return viewer_for(school, known) if _opens(known, secret, now) else None

    def _remember(self, school: str, key: ApiKey) -> None:
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        self._known[school, key.id] = self._store.clock(), key


def _named(key: str) -> tuple[str, str, str] | None:
    """The school, the id and the secret that a key is made of; None for what is no key."""
    school_word, _, rest = key.removeprefix("fd_").partition(".")
    id, _, secret = rest.partition(".")
    school = from_word(school_word)
    return (school, id, secret) if school is not None and id.isalnum() else None


def _opens(known: ApiKey, secret: str, now: datetime) -> bool:
    right = hmac.compare_digest(known.hash, sha256(secret))
    return right and known.ended_at is None and now < known.expires_at


def viewer_for(school: str, key: ApiKey) -> Viewer:
    """What a key lets its bearer do."""
    sender = Sender(key.source, frozenset(f"{PREFIX}{name}" for name in key.types))
    role = "machine" if key.office else "system"
    return Viewer(school, role, f"key {key.id}", "events from another system", sender)  # type: ignore[arg-type]


def _machine(school: str) -> Viewer:
    return Viewer.machine(school, "sign-in")


def to_word(school: str) -> str:
    """A school's id as one word of letters, digits, - and _."""
    return base64.urlsafe_b64encode(school.encode()).decode().rstrip("=")


def from_word(word: str) -> str | None:
    """The id again, or None for what to_word never made."""
    try:
        padded = word + "=" * (-len(word) % 4)
        school = base64.urlsafe_b64decode(padded.encode("ascii")).decode()
    except (binascii.Error, UnicodeError):
        return None
    return school if school and to_word(school) == word and "\x00" not in school else None
