"""A finished run as an RO-Crate (https://w3id.org/ro/crate): results, configuration, provenance, workflow.

It follows the profile Workflow Run Crate: the workflow, its inputs by checksum, what it made, when and where.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serac.errors import ConfigError, MissingPackageError
from serac.workflow.provenance import Record, checksum, device_of, read_records

RESULTS = ("REPORT.md", "claims.csv", "results.csv", "tables/*", "figures/*", "items/*.json")
CODE = ("config", "workflow", "requirements.txt", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}


def export_crate(run: Path, target: Path, *, code: Path = Path(".")) -> Path:
    """Write the run in ``results/{run}`` to the new folder ``target``; ``code`` holds the Snakefile.

    Raises ``ConfigError`` if the run is not finished or ``target`` exists, ``MissingPackageError`` without ``rocrate``.
    """
    if not (run / "REPORT.md").is_file() or not (code / "Snakefile").is_file():
        raise ConfigError(f"{run} is not a finished run, or {code} has no Snakefile. Hint: run snakemake there first")
    if target.exists():
        raise ConfigError(f"{target} exists. Hint: choose a new folder")
    try:
        from rocrate.model import ContextEntity
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise MissingPackageError("the package rocrate is missing. Hint: pip install 'rocrate>=0.16'") from error
    records = read_records([run])
    made = [record.made for record in records]
    crate = ROCrate(version="1.1")  # which the profiles build on
    crate.name = f"SERAC, run {run.name}"
    crate.description = f"Tables and figures of memory-based model editing, from the run '{run.name}' of the workflow"
    crate.license = "https://spdx.org/licenses/MIT"

    def describe(id: str, type: str, **properties: Any) -> Any:
        return crate.add(ContextEntity(crate, id, properties={"@type": type, **properties}))

    profiles = [describe(id, "CreativeWork", name=name, version=id.rpartition("/")[2]) for id, name in PROFILES.items()]
    crate.root_dataset["conformsTo"] = profiles
    language = {"lang": "snakemake", "lang_version": made[0]["versions"]["snakemake"]}
    workflow = crate.add_workflow(code / "Snakefile", "Snakefile", main=True, **language)
    workflow["version"] = ", ".join(sorted({one["commit"] for one in made}))
    for name in CODE:
        source = code / name
        if source.is_dir():
            crate.add_dataset(source, name, properties={"name": name})
        elif source.is_file():
            crate.add_file(source, name)
    files = [file for pattern in RESULTS for file in sorted(run.glob(pattern))]
    results = [
        crate.add_file(file, file.relative_to(run).as_posix(), properties={"sha256": checksum(file)}) for file in files
    ]
    results.append(crate.add_dataset(run / "provenance", "provenance", properties={"name": "one record for each job"}))
    settings = crate.add_file(run / "config.yaml", "config.yaml", properties={"name": "the run's whole configuration"})
    inputs = [
        describe(f"#{path}", "CreativeWork", name=path, identifier=f"sha256:{digest}")
        for path, digest in _raw_data(run, records).items()
    ]
    describe(
        "#run",
        "CreateAction",
        name=f"Run {run.name}",
        instrument=workflow,
        object=[settings, *inputs],
        result=results,
        startTime=_time(min(record.started for record in records)),
        endTime=_time(max(record.started + record.seconds for record in records)),
        actionStatus={"@id": "http://schema.org/CompletedActionStatus"},
        description="; ".join(sorted({device_of(one) for one in made})),
    )
    crate.root_dataset["mentions"] = [crate.dereference("#run")]
    try:
        crate.write(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return target


def _raw_data(run: Path, records: Sequence[Record]) -> dict[str, str]:
    """SHA-256 of what jobs outside the run made and its jobs read."""
    read = {path for record in records for path in record.inputs if path.startswith("resources/")}
    worlds = {run.parents[1].joinpath(*Path(path).parts[:2]) for path in read}
    made = {path: digest for record in read_records(worlds) for path, digest in record.outputs.items()}
    return {path: made[path] for path in sorted(read & made.keys())}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
