"""Editing problems: they turn raw data into edits with inputs in and out of scope.

``__init__.pyi`` lists the public names; the modules that hold them may change.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
