"""Ask the base model about every validation and test input, once for all editors."""

from serac.workflow import Job, device, folder, start

snakemake: Job
start(snakemake, torch=True)

from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.batches import asked_examples
from serac.evaluation.prose import prose_windows
from serac.models.base_model import load_base
from serac.records import read_examples

params = snakemake.params
base, task = load_base(folder(snakemake.input.base), params.task, params.max_length, device(snakemake))
windows = prose_windows(task.tokenizer, params.prose) if params.prose else None
for split, file, target in zip(("validation", "test"), snakemake.input.examples, snakemake.output, strict=True):
    BaseOutputs.predict(
        base,
        task,
        asked_examples(read_examples(file), *params.asked[split]),
        batch_size=params.batch_size,
        generate=params.generate,
        scratch=folder(target),
        prose=windows if split == "test" else None,
    ).save(target)
