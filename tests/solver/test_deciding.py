"""Blocks decided in whole numbers: adults by name, within all that was agreed with each of them."""

from __future__ import annotations

from typing import Any

from schemas.plan import Duty
from schemas.problem import DayStudent, Order
from schemas.school import Accommodation, Relation, Room
from solver.board import Board, OpenSession
from solver.construct import Filling
from solver.contradictions import reach_of
from solver.daylp import DayProgram
from solver.deciding import Deciding
from solver.linear import LinearProgram
from solver.proposals import fixed
from solver.rules import RULES
from solver.score import weight
from tests.solver.plain_school import ANA, ART, BEN, MATHS, OKAFOR, VEGA, changed, school

ABLE = changed(OKAFOR, qualifications=("maths",))
TAUGHT = changed(MATHS, roles=(changed(MATHS.roles[0], qualification="maths"),))
DRAWN = changed(ART, competencies=("counting",), roles=TAUGHT.roles)
DAN = DayStudent(id="Dan", grade="06", needs=({"competency": "counting", "urgency": 40},))
EVA = changed(DAN, id="Eva")
LEARNERS = (ANA, BEN, DAN, EVA)
ONE_BLOCK = (school().blocks[0],)


def program_of(*, board: Board | None = None, **more: Any) -> DayProgram:
    """A day on which Ana and Ben need maths, Dan and Eva art, and only those with maths teach."""
    given: dict[str, Any] = {
        "offerings": (TAUGHT, DRAWN), "students": LEARNERS, "staff": (VEGA,)
    }  # fmt: skip
    reach = reach_of(school(**(given | more)))
    flex = reach.facts.flex
    periods = tuple((block,) for block in flex)
    fresh = frozenset(range(len(flex)))
    return DayProgram(reach, board or Board(reach.facts), periods, fresh, guide=True, named=True)


def posts(**more: Any) -> set[tuple[str, str, str]]:
    """(adult, offering, block) of each post that is decided on."""
    decision = Deciding(program_of(**more), seed=0).decide()
    assert decision is not None
    return {
        (staff, option.offering.id, block)
        for option, held in decision.posts.items()
        for _, staff in held
        for block in option.runs[0]
    }


def seats(student: str, **more: Any) -> float:
    """How much of a seat in maths a student has in the program's own optimum."""
    program = program_of(blocks=ONE_BLOCK, offerings=(changed(TAUGHT, most_sections=1),), **more)
    values = LinearProgram(program.matrix).solve()
    assert values is not None
    return float(sum(values[s.column] for s in program.seats if s.student == student))


def test_an_adult_teaches_in_every_block_where_nothing_was_agreed() -> None:
    assert {block for _, _, block in posts()} == {"first", "second"}


def test_an_adult_prepares_no_more_than_was_agreed() -> None:
    assert len({offering for _, offering, _ in posts()}) == 2
    one = changed(VEGA, most_preparations=1)
    assert len({offering for _, offering, _ in posts(staff=(one,))}) == 1


def test_an_adult_works_no_more_blocks_in_a_row_than_was_agreed() -> None:
    assert len(posts(staff=(changed(VEGA, most_consecutive_blocks=1),))) == 1


def test_an_adult_opens_no_section_for_more_students_than_was_agreed() -> None:
    pairs = tuple(changed(offering, smallest=2) for offering in (TAUGHT, DRAWN))
    assert posts(offerings=pairs)
    assert not posts(offerings=pairs, staff=(changed(VEGA, most_students=1),))


def test_an_adult_is_not_in_two_blocks_in_places_too_far_apart() -> None:
    rooms = school().rooms
    lab = changed(rooms[2], features=("lab",))
    here = changed(DRAWN, features=("sink",))
    there = changed(TAUGHT, features=("lab",))
    sink = changed(rooms[0], features=("sink",))
    apart = posts(rooms=(sink, lab), offerings=(there, here))
    assert len({offering for _, offering, _ in apart}) == 1


def test_of_two_adults_the_one_takes_a_block_who_has_not_had_a_fair_share() -> None:
    rested, tired = changed(ABLE, id="Park"), changed(VEGA, fair_blocks=0)
    for_all = tuple(changed(offering, largest=4) for offering in (TAUGHT, DRAWN))
    found = posts(offerings=for_all, staff=(tired, rested))
    assert {staff for staff, _, _ in found} == {"Park"}


def test_a_section_for_somebody_who_needs_a_language_is_led_by_whoever_speaks_it() -> None:
    speaks = changed(ABLE, qualifications=("maths", "spanish"), fair_blocks=0)
    asked = Accommodation(id="a", student="Ana", kind="language", qualification="spanish")
    found = posts(students=(ANA,), staff=(VEGA, speaks), accommodations=(asked,))
    assert {staff for staff, offering, _ in found if offering == "maths"} >= {"Okafor"}


