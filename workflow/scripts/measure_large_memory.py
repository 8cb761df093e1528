"""Measure routing in memories of growing size, filled with made-up facts."""

from serac.workflow import Job, device, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import LargeMemorySettings
from serac.editors.serac.classifiers import load_classifier
from serac.editors.serac.large_memory_routing import measure

params = snakemake.params
embed, cross = (
    load_classifier(folder(files)).to(device(snakemake)) for files in (snakemake.input.embed, snakemake.input.cross)
)
with training_folder(snakemake) as work:
    table = measure(embed, cross, LargeMemorySettings(**params.settings), params.seed, work)
    table.to_csv(snakemake.output[0], index=False)
