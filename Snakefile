"""Memory-based model editing (SERAC), from raw data to every table and figure of the paper."""

from pathlib import Path

from snakemake.utils import min_version

from serac import forkserver

min_version("9.20")


configfile: Path(str(workflow.current_basedir)) / "config" / "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/problems.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/editors.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/item_functions.smk"
include: "workflow/rules/items.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/bundles.smk"


onstart:
    forkserver.serve()


# One GPU holds one training job; `--resources gpu=3` on the command line overrides this cap.
workflow.global_resources.setdefault("gpu", 1)


report: "workflow/report/workflow.rst"


wildcard_constraints:
    run=choice([settings.run.name]),
    world=choice([settings.world.name]),
    problem=choice(settings.problems.configured()),
    editor=choice(settings.editors),
    k=r"\d+",
    seed=r"\d+",
    split=choice(SPLITS),


localrules:
    all,
    data,
    models,
    tables,
    figures,
    readme,
    bundle,


rule all:
    default_target: True
    input:
        rules.tables.input,
        rules.figures.input,
        f"{RUN}/REPORT.md",
        f"{RUN}/config.yaml",
        rules.bundle.input,
