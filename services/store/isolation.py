"""Keeps schools apart inside PostgreSQL: row-level security, who serves, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from services.store.tables import across, metadata

_OPEN_TABLES = text(
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " join pg_attribute a on a.attrelid = c.oid and a.attname = 'school_id'"
    " where n.nspname = current_schema() and c.relkind in ('r', 'p')"
    " and not (c.relrowsecurity and c.relforcerowsecurity) order by 1"
)
_LOOSE_TABLES = text(
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " join pg_attribute a on a.attrelid = c.oid and a.attname = 'school_id'"
    " where n.nspname = current_schema() and c.relkind in ('r', 'p') and exists"
    " (select from pg_policy p where p.polrelid = c.oid and p.polpermissive"
    "  and p.polroles && array[0, (select oid from pg_roles where rolname = current_user)]::oid[]"
    "  and pg_get_expr(p.polqual, p.polrelid) not like '%app.school%') order by 1"
)
_OPEN_VIEWS = text(
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = current_schema() and c.relkind in ('v', 'm') and c.relname != all(:known)"
    " and not coalesce('security_invoker=true' = any(c.reloptions), false) order by 1"
)
_ROLE = text(
    "select rolsuper or rolbypassrls as unbound, exists (select from pg_class c"
    " join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema()"
    " and c.relkind = 'r' and pg_has_role(current_user, c.relowner, 'member')) as owns"
    " from pg_roles where rolname = current_user"
)


def faults(connection: Connection) -> Iterator[str]:
    """Each way in which a connection could see, or be made to see, another school's rows, in
    words; nothing on SQLite, where whoever has the file has all that is in it."""
    if connection.dialect.name != "postgresql":
        return
    role: Any = connection.execute(_ROLE).one()
    if role.unbound:
        yield "it signs in as a superuser, or as a role with BYPASSRLS, which no policy binds"
    if role.owns:
        yield "it signs in as the owner of the tables, who could lift their policies"
    for table in connection.scalars(_OPEN_TABLES):
        yield f"table {table} has no forced row-level security"
    for table in connection.scalars(_LOOSE_TABLES):
        yield f"table {table} has a policy that does not ask for the school"
    for view in connection.scalars(_OPEN_VIEWS, {"known": list(across.tables)}):
        yield f"view {view} shows rows of every school"


def let_serve(connection: Connection, role: str, password: str) -> None:
    """Lets a role work with the tables, and nothing else; makes it, or sets its password, where
    one is given. Asked again, it changes nothing. For PostgreSQL, by the owner of the tables."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    known = connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role})
    if password:
        verb = "ALTER" if known else "CREATE"
        secret = _scrambled(connection, role, password)
        connection.exec_driver_sql(
            f"{verb} ROLE {quoted} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
            f" PASSWORD '{secret}'"
        )
    schema = connection.scalar(text("select quote_ident(current_schema())"))
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {quoted}")
    for table in metadata.tables:
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {quoted}")
    for seen in (*across.tables, "alembic_version"):
        connection.exec_driver_sql(f"GRANT SELECT ON {seen} TO {quoted}")


def _scrambled(connection: Connection, role: str, password: str) -> str:
    """The password as PostgreSQL keeps it, so that it never stands in a log of statements."""
    driver: Any = connection.connection.driver_connection
    scrambled: bytes = driver.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    return scrambled.decode()
