"""Put what people decided about single texts before what a rule says about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cockpit.domain.normalise.standard import Standard, Standardiser
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.i18n import _


def decision_key(text: str) -> str:
    """By what a decision is found again: the text without width, script, case and superfluous space. Idempotent."""
    before = None
    while text != before:
        before = text
        text = fold(to_simplified(fold(text)).casefold())
    return text


class WithDecisions:
    """A standardiser that asks decisions first; the whole text has to be the decided one.

    Args:
        standardiser: What is asked about all other texts.
        decisions: By `decision_key` of the text; the reason of each result becomes `decided`.
    """

    def __init__(self, standardiser: Standardiser, decisions: Mapping[str, Standard]) -> None:
        self._standardiser = standardiser
        self._decisions = {
            decision_key(text): replace(standard, reason="decided") for text, standard in decisions.items()
        }

    @classmethod
    def from_answers(cls, standardiser: Standardiser, answers: Mapping[str, str]) -> WithDecisions:
        """Decisions from what people answered: text -> a text that the standardiser understands, such as a code.

        Raises:
            ValueError: an answer has no value that can be used.
        """
        decisions = {}
        for text, answer in answers.items():
            standard = standardiser.standardise(answer)
            if standard.outcome != "ok":
                # Neither the text nor the answer is repeated: both may name a person.
                raise ValueError(_("an answer is no value of this kind: {reason}", reason=standard.reason))
            decisions[text] = replace(standard, confidence=1.0)
        return cls(standardiser, decisions)

    def standardise(self, text: str) -> Standard:
        """What was decided about the text, else what the rule says."""
        return self._decided(text) or self._standardiser.standardise(text)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one; the standardiser gets all undecided texts together."""
        decided = [self._decided(text) for text in texts]
        asked = [text for text, standard in zip(texts, decided, strict=True) if standard is None]
        rest = iter(self._standardiser.standardise_batch(asked))
        return [standard or next(rest) for standard in decided]

    def _decided(self, text: str) -> Standard | None:
        if not self._decisions or len(text) > LONGEST_TEXT:
            return None
        return self._decisions.get(decision_key(text))
