"""Choose the topics of ConvSent's files."""

import json
from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.sources.rebuilt.topics import choose_topics

params = snakemake.params
phrases = [
    line.strip()
    for file in ([snakemake.input.phrases] if snakemake.input.phrases else [])
    for line in Path(file).read_text(encoding="utf-8").splitlines()
    if line.strip()
]
topics, report = choose_topics(Path(snakemake.input.questions), phrases, params.counts, params.seed)
for content, file in zip((topics, report), snakemake.output, strict=True):
    Path(file).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