def test_two_people_to_be_kept_apart_do_not_share_the_only_section() -> None:
    together = seats("Ana") + seats("Ben")
    apart = Relation(id="r", kind="apart", student="Ana", other="Ben", scope="session")
    assert together == 2
    assert seats("Ana", relations=(apart,)) + seats("Ben", relations=(apart,)) <= 1


def seats_that_stand(
    *seated: str, rooms: tuple[Room, ...] = school().rooms, **more: Any
) -> dict[str, float]:
    """How much of a seat each student has, in the program's own optimum, in maths under Vega in 12
    and art under Okafor in the last of the rooms, with some seated in maths already."""
    problem = school(
        blocks=ONE_BLOCK, offerings=(TAUGHT, DRAWN), students=LEARNERS, staff=(VEGA, ABLE),
        rooms=rooms, **more,
    )  # fmt: skip
    reach = reach_of(problem)
    board = Board(reach.facts)
    for offering, lead, room in ((TAUGHT, "Vega", rooms[0]), (DRAWN, "Okafor", rooms[-1])):
        session = board.open(offering, ("first",), room, [Duty(staff=lead, role="lead")])
        for student in seated if offering is TAUGHT else ():
            board.seat(student, session)
    program = DayProgram(reach, board, (("first",),), frozenset(), guide=True, exact=True)
    values = LinearProgram(program.matrix).solve()
    assert values is not None
    found = dict.fromkeys((student.id for student in LEARNERS), 0.0)
    for seat in program.seats:
        if seat.competency is not None:
            found[seat.student] += float(values[seat.column])
    return found


def test_somebody_seated_who_needs_a_small_group_leaves_seats_open_beside_them() -> None:
    two = Accommodation(id="a", student="Dan", kind="group_size", group_size=2)
    assert sum(map(seats_that_stand("Dan").get, ("Ana", "Ben"))) == 2
    assert sum(map(seats_that_stand("Dan", accommodations=(two,)).get, ("Ana", "Ben"))) == 1


def test_a_group_that_is_too_large_for_somebody_in_it_takes_in_nobody_and_spoils_nothing() -> None:
    two = Accommodation(id="a", student="Dan", kind="group_size", group_size=2)
    reach = reach_of(
        school(blocks=ONE_BLOCK, offerings=(TAUGHT,), students=LEARNERS, accommodations=(two,))
    )
    board = Board(reach.facts)
    maths = board.open(TAUGHT, ("first",), reach.facts.rooms["12"], ())
    for student in ("Dan", "Eva", "Ana"):
        board.seat(student, maths)
    program = DayProgram(reach, board, (("first",),), frozenset(), guide=True, named=True)
    values = LinearProgram(program.matrix).solve()
    assert values is not None
    assert not any(values[seat.column] for seat in program.seats)


def test_two_who_are_not_to_share_a_room_are_not_in_two_sessions_of_one() -> None:
    shared = (changed(school().rooms[0], zones=2),)
    apart = Relation(id="r", kind="apart", student="Ana", other="Dan", scope="room")
    both = seats_that_stand(rooms=shared)
    assert both["Ana"] + both["Dan"] == 2
    either = seats_that_stand(rooms=shared, relations=(apart,))
    assert either["Ana"] + either["Dan"] == 1


def test_of_offerings_that_keep_an_order_the_later_does_not_run_beside_the_earlier() -> None:
    order = Order(first="art", then="maths", whole_offering=True)
    both = {"staff": (VEGA, ABLE), "blocks": ONE_BLOCK}
    assert {offering for _, offering, _ in posts(**both)} == {"maths", "art"}
    assert len({offering for _, offering, _ in posts(**both, orders=(order,))}) == 1
    assert len(posts(staff=(VEGA,), offerings=(TAUGHT, DRAWN), orders=(order,))) == 2


def test_nothing_is_decided_on_that_would_break_the_order_with_what_stands() -> None:
    order = Order(first="art", then="maths", whole_offering=True)
    problem = school(
        offerings=(TAUGHT, DRAWN), students=LEARNERS, staff=(VEGA, ABLE), orders=(order,)
    )
    reach = reach_of(problem)
    board = Board(reach.facts)
    board.open(DRAWN, ("second",), reach.facts.rooms["14"], [Duty(staff="Okafor", role="lead")])
    program = DayProgram(reach, board, (("first",),), frozenset({0}), guide=True)
    assert {option.offering.id for option in program.sections.columns} == {"art"}


def test_somebody_who_needs_a_small_group_leaves_no_seats_beside_them() -> None:
    alone = Accommodation(id="a", student="Ana", kind="group_size", group_size=1)
    shared = seats("Ana", accommodations=(alone,)) + seats("Ben", accommodations=(alone,))
    assert shared < 2


