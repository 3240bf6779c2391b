"""How fast, how good and how calm repairs are after random upsets, and how fast a hand is judged.

python -m tests.bench.repairs --students 1200 --upsets 100 --resolve 60 --resolved 10

`--plan` names a plan file to start from; without it the day is planned for `--base` seconds.
Seconds are of one core's own time, beside those by the wall.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from schemas.base import loads
from schemas.plan import Contradiction, Duty, Placement, Plan, Session
from schemas.problem import Problem
from services.examples import planted
from services.memory import settle
from solver.changes import changes, day_of
from solver.facts import Facts
from solver.hand import Edit, Hand
from solver.layout import Layout
from solver.places import Places
from solver.repair import Repair, repair
from solver.score import stake
from solver.solve import Limits, solve
from tests.bench.upsets import Upset, in_force, upset

DRAWN = 200
"""Changes of each kind that are drawn at random."""

FULLEST = 20
"""So many sessions with the most students are tried in every room and under every adult: what is
judged slowest is among them."""

WAITING = 30
"""Students of one block who are sent home before places are looked for."""


def main() -> None:
    """Reads the command line, measures, prints."""
    asked = _arguments()
    problem, plan = planted(asked.family, asked.students, asked.seed)
    if asked.plan:
        plan = loads(Plan, asked.plan.read_bytes())
    elif asked.base:
        answer = solve(problem, Limits(time=asked.base), clock=time.monotonic, start=plan)
        assert isinstance(answer, Plan)
        plan = answer
    _measure_hand(problem, plan)
    _measure_repairs(in_force(problem, plan), plan, asked)


def _arguments() -> argparse.Namespace:
    whole = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m tests.bench.repairs", None, __doc__, None, [], whole
    )
    parser.add_argument("--family", default="flex6")
    parser.add_argument("--students", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plan", type=Path)
    parser.add_argument("--base", type=float, default=0.0, help="0: the planted plan")
    parser.add_argument("--upsets", type=int, default=100)
    parser.add_argument("--resolve", type=float, default=60.0, help="seconds of a re-solve")
    parser.add_argument("--resolved", type=int, default=0, help="how many upsets are re-solved")
    return parser.parse_args()


# --- a hand -------------------------------------------------------------------------------------


def _measure_hand(problem: Problem, plan: Plan) -> None:
    hand = Hand(Layout(Facts(problem), plan.sessions, plan.placements, plan.unplaced))
    rng, places = Random(1), Places(hand)
    settle()  # As a server does with a plan that it has laid out.
    rooms, adults = list(hand.facts.rooms), list(hand.facts.staff)
    drawn, fullest = _drawn(rng, hand), _fullest(hand)
    kinds = {
        "a dragged student": [_dragged(rng, hand) for _ in drawn],
        "a changed room": [_in_room(session, rng.choice(rooms)) for session in drawn],
        "a swapped adult": [_under(session, rng.choice(adults)) for session in drawn],
        "the fullest in every room": [_in_room(s, room) for s in fullest for room in rooms],
        "the fullest under everybody": [_under(s, adult) for s in fullest for adult in adults],
    }
    for name, edits in kinds.items():
        _say(name, [_timed(lambda edit=edit: hand.judge(edit)) for edit in edits])
    block = rng.choice(hand.facts.flex)
    for student in rng.sample(list(hand.facts.students), WAITING):
        for held in list(hand.layout.at(student, block)):
            hand.adopt(places.send_home(student, held))
    waiting = [student for student, where in hand.layout.unplaced if where == block]
    offerings = hand.facts.offerings
    _say("best three places", [_timed(lambda s=s: places.best_for(s, block)) for s in waiting])
    _say("best ways to run", [_timed(lambda o=o: places.best_to_run(o, block)) for o in offerings])


def _drawn(rng: Random, hand: Hand) -> list[Session]:
    return rng.choices([s for s in hand.layout.sessions.values() if s.duties], k=DRAWN)


def _fullest(hand: Hand) -> list[Session]:
    held = [session for session in hand.layout.sessions.values() if session.duties]
    return sorted(held, key=lambda one: -len(hand.layout.students_in(one.id)))[:FULLEST]


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of one core, and by the wall."""
    core, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - core, time.perf_counter() - wall


