"""Write the raw files of the generated world."""

from serac.workflow import folder, start

start(snakemake)

from serac.config.world import WorldSize
from serac.sources.miniature import generate_world

world = snakemake.params.world
generate_world(folder(snakemake.output).parent, seed=world["seed"], size=WorldSize(**world["size"]))