def test_somebody_content_with_a_larger_group_than_there_is_makes_no_seat_for_others() -> None:
    content = Accommodation(id="a", student="Ana", kind="group_size", group_size=9)
    others = tuple(changed(BEN, id=name) for name in ("Cy", "Flo", "Gus"))
    everybody = (ANA, BEN, *others)
    taken = sum(
        seats(student.id, students=everybody, accommodations=(content,)) for student in everybody
    )
    assert taken == MATHS.largest


def test_the_engine_is_offered_all_of_what_stood_and_of_what_stands() -> None:
    art, board = art_and_its_board()
    [maths] = [session for session in board.sessions.values() if session is not art]
    before, duties = fixed(maths), art.duties
    board.close(maths)
    board.staff(art, ())
    reach = reach_of(board.facts.problem)
    program = DayProgram(
        reach, board, (("first",),), frozenset({0}), guide=True, named=True, exact=True
    )
    deciding = Deciding(program, seed=0)
    offered = deciding.start_from([before], [(art, duties)], wholly=True)
    assert len(offered) == len(program.matrix.cost)
    held = {(p.staff, p.option.offering.id) for p in program.sections.posts.columns
            if offered[p.column]}  # fmt: skip
    assert held == {("Vega", "maths"), ("Okafor", "art")}


def test_a_pinned_session_that_stands_is_not_offered_once_more() -> None:
    art, board = art_and_its_board()
    for session in [session for session in board.sessions.values() if session is not art]:
        board.close(session)
    program = DayProgram(
        reach_of(board.facts.problem), board, (("first",),), frozenset({0}), guide=True, named=True
    )
    offered = Deciding(program, seed=0).start_from([fixed(art)], [], wholly=True)
    assert not any(offered[room.column] for room in program.sections.rooms)


def art_and_its_board(*named: str) -> tuple[OpenSession, Board]:
    """Art pinned under Vega, who alone can lead maths, which Ana needs; decided anew."""
    anybody = changed(DRAWN, roles=ART.roles)
    reach = reach_of(
        school(
            blocks=ONE_BLOCK,
            offerings=(TAUGHT, anybody),
            students=(ANA, DAN),
            staff=(VEGA, OKAFOR),
        )
    )
    board = Board(reach.facts)
    vega, room = Duty(staff="Vega", role="lead"), reach.facts.rooms["14"]
    art = board.open(anybody, ("first",), room, [vega], pinned=True)
    art.pinned_staff = frozenset(named)
    Filling(reach, board, seed=0).refill(("first",), ())
    return art, board


def test_whoever_leads_a_pinned_session_makes_way_for_one_that_only_they_can_lead() -> None:
    art, board = art_and_its_board()
    assert art.lead == "Okafor"
    assert [s.lead for s in board.sessions.values() if s is not art] == ["Vega"]


def test_an_adult_whom_a_lock_names_stays_in_a_pinned_session() -> None:
    art, board = art_and_its_board("Vega")
    assert art.lead == "Vega"
    assert {s.offering.id for s in board.sessions.values()} == {"art"}


def nowhere(*, exact: bool) -> float:
    """How many are counted unplaced of two who are each there for one of two blocks, when all
    there is to do takes both."""
    long = changed(ART, length=2, largest=1)
    one, other = (DayStudent(id=name, away=(block,)) for name, block in
                  (("Dan", "first"), ("Eva", "second")))  # fmt: skip
    problem = school(offerings=(long,), students=(one, other))
    reach = reach_of(problem)
    periods, fresh = (("first",), ("second",)), frozenset({0, 1})
    program = DayProgram(reach, Board(reach.facts), periods, fresh, guide=True, exact=exact)
    values = LinearProgram(program.matrix).solve()
    assert values is not None
    price = weight(problem, RULES["unplaced"])
    return float(sum(v for v, cost in zip(values, program.matrix.cost, strict=True)
                     if cost == price))  # fmt: skip


def test_nobody_is_counted_in_half_of_a_session() -> None:
    assert nowhere(exact=False) == 2
    assert nowhere(exact=True) == 2


def test_the_only_room_for_one_section_is_left_for_it_by_another_that_fits_anywhere() -> None:
    studio, hall = school().rooms[1], school().rooms[0]
    kiln = changed(studio, features=("kiln",))
    needing = changed(DRAWN, features=("kiln",), smallest=2)
    problem = school(
        blocks=ONE_BLOCK,
        rooms=(kiln, hall),
        offerings=(changed(TAUGHT, smallest=2), needing),
        students=LEARNERS,
        staff=(VEGA, ABLE),
    )
    board = Board(reach_of(problem).facts)
    Filling(reach_of(problem), board, seed=0).refill(("first",), ())
    assert {s.offering.id: s.room.id for s in board.sessions.values()} == {
        "maths": "12",
        "art": "14",
    }
