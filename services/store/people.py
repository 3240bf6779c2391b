"""What is kept per person: calendar feeds behind a secret, notices, answers to commands."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select

from services.canonical import canonical, sha256
from services.store import tables as t
from services.store.part import Part
from services.store.rows import fields

PersonKind = Literal["student", "staff", "guardian"]


@dataclass(frozen=True)
class Notice:
    """A change told to one person: `body` has before, after and why."""

    id: str
    person_kind: PersonKind
    person: str
    day: date
    pub_seq: int
    body: dict[str, Any]
    created_at: datetime
    seen_at: datetime | None


class People(Part):
    def feed_token(self, person_kind: PersonKind, person: str) -> str:
        """Opens a person's calendar feed under a new secret, ending the old one. The secret is
        returned this once: only its hash is kept."""
        self.revoke_feed(person_kind, person)
        token = secrets.token_urlsafe(32)
        self._add(
            t.feed,
            token_hash=sha256(token),
            person_kind=person_kind,
            person=person,
            created_at=self.clock(),
        )
        return token

    def feed_person(self, token: str) -> tuple[PersonKind, str] | None:
        """Whose feed a secret opens; None for one that is wrong or revoked."""
        row = self._one(
            select(t.feed.c.person_kind, t.feed.c.person)
            .where(self._mine(t.feed), t.feed.c.token_hash == sha256(token))
            .where(t.feed.c.revoked_at.is_(None))
        )
        return (row.person_kind, row.person) if row else None

    def has_feed(self, person_kind: PersonKind, person: str) -> bool:
        """Whether a person has a feed that is open."""
        return bool(
            self._rows(
                select(t.feed.c.token_hash)
                .where(self._mine(t.feed), t.feed.c.person_kind == person_kind)
                .where(t.feed.c.person == person, t.feed.c.revoked_at.is_(None))
            )
        )

    def revoke_feed(self, person_kind: PersonKind, person: str) -> bool:
        """Ends a person's feed; False when there was none."""
        return self._changed(
            t.feed.update()
            .where(self._mine(t.feed), t.feed.c.person_kind == person_kind)
            .where(t.feed.c.person == person, t.feed.c.revoked_at.is_(None))
            .values(revoked_at=self.clock())
            .returning(t.feed.c.token_hash)
        )

    def add_notice(
        self,
        person_kind: PersonKind,
        person: str,
        day: date,
        pub_seq: int,
        body: dict[str, Any],
        about: str = "",
    ) -> str:
        """Leaves a notice; the same person is told of the same publication, or of what else it is
        `about` on a day, once."""
        of = [self.viewer.school, person_kind, person, day.isoformat(), pub_seq]
        name = canonical([*of, about] if about else of)
        notice = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        insert = self._insert(t.notice).values(
            school_id=self.viewer.school,
            id=notice,
            person_kind=person_kind,
            person=person,
            day=day,
            pub_seq=pub_seq,
            body=canonical(body),
            created_at=self.clock(),
        )
        self.connection.execute(insert.on_conflict_do_nothing())
        return notice

    def notices(self, person: str, person_kind: PersonKind | None = None) -> list[Notice]:
        """A person's notices, newest first."""
        statement = select(t.notice).where(self._mine(t.notice), t.notice.c.person == person)
        if person_kind is not None:
            statement = statement.where(t.notice.c.person_kind == person_kind)
        rows = self._rows(statement.order_by(t.notice.c.created_at.desc(), t.notice.c.id))
        return [Notice(**{**fields(row), "body": json.loads(row.body)}) for row in rows]

    def mark_notice_seen(self, notice: str) -> bool:
        return self._changed(
            t.notice.update()
            .where(self._mine(t.notice), t.notice.c.id == notice, t.notice.c.seen_at.is_(None))
            .values(seen_at=self.clock())
            .returning(t.notice.c.id)
        )

    def remembered_answer(self, route: str, key: str) -> tuple[str, int, str] | None:
        """(fingerprint, status, body) of an earlier command under the same idempotency key."""
        row = self._one(
            select(t.idempotency)
            .where(self._mine(t.idempotency), t.idempotency.c.principal == self.viewer.person)
            .where(t.idempotency.c.route == route, t.idempotency.c.key == key)
        )
        return (row.fingerprint, row.status, row.body) if row else None

    def remember_answer(
        self, route: str, key: str, fingerprint: str, status: int, body: str
    ) -> bool:
        """Keeps the answer to a command with the change it made; False when one is kept."""
        insert = self._insert(t.idempotency).values(
            school_id=self.viewer.school,
            principal=self.viewer.person,
            route=route,
            key=key,
            fingerprint=fingerprint,
            status=status,
            body=body,
            at=self.clock(),
        )
        return self._changed(insert.on_conflict_do_nothing().returning(t.idempotency.c.key))
