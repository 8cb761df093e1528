"""The items of the paper, in order: what each claims and the function that tells whether a run bears it out.

Claims were written down without access to the paper's text. They are recalled and unverified, like the values in
:mod:`serac.paper.reported`; those of items beyond the paper are our own expectations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from serac.paper import findings_figures as figures
from serac.paper import findings_tables as tables
from serac.paper.findings_tables import ACCURATE, NEAR, Finding
from serac.paper.run import Run


@dataclass(frozen=True)
class Item:
    """A table or figure: its name in the run's folders, what it claims, and what tells whether that holds.

    ``criterion``: when the claim counts as borne out, where the claim itself does not say it.
    """

    name: str
    form: Literal["table", "figure"]
    title: str
    claim: str
    check: Callable[[Run], Finding] | None = None
    beyond: bool = False
    criterion: str = ""


ITEMS = (
    Item(
        "overview",
        "figure",
        "The method",
        "SERAC leaves the base model alone: a scope classifier routes each input either to it or, together with the "
        "retrieved edit, to a counterfactual model.",
    ),
    Item(
        "examples",
        "table",
        "Edits and their scope",
        "An edit's scope holds inputs that are far from it in wording, and leaves out some that are close to it.",
    ),
    Item(
        "main",
        "table",
        "All editors on all problems",
        "SERAC has the largest ES − DD on every problem.",
        tables.main,
        criterion="the better SERAC against the best other editor",
    ),
    Item(
        "batched_edits",
        "figure",
        "Many edits at once",
        "SERAC keeps its ES − DD as simultaneous edits grow in number; the editors that change weights lose theirs.",
        figures.batched_edits,
        criterion=f"SERAC loses at most {NEAR}, every other editor more",
    ),
    Item(
        "components",
        "table",
        "The components alone",
        "Both components are right on most inputs in scope; the classifier errs more on hard inputs out of scope.",
        tables.components,
        criterion=f"{ACCURATE} or more in scope; on hard inputs out of scope less than on all",
    ),
    Item(
        "scope_classifier",
        "table",
        "Architectures of the scope classifier",
        "Reading edit and input together (Cross) beats comparing their embeddings (Embed) on fact checking.",
        tables.scope_classifier,
        criterion="the best Cross against the best Embed",
    ),
    Item(
        "base_models",
        "table",
        "Other base models",
        "SERAC is trained without the base model, so that one trained SERAC serves others as well.",
        tables.base_models,
        criterion=f"ES − DD differs by at most {NEAR} between base models",
    ),
    Item(
        "cost",
        "table",
        "Cost of a forward pass",
        "In front of encoder–decoder models SERAC with 10 edits adds little latency (at most a tenth).",
        tables.cost,
    ),
    Item(
        "edit_scope",
        "figure",
        "The learned scope",
        "Inputs in scope lie near their edit, inputs out of scope do not.",
        figures.edit_scope,
        criterion="the median input in scope has a probability above 0.5, the median one out of scope below",
    ),
    Item("errors", "figure", "Right and wrong predictions", "Sampled predictions by category.", figures.errors),
    Item(
        "sequential_edits",
        "figure",
        "Edits one after another",
        "A memory keeps early edits however many follow; weights that are edited again and again lose them.",
        figures.sequential_edits,
        beyond=True,
        criterion=f"SERAC loses at most {NEAR} of ES from edit {figures.EARLY} to the last, FT, MEND and ENN more",
    ),
    Item(
        "threshold",
        "figure",
        "The routing threshold",
        "The paper's threshold of 0.5 is within 0.05 of the best one in ES − DD.",
        figures.threshold,
        beyond=True,
    ),
    Item(
        "per_kind",
        "figure",
        "Edit success by kind of input",
        "SERAC loses less from an edit's own question to its implications than LU, MEND and ENN do.",
        figures.per_kind,
        beyond=True,
        criterion="with Embed as with Cross",
    ),
    Item(
        "training_curves",
        "figure",
        "Training",
        "Every part that is trained for the main table improves on validation data.",
        figures.training_curves,
        beyond=True,
        criterion="its best validation is better than its first",
    ),
    Item(
        "memory_scaling",
        "figure",
        "Large memories",
        "With Embed, latency with the largest memory is at most 1.5 times that with the smallest.",
        figures.memory_scaling,
        beyond=True,
    ),
    Item("rules", "table", "What the run cost", "Time and memory by rule of the workflow.", beyond=True),
)
