"""Sphinx configuration: ``sphinx-build -W docs docs/_build`` (``make docs``)."""

from importlib.metadata import version as installed_version

project = "SERAC, reproduced"
author = "The SERAC reproduction's authors"
release = installed_version("serac-reproduction")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.apidoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "SERAC, reproduced"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing", "ref.python"]  # the second: names such as `kind` that several classes have

apidoc_modules = [
    {
        "path": "../src/serac",
        "destination": "api",
        "separate_modules": False,
        "module_first": True,
        "max_depth": 2,
    }
]
autodoc_mock_imports = ["nicegui", "starlette"]  # fastapi cannot be imported while type checking is pretended
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
