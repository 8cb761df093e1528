"""Measure where a scope classifier routes real texts, with a threshold from validation edits."""

from serac.workflow import Job, device, folder, start

snakemake: Job
start(snakemake, torch=True)


from serac.editors.serac.classifiers import load_classifier
from serac.evaluation.routing_curve import choose_threshold, route_scores, routing_curve
from serac.paper.items.real_text import RealTextSettings
from serac.records import read_examples

settings = RealTextSettings(**snakemake.params.routing)
classifier = load_classifier(folder(snakemake.input.scope)).to(device(snakemake))
train, validation, test = map(read_examples, snakemake.input.examples)
threshold = choose_threshold(route_scores(classifier, validation, train), settings.false_alarms)
curve = routing_curve(classifier, test, [*validation, *train], settings.sizes, threshold)
curve.insert(0, "classifier", snakemake.wildcards.classifier)
curve.assign(seed=int(snakemake.wildcards.seed), threshold=threshold).to_csv(snakemake.output[0], index=False)
