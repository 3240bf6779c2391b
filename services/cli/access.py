"""Commands on who may come in: people's accounts, and the keys of systems that send events."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn, get_args

import typer

from services.cli.records import Database, open_store
from services.cli.schools import OneSchool, chosen

if TYPE_CHECKING:
    from services.store import Store
    from services.viewer import Viewer

user = typer.Typer(help="People's accounts: add, list, end.", no_args_is_help=True)
key = typer.Typer(help="Keys of systems that send events: make, list, end.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="the name they sign in with")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.add_typer(user, name="user")
    app.add_typer(key, name="key")


@user.command("add")
def add_user(
    name: Name,
    person: Annotated[str, typer.Option(help="their id on the school's roster")],
    role: Annotated[str, typer.Option(help="scheduler, teacher, student ...: what they act as")],
    school: OneSchool = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="read the password from standard input")
    ] = False,
    db: Database = None,
) -> None:
    """Open an account for somebody of the roster, or give it a new password; it is asked for."""
    from schemas.school import AccessRole
    from services.access import WeakPassword, hash_password, name_in_role

    wanted = next((each for each in get_args(AccessRole) if each == role), None)
    if wanted is None:
        _fail(f"--role {role}: give one of {', '.join(get_args(AccessRole))}", code=2)
    with open_store(db) as store:
        viewer = _one(store, school)
        with store.read(viewer) as tx:
            if name_in_role(tx, wanted, person) is None:
                _fail(
                    f"{person!r} does not act as {role} in {viewer.school}; import a roster that "
                    "says so, then add the account"
                )
        try:
            hashed = hash_password(_password(password_stdin), name)
        except WeakPassword as weak:
            _fail(f"the password will not do: {weak}")
        with store.begin(viewer) as tx:
            tx.save_account(name, person, wanted, hashed)
            tx.audit("account.opened", f"account {name}", reason=f"{role} {person}")
    typer.echo(f"{name} may sign in as {role}")


@user.command("list")
def list_users(school: OneSchool = None, db: Database = None) -> None:
    """List the accounts of a school."""
    with open_store(db) as store:
        for viewer in _all(store, school):
            with store.read(viewer) as tx:
                for each in tx.accounts():
                    state = "ended" if each.ended_at else "open"
                    typer.echo(
                        f"{viewer.school}\t{each.name}\t{each.access_role}\t{each.person}\t{state}"
                    )


@user.command("end")
def end_user(name: Name, school: OneSchool = None, db: Database = None) -> None:
    """End an account and everywhere it is signed in, at once."""
    with open_store(db) as store:
        viewer = _one(store, school)
        with store.begin(viewer) as tx:
            if not tx.end_account(name):
                _fail(f"no account {name} is open in {viewer.school}")
            tx.audit("account.ended", f"account {name}")
    typer.echo(f"{name} can no longer sign in")


@key.command("make")
def make(
    title: Annotated[str, typer.Argument(help="whose key it is, such as the gradebook's name")],
    source: Annotated[str, typer.Option(help="the CloudEvents source it speaks for; * for any")],
    type: Annotated[
        list[str] | None, typer.Option(help="event types such as evidence.recorded; else all")
    ] = None,
    office: Annotated[
        bool, typer.Option("--office", help="may also import files and read the log")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=800, help="days until it expires")] = 365,
    school: OneSchool = None,
    db: Database = None,
) -> None:
    """Make a key for a system that sends events. It is shown this once."""
    from schemas.events import NAMES
    from services.access import make_key

    if unknown := sorted({*(type or ())} - NAMES):
        _fail(f"--type {unknown[0]}: give some of {', '.join(sorted(NAMES))}", code=2)
    with open_store(db) as store, store.begin(_one(store, school)) as tx:
        made = make_key(tx, title, source, tuple(type or ()), office, timedelta(days=days))
    typer.echo(made)


@key.command("list")
def list_keys(school: OneSchool = None, db: Database = None) -> None:
    """List the keys of a school, without their secrets."""
    with open_store(db) as store:
        for viewer in _all(store, school):
            with store.read(viewer) as tx:
                for each in tx.api_keys():
                    state = "ended" if each.ended_at else f"until {each.expires_at:%Y-%m-%d}"
                    used = f"used {each.used_at:%Y-%m-%d}" if each.used_at else "never used"
                    typer.echo(
                        f"{viewer.school}\t{each.id}\t{each.title}\t{each.source}\t{state}\t{used}"
                    )


@key.command("end")
def end_key(
    id: Annotated[str, typer.Argument(help="its id, as `flexday key list` shows it")],
    school: OneSchool = None,
    db: Database = None,
) -> None:
    """End a key at once."""
    with open_store(db) as store:
        viewer = _one(store, school)
        with store.begin(viewer) as tx:
            if not tx.end_key(id):
                _fail(f"no key {id} is live in {viewer.school}")
            tx.audit("key.ended", f"key {id}")
    typer.echo(f"key {id} opens nothing any more")


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    asked: str = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    return asked


def _one(store: Store, school: str | None) -> Viewer:
    """The one school a command is about."""
    schools = chosen(store, school)
    if len(schools) > 1:
        _fail(f"name the school: --school {' or '.join(schools[:5])}", code=2)
    return _viewer(schools[0])


def _all(store: Store, school: str | None) -> list[Viewer]:
    return [_viewer(each) for each in chosen(store, school)]


def _viewer(school: str) -> Viewer:
    from services.viewer import Viewer

    return Viewer.machine(school, "accounts and keys")


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
