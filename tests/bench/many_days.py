"""Twenty days in a row at an invented school: planned, upset, mended, taught, learnt from.

python -m tests.bench.many_days --students 400 --days 20 --work 20

The learning model: each student has a hidden ability, about 0.05 with a spread of 0.12. After a
placement that serves a competency nine students in ten hand in an exit slip, whose score is drawn
about 0.62 + ability + 0.09 for each time they have worked on it before, with a spread of 0.12.
Weights are flexday's own. Each morning 6 % of the adults and 5 % of the students are absent, after
the day was published.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from schemas.events import (
    AnyEvent,
    EvidenceFacts,
    MinutesFacts,
    StaffPresenceFacts,
    StudentPresenceFacts,
    new,
)
from schemas.plan import Contradiction, Plan
from schemas.problem import Problem
from schemas.school import Roster
from services import handlers
from services.child import Job
from services.demo import evidence, places, school
from services.planner import Planner
from services.snapshot.history import first_lawful
from services.solving import Bounds, Follow
from services.store import PlanRow, Store
from services.viewer import Viewer
from services.workflow import approve
from solver.changes import changes, day_of
from solver.facts import Facts
from solver.repair import repair
from solver.solve import Limits, solve

FIRST_DAY = date(2026, 11, 2)
APPROVER = Viewer.staff(school.SCHOOL, "scheduler", "okafor", "many days")
MACHINE = Viewer.machine(school.SCHOOL, "many days")
ZONE = ZoneInfo(school.ZONE)
SPECIALISTS = ("vega", "holm", "sato", "brooks", "duarte", "okafor", "marsh", "lindqvist")
ADULTS_AWAY, STUDENTS_AWAY, SLIPS = 0.06, 0.05, 0.9
SCHOOL_DAYS = 5
GROUPS_THAT_STAY = ("project", "advisory", "service", "work_based")
SOURCE = "many-days"


@dataclass
class Clock:
    """The hour that the simulation has come to."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def at(self, day: date, hour: int, minute: int = 0) -> None:
        self.now = datetime.combine(day, time(hour, minute), ZONE)


@dataclass
class Support:
    """Minutes of one service in one week: owed for the days on which it could be given, an even
    share for each, and given."""

    owed: int = 0
    given: int = 0


@dataclass
class Report:
    """What the days came to."""

    days: int = 0
    longest_unserved: int = 0
    """Most days in a row on which a student who was there, with a need that could be served,
    worked on none."""
    support: dict[tuple[str, date], Support] = field(default_factory=dict)
    """By service and Monday: what was owed and given in the week, since what is missed on one day
    is owed again on the next."""
    losses: int = 0
    made_good: int = 0
    still_lost: int = 0
    """First wishes lost, of those open to the student; after how many of them one was granted
    within three ballots, and after how many it was not; the others are still open."""
    highest_credit: int = 1
    new_company: list[float] = field(default_factory=list)
    """Per day: the share of a student's groupmates who were none the school day before."""
    most_shared: float = 0.0
    """Of all pairs who ever shared a group, the share that did so on more than half the days."""
    teams_kept: list[float] = field(default_factory=list)
    """Per day: of project-mates who are in the same project again, the share still together."""
    unaffected_moved: list[float] = field(default_factory=list)
    """Per day: the share of students not touched by an absence whom the repair moves."""
    hard: int = 0
    searched: int = 0
    """Repairs in which the search had to take over."""

    def lines(self) -> Iterator[str]:
        """The report in words."""
        yield f"days planned: {self.days}, hard findings: {self.hard}"
        yield f"longest without a need served: {self.longest_unserved} days"
        yield f"support delivered: {self.delivered} of {self.due} min ({self.service_share:.1%})"
        yield f"first wishes lost: {self.losses}; granted within three ballots: {self.made_good}"
        yield f"not granted within three: {self.still_lost}"
        yield f"highest fairness credit: {self.highest_credit}"
        yield f"new groupmates from one day to the next: {_mean(self.new_company):.1%}"
        yield f"pairs together on more than half the days: {self.most_shared:.2%}"
        yield f"project-mates still together: {_mean(self.teams_kept):.1%}"
        worst = max(self.unaffected_moved, default=0)
        yield f"unaffected students moved a day: {_mean(self.unaffected_moved):.2%}"
        yield f"worst day: {worst:.2%} moved, repairs left to the search: {self.searched}"

    @property
    def due(self) -> int:
        """Minutes of support owed that somebody qualified could give."""
        return sum(each.owed for each in self.support.values())

    @property
    def delivered(self) -> int:
        return sum(min(each.owed, each.given) for each in self.support.values())

    @property
    def service_share(self) -> float:
        return self.delivered / self.due if self.due else 1.0


