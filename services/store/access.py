"""Who may come in: accounts with their sign-ins, and the keys of systems that send events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from schemas.school import AccessRole
from services.canonical import canonical
from services.store import tables as t
from services.store.part import Part
from services.store.rows import fields


@dataclass(frozen=True)
class Account:
    """Lets a person of the roster sign in, in one role. `closed_until` is set after too many wrong
    passwords."""

    name: str
    person: str
    access_role: AccessRole
    password_hash: str
    failures: int
    closed_until: datetime | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class SignInRow:
    """A browser that is signed in; `account` is None where the role picker let it in."""

    account: str | None
    person: str
    access_role: AccessRole
    begun_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class ApiKey:
    """What a sending system may do: the `source` and event `types` (names; none listed: all) it
    speaks for, and whether it also does the office's work, imports and reading the log."""

    id: str
    hash: str
    title: str
    source: str
    types: tuple[str, ...]
    office: bool
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    used_at: datetime | None


class Access(Part):
    def save_account(
        self, name: str, person: str, access_role: AccessRole, password_hash: str
    ) -> None:
        """Opens an account, or gives one a new password, person and role; its sign-ins end."""
        self._put(
            t.account,
            [
                {
                    "name": name,
                    "person": person,
                    "access_role": access_role,
                    "password_hash": password_hash,
                    "failures": 0,
                    "closed_until": None,
                    "created_at": self.clock(),
                    "ended_at": None,
                }
            ],
        )
        self.end_sign_ins(name)

    def account(self, name: str) -> Account | None:
        """An account that has not ended, or None."""
        statement = select(t.account).where(self._mine(t.account), t.account.c.name == name)
        row = self._one(statement.where(t.account.c.ended_at.is_(None)))
        return Account(**fields(row)) if row else None

    def accounts(self) -> list[Account]:
        """All accounts, ended ones too, by name."""
        rows = self._rows(select(t.account).where(self._mine(t.account)).order_by(t.account.c.name))
        return [Account(**fields(row)) for row in rows]

    def end_account(self, name: str) -> bool:
        """Ends an account and its sign-ins at once; False when there is none."""
        self.end_sign_ins(name)
        return self._changed(
            t.account.update()
            .where(self._mine(t.account), t.account.c.name == name)
            .where(t.account.c.ended_at.is_(None))
            .values(ended_at=self.clock())
            .returning(t.account.c.name)
        )

    def note_password(self, name: str, failures: int, closed_until: datetime | None) -> None:
        """Keeps how many wrong passwords in a row an account has had."""
        self.connection.execute(
            t.account.update()
            .where(self._mine(t.account), t.account.c.name == name)
            .values(failures=failures, closed_until=closed_until)
        )

    def begin_sign_in(
        self, token_hash: str, person: str, access_role: AccessRole, account: str | None
    ) -> None:
        """Keeps a sign-in under the hash of its secret."""
        now = self.clock()
        self._add(
            t.sign_in,
            token_hash=token_hash,
            account=account,
            person=person,
            access_role=access_role,
            begun_at=now,
            seen_at=now,
        )

    def sign_in(self, token_hash: str) -> SignInRow | None:
        statement = select(t.sign_in).where(self._mine(t.sign_in))
        row = self._one(statement.where(t.sign_in.c.token_hash == token_hash))
        if row is None:
            return None
        return SignInRow(
            **{name: value for name, value in fields(row).items() if name != "token_hash"}
        )

    def note_seen(self, token_hash: str) -> None:
        """A signed-in browser was here just now."""
        self.connection.execute(
            t.sign_in.update()
            .where(self._mine(t.sign_in), t.sign_in.c.token_hash == token_hash)
            .values(seen_at=self.clock())
        )

    def end_sign_in(self, token_hash: str) -> None:
        self.connection.execute(
            t.sign_in.delete().where(self._mine(t.sign_in), t.sign_in.c.token_hash == token_hash)
        )

    def end_sign_ins(self, account: str) -> None:
        """Ends all sign-ins of an account, wherever they are."""
        self.connection.execute(
            t.sign_in.delete().where(self._mine(t.sign_in), t.sign_in.c.account == account)
        )

    def end_sign_ins_before(self, begun: datetime, seen: datetime) -> None:
        """Forgets sign-ins that began, or were last seen, before a time: they are over."""
        over = (t.sign_in.c.begun_at < begun) | (t.sign_in.c.seen_at < seen)
        self.connection.execute(t.sign_in.delete().where(self._mine(t.sign_in), over))

    def save_key(self, key: ApiKey) -> None:
        self._add(t.api_key, **{**vars(key), "types": canonical(key.types)})

    def api_key(self, id: str) -> ApiKey | None:
        """A key by the part of it that is no secret, ended and expired ones too."""
        row = self._one(select(t.api_key).where(self._mine(t.api_key), t.api_key.c.id == id))
        return _key(fields(row)) if row else None

    def api_keys(self) -> list[ApiKey]:
        """All keys, ended ones too, oldest first."""
        statement = select(t.api_key).where(self._mine(t.api_key))
        ordered = statement.order_by(t.api_key.c.created_at, t.api_key.c.id)
        return [_key(fields(row)) for row in self._rows(ordered)]

    def end_key(self, id: str) -> bool:
        """Ends a key; False when there is none, or it has ended."""
        return self._changed(
            t.api_key.update()
            .where(self._mine(t.api_key), t.api_key.c.id == id, t.api_key.c.ended_at.is_(None))
            .values(ended_at=self.clock())
            .returning(t.api_key.c.id)
        )

    def note_used(self, id: str) -> None:
        self.connection.execute(
            t.api_key.update()
            .where(self._mine(t.api_key), t.api_key.c.id == id)
            .values(used_at=self.clock())
        )


def _key(values: dict[str, Any]) -> ApiKey:
    return ApiKey(**{**values, "types": tuple(json.loads(values["types"]))})
