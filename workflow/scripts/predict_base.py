"""Ask the base model about every validation and test input, once for all editors."""

from serac.workflow import Job, device, folder, start

snakemake: Job
start(snakemake, torch=True)

from serac.evaluation.base_outputs import BaseOutputs
from serac.models.loading import load_base
from serac.records import read_examples

params = snakemake.params
base, task = load_base(folder(snakemake.input.base), params.task, params.max_length, device(snakemake))
for examples, target in zip(snakemake.input.examples, snakemake.output, strict=True):
    BaseOutputs.predict(
        base,
        task,
        read_examples(examples),
        batch_size=params.batch_size,
        generate=params.generate,
        scratch=folder(target),
    ).save(target)
