"""What the standardiser said about names of companies, part by part, as columns: millions are compared at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from cockpit.domain.match.fields.values import MISSING, Codes, Ints, Objects
from cockpit.domain.normalise.standard import Json, Standard

_TEXTS = (
    "value",
    "outcome",
    "reason",
    "brand",
    "trade",
    "region",
    "second_region",
    "region_at",
    "legal_form",
    "form_word",
    "branch",
    "former_name",
    "also",
)
# Details that a name has whether it says something or not.
_NOT_SAID = dict.fromkeys(("brand", "region", "legal_form", "branch"))
_SCHEMA = pa.schema([*((name, pa.string()) for name in _TEXTS), ("form_is_short", pa.bool_())])
_BLOCK = 1 << 24
_LARGEST_CODE = 1 << 62


def said_in(text: str) -> str | None:
    """JSON of what was said about a name, on one line; None when the text is something else."""
    try:
        said = json.loads(text)
        level = json.dumps(said, ensure_ascii=False)
        level.encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or "value" not in said:
        return None
    is_text = all(isinstance(said.get(name), str | None) for name in _TEXTS)
    return level if is_text and isinstance(said.get("form_is_short"), bool | None) else None


@dataclass(frozen=True)
class CompanyParts:
    """Names, one per row.

    Attributes:
        codes: Per part of a name the position of its word; MISSING where the name does not say it.
        words: The words of each part.
        form_is_short: Whether the legal form is said in part.
    """

    codes: Mapping[str, Codes]
    words: Mapping[str, Objects]
    form_is_short: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, said: Sequence[str]) -> CompanyParts:
        """Names as the JSON of what was said about them: `value` and the details of `CompanyStandardiser`.

        Raises:
            pyarrow.ArrowInvalid: a text is not that.
        """
        if said:
            text = pa.py_buffer("\n".join(said).encode())
            table = pj.read_json(
                pa.BufferReader(text),
                # A block has to hold a whole line.
                read_options=pj.ReadOptions(block_size=max(_BLOCK, max(map(len, said)) * 4)),
                parse_options=pj.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="ignore"),
            )
            if len(table) != len(said):
                raise pa.ArrowInvalid(f"{len(table)} names in {len(said)} texts")
        else:
            table = _SCHEMA.empty_table()
        codes: dict[str, Codes] = {}
        words: dict[str, Objects] = {}
        for name in _TEXTS:
            encoded = table.column(name).combine_chunks().dictionary_encode()
            codes[name] = pc.fill_null(encoded.indices, MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
            words[name] = encoded.dictionary.to_numpy(zero_copy_only=False)
        short = pc.fill_null(table.column("form_is_short").combine_chunks(), False)
        return cls(codes, words, short.to_numpy(zero_copy_only=False))

    def __len__(self) -> int:
        return len(self.form_is_short)

    def take(self, rows: Ints) -> CompanyParts:
        """Some of the names."""
        return CompanyParts(
            {name: codes[rows] for name, codes in self.codes.items()}, self.words, self.form_is_short[rows]
        )

    def grouped(self) -> tuple[Codes, Ints]:
        """Names that say the same: the group of each, and the first name of each group."""
        row, bound = self.form_is_short.astype(np.int64), 2
        for name in _TEXTS:
            size = len(self.words[name]) + 1
            if bound * size >= _LARGEST_CODE:
                row, bound = pd.factorize(row)[0], max(len(row), 1)
            row, bound = row * size + (self.codes[name] + 1), bound * size
        group = pd.factorize(row)[0]
        seen = np.maximum.accumulate(group) if len(group) else group
        first = np.flatnonzero(np.diff(seen, prepend=-1) > 0)
        return group.astype(np.int32), first

    def has(self, part: str) -> npt.NDArray[np.bool_]:
        """Which names say it."""
        return np.asarray(self.codes[part] != MISSING)

    def texts(self, part: str) -> Objects:
        """The part of each name; "" where it is not said."""
        return np.append(self.words[part], "")[self.codes[part]]

    def are(self, part: str, word: str) -> npt.NDArray[np.bool_]:
        """Which names have this very word there."""
        return np.asarray(np.append(self.words[part] == word, False)[self.codes[part]])

    def standard(self, row: int) -> Standard:
        """One name as the standardiser gave it, without what no comparison asks for."""
        said = {name: self.words[name][codes[row]] for name, codes in self.codes.items() if codes[row] != MISSING}
        value, outcome, reason = said.pop("value", None), said.pop("outcome", None), said.pop("reason", None)
        details: dict[str, Json] = {**_NOT_SAID, **said}
        if self.form_is_short[row]:
            details["form_is_short"] = True
        return Standard(value, "review" if outcome == "review" else "ok", 1.0, reason or "", details)
