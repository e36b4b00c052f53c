"""Read many texts at once where they are made of plain signs, the others one by one: a list has millions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cockpit.domain.match.fields.values import Objects, as_objects
from cockpit.domain.normalise.text import LONGEST_TEXT

# ASCII that can be seen, and Han characters: they have one width, no accents and no compatible forms.
PLAIN = r"^[ -~\x{4e00}-\x{9fff}]*$"
ASCII = "^[ -~]*$"


def read_many(
    texts: Sequence[str], plain: str, many: Callable[[pa.StringArray], pa.StringArray], one: Callable[[str], str]
) -> Objects:
    """What is read from each text.

    Args:
        texts: As given.
        plain: RE2 pattern of texts for which `many` gives what `one` gives.
        many: Reads plain texts; does not see those that are longer than LONGEST_TEXT.
        one: Reads any text.
    """
    try:
        given = pa.array(texts, pa.string())
    except UnicodeEncodeError:
        # A lone surrogate: such lists are rare.
        return as_objects(map(one, texts))
    is_plain = pc.and_(
        pc.match_substring_regex(given, plain), pc.less_equal(pc.utf8_length(given), LONGEST_TEXT)
    ).to_numpy(zero_copy_only=False)
    found = np.empty(len(texts), dtype=object)
    found[is_plain] = many(given.filter(pa.array(is_plain))).to_numpy(zero_copy_only=False)
    for position in np.flatnonzero(~is_plain).tolist():
        found[position] = one(texts[position])
    return found


def without(texts: pa.StringArray, pattern: str, instead: str = "") -> pa.StringArray:
    """Texts with what a pattern finds replaced."""
    return pc.replace_substring_regex(texts, pattern, instead)
