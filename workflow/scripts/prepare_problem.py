"""Turn raw records into the edit examples and the base model's data of one problem."""

import json
from pathlib import Path

from serac.workflow import Job, folder, start

snakemake: Job
start(snakemake, torch=True)

from serac.models.sentence_encoder import sentence_embedder
from serac.problems.base_pairs import write_pairs
from serac.problems.registry import PROBLEMS
from serac.records import write_examples

params, encoder = snakemake.params, snakemake.input.encoder
this = PROBLEMS[snakemake.wildcards.problem]
settings, raw = this.settings(**params.data), folder(snakemake.input.raw).parent
splits = this.prepare(raw, settings, sentence_embedder(str(folder(encoder))) if encoder else None, params.seed)
for path, examples in zip(snakemake.output.edits, (splits.train, splits.validation, splits.test), strict=True):
    write_examples(path, examples)
pairs = this.base_pairs(raw, settings, params.seed)
for path, part in zip(snakemake.output.base, (pairs.train, pairs.validation), strict=True):
    write_pairs(path, part)
Path(snakemake.output.report).write_text(json.dumps(splits.report.to_dict(), indent=1) + "\n", encoding="utf-8")
