"""Write the table of SERAC's components."""

from serac.workflow import grouped, start

start(snakemake)

from serac.paper.names import problem_name
from serac.paper.table_components import tabulate_components

params = snakemake.params
files = grouped(params.editors, snakemake.input)
tabulate_components(files, snakemake.output, problem=problem_name(params.problem))
