"""FC: fact checking with VitaminC. Paper, section 3; parity: ``data_vitaminc``.

The edit is an evidence sentence with an empty label; the records of one page and evidence make one example. In scope:
claims that it supports (``"1"``) or refutes (``"0"``), all marked hard as in the reference, kind ``supports`` or
``refutes``, with what the revision changed (``supports/number``) and ``_comparison`` where the source tells it. Out of
scope: ``neutral`` claims about that evidence (hard; they never come into scope, as no batch edits a page twice) and
``other_page`` claims. An example may have neutral claims only. Differences on purpose: a label that no record has does
not stop the balancing (the reference divides by zero), which is drawn once, for the training split alone. It evens out
claims, as in the reference, but edits are then drawn by page and evidence, where the reference draws claims. Pages
exclude one another in a batch if their names are equal, as the reference does in effect; the paper says containment.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from serac.config.problems_data import FcSettings, Split
from serac.errors import RecordError
from serac.problems.draw import coin, shuffled
from serac.problems.files import read_jsonl
from serac.problems.splits import Embed, SplitReport, Splits, collect, load_splits
from serac.records import Edit, EditExample, Query

NEUTRAL = "NOT ENOUGH INFO"
LABELS = {"SUPPORTS": "1", "REFUTES": "0", NEUTRAL: ""}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


Text = Annotated[str, BeforeValidator(_text)]
"""A field that only kept records need: empty where it is null or no text."""


class Claim(BaseModel):
    """A native record; ``revised`` and ``comparison`` (what the revision changed) are not in the released files."""

    claim: Text
    evidence: Text
    label: Annotated[str, BeforeValidator(lambda value: _text(value).strip().upper())]
    page: Text = ""  # Lifelong-ICL's records have none
    revision_type: str
    revised: str | None = None
    comparison: bool = False

    @property
    def kind(self) -> str:
        """Kind of the query that this claim becomes about its own evidence."""
        if self.label == NEUTRAL:
            return "neutral"
        revised = f"/{self.revised}" if self.revised else ""
        return self.label.lower() + revised + ("_comparison" if self.comparison else "")


def prepare(raw: Path, settings: FcSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/vitaminc``; ``embed`` is not needed."""

    def one_split(split: Split, claims: list[Claim], report: SplitReport) -> list[EditExample]:
        kept = report.keep(claims, lambda claim: fault(claim, settings))
        if split == "train" and settings.balance:
            kept = balanced(kept, random.Random(f"{seed}/balance"), report)
        return edits_of(kept, settings.other_page, f"{seed}/{split}")

    def read(name: str) -> list[Claim]:
        return read_claims(raw / "vitaminc" / f"{name}.jsonl", settings)

    sources = load_splits(settings, read, lambda claim: claim.page, seed, lambda claim: fault(claim, settings))
    return collect("fc", sources, one_split)


def read_claims(path: Path, settings: FcSettings) -> list[Claim]:
    """Parse a native file; raises ``MissingSourceError``, and ``RecordError`` for a malformed line.

    Labels are read in any case; one that is unknown matters only if the settings keep its revision type.
    """
    claims = read_jsonl(path, Claim)
    for line, claim in claims:
        if claim.label not in LABELS and claim.revision_type in settings.revision_types:
            raise RecordError(path, line, f"label: {claim.label!r} is none of {', '.join(LABELS)}")
    return [claim for _, claim in claims]


def fault(claim: Claim, settings: FcSettings) -> str | None:
    """The filters of the data rules: names the first that drops a claim, None for one to keep."""
    if claim.revision_type not in settings.revision_types:
        return "revision_type"
    if not claim.claim.strip():
        return "no_claim"
    if not claim.page.strip():
        return "no_page"
    if not claim.evidence.strip() or len(claim.evidence.split(" ")) <= settings.min_evidence_words:
        return "short_evidence"
    return None


def keep_probabilities(labels: Iterable[str]) -> dict[str, float]:
    """Probability to keep a record of each label that occurs: the smallest count divided by the label's count."""
    counts = Counter(labels)
    return {label: min(counts.values()) / count for label, count in counts.items()}


def balanced(claims: Sequence[Claim], rng: random.Random, report: SplitReport) -> list[Claim]:
    """Claims with about equally many of each label, every one kept independently; counted as dropped ``balance``."""
    probability = keep_probabilities(claim.label for claim in claims)
    chosen = [claim for claim in claims if coin(rng, probability[claim.label])]
    report.kept = len(chosen)
    report.dropped["balance"] = len(claims) - len(chosen)
    return chosen


def unrelated(page: str, other: str) -> bool:
    """Whether neither page name contains the other."""
    return page not in other and other not in page


def edits_of(claims: Sequence[Claim], other_page: int, seed: str) -> list[EditExample]:
    """One example for every page and evidence, in the order of their first claims."""
    together: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        together.setdefault((claim.page, claim.evidence), []).append(claim)
    examples = []
    for number, ((page, evidence), own) in enumerate(together.items()):
        rng = random.Random(f"{seed}/{page}/{evidence}")
        own = list({(claim.claim, claim.label): claim for claim in own}.values())
        examples.append(
            EditExample(
                id=str(number),
                group=page,
                edit=Edit(evidence, ""),
                in_scope=tuple(_about_own(claim) for claim in own if claim.label != NEUTRAL),
                out_of_scope=(
                    *(_about_own(claim) for claim in own if claim.label == NEUTRAL),
                    *_others(claims, page, {claim.claim for claim in own}, other_page, rng),
                ),
            )
        )
    return examples


def _about_own(claim: Claim) -> Query:
    return Query(claim.claim, LABELS[claim.label], claim.kind, hard=True)


def _others(claims: Sequence[Claim], page: str, taken: set[str], count: int, rng: random.Random) -> list[Query]:
    eligible = (
        Query(claim.claim, LABELS[claim.label], "other_page", about=claim.page)
        for claim in shuffled(claims, rng)
        if unrelated(page, claim.page) and claim.claim not in taken
    )
    return list(islice(eligible, count))
