"""A page in the browser that edits a model: ``serac demo``."""
