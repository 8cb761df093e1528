"""What each registered item needs and writes, from its own declaration."""

from snakemake.io import report as in_report

from serac.paper.item import record_file
from serac.paper.making import parameters
from serac.paper.registry import ITEMS


def item_values(name):
    """What an item depends on besides its inputs."""
    return parameters(ITEMS[name], settings.paper.settings_of(name), settings, settings.bootstrap)


def is_shown(name):
    """An item is omitted if its problems are not run, or, in a partial run, if it has no results at all."""
    cells = ITEMS[name].cells(settings.paper.settings_of(name), settings)
    return cells is not None and (not cells or ITEMS[name].about_run or bool(there([cell.file for cell in cells])))


def there(files):
    """Files that must exist: all of them, or in a partial run those that do exist."""
    return [file for file in files if not settings.paper.partial or Path(file).exists()]


def item_inputs(name):
    """Files of its cells; for an item about the run, what all other items have written."""
    if ITEMS[name].about_run:
        return [file for other in SHOWN if not ITEMS[other].about_run for file in ITEMS[other].files(RUN, other)]
    return there(dict.fromkeys(cell["file"] for cell in VALUES[name]["cells"]))


def item_outputs(name):
    """Its output files; Snakemake's report shows the one that a browser can open."""
    item = ITEMS[name]
    return [
        (
            in_report(
                file,
                caption="../report/item.rst",
                category=item.category,
                labels={"item": item.title},
            )
            if file.endswith((".png", ".csv"))
            else file
        )
        for file in item.files(RUN, name)
    ]


SHOWN = [name for name in ITEMS if is_shown(name)]
VALUES = {name: item_values(name) for name in SHOWN}
OUTCOMES = there(
    dict.fromkeys(
        cell["file"] for name in SHOWN for cell in VALUES[name]["cells"] if cell["file"].startswith(f"{RUN}/outcomes/")
    )
)
"""All outcomes that some item shows."""
