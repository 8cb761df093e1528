"""Make a table or figure, and the record of what it shows."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.errors import ConfigError
from serac.paper.making import data_of, make_item
from serac.paper.registry import ITEMS
from serac.workflow.provenance import origin

params, files = snakemake.params, list(snakemake.input)
item = ITEMS[params.item]
data = data_of(item, params.made_of, files, params.rules)
try:
    made = origin(*files) if files and not item.about_run else {}
except ConfigError as error:  # an input of an earlier version
    print(f"the report cannot say where these numbers come from: {error}")
    made = {}
*outputs, record = map(Path, snakemake.output)
make_item(params.item, item, data, outputs, record, made)
