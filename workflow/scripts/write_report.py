"""Write the report of the run: what the paper claims, what this run shows."""

import os
from pathlib import Path

from serac.workflow import grouped, start

start(snakemake)

from serac.paper.names import editor_name, problem_name
from serac.paper.report import write_report
from serac.paper.run import read_run
from serac.workflow.provenance import origin

files, params = snakemake.input, snakemake.params


def only(suffix, paths):
    return [path for path in paths if Path(path).suffix == suffix]


run = read_run(
    k=params.k,
    results=files.results,
    tables=only(".csv", files.tables),
    sequential_edits=grouped(params.sequential_edits, files.sequential_edits) if files.sequential_edits else None,
    threshold=grouped(params.threshold, files.threshold) if files.threshold else None,
    edit_scope=files.edit_scope[0] if files.edit_scope else None,
    errors=files.errors,
    memory_scaling=files.memory_scaling,
    training=grouped(params.training, files.training),
    batched_problem=params.batched_problem,
)
subjects = {
    item: ", ".join([problem_name(problem), *map(editor_name, editors)])
    for item, (problem, *editors) in params.subjects.items()
}
made = origin(files.provenance)
write_report(
    run,
    snakemake.output[0],
    name=snakemake.wildcards.run,
    tables=only(".md", files.tables),
    figures=only(".png", files.figures),
    about={
        **made,
        "cores": os.cpu_count(),
        "seeds of evaluation": len(params.seeds["evaluation"]),
        "seeds of training": len(params.seeds["training"]),
    },
    subjects=subjects,
)
