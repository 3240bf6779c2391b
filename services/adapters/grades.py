"""Grade levels as CEDS entry-grade codes, whatever a source calls them."""

from __future__ import annotations

from schemas.school import Grade

ORDER: tuple[Grade, ...] = (
    "PK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "UG",
)  # fmt: skip
"""From the youngest; UG (ungraded) stands last."""

_WORDS = {
    "infant/toddler": "PK",
    "preschool/prekindergarten": "PK",
    "prekindergarten": "PK",
    "transitional kindergarten": "PK",
    "kindergarten": "KG",
    "first grade": "01",
    "second grade": "02",
    "third grade": "03",
    "fourth grade": "04",
    "fifth grade": "05",
    "sixth grade": "06",
    "seventh grade": "07",
    "eighth grade": "08",
    "ninth grade": "09",
    "tenth grade": "10",
    "eleventh grade": "11",
    "twelfth grade": "12",
    "grade 13": "13",
    "postsecondary": "13",
    "ungraded": "UG",
    # CEDS codes of the youngest years, which flexday does not tell apart
    "it": "PK",
    "pr": "PK",
    "tk": "PK",
    "ps": "13",
    "k": "KG",
}


def grade_of(text: str) -> Grade | None:
    """The CEDS code of a code (`06`, `KG`), a bare number (`6`), or an Ed-Fi descriptor
    (`uri://ed-fi.org/GradeLevelDescriptor#Sixth grade`); None when it is none of these."""
    word = text.rsplit("#", 1)[-1].strip()
    if word.upper() in ORDER:
        return word.upper()
    if word.isascii() and word.isdigit() and len(word) <= 2 and f"{int(word):02}" in ORDER:
        return f"{int(word):02}"
    return _WORDS.get(word.lower())
