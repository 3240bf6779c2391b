"""Every method by name, with its parameters checked.

Names and parameters are those of Canvas where it has the method (`calculation_method`,
`calculation_int`; formulas checked against the specs of its ResultAnalytics), else those of the
source its class names. Canvas rounds to 2 decimals, which is left to the page.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from services.mastery.answers import Bkt, KhanLevels, KOfN, NInARow, NMastery
from services.mastery.averages import (
    Average,
    DecayingAverage,
    Highest,
    Latest,
    PowerLaw,
    StandardDecayingAverage,
)
from services.mastery.scores import Method

AnyMethod = Annotated[
    Highest
    | Latest
    | Average
    | NMastery
    | NInARow
    | KOfN
    | DecayingAverage
    | StandardDecayingAverage
    | PowerLaw
    | Bkt
    | KhanLevels,
    Field(discriminator="method"),
]

METHODS: dict[str, tuple[str, ...]] = {
    get_args(method.model_fields["method"].annotation)[0]: tuple(method.model_fields)
    for method in Method.__subclasses__()
}
"""The settings each method knows, by its name."""

_METHOD: TypeAdapter[Any] = TypeAdapter(AnyMethod)


def method_of(parameters: dict[str, Any]) -> Method:
    """A method from its name (`method`) and parameters.

    Raises:
        pydantic.ValidationError: names the parameter that is unknown or out of range.
    """
    method: Method = _METHOD.validate_python(parameters)
    return method
