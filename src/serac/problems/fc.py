"""FC: fact checking with VitaminC. Paper, section 3; parity: ``data_vitaminc``.

The edit is an evidence sentence with an empty label; the records of one page and evidence make one example. In scope:
claims that it supports (``"1"``) or refutes (``"0"``), all marked hard as in the reference, kind ``supports`` or
``refutes``, with what the revision changed (``supports/number``) and ``_comparison`` where the source tells it. Out of
scope: ``neutral`` claims about that evidence (hard; they never come into scope, as no batch edits a page twice) and
``other_page`` claims. An example may have only neutral claims. Deliberate differences: a label without records does not
stop the balancing (the reference divides by zero); balancing is drawn once, for the training split only. It evens out
claims, as in the reference, but edits are then drawn by page and evidence, where the reference draws claims. Pages
exclude one another in a batch if their names are equal, as the reference does in effect; the paper says containment.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from serac.problems import vitaminc
from serac.problems.base_pairs import BaseData, BasePair
from serac.problems.draw import coin, shuffled
from serac.problems.native_files import read_jsonl
from serac.problems.problem import Problem
from serac.problems.splits import Embed, Split, SplitReport, Splits, collect
from serac.problems.vitaminc import LABELS, NEUTRAL, Claim
from serac.records import Edit, EditExample, Query


class FcSettings(vitaminc.VitamincSettings):
    """FC: an evidence sentence is the edit, claims about it are in scope (VitaminC)."""

    balance: bool = Field(True, description="subsample the training claims so that the three labels are about equal")
    other_page: int = Field(2, ge=0, description="out-of-scope claims per edit, about other pages")
    other_page_for: Literal["all", "without_neutral"] = Field(
        "all",
        description="edits that get claims about other pages: those without a neutral claim of their own (ref), or all",
    )


def raw_files(settings: FcSettings) -> list[str]:
    """Files, relative to the folder of raw sources."""
    names = dict.fromkeys(settings.splits.values())
    return [*(f"vitaminc/{name}.jsonl" for name in names), "fever/train.jsonl", "fever/dev.jsonl"]


def prepare(raw: Path, settings: FcSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/vitaminc``; ``embed`` is not needed."""

    def one_split(split: Split, claims: list[Claim], report: SplitReport) -> list[EditExample]:
        if split == "train" and settings.balance:
            claims = balanced(claims, random.Random(f"{seed}/balance"), report)
        return edits_of(claims, settings, f"{seed}/{split}")

    return collect("fc", vitaminc.claims_by_split(raw, settings, seed), one_split)


def keep_probabilities(labels: Iterable[str]) -> dict[str, float]:
    """Probability to keep a record of each label that occurs: the smallest count divided by the label's count.

    >>> keep_probabilities(["SUPPORTS", "SUPPORTS", "REFUTES"])
    {'SUPPORTS': 0.5, 'REFUTES': 1.0}
    """
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
    """Whether neither page name contains the other.

    >>> unrelated("Paris", "Rome"), unrelated("Paris", "Paris (film)")
    (True, False)
    """
    return page not in other and other not in page


def edits_of(claims: Sequence[Claim], settings: FcSettings, seed: str) -> list[EditExample]:
    """One example for every page and evidence, in the order of their first claims."""
    together: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        together.setdefault((claim.page, claim.evidence), []).append(claim)
    examples = []
    for number, ((page, evidence), own) in enumerate(together.items()):
        rng = random.Random(f"{seed}/{page}/{evidence}")
        own = list({(claim.claim, claim.label): claim for claim in own}.values())
        spared = settings.other_page_for == "without_neutral" and any(claim.label == NEUTRAL for claim in own)
        count = 0 if spared else settings.other_page
        examples.append(
            EditExample(
                id=str(number),
                group=page,
                edit=Edit(evidence, ""),
                in_scope=tuple(_about_own(claim) for claim in own if claim.label != NEUTRAL),
                out_of_scope=(
                    *(_about_own(claim) for claim in own if claim.label == NEUTRAL),
                    *_others(claims, page, {claim.claim for claim in own}, count, rng),
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


class _FeverClaim(BaseModel):
    claim: str = Field(min_length=1)
    label: Literal["SUPPORTS", "REFUTES", "NOT ENOUGH INFO"]


def base_pairs(raw: Path, settings: FcSettings, seed: int) -> BaseData:
    """Claims of ``raw/fever`` with their verdicts; those without enough information are left out."""
    return BaseData(*(_verdicts(raw / "fever" / f"{name}.jsonl") for name in ("train", "dev")))


def _verdicts(path: Path) -> list[BasePair]:
    claims = [claim for _, claim in read_jsonl(path, _FeverClaim) if claim.label != NEUTRAL]
    return [BasePair(claim.claim, LABELS[claim.label]) for claim in claims]


CLAIMS = 2
"""Claims in scope of an evidence sentence, and neutral ones, about."""

PROBLEM = Problem(
    title="FC",
    tasks=("binary",),
    settings=FcSettings,
    raw_files=raw_files,
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: 2 * CLAIMS + settings.other_page,
    kinds={
        "supports": "supported claim",
        "refutes": "refuted claim",
        "neutral": "neutral, same page",
        "other_page": "other page",
    },
)
