"""The relations of the zsRE part: how a fact is asked, stated and turned around."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """Templates of one relation; ``{s}`` subject, ``{a}`` answer, ``{h}`` a word of the subject's name.

    ``questions``: questions and rephrases of every split; ``held_out``: rephrases that training never sees, the
    first for the validation split, the others for the test split. ``statements``: what the True/False lines say.
    ``inverse`` asks for the subject given the answer alone, ``named`` given the answer and one word of the
    subject's name.
    """

    name: str
    subject: str
    answer: str
    questions: tuple[str, ...]
    held_out: tuple[str, ...]
    statements: tuple[str, ...]
    inverse: tuple[str, ...]
    named: tuple[str, ...]

    def own_wording(self, split: str) -> tuple[str, ...]:
        """Rephrases that ``split`` (``train``, ``dev``, ``test``) has to itself."""
        return {"train": (), "dev": self.held_out[:1], "test": self.held_out[1:]}[split]
