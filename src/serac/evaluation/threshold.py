"""What a routing editor's threshold decides: each input's value if it is routed and if it is not."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from serac.config.evaluation import EvaluationSettings
from serac.editors.base import Editor
from serac.errors import ConfigError
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.scoring import evaluate_at_thresholds
from serac.records import EditExample

COLUMNS = ["batch", "seed", "edit_id", "scope", "kind", "hard", "beta"]


def threshold_outcomes(
    editor: Editor,
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: EvaluationSettings,
    seeds: Sequence[int],
    *,
    k: int,
) -> pd.DataFrame:
    """``COLUMNS``, ``value_routed`` and ``value_base`` of every scored thing.

    An input is routed if ``beta`` > threshold, so that ES or DD at any threshold in [0, 1] is the mean of
    ``value_routed`` where ``beta`` is larger and of ``value_base`` elsewhere. Raises ``ConfigError`` for an editor
    without a routing threshold.
    """
    settings = settings.model_copy(update={"generated_batches": 0})
    name = editor.threshold_name
    if name is None:
        raise ConfigError(
            f"the editor {editor.name!r} has no routing threshold. Hint: remove it from paper.threshold.editors, or "
            "set its routing mode to hard"
        )
    routed, base = evaluate_at_thresholds(
        editor.tuned(**{name: 0.0}), (0.0, 1.0), examples, base_outputs, settings, seeds, k=k
    )
    return routed[COLUMNS].assign(value_routed=routed["value"], value_base=base["value"])
