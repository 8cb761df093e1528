"""The graph of jobs that Snakemake would run, for everything that has to know jobs without running them.

Snakemake's API runs workflows but does not show their jobs: only this module uses Snakemake's internals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def plan(
    configs: Iterable[Path | str] = (), targets: Iterable[str] = (), *, profile: Mapping[str, Any] | None = None
) -> Any:
    """Snakemake's graph (its ``DAG``) of what ``targets`` (default: everything) need in the current folder.

    ``configs`` are merged on top of the default configuration; ``profile`` holds the keys of a profile, of which
    executor, resources and groups count.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.settings import types
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

    profile = profile or {}
    resources = types.ResourceSettings(
        cores=profile.get("cores", 1) if isinstance(profile.get("cores", 1), int) else 1,
        resources=profile.get("resources", {}),
        default_resources=profile.get("default-resources"),
        overwrite_resources=profile.get("set-resources", {}),
    )
    groups = types.GroupSettings(
        overwrite_groups=profile.get("groups", {}), group_components=profile.get("group-components", {})
    )
    with SnakemakeApi(types.OutputSettings(dryrun=True, quiet={types.Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=resources,
            config_settings=types.ConfigSettings(configfiles=[Path(path).resolve() for path in configs]),
            snakefile=ROOT / "Snakefile",
            workdir=Path.cwd(),
        )
        graph = workflow.dag(types.DAGSettings(targets=frozenset(targets)))
        graph.execute_workflow(executor="dryrun", group_settings=groups)
    planned = workflow._workflow
    planned._executor_plugin = ExecutorPluginRegistry().get_plugin(profile.get("executor", "local"))
    planned.dag._finished.clear()  # the dry run counts all jobs as done
    return planned.dag


def jobs(graph: Any) -> list[Any]:
    """The graph's jobs that still have to run."""
    return list(graph.needrun_jobs())


def submissions(graph: Any) -> list[Any]:
    """What a cluster's queue would get: jobs and groups of jobs, those left out that run where Snakemake runs."""
    graph.group_job_factory.cache.clear()  # groups that were merged before would be merged again
    graph.update_groups()
    entries = {id(entry): entry for job in jobs(graph) for entry in [graph.get_job_group(job) or job]}
    return [entry for entry in entries.values() if not entry.is_local]
