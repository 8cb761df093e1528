"""Data rebuilt from raw text where no released file holds it: True/False statements, implications, completions."""
