"""What a wrapped model answered, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from serac.wrapping.edit_log import StoredEdit

Speaker = Literal["base", "prompted base", "counterfactual"]


@dataclass(frozen=True)
class Answer:
    """What was answered and by whom.

    ``probability`` that the question lies in the scope of the nearest edit; ``edit`` is that edit where it answered,
    None where the base model did. ``spoken_by`` says which model wrote the text.
    """

    text: str
    edit: StoredEdit | None
    probability: float
    spoken_by: Speaker

    def __str__(self) -> str:
        return self.text
