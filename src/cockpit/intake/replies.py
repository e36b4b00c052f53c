"""What the intake answers when it refuses: a status, what is wrong and what to do, in the sender's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from starlette.responses import JSONResponse

from cockpit.i18n import LANGUAGES


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field.

    Attributes:
        found: The value with all but its ends hidden; None when it is missing.
        allowed: What would have been accepted.
    """

    field: str
    message: str
    found: str | None = None
    allowed: str | None = None


@dataclass
class RefusalError(Exception):
    """Nothing of the request was accepted.

    Attributes:
        status: HTTP status code.
        message: Translated; never holds what the sender posted.
    """

    status: int
    message: str
    faults: Sequence[FieldFault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """As JSON."""
        body: dict[str, object] = {"error": self.message}
        if self.faults:
            body["fields"] = [
                {key: value for key, value in asdict(fault).items() if value is not None} for fault in self.faults
            ]
        return JSONResponse(body, status_code=self.status, headers=dict(self.headers))


def language_of(accept_language: str) -> str:
    """The first language of an Accept-Language header that we have, by its weights; English without one."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:10]):
        tag, _semicolon, parameter = part.strip().partition(";")
        name, _sign, weight = parameter.strip().partition("=")
        try:
            quality = float(weight) if name == "q" else 1.0
        except ValueError:
            quality = 0.0
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES and quality > 0:
            wanted.append((-quality, place, language))
    return min(wanted)[2] if wanted else LANGUAGES[0]


def mask(value: object) -> str:
    """Enough of a value for its sender to recognise it: length and ends of a text, nothing of a short one."""
    text = value if isinstance(value, str) else str(value)
    if len(text) <= 4:
        return "*" * len(text)
    return f"{text[0]}{'*' * min(len(text) - 2, 10)}{text[-1]}"
