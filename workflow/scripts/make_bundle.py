"""Publish an editor's trained parts with what this run measured of them."""

import json
from pathlib import Path

from serac.workflow import Job, folder, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import BootstrapSettings
from serac.evaluation.metrics import METRICS, OutcomesFile, aggregate
from serac.workflow.provenance import origin
from serac.wrapping.bundle import write_bundle

files, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
measured = aggregate(wildcards.run, [OutcomesFile.from_path(files.outcomes)], BootstrapSettings())
overall = measured[(measured["subset"] == "all") & measured["metric"].isin(METRICS)]
counterfactual = folder(files.counterfactual)
adapter = json.loads((counterfactual / "counterfactual.json").read_text(encoding="utf-8"))["lora"]
target = folder(snakemake.output)
write_bundle(
    target,
    folder(files.scope),
    counterfactual,
    name=f"serac-{wildcards.run}-{target.name}",
    data=params.data,
    licence=params.licence,
    base=params.base if adapter else None,
    origin=origin(files.outcomes),
    metrics=dict(zip(overall["metric"], overall["value"], strict=True)),
    threshold=json.loads(Path(files.tuning).read_text(encoding="utf-8"))["best"]["threshold"],
)
