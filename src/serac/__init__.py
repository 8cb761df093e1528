"""SERAC: memory-based model editing, its baselines and their evaluation (Mitchell et al., ICML 2022)."""

__version__ = "0.1.0"
