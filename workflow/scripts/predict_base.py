"""Ask the base model about every input of a split, once for all editors."""

from serac.workflow import device, folder, start

start(snakemake)

from serac.evaluation.base_outputs import BaseOutputs, queries_of
from serac.models.loading import load_base
from serac.records import read_examples

params = snakemake.params
base, task = load_base(folder(snakemake.input.base), params.task, params.max_length, device(snakemake))
queries = queries_of(read_examples(snakemake.input.examples))
outputs = BaseOutputs.predict(base, task, queries, batch_size=params.batch_size, generate=params.generate)
outputs.save(snakemake.output[0])
