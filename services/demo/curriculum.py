"""What the invented school teaches: competencies in strands, and the offerings that serve them."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.school import Competency, Course, Modality, Offering, Prerequisite, RoleNeed

STRANDS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "Mathematics": (
        ("Number", ("Factors and multiples", "Fractions", "Decimals", "Negative numbers", "Roots")),
        ("Ratio", ("Ratios", "Rates", "Percentages", "Proportional reasoning", "Slope")),
        ("Algebra", ("Patterns", "Expressions", "Equations", "Inequalities", "Functions")),
        ("Geometry", ("Angles", "Area", "Volume", "Transformations", "Pythagoras")),
        ("Statistics", ("Reading charts", "Averages", "Spread", "Chance", "Scatter plots")),
    ),
    "Reading": (
        ("Stories", ("Retelling", "Characters", "Point of view", "Theme", "Author's craft")),
        ("Information", ("Main idea", "Text structure", "Evidence", "Comparing sources", "Claims")),
        ("Language", ("Word parts", "Context clues", "Figurative language", "Tone", "Register")),
    ),
    "Science": (
        ("Matter", ("Particles", "Mixtures", "Reactions", "Energy transfer", "Models of matter")),
        ("Life", ("Cells", "Body systems", "Ecosystems", "Heredity", "Natural selection")),
    ),
}
LEVELS = ("05", "06", "06", "07", "08")
"""The grade each competency of a strand belongs to, in their order."""
QUALIFICATION = {"Mathematics": "math", "Reading": "reading", "Science": "science"}


def competency_id(strand: str, place: int) -> str:
    return f"{strand.lower()}-{place + 1}"


def competencies() -> tuple[Competency, ...]:
    """Each strand is a chain: a competency waits for the one before it."""
    return tuple(
        Competency(
            id=competency_id(strand, place),
            code=f"{subject[0]}.{strand[:3].upper()}.{place + 1}",
            title=title,
            subject=subject,
            level=LEVELS[place],
            prerequisites=(
                (Prerequisite(competency=competency_id(strand, place - 1)),) if place else ()
            ),
        )
        for subject, strands in STRANDS.items()
        for strand, titles in strands
        for place, title in enumerate(titles)
    )


def courses() -> tuple[Course, ...]:
    subjects = (
        Course(
            id=subject.lower(),
            title=subject,
            credit_area=subject,
            competencies=tuple(
                competency_id(strand, place)
                for strand, titles in strands
                for place in range(len(titles))
            ),
        )
        for subject, strands in STRANDS.items()
    )
    return (
        *subjects,
        Course(id="advisory", title="Advisory"),
        Course(id="humanities", title="Humanities"),
        Course(id="arts", title="Arts and movement"),
    )


def offerings() -> tuple[Offering, ...]:
    """Lessons, small groups and labs for the competencies; choices, projects and support."""
    return (*_taught(), *_projects(), *_choices(), *_study(), *_support())


def _taught() -> Iterator[Offering]:
    for subject, strands in STRANDS.items():
        lead = (RoleNeed(role="lead", qualification=QUALIFICATION[subject]),)
        features = ("science_lab",) if subject == "Science" else ()
        for strand, titles in strands:
            for place, title in enumerate(titles):
                competency = competency_id(strand, place)
                yield Offering(
                    id=f"lesson-{competency}",
                    title=f"{title} workshop",
                    modality="instruction",
                    subject=subject,
                    competencies=(competency,),
                    smallest=8,
                    largest=24,
                    ideal=(12, 20),
                    roles=lead,
                    features=features,
                    most_sections=4,
                    minute_kinds=("live_teacher",),
                )
            yield _small_group(subject, strand, len(titles), lead)


def _small_group(subject: str, strand: str, places: int, lead: tuple[RoleNeed, ...]) -> Offering:
    return Offering(
        id=f"group-{strand.lower()}",
        title=f"{strand} table",
        modality="small_group",
        subject=subject,
        competencies=tuple(competency_id(strand, place) for place in range(places)),
        smallest=3,
        largest=7,
        ideal=(3, 6),
        roles=lead,
        spread_tolerance=40,
        extra_time=True,
        most_sections=4,
        minute_kinds=("live_teacher",),
        spare_seats_tolerance=24,
    )


def _choice(
    id: str,
    title: str,
    largest: int,
    modality: Modality = "collaboration",
    **more: object,
) -> Offering:
    return Offering.model_validate(
        {
            "id": id,
            "title": title,
            "modality": modality,
            "smallest": 6,
            "largest": largest,
            "most_sections": 4,
            "minute_kinds": ("choice", "enrichment"),
            **more,
        }
    )


def _choices() -> Iterator[Offering]:
    yield _choice("makers", "Makerspace", 20, features=("tools",))
    yield _choice("art", "Open studio", 24, features=("art",))
    yield _choice("choir", "Choir", 32, features=("music",))
    yield _choice("band", "Band room", 24, features=("music",))
    yield _choice("sport", "Games", 60, features=("sport",), students_per_adult=60)
    yield _choice("chess", "Chess and strategy", 24)
    yield _choice("code", "Code club", 24, features=("laptops",))
    yield _choice("debate", "Debate", 20)
    yield _choice("paper", "School paper", 16, features=("laptops",))


def _projects() -> Iterator[Offering]:
    lead = RoleNeed(role="lead", qualification="science")
    yield _choice(
        "river", "River project", 22, "project", length=2, starts=("flex1",), roles=(lead,),
        features=("science_lab",),
    )  # fmt: skip
    yield _choice("film", "Film project", 18, "project", length=2, starts=("flex1",))
    yield _choice(
        "garden", "Community garden", 16, "work_based", length=2, starts=("flex1",),
        room_kinds=("off_campus",), needs_consent=True,
    )  # fmt: skip


def _study() -> Iterator[Offering]:
    yield Offering(
        id="study",
        title="Independent study",
        modality="independent",
        smallest=1,
        largest=30,
        students_per_adult=30,
        extra_time=True,
        most_sections=12,
        minute_kinds=("choice",),
        spare_seats_tolerance=40,
    )
    yield Offering(
        id="check-in",
        title="Teacher check-in",
        modality="conference",
        smallest=1,
        largest=6,
        extra_time=True,
        most_sections=4,
        minute_kinds=("live_teacher",),
        spare_seats_tolerance=24,
    )


def _support() -> Iterator[Offering]:
    for id, title, qualification in (
        ("alcove-vega", "Alcove with Ms Vega", "speech"),
        ("study-holm", "Study with Mr Holm", "reading_support"),
        ("study-sato", "Study with Ms Sato", "language_support"),
    ):
        yield Offering(
            id=id,
            title=title,
            modality="service",
            smallest=1,
            largest=5,
            groups=(id,),
            roles=(RoleNeed(role="specialist", qualification=qualification),),
            features=("quiet",),
            extra_time=True,
            most_sections=4,
            minute_kinds=("live_teacher",),
        )
