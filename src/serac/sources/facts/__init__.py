"""Real facts: tables of subjects and answers, and how each relation is asked about, joined into one JSON-lines file."""

from serac.sources.facts.build import write_facts

__all__ = ["write_facts"]
