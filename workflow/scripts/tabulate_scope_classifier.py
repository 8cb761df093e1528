"""Write the table of scope classifiers."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_scope_classifier import tabulate_scope_classifier

params = snakemake.params
tabulate_scope_classifier(
    snakemake.input.results, snakemake.output, k=params.k, problems=params.problems, classifiers=params.editors
)