def _mean(values: list[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def simulate(
    folder: Path,
    students: int,
    days: int,
    work: float,
    seed: int = 1,
    told: Callable[[str], None] = lambda line: None,
) -> Report:
    """Plans school days one after the other, each from what the days before left in the record."""
    clock = Clock(datetime.combine(FIRST_DAY, time(6), ZONE))
    store = Store(f"sqlite:///{folder}/days.db", clock=clock)
    store.migrate()
    try:
        simulation = Simulation(store, clock, cut(school.roster(FIRST_DAY), students), work, seed)
        coming = [day for day in places.school_days(FIRST_DAY) if day > FIRST_DAY][:days]
        simulation.open()
        for day in coming:
            simulation.live(day)
            told(f"{day}: " + "; ".join(simulation.report.lines()))
        return simulation.report
    finally:
        store.close()


def cut(roster: Roster, students: int) -> Roster:
    """The invented school with so many of its students, and of its teachers in proportion."""
    kept = {student.id for student in roster.students[:students]}
    teachers = [adult.id for adult in roster.staff if adult.id not in SPECIALISTS]
    share = max(8, round(len(teachers) * students / len(roster.students)))
    step = max(1, len(teachers) // share)
    adults = {*SPECIALISTS, *teachers[::step]}
    sections = (
        one.model_copy(update={"students": tuple(s for s in one.students if s in kept)})
        for one in roster.sections
        if adults.issuperset(one.staff)
    )
    return roster.model_copy(
        update={
            "students": tuple(one for one in roster.students if one.id in kept),
            "staff": tuple(one for one in roster.staff if one.id in adults),
            "guardians": tuple(one for one in roster.guardians if one.student in kept),
            "services": tuple(one for one in roster.services if one.student in kept),
            "accommodations": tuple(one for one in roster.accommodations if one.student in kept),
            "relations": tuple(
                one for one in roster.relations if one.student in kept and one.other in kept
            ),
            "sections": tuple(sections),
        }
    )


class Simulation:
    """A school that lives through days, one after the other."""

    def __init__(self, store: Store, clock: Clock, roster: Roster, work: float, seed: int) -> None:
        self.store, self.clock, self.roster, self.work = store, clock, roster, work
        self.report = Report()
        self._random, self._seed = Random(seed), seed
        self._planner = Planner(store, solver=self._solved_here)
        self._ability = {s.id: self._random.gauss(0.05, 0.12) for s in roster.students}
        self._tries: Counter[tuple[str, str]] = Counter()
        self._unserved: Counter[str] = Counter()
        self._waiting: dict[str, int] = {}
        """Students who lost a first wish, and the ballots they have cast since."""
        self._mates: dict[str, set[str]] = {}
        self._teams: dict[str, dict[str, set[str]]] = {}
        self._shared: Counter[tuple[str, str]] = Counter()

    def open(self) -> None:
        """The records and three weeks of evidence before the first day."""
        with self.store.begin(MACHINE) as tx:
            tx.apply_roster(self.roster)
            day = {**school.settings()["day"], "work": self.work, "weights": {}}
            tx.save_settings({**school.settings(), "day": day})
        self._tell(evidence.evidence(self.roster, FIRST_DAY, self._seed))

    def live(self, day: date) -> None:
        """One day: wishes, a plan, absences, its repair, lessons, evidence."""
        self.clock.at(day - timedelta(days=1), 18, 5)
        self._tell(evidence.wishes(self.roster, day, day, self._seed + day.toordinal()))
        with self.store.begin(MACHINE) as tx:
            tx.queue_run(day, "person", "okafor")
        before, _ = self._published(day)
        self.clock.at(day, 6, 30)
        away, gone = self._absences(day)
        after, problem = self._published(day)
        self._count_moves(before, after, problem, away, gone)
        self.clock.at(day, 15)
        self._learn(day, after.plan, problem)
        self._count(after.plan, problem)

    def _published(self, day: date) -> tuple[PlanRow, Problem]:
        """Answers the run that waits and approves its draft."""
        assert self._planner.step_in(school.SCHOOL)
        with self.store.read(APPROVER) as tx:
            draft = tx.plans(day, "draft")[-1]
        row = approve(self.store, APPROVER, draft.id, draft.etag)
        with self.store.read(MACHINE) as tx:
            return row, tx.problem(row.problem_digest)

    def _solved_here(self, job: Job, bounds: Bounds, follow: Follow) -> Plan | Contradiction:
        """In this process, with the same doors as the planner's child has."""
        if not job.repair:
            return solve(job.problem, Limits(work=job.work, seed=job.seed))
        answer = repair(job.problem, job.prefer, job.new_requests)
        if isinstance(answer, Contradiction):
            return answer
        self.report.searched += answer.searched
        return answer.plan

    def _tell(self, events: Iterable[AnyEvent]) -> None:
        outcomes = handlers.handle_batch(self.store, MACHINE, list(events))
        refused = [one for one in outcomes if one.status not in ("accepted", "duplicate")]
        assert not refused, refused[0]

    # --- what happens -------------------------------------------------------------------------

    def _absences(self, day: date) -> tuple[set[str], set[str]]:
        """Adults and students who do not come; told after the day is published."""
        adults = [one.id for one in self.roster.staff if one.id not in SPECIALISTS]
        away = {one for one in adults if self._random.random() < ADULTS_AWAY} or {adults[0]}
        gone = {s.id for s in self.roster.students if self._random.random() < STUDENTS_AWAY}
        told = [("student.absent", StudentPresenceFacts(student=s, day=day)) for s in sorted(gone)]
        told += [("staff.absent", StaffPresenceFacts(staff=one, day=day)) for one in sorted(away)]
        self._tell(
            new(name, id=f"{day}-{n}-away", source=SOURCE, time=self.clock(), data=facts)
            for n, (name, facts) in enumerate(told)
        )
        return away, gone

    def _learn(self, day: date, plan: Plan, problem: Problem) -> None:
        """Exit slips by the learning model, and the minutes of support that were given."""
        facts = Facts(problem)
        offering = {session.id: session.offering for session in plan.sessions}
        told: list[tuple[str, EvidenceFacts | MinutesFacts]] = []
        for seat in plan.placements:
            if seat.competency is None or self._random.random() > SLIPS:
                continue
            key = seat.student, seat.competency
            chance = 0.62 + self._ability[seat.student] + 0.09 * self._tries[key]
            self._tries[key] += 1
            score = round(min(1.0, max(0.0, self._random.gauss(chance, 0.12))), 2)
            modality = facts.offerings[offering[seat.session]].modality
            slip = EvidenceFacts(
                student=seat.student, competency=seat.competency, score=score, modality=modality
            )
            told.append(("evidence.recorded", slip))
        for service, minutes in _given(facts, plan).items():
            student = next(one.student for one in problem.services if one.id == service)
            given = MinutesFacts(service=service, student=student, day=day, minutes=minutes)
            told.append(("minutes.delivered", given))
        self._tell(
            new(name, id=f"{day}-{n}-taught", source=SOURCE, time=self.clock(), data=data)
            for n, (name, data) in enumerate(told)
        )

    # --- what is counted ----------------------------------------------------------------------

    def _count(self, plan: Plan, problem: Problem) -> None:
        facts, report = Facts(problem), self.report
        report.days += 1
        report.hard += sum(f.kind == "hard" and f.covered_by is None for f in plan.findings)
        self._count_needs(facts, plan)
        self._count_support(facts, plan)
        self.count_wishes(facts, plan)
        self._count_company(facts, plan)

    def _count_needs(self, facts: Facts, plan: Plan) -> None:
        served = {seat.student for seat in plan.placements if seat.competency is not None}
        for student in facts.students:
            if student in served:
                self._unserved[student] = 0
            elif facts.free_blocks(student) and facts.servable_needs(student):
                self._unserved[student] += 1
        most = max(self._unserved.values(), default=0)
        self.report.longest_unserved = max(self.report.longest_unserved, most)

    def _count_support(self, facts: Facts, plan: Plan) -> None:
        given = _given(facts, plan)
        monday = facts.problem.day - timedelta(days=facts.problem.day.weekday())
        owed = {one.id: one for one in self.roster.services}
        for service in facts.services:
            week = self.report.support.setdefault((service.id, monday), Support())
            week.given += given.get(service.id, 0)
            providers = [
                adult
                for adult, known in facts.staff.items()
                if service.qualification in known.qualifications
            ]
            here = [b for b in facts.free_blocks(service.student) if b in facts.flex]
            if any(facts.available(adult, (block,)) for adult in providers for block in here):
                assert owed[service.id].period == "week"
                week.owed += owed[service.id].minutes // SCHOOL_DAYS

    def count_wishes(self, facts: Facts, plan: Plan) -> None:
        """Counts first wishes lost and granted, as fairness credit does: of the wishes that were
        open to the student."""
        got = defaultdict(set)
        offering = {session.id: session.offering for session in plan.sessions}
        for seat in plan.placements:
            got[seat.student].add(offering[seat.session])
        for ballot in facts.problem.ballots:
            student, first = ballot.student, first_lawful(facts, ballot)
            self.report.highest_credit = max(self.report.highest_credit, ballot.credit)
            if first is None:
                continue
            granted = first in got[student]
            if student in self._waiting:
                self._waiting[student] += 1
                waited = self._waiting[student]
                self.report.made_good += granted and waited <= 3
                self.report.still_lost += not granted and waited == 3
                if granted:
                    del self._waiting[student]
            elif not granted:
                self._waiting[student] = 0
                self.report.losses += 1

    def _count_company(self, facts: Facts, plan: Plan) -> None:
        groups: dict[str, set[str]] = defaultdict(set)
        for seat in plan.placements:
            groups[seat.session].add(seat.student)
        mates: dict[str, set[str]] = defaultdict(set)
        teams: dict[str, dict[str, set[str]]] = defaultdict(dict)
        for session in plan.sessions:
            group = groups[session.id]
            modality = facts.offerings[session.offering].modality
            if modality == "project":
                for student in group:
                    teams[session.offering][student] = group
            if modality not in GROUPS_THAT_STAY and len(group) <= 40:
                for student in group:
                    mates[student] |= group - {student}
        self._shared.update({(a, b) for a, all in mates.items() for b in all if a < b})
        new_ones = [
            1 - len(now & self._mates[student]) / len(now)
            for student, now in mates.items()
            if now and student in self._mates
        ]
        if new_ones:
            self.report.new_company.append(statistics.fmean(new_ones))
        self._count_teams(teams)
        often = sum(days * 2 > self.report.days for days in self._shared.values())
        self.report.most_shared = often / max(1, len(self._shared)) if self.report.days > 4 else 0
        self._mates, self._teams = mates, teams

    def _count_teams(self, teams: dict[str, dict[str, set[str]]]) -> None:
        kept = []
        for offering, members in self._teams.items():
            again = teams.get(offering, {})
            for student, group in members.items():
                mates = {one for one in group if one != student and one in again}
                if student in again and mates:
                    kept.append(len(mates & again[student]) / len(mates))
        if kept:
            self.report.teams_kept.append(statistics.fmean(kept))

    def _count_moves(
        self, before: PlanRow, after: PlanRow, problem: Problem, away: set[str], gone: set[str]
    ) -> None:
        hit = {s.id for s in before.plan.sessions if away & {duty.staff for duty in s.duties}}
        hit |= _too_small(before.plan, problem, gone)
        affected = {seat.student for seat in before.plan.placements if seat.session in hit} | gone
        affected |= {entry.student for entry in before.plan.unplaced}
        found = changes(
            day_of(before.plan, problem.homes, before.plan.unplaced),
            day_of(after.plan, problem.homes, after.plan.unplaced),
            [block.id for block in problem.blocks],
        )
        moved = {
            one.person
            for one in found
            if one.person_kind == "student" and one.person not in affected
        }
        untouched = len(problem.students) - len(affected)
        self.report.unaffected_moved.append(len(moved) / max(1, untouched))


def _too_small(plan: Plan, problem: Problem, gone: set[str]) -> set[str]:
    """The sessions that absent students leave below their smallest size."""
    smallest = {one.id: one.smallest for one in problem.offerings}
    left = Counter(seat.session for seat in plan.placements if seat.student not in gone)
    return {s.id for s in plan.sessions if left[s.id] < smallest.get(s.offering, 0)}


def _given(facts: Facts, plan: Plan) -> dict[str, int]:
    """The minutes of each service that a plan gives."""
    sessions = {session.id: session for session in plan.sessions}
    mine: dict[str, list[str]] = defaultdict(list)
    for seat in plan.placements:
        mine[seat.student].append(seat.session)
    found = {}
    for service in facts.services:
        minutes = sum(
            facts.minutes(b for b in sessions[one].blocks if b not in service.not_from_blocks)
            for one in mine[service.student]
            if facts.delivers(service, sessions[one].offering)
        )
        if minutes:
            found[service.id] = minutes
    return found


def main() -> None:
    """Reads the command line, simulates, prints the report day by day."""
    parser = argparse.ArgumentParser("python -m tests.bench.many_days", description=__doc__)
    parser.add_argument("--students", type=int, default=400)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--work", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = simulate(
            Path(folder), asked.students, asked.days, asked.work, asked.seed,
            lambda line: print(line, flush=True),
        )  # fmt: skip
    print("\n".join(report.lines()))


if __name__ == "__main__":
    main()
