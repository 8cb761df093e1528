"""Tables and figures: one rule for each registered item, from its own declaration."""

from snakemake.io import report as in_report

from serac.paper.item import record_file
from serac.paper.making import parameters
from serac.paper.registry import ITEMS

def item_values(name):
    """What an item depends on beside its inputs."""
    return parameters(ITEMS[name], settings.paper.settings_of(name), settings, settings.bootstrap)

def is_shown(name):
    """An item is left out where its problems are not run, and in a partial run where it has no results at all."""
    cells = ITEMS[name].cells(settings.paper.settings_of(name), settings)
    return cells is not None and (not cells or ITEMS[name].about_run or bool(there([cell.file for cell in cells])))

def there(files):
    """Files that are to be there: all, in a partial run those that exist."""
    return [file for file in files if not settings.paper.partial or Path(file).exists()]

def item_inputs(name):
    """Files of its cells; what all other items have written, for an item about the run."""
    if ITEMS[name].about_run:
        return [file for other in SHOWN if not ITEMS[other].about_run for file in ITEMS[other].files(RUN, other)]
    return there(dict.fromkeys(cell["file"] for cell in VALUES[name]["cells"]))

def item_outputs(name):
    """Its files, those that a reader can look at in Snakemake's report."""
    item = ITEMS[name]
    return [
        in_report(
            file,
            caption="../report/item.rst",
            category=item.category,
            labels={"item": item.title, "format": Path(file).suffix[1:]},
        )
        if item.form == "figure" or file.endswith(".csv")
        else file
        for file in item.files(RUN, name)
    ]

SHOWN = [name for name in ITEMS if is_shown(name)]
VALUES = {name: item_values(name) for name in SHOWN}
OUTCOMES = there(
    dict.fromkeys(
        cell["file"] for name in SHOWN for cell in VALUES[name]["cells"] if cell["file"].startswith(f"{RUN}/outcomes/")
    )
)
"""Outcomes that any item shows."""

for name in SHOWN:

    rule:
        name:
            f"make_{name}"
        input:
            item_inputs(name),
        output:
            item_outputs(name),
            record=record_file(RUN, name),
        log:
            f"{RUN}/logs/make_{name}.log",
        localrule: True
        conda:
            "../../envs/plotting.yaml"
        threads: 1
        resources:
            **needs("light"),
        params:
            item=name,
            made_of=VALUES[name],
            caption=VALUES[name]["caption"],
            rules=sorted(rule.name for rule in workflow.rules) if ITEMS[name].about_run else [],
        message:
            f"Making the {ITEMS[name].form} {name}"
        script:
            "../scripts/make_item.py"

rule aggregate_results:
    input:
        OUTCOMES,
    output:
        "results/{run}/results.csv",
    log:
        "results/{run}/logs/aggregate_results.log",
    conda:
        "../../envs/evaluation.yaml"
    threads: 1
    resources:
        **needs("light"),
    params:
        bootstrap=dump(settings.bootstrap),
    message:
        "Gathering all outcomes in one table"
    script:
        "../scripts/aggregate_results.py"

rule tables:
    input:
        [ITEMS[name].files(RUN, name) for name in SHOWN if ITEMS[name].form == "table"],
        f"{RUN}/results.csv",

rule figures:
    input:
        [ITEMS[name].files(RUN, name) for name in SHOWN if ITEMS[name].form == "figure"],
