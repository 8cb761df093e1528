"""SERAC: memory-based model editing, its baselines and their evaluation (Mitchell et al., ICML 2022).

``serac.wrap`` puts a memory of edits in front of a model of your own. ``__init__.pyi`` lists the public names; each is
imported when it is first used, so that ``import serac`` alone imports neither torch nor transformers.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
