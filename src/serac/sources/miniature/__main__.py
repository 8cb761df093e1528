"""Generate the miniature world by hand: ``python -m serac.sources.miniature --out DIR --seed 0``."""

from __future__ import annotations

import argparse
from pathlib import Path

from serac.config.world import WorldSize
from serac.sources.miniature import generate_world


def main() -> None:
    """Read the command line and write the world."""
    parser = argparse.ArgumentParser(prog="python -m serac.sources.miniature", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the raw files")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generate_world(arguments.out, seed=arguments.seed, size=WorldSize())


if __name__ == "__main__":
    main()
