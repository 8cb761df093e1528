"""SERAC: memory-based model editing, its baselines and their evaluation (Mitchell et al., ICML 2022).

``serac.wrap`` puts a memory of edits in front of a model of your own. Names are imported when they are first used:
``import serac`` alone imports neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serac._exports import exported

if TYPE_CHECKING:
    from serac.errors import ConfigError as ConfigError
    from serac.errors import SeracError as SeracError
    from serac.records import Edit as Edit
    from serac.records import EditExample as EditExample
    from serac.records import Query as Query
    from serac.wrapping.edit_log import StoredEdit as StoredEdit
    from serac.wrapping.opening import load as load
    from serac.wrapping.opening import wrap as wrap
    from serac.wrapping.own_parts import train_counterfactual as train_counterfactual
    from serac.wrapping.own_parts import train_scope as train_scope
    from serac.wrapping.wrapped_model import Answer as Answer
    from serac.wrapping.wrapped_model import WrappedModel as WrappedModel

__version__ = "0.1.0"
__all__ = [  # noqa: RUF022
    "wrap",
    "load",
    "train_scope",
    "train_counterfactual",
    "WrappedModel",
    "Answer",
    "StoredEdit",
    "Edit",
    "Query",
    "EditExample",
    "SeracError",
    "ConfigError",
]
__getattr__, __dir__ = exported(
    __name__,
    {
        "errors": ("SeracError", "ConfigError"),
        "records": ("Edit", "Query", "EditExample"),
        "wrapping.edit_log": ("StoredEdit",),
        "wrapping.own_parts": ("train_scope", "train_counterfactual"),
        "wrapping.opening": ("wrap", "load"),
        "wrapping.wrapped_model": ("WrappedModel", "Answer"),
    },
)
