"""Claims a run, freezes its question, has it answered in a child process, files the draft."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError

from schemas.plan import Contradiction, Plan
from schemas.problem import Problem
from services import measures
from services.child import Job
from services.clockwork import tick
from services.day_settings import DaySettings, SettingsRefused
from services.mastery.tables import SettingsError
from services.scenarios import ChangesRefused, lay_over, read_changes
from services.snapshot import NoSchoolDay, snapshot
from services.solving import Bounds, Cancelled, Follow, SolvingFailed, solve_in_child
from services.store import PlanRow, RunRow, Store, Tx, Unavailable
from services.viewer import Viewer
from services.watching import Pulse

Solver = Callable[[Job, Bounds, Follow], Plan | Contradiction]
Result = TypeVar("Result")

MOST_CLAIMS = 3
"""Claims of one run after which it is given up: something in it ends whoever takes it."""

ASKED = ("prefer", "beside")
"""What a run may be asked for: ways to mend troubles, and the plan to start from."""

SECONDS_BETWEEN_LOOKS = 10.0
"""Between two looks at the schools' calendars for what has come due."""
PATIENCE = 600.0
"""Seconds that a run waits for a database that is away."""
LONGEST_TURN = 180.0
"""Seconds without a sign of life after which a planner counts as stuck. While it searches it gives
one every few seconds."""

log = structlog.get_logger()


class FenceMoved(Exception):
    """The run was cancelled, or claimed by another while this one was held up."""


class Stopped(Exception):
    """This planner was told to stop in the middle of a run."""


@dataclass(frozen=True)
class Question:
    """A run with its frozen Problem, known by its digest."""

    run: RunRow
    problem: Problem
    digest: str
    settings: DaySettings
    notes: list[dict[str, Any]]
    in_force: Problem | None
    """The question of the plan of the day that it stays close to, so that this one repairs it."""

    @property
    def new_requests(self) -> tuple[str, ...]:
        """The requests that the plan in force did not know of."""
        known = {one.id for one in self.in_force.requests} if self.in_force else set()
        return tuple(one.id for one in self.problem.requests if one.id not in known)


