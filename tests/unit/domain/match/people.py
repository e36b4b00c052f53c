"""A small list of persons with known repeats, and the rule for it."""

from __future__ import annotations

import random

import pandas as pd

from cockpit.domain.match.rule import FieldRule, MatchRule

RULE = MatchRule(
    fields={
        "given": FieldRule(type="person_name"),
        "family": FieldRule(type="person_name"),
        "born": FieldRule(type="date"),
        "city": FieldRule(type="region"),
        "email": FieldRule(type="email"),
    },
    swapped=(("given", "family"),),
    made_of={"email": ("given", "family")},
    related=(("given", "born"),),
)

_GIVEN = ["anna", "bernd", "carla", "david", "emma", "frank", "gina", "hans", "ida", "jakob", "karin", "leo", "mia"]
_SYLLABLES = ["ba", "del", "ker", "lin", "mo", "ner", "pol", "ras", "ten", "vo", "wig", "zim", "hart", "brun"]
_CITIES = ["Aachen", "Bonn", "Celle", "Dresden", "Essen"]


def people(count: int, repeated: int, seed: int = 3) -> tuple[pd.DataFrame, list[str]]:
    """Persons, of whom some stand twice with a slip; and which person each record is."""
    draw = random.Random(seed)
    rows: list[dict[str, str | None]] = []
    truth: list[str] = []
    for person in range(count):
        given, family = draw.choice(_GIVEN), "".join(draw.choices(_SYLLABLES, k=2))
        row: dict[str, str | None] = {
            "given": given.title(),
            "family": family.title(),
            "born": f"19{draw.randrange(40, 99)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            "city": draw.choice(_CITIES),
            "email": f"{given}.{family}{person}@example.org",
        }
        rows.append(row)
        truth.append(f"p{person}")
        if person < repeated:
            rows.append({**row, **_slip(draw, row)})
            truth.append(f"p{person}")
    frame = pd.DataFrame(rows)
    frame.insert(0, "record_id", [f"list:{position:04}" for position in range(len(frame))])
    return frame, truth


def _slip(draw: random.Random, row: dict[str, str | None]) -> dict[str, str | None]:
    family = str(row["family"])
    return draw.choice(
        [
            {"family": family[:-1]},
            {"given": row["family"], "family": row["given"]},
            {"city": None, "email": None},
            {"born": str(row["born"])[:-1] + "9"},
        ]
    )
