"""Score SERAC's scope classifier and counterfactual model alone."""

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.evaluation.batches import asked_examples
from serac.evaluation.components import component_outcomes
from serac.records import read_examples

editor, _ = load_editor(snakemake)
examples = asked_examples(read_examples(snakemake.input.examples), *snakemake.params.asked)
outcomes = component_outcomes(
    editor.classifier, editor.counterfactual, examples, editor.task, batch_size=snakemake.params.batch_size
)
outcomes.to_parquet(snakemake.output[0], index=False)
