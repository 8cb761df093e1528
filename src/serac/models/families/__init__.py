"""Families of base models: one module for each architecture of Hugging Face that the project builds, edits or sizes."""
