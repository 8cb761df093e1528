"""Sample completions about one batch of topics; a killed job goes on where it was."""

import json
import shutil
from pathlib import Path

from serac.workflow import Job, device, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

from serac.config.sources import SamplingSettings
from serac.problems.convsent import TEMPLATES
from serac.sources.rebuilt.opinions import ModelSpeaker, sample_topics

files, wildcards = snakemake.input, snakemake.wildcards
settings = SamplingSettings(**snakemake.params.sampling)
first = int(wildcards.batch) * settings.topics_per_job
topics = json.loads(Path(files.topics).read_text(encoding="utf-8"))[wildcards.part]
speaker = ModelSpeaker(folder(files.generator), folder(files.classifier), settings, device(snakemake))
with training_folder(snakemake) as work:
    sampled = work / "topics.jsonl"
    sample_topics(topics[first : first + settings.topics_per_job], TEMPLATES, speaker, settings, sampled)
    shutil.copyfile(sampled, snakemake.output[0])