class Planner:
    """Answers queued runs of all schools of a store. Any number may work side by side: a run
    belongs to whoever holds its newest fence, and whoever lost it can file nothing."""

    def __init__(
        self,
        store: Store,
        solver: Solver = solve_in_child,
        lease_seconds: float = 60.0,
        reached: Callable[[str], None] = lambda step: None,
        between_looks: float = SECONDS_BETWEEN_LOOKS,
    ) -> None:
        """`reached` is told the name of each step once it is done; `between_looks` are seconds."""
        self.store = store
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._solver = solver
        self._lease = lease_seconds
        self._reached = reached
        self._between_looks = between_looks
        self._stop = threading.Event()
        self._served: dict[str, int] = {}
        self._turns = 0
        self.turning = Pulse("answering runs", LONGEST_TURN)
        self.keeping = Pulse("keeping appointments", LONGEST_TURN)

    def alive(self) -> str | None:
        """What is wrong with a planner that no longer turns; None while all is well."""
        return self.turning() or self.keeping()

    def run_forever(self, stop: threading.Event, pause_seconds: float = 1.0) -> None:
        """Keeps appointments and answers runs until told to stop. Appointments have a thread of
        their own, so that a long search makes none late; a run under way when told to stop is
        given back, for another planner to take at once."""
        self._stop = stop
        keeper = threading.Thread(target=self._keep_all, args=(stop,), name="appointments")
        keeper.start()
        while not stop.is_set():
            self.turning.beat()
            if not self._turn(self._step_in_any):
                stop.wait(pause_seconds)
        keeper.join()

    def _keep_all(self, stop: threading.Event) -> None:
        """Looks at every school's calendar again and again."""
        while not stop.is_set():
            self.keeping.beat()
            self._turn(self._keep_each)
            stop.wait(self._between_looks / 2)

    def _keep_each(self) -> bool:
        for school in self.store.schools_to_look_at(self._between_looks):
            self.keeping.beat()
            self._spared(self._look, school)
        return True

    def _look(self, school: str) -> None:
        """Keeps a school's appointments, unless another planner has just looked at them."""
        with self.store.begin(Viewer.machine(school, "appointed hour")) as tx:
            ours = tx.claim_look(self._between_looks)
        if ours:
            self.keep_appointments(school)

    def _step_in_any(self) -> bool:
        """Answers one run of the school whose turn it is: of those in which one waits, the one
        with the fewest under way, and of several the one not served for longest."""
        waiting = self.store.schools_with_runs()
        for school in sorted(waiting, key=lambda each: self._served.get(each, 0)):
            self._turns += 1
            self._served[school] = self._turns
            if self._spared(self.step_in, school):
                return True
        return False

    def _turn(self, act: Callable[[], bool]) -> bool:
        """One turn of a loop; False when there was nothing to do, or the database is away."""
        try:
            return act()
        except Unavailable as error:
            measures.AWAY.inc()
            log.warning("the database is away; trying again", reason=str(error))
            return False

    def _spared(self, act: Callable[[str], bool | None], school: str) -> bool:
        """One school's turn. A fault with its records ends it, not the planning of all others."""
        try:
            return bool(act(school))
        except Unavailable:
            raise
        except Exception:
            log.exception("a school's turn met a fault", school=school)
            return False

    def keep_appointments(self, school: str) -> None:
        """Acts on every cut-off, deadline, fallback and publish time of a school that has come."""
        tick(self.store, school)

    def step(self) -> bool:
        """Claims and answers one run of any school; False when none waits."""
        return any(self.step_in(school) for school in self.store.schools_with_runs())

    def step_in(self, school: str) -> bool:
        """Claims and answers one run of a school; False when none waits."""
        viewer = Viewer.machine(school)
        with self.store.begin(viewer) as tx:
            run = tx.claim_run(self.owner, self._lease)
        if run is None:
            return False
        self._reached("claimed")
        began = time.monotonic()
        outcome = "failed"
        measures.BUSY.set(1)
        try:
            self._answer(viewer, run)
            outcome = "done"
            measures.RUN_SECONDS.observe(time.monotonic() - began)
        except FenceMoved:
            outcome = "lost"
            log.info("a run was lost to another claim", run=run.id)
        except Stopped:
            outcome = "given back"
            log.info("a run was given back, as this planner stops", run=run.id)
        except Cancelled:
            outcome = "cancelled"
            log.info("a run was cancelled", run=run.id)
        except (SolvingFailed, NoSchoolDay, SettingsRefused, SettingsError, ChangesRefused) as why:
            self._fail(viewer, run, str(why))
        except ValidationError as error:
            first = error.errors()[0]
            self._fail(viewer, run, f"the day's question does not hold together: {first['msg']}")
        except Unavailable:
            raise
        except Exception as fault:
            log.exception("a run met a fault of ours", run=run.id)
            self._fail(viewer, run, f"a fault in flexday itself: {type(fault).__name__}: {fault}")
        finally:
            measures.BUSY.set(0)
            measures.RUNS.labels(outcome).inc()
        return True

    def _answer(self, viewer: Viewer, run: RunRow) -> None:
        if run.fence > MOST_CLAIMS:
            raise SolvingFailed(f"given up: {run.fence - 1} attempts ended without an answer")
        question = self._patiently(lambda: self._frozen(viewer, run))
        self._reached("frozen")
        answer = self._solved(viewer, question)
        self._reached("solved")
        if isinstance(answer, Contradiction):
            self._say(viewer, question, {"contradiction": answer.model_dump(mode="json")})
            named = ", ".join((*answer.locks, *answer.rules))
            raise SolvingFailed(f"no lawful plan exists: these cannot hold together: {named}")
        self._patiently(lambda: self._file(viewer, question, answer))
        self._reached("filed")

    def _frozen(self, viewer: Viewer, run: RunRow) -> Question:
        """Takes the snapshot of the day and keeps it, under the fence."""
        with self.store.read(viewer) as tx:
            settings = DaySettings.of(tx.settings())
            taken = snapshot(tx, run.day, beside=_draft_to_stay_close_to(tx, run))
            problem = taken.problem
            in_force = _question_in_force(tx, run, problem) if run.kind == "upset" else None
            if run.scenario is not None:
                changes = read_changes(tx.scenario(run.scenario).changes)
                problem = lay_over(problem, changes)
        with self.store.begin(viewer) as tx:
            digest = tx.save_problem(problem)
            if not tx.note_snapshot(run.id, run.fence, problem.as_of, digest):
                raise FenceMoved
        notes = [asdict(note) for note in taken.notes]
        return Question(run, problem, digest, settings, notes, in_force)

    def _solved(self, viewer: Viewer, question: Question) -> Plan | Contradiction:
        run, settings = question.run, question.settings
        own_limit = run.work is not None or run.time_limit is not None
        usual_work = settings.upset_work if run.kind == "upset" else settings.work
        job = Job(
            problem=question.problem,
            work=run.work if own_limit else usual_work,
            time=run.time_limit if own_limit else settings.time_limit,
            seed=run.seed or settings.seed,
            workers=settings.workers,
            repair=question.in_force is not None,
            new_requests=question.new_requests,
            prefer=run.progress.get("prefer", {}),
        )
        bounds = Bounds(seconds=settings.wall_limit, megabytes=settings.memory_megabytes)
        self._patiently(lambda: self._say(viewer, question, {}))
        return self._solver(
            job, bounds, lambda progress: self._still_ours(viewer, question, progress)
        )

    def _still_ours(self, viewer: Viewer, question: Question, progress: dict[str, Any]) -> bool:
        self.turning.beat()
        if self._stop.is_set():
            with self.store.begin(viewer) as tx:
                tx.release_run(question.run.id, question.run.fence)
            raise Stopped
        try:
            self._say(viewer, question, progress)
        except Unavailable as error:
            # Nobody else can claim the run meanwhile; filing looks at the fence again.
            log.warning("the database is away; searching on", reason=str(error))
        except FenceMoved:
            with self.store.read(viewer) as tx:
                if tx.run(question.run.id).status == "cancelled":
                    return False
            raise
        return True

    def _say(self, viewer: Viewer, question: Question, progress: dict[str, Any]) -> None:
        asked = {key: question.run.progress[key] for key in ASKED if key in question.run.progress}
        told = {"notes": question.notes, **asked, **progress}
        with self.store.begin(viewer) as tx:
            if not tx.progress(question.run.id, question.run.fence, told, self._lease):
                raise FenceMoved

    def _patiently(self, act: Callable[[], Result]) -> Result:
        """Does a step of a run, waiting for a database that is away rather than giving up what was
        done so far. The fence tells whether the run is still ours when it is back."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except Unavailable as error:
                if time.monotonic() > until or self._stop.wait(1.0):
                    raise
                self.turning.beat()
                log.warning("the database is away; a run waits for it", reason=str(error))

    def _file(self, viewer: Viewer, question: Question, plan: Plan) -> None:
        """Ends the run and files its plan in one transaction: both or neither."""
        run = question.run
        if plan.problem != question.digest:
            raise SolvingFailed("the answer is to another question; nothing was filed")
        with self.store.begin(viewer) as tx:
            if not tx.finish_run(run.id, run.fence, "done"):
                raise FenceMoved
            if run.scenario is None:
                tx.file_plan(run.day, run.id, plan, question.problem.as_of, created_by=run.asked_by)
            else:
                _file_scenario(tx, run, plan, question.problem.as_of)

    def _fail(self, viewer: Viewer, run: RunRow, reason: str) -> None:
        log.warning("a run failed", run=run.id, day=str(run.day), reason=reason)
        self._patiently(lambda: self._note_failure(viewer, run, reason))

    def _note_failure(self, viewer: Viewer, run: RunRow, reason: str) -> None:
        with self.store.begin(viewer) as tx:
            if tx.finish_run(run.id, run.fence, "failed", reason) and run.scenario is not None:
                tx.set_scenario(run.scenario, "failed", run=run.id, plan=None)


def _question_in_force(tx: Tx, run: RunRow, problem: Problem) -> Problem | None:
    """What the plan that a run is to stay close to answered, where that is one of the same day."""
    if problem.published is None:
        return None
    known = tx.plan(problem.published.plan)
    return tx.problem(known.problem_digest) if known.day == run.day else None


def _draft_to_stay_close_to(tx: Tx, run: RunRow) -> PlanRow | None:
    """The plan that the run was asked to start from, or the newest draft of the day, so that a new
    one moves few; a cut-off starts afresh."""
    if "beside" in run.progress:
        return tx.plan(run.progress["beside"])
    drafts = tx.plans(run.day, "draft") if run.kind != "cutoff" else []
    return drafts[-1] if drafts else None


def _file_scenario(tx: Tx, run: RunRow, plan: Plan, as_of: int) -> None:
    assert run.scenario is not None
    row = tx.file_plan(run.day, run.id, plan, as_of, created_by=run.asked_by, status="scenario")
    tx.set_scenario(run.scenario, "done", run=run.id, plan=row.id)
