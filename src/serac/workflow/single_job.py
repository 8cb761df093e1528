"""One job of the workflow as a plain Python program, for machines without Snakemake.

    python -m serac.workflow.single_job --write jobs/ --configfile config/paper.yaml   # with Snakemake: a file per job
    python -m serac.workflow.single_job jobs/train_counterfactual-paper-qa-seed0.json  # without: the same script

Both run in the folder that holds ``results`` and ``resources``.
"""

from __future__ import annotations

import argparse
import json
import runpy
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

from serac.errors import ConfigError, MissingSourceError, SeracError
from serac.workflow.graph import ROOT, jobs, plan


class Named(list[Any]):
    """Values in order, some of them (or runs of them) also by name: what scripts know as ``snakemake.input``."""

    def __init__(self, values: Iterable[Any], named: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._named = dict(named)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_named"][name]
        except KeyError:
            raise AttributeError(f"{name!r} is not one of {', '.join(self._named)}") from None

    def __getitem__(self, key: Any) -> Any:
        return getattr(self, key) if isinstance(key, str) else super().__getitem__(key)

    def keys(self) -> Iterable[str]:
        """Names, in order."""
        return self._named.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names with their values."""
        return self._named.items()

    def get(self, name: str, default: Any = None) -> Any:
        """The value called ``name``, or ``default``."""
        return self._named.get(name, default)


def run(file: Path | str) -> None:
    """Run the job that ``file`` describes, in the current folder.

    Raises ``ConfigError`` if the file does not describe a job, ``MissingSourceError`` if an input is not there.
    """
    job = _read(Path(file))
    script = (SCRIPTS / job.script).resolve()
    if script.parent != SCRIPTS or script.suffix != ".py" or not script.is_file():
        raise ConfigError(
            f"{file} names the script {job.script!r}, which is not one of the workflow's. "
            "Hint: write job files with python -m serac.workflow.single_job --write"
        )
    missing = [path for path in job.input if not Path(path).exists()]
    if missing:
        raise MissingSourceError(
            f"{file} needs {missing[0]}{f' and {len(missing) - 1} more files' if missing[1:] else ''}. Hint: run the "
            "jobs that make them first, or copy them here"
        )
    for path in (*job.output, *job.log):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    runpy.run_path(str(script), init_globals={"snakemake": job})


def _read(file: Path) -> SimpleNamespace:
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        parts = {part: Named(**raw.pop(part)) for part in PARTS}
        return SimpleNamespace(**parts, **{key: raw[key] for key in ("rule", "script", "config")})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{file} does not describe a job ({error}). Hint: write one with python -m serac.workflow.single_job "
            "--write"
        ) from None


# --- writing job files, with Snakemake ---------------------------------------------------------------
SCRIPTS = ROOT / "workflow/scripts"
PARTS = ("input", "output", "params", "wildcards", "log", "resources")


def write_jobs(folder: Path, configs: Iterable[Path], targets: Iterable[str] = ()) -> list[Path]:
    """One file for every job with a script that ``targets`` (default: everything) still need; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for job in jobs(plan(configs, targets)):
        if job.rule.script is None:
            continue
        parts = {part: _named(getattr(job, part)) for part in PARTS if part != "resources"}
        description = {
            "rule": job.rule.name,
            "script": Path(str(job.rule.script)).name,
            "config": {"run": {"device": job.rule.workflow.config["run"]["device"]}},
            **parts,
            "resources": {"values": [], "named": {k: v for k, v in job.resources.items() if isinstance(v, (int, str))}},
        }
        file = folder / f"{'-'.join([job.rule.name, *map(_label, job.wildcards_dict.items())])}.json"
        file.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
        written.append(file)
    return sorted(written)


def _named(values: Any) -> dict[str, Any]:
    return {"values": list(map(_plain, values)), "named": {name: _plain(value) for name, value in values.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(_plain, value))
    return value if isinstance(value, (bool, int, float, type(None))) else str(value)


def _label(wildcard: tuple[str, str]) -> str:
    name, value = wildcard
    return f"{name}{value}" if value.isdigit() else value.replace("/", "_")


def main(arguments: list[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m serac.workflow.single_job", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("jobs", nargs="*", help="job files to run, one after another; with --write: targets")
    parser.add_argument(
        "--write", type=Path, metavar="FOLDER", help="write job files to this folder instead of running jobs"
    )
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help="with --write: as for snakemake")
    options = parser.parse_args(arguments)
    if options.write:
        print(*write_jobs(options.write, options.configfile, options.jobs), sep="\n")
    elif not options.jobs:
        parser.error("name a job file, or a folder with --write")
    elif len(options.jobs) == 1:
        run(options.jobs[0])
    else:
        for job in options.jobs:
            subprocess.run([sys.executable, "-m", "serac.workflow.single_job", job], check=True)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, SeracError):
        print(f"{kind.__name__}: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


if __name__ == "__main__":
    sys.excepthook = _report
    main()
