"""Edit a model of your own: :func:`serac.wrap` puts a memory of edits in front of any Hugging Face model."""
