"""The structure of the source: imports point downwards, no two modules import each other, names are not reused."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import serac

PACKAGE = Path(serac.__file__).parent
ORDER = (
    ("errors", "forkserver", "file_bytes"),
    ("config", "checkpoint_file"),
    ("registry", "records"),
    ("sources",),
    ("problems",),
    ("tasks", "training"),
    ("models",),
    ("editors",),
    ("evaluation",),
    ("paper",),
    ("settings",),
    ("workflow", "wrapping"),
    ("page",),
    ("cli",),
    ("__init__",),
)
"""Parts of the package, lowest first; a part imports from lower levels and from itself only."""

SAME_THING = {
    "__init__": "packages",
    "__main__": "programs run with python -m",
    "base": "the base class of a package",
    "registry": "the registry of a package",
    "names": "what may be named in a configuration, and what the paper calls it",
    "convsent": "one problem: its generated raw data and its records",
    "nq": "one problem: its generated and its real raw data",
    "vitaminc": "one problem: its generated raw data and its records",
    "zsre": "one problem: its generated and its rebuilt raw data, and its records",
    "world": "the generated world and its settings",
    "training": "training, its settings and that of SERAC's parts",
}
"""Names that several modules share, and what they have in common."""


def modules() -> dict[str, Path]:
    """Files of the package by their dotted names."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(node: ast.AST, known: dict[str, Path], *, lazy: bool) -> Iterator[str]:
    """Modules of the package that are imported below ``node``; with ``lazy``, inside functions and for types too."""
    for child in ast.iter_child_nodes(node):
        if not lazy and (isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) or is_for_types_only(child)):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name in known)
        elif isinstance(child, ast.ImportFrom) and child.module is not None:
            assert child.level == 0, f"relative import of {child.module}"
            for alias in child.names:
                submodule = f"{child.module}.{alias.name}"
                if submodule in known or child.module in known:
                    yield submodule if submodule in known else child.module
        else:
            yield from imports(child, known, lazy=lazy)


def graph(*, lazy: bool) -> dict[str, set[str]]:
    known = modules()
    return {name: set(imports(ast.parse(path.read_text()), known, lazy=lazy)) for name, path in known.items()}


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def test_every_part_of_the_package_has_its_level() -> None:
    assert {part(name) for name in modules()} == {name for level in ORDER for name in level}


def test_imports_point_downwards() -> None:
    level = {name: number for number, names in enumerate(ORDER) for name in names}
    upwards = [
        f"{module} imports {imported}"
        for module, targets in graph(lazy=True).items()
        for imported in targets
        if part(module) != part(imported) and level[part(imported)] >= level[part(module)]
    ]
    assert upwards == []


def test_evaluation_knows_editors_by_their_interface_alone() -> None:
    assert "serac.editors.base" in graph(lazy=True)["serac.evaluation.scoring"]
    inside = {
        (module, imported)
        for module, targets in graph(lazy=True).items()
        for imported in targets
        if part(module) in {"evaluation", "paper"} and part(imported) == "editors" and imported != "serac.editors.base"
    }
    assert inside == set()


def test_no_modules_import_each_other() -> None:
    TopologicalSorter(graph(lazy=False)).prepare()  # raises CycleError, which names the circle


def test_no_two_modules_share_a_name_unless_they_are_about_the_same() -> None:
    places = defaultdict(list)
    for path in modules().values():
        if path.parent.name == "items" and path.stem != "__init__":
            continue  # named after the table or figure that it makes
        places[path.stem].append(str(path.relative_to(PACKAGE)))
    shared = {name: files for name, files in places.items() if len(files) > 1}
    assert shared.keys() == SAME_THING.keys(), shared


@pytest.mark.parametrize("package", ["serac", "serac.editors", "serac.evaluation", "serac.problems"])
def test_public_names_exist_and_are_documented(package: str) -> None:
    module = import_module(package)
    assert set(module.__all__) <= set(dir(module))
    assert len(set(module.__all__)) == len(module.__all__)
    known = modules()
    for name in module.__all__:
        assert f"{package}.{name}" not in known, f"{name} is the name of a module, which would take its place"
        public = getattr(module, name)
        assert public.__doc__, f"{package}.{name} has no docstring"
    with pytest.raises(AttributeError, match="Nonesuch"):
        _ = module.Nonesuch


def test_importing_packages_does_not_import_what_they_export() -> None:
    program = (
        "import sys, serac, serac.editors, serac.evaluation, serac.problems\n"
        "assert not {'torch', 'transformers', 'snakemake', 'pandas', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
