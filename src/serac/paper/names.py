"""Printed names and order of problems, editors and kinds of input."""

from __future__ import annotations

from collections.abc import Iterable

from serac.evaluation.metrics import NO_EDIT
from serac.problems import registry

EDITORS = {
    NO_EDIT: "no edit",
    "ft": "FT",
    "lu": "LU",
    "mend": "MEND",
    "enn": "ENN",
    "rp": "RP",
    "serac_embed": "SERAC (Embed)",
    "serac_cross": "SERAC (Cross)",
    "serac_cross_large": "SERAC (Cross, large)",
    "serac_embed_large": "SERAC (Embed, large)",
}
PROBLEMS = {name: problem.title for name, problem in registry.PROBLEMS.items()}
KINDS = {kind: text for problem in registry.PROBLEMS.values() for kind, text in problem.kinds.items()}


def problem_name(key: str) -> str:
    """Printed name of a problem."""
    return PROBLEMS.get(key, key)


def editor_name(key: str) -> str:
    """Printed name of an editor."""
    return EDITORS.get(key, key)


def kind_name(key: str) -> str:
    """Printed name of a kind of input; ``refutes/date`` becomes ``refuted claim (date)``.

    >>> kind_name("some_kind/date")
    'some kind (date)'
    """
    head, _, revision = key.partition("/")
    name = KINDS.get(head, head.replace("_", " "))
    return f"{name} ({revision.replace('_', ' ')})" if revision else name


def in_order(keys: Iterable[str], names: dict[str, str]) -> list[str]:
    """Distinct keys in the order of ``names``; unknown ones last, by name.

    >>> in_order(["zebra", "ft", "serac", "ft"], {"serac": "SERAC", "ft": "FT"})
    ['serac', 'ft', 'zebra']
    """
    known = list(names)
    return sorted(set(keys), key=lambda key: (known.index(key) if key in names else len(known), key))


def kinds_in_order(kinds: Iterable[str]) -> list[str]:
    """Distinct kinds; those with a kind of revision follow their main kind."""
    heads = list(KINDS)
    return sorted(
        set(kinds),
        key=lambda kind: (heads.index(h) if (h := kind.partition("/")[0]) in KINDS else len(heads), kind),
    )
