"""The command ``serac``."""
