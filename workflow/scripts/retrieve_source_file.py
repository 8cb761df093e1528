"""Retrieve one raw file from the internet."""

from pathlib import Path

from serac.workflow import start

start(snakemake)

from serac.sources.download import download

download(snakemake.params.url.format(file=snakemake.wildcards.file), Path(snakemake.output[0]))
