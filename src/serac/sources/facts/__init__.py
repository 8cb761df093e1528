"""Real facts: tables of subjects and answers, joined with the wordings of each relation into one JSON-lines file."""

from serac.sources.facts.build import write_facts

__all__ = ["write_facts"]