def _say(name: str, times: list[tuple[float, float]]) -> None:
    core, wall = [one for one, _ in times], [one for _, one in times]
    print(
        f"{name}: median {1000 * statistics.median(core):.1f} ms, worst {1000 * max(core):.1f} ms"
        f" (by the wall {1000 * statistics.median(wall):.1f}, {1000 * max(wall):.1f})",
        flush=True,
    )


def _dragged(rng: Random, hand: Hand) -> Edit:
    seat = rng.choice(list(hand.layout.placements.values()))
    held = hand.layout.sessions[seat.session]
    others = [s for s in hand.layout.sessions.values() if s.blocks == held.blocks and s is not held]
    if not others:
        return _dragged(rng, hand)
    target = rng.choice(others)
    placed = Placement(student=seat.student, session=target.id)
    return Edit(left=((seat.student, held.id),), seats=(placed,))


def _in_room(session: Session, room: str) -> Edit:
    return Edit(sessions=(session.model_copy(update={"room": room}),))


def _under(session: Session, staff: str) -> Edit:
    first, rest = session.duties[0], session.duties[1:]
    duties = tuple(dict.fromkeys((Duty(staff=staff, role=first.role), *rest)))
    return Edit(sessions=(session.model_copy(update={"duties": duties}),))


# --- repairs ------------------------------------------------------------------------------------


def _measure_repairs(problem: Problem, plan: Plan, asked: argparse.Namespace) -> None:
    times, moved, hard, worse = [], [], 0, []
    at_stake = stake(Facts(problem))
    for seed in range(asked.upsets):
        case = upset(problem, seed)
        core, wall = time.process_time(), time.perf_counter()
        answer = repair(case.problem)
        times.append((time.process_time() - core, time.perf_counter() - wall))
        if isinstance(answer, Contradiction):
            print(f"{seed} {case.kind}: cannot hold: {answer.locks} {answer.rules}", flush=True)
            continue
        share = unaffected_moved(case, plan, answer)
        moved.append(share)
        hard += sum(f.kind == "hard" and f.covered_by is None for f in answer.plan.findings)
        line = f"{seed} {case.kind}: {times[-1][0]:.2f} s, cost {answer.plan.cost:,}"
        line += f", unaffected moved {share:.2%}" + (", searched" if answer.searched else "")
        if len(worse) < asked.resolved and times[-1][0]:
            worse.append((answer.plan.cost - _resolved(case, asked.resolve)) / at_stake)
            line += f", {worse[-1]:+.2%} of stake beside a re-solve of {asked.resolve:.0f} s"
        print(line, flush=True)
    _say("repairs", times)
    print(f"hard findings {hard}; unaffected moved: mean {statistics.fmean(moved):.2%}, "
          f"worst {max(moved):.2%}")  # fmt: skip
    if worse:
        print(f"beside a re-solve: mean {statistics.fmean(worse):+.2%}, worst {max(worse):+.2%}")


def unaffected_moved(case: Upset, plan: Plan, answer: Repair) -> float:
    """The share of students not touched by an upset who have another offering, room or lead."""
    problem = case.problem
    found = changes(
        day_of(plan, problem.homes, plan.unplaced),
        day_of(answer.plan, problem.homes, answer.plan.unplaced),
        [block.id for block in problem.blocks],
    )
    moved = {c.person for c in found if c.person_kind == "student"} - case.affected
    return len(moved) / max(1, len(problem.students) - len(case.affected))


def _resolved(case: Upset, seconds: float) -> int:
    answer = solve(case.problem, Limits(time=seconds), clock=time.monotonic)
    assert isinstance(answer, Plan)
    return answer.cost


if __name__ == "__main__":
    main()
