"""The paper's scale without a download: every source and model family in miniature, served by this machine.

``config/paper.yaml`` with smaller numbers runs through its own rules, retrieval included, to the tables.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from safetensors import safe_open
from transformers import AutoTokenizer

from hub_models import REPOSITORIES, write_hub
from local_server import Server, files_of, serve
from serac.config.world import WorldSize
from serac.models.tokenizers import raw_texts
from serac.settings import Settings, load
from serac.sources.miniature import generate_world
from snakemake_runs import ROOT, snakemake

PAPER = ROOT / "config/paper.yaml"
SIZE = WorldSize(
    zsre_train=40, zsre_dev=20, zsre_test=20, vitaminc_pages_train=12, vitaminc_pages_dev=6, vitaminc_pages_test=6,
    convsent_topics_train=8, convsent_topics_dev=4, convsent_topics_test=4, nq=30, dialogue=100,
)  # fmt: skip
TINY = {
    "steps": 2, "batch_size": 2, "accumulate": 2, "validate_every": 1, "validation_examples": 2, "patience": 1,
    "warmup": 0,
}  # fmt: skip
K = 2
ELSEWHERE = {
    "copy_source_file", "generate_model", "measure_routing", "publish_results", "write_facts",
}  # fmt: skip
"""Rules that this configuration has no use for."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("internet")
    publish_data(root)
    write_hub(root, sorted(set(raw_texts(root / "raw", ["zsre", "vitaminc", "fever", "convsent"]))))
    with serve(root) as running:
        yield running


def publish_data(root: Path) -> None:
    """The generated world as its sources publish it: an archive, data sets of the hub, single files."""
    raw = root / "raw"
    generate_world(raw, seed=0, size=SIZE)
    with zipfile.ZipFile(root / "serac.zip", "w") as archive:
        for source, folder in {"zsre": "zsre", "vitaminc": "vitaminc"}.items():
            for path in files_of(raw / source):
                if not path.name.startswith(("impl_", "zsre_yn_")):  # rebuilt
                    archive.write(path, f"data/{folder}/{path.name}")
    for folder in ("fever", "datasets/tals/vitaminc", "datasets/google-research-datasets/nq_open/nq_open"):
        (root / folder).mkdir(parents=True)
    for name, upstream in {"train": "train", "dev": "shared_task_dev"}.items():
        (root / f"fever/{upstream}.jsonl").write_bytes((raw / f"fever/{name}.jsonl").read_bytes())
    (root / "datasets/zjunlp/KnowEdit/benchmark/Convsent").mkdir(parents=True)
    for path in files_of(raw / "convsent"):
        (root / "datasets/zjunlp/KnowEdit/benchmark/Convsent" / path.name).write_bytes(path.read_bytes())
    for path in files_of(raw / "vitaminc"):
        (root / "datasets/tals/vitaminc" / path.name).write_bytes(path.read_bytes())
    for split in ("train", "validation"):
        native = json.loads((raw / f"nq/{split}.json").read_text())
        answers = [[answer] if isinstance(answer, str) else answer for answer in native["answers"]]
        rows = pd.DataFrame({"question": native["questions"], "answer": answers})
        rows.to_parquet(root / f"datasets/google-research-datasets/nq_open/nq_open/{split}-00000-of-00001.parquet")


def overrides(server: Server) -> dict[str, Any]:
    """Smaller numbers, one seed, and the fewest editors that use every model family and every rule."""
    settings = load(ROOT / "config/config.yaml", PAPER)
    return {
        "run": {"device": "cpu", "needs": {kind: {"mem_mb": 1000, "runtime": 5} for kind in settings.run.needs}},
        "releases": {"serac": {"address": server.url("serac.zip")}, "fever": {"address": server.url("fever")}},
        "sources": {"convsent": {"release": "knowedit"}, "zsre": {"rebuilt": True}},
        "seeds": {"training": [0], "evaluation": [0]},
        "problems": {name: smaller(settings, name, editors) for name, editors in EDITORS.items()},
        "editors": {"mend": {"rank": 8}},
        "evaluation": {"edits": 4, "least_batches": 2},
        "tuning": {"edits": 2, "candidates": {e: [dict(c[0])] for e, c in settings.tuning.candidates.items()}},
        "bootstrap": {"resamples": 20},
        "paper": ITEMS,
    }


EDITORS = {"qa": ["serac_embed"], "qa_hard": ["serac_cross_large"], "fc": ["mend"], "convsent": ["serac_cross"]}
ITEMS = {
    "k": K,
    "k_by_problem": {"convsent": K},
    "batched_edits": {"editors": ["serac_embed"], "ks": [K]},
    "scope_classifier": {
        "problems": ["qa_hard"], "editors": {"serac_embed": None, "serac_embed_large": None, "serac_cross": None}
    },
    "components": {"problem": "qa", "editors": ["serac_embed"]},
    "base_models": {
        "problems": ["qa"],
        "models": {"bart": {"train": TINY}, "gpt2": {"train": TINY}},
    },
    "cost": {
        "editors": {"qa_hard": None, "fc": None, "convsent": None},
        "edits": 2, "batch_size": 2, "warmup": 0, "repeats": 1,
    },
    "edit_scope": {"problem": "qa", "edits": 2, "inputs": 2},
    "errors": {"problem": "qa", "editor": "serac_embed", "examples": 2},
    "sequential_edits": {"editors": ["serac_embed"], "checkpoints": [1, 2]},
    "threshold": {"problem": "qa", "editors": ["serac_embed"]},
    "large_memory": {"sizes": [40, 60], "asked": 40, "asked_of_cross": 20, "approximate_above": 50},
    "memory_scaling": {
        "sizes": [1, 4], "batch_sizes": [1], "base": "miniature", "counterfactual": "miniature",
        "encoder": "miniature", "repeats": 1, "reference_limit": 4,
    },
}  # fmt: skip


def smaller(settings: Settings, name: str, editors: list[str]) -> dict[str, Any]:
    problem = settings.problems[name]
    section: dict[str, Any] = {
        "editors": editors,
        "scope": {classifier: {"train": TINY} for classifier in problem.scope},
        "counterfactual": {"train": TINY},
        "training": dict.fromkeys(problem.training, TINY),
    }
    if problem.base and problem.base.train:
        section["base"] = {"train": TINY}
    if name == "qa":
        section["data"] = {"nq": True, "splits": {"test": "dev"}}  # retrieves NQ; as with KnowledgeEditor's files
    if name == "qa_hard":
        section["data"] = {"hard_negatives": {"num_neighbors": 8, "num_exclude": 2}}
    return section


@pytest.fixture(scope="session")
def paper(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the paper's configuration ran to the end on two cores."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(overrides(server), sort_keys=False))
    arguments = ("--cores", "2", "--show-failed-logs", "--configfile", PAPER, folder / "tiny.yaml")
    run = snakemake(
        folder, *arguments, HF_ENDPOINT=server.address, HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1"
    )
    assert run.returncode == 0, run.stdout[-8000:]
    return folder


def test_every_rule_of_the_paper_ran(paper: Path) -> None:
    listed = snakemake(paper, "--list-rules", "--configfile", PAPER, paper / "tiny.yaml").stdout
    rules = set(re.findall(r"^(\w+_\w+)$", listed, flags=re.M))
    logs = {
        path.name.removesuffix(".log")
        for part in ("resources", "results")
        for path in (paper / part / "paper/logs").iterdir()
    }
    assert rules - ELSEWHERE == logs


def test_every_table_is_there(paper: Path) -> None:
    main = pd.read_csv(paper / "results/paper/tables/main.csv")
    assert set(main["problem"]) == set(EDITORS)
    assert main[["es", "dd"]].notna().all(axis=None)
    bases = pd.read_csv(paper / "results/paper/tables/base_models.csv")
    assert set(bases["base"]) == {"base", "t5-small", "bart", "gpt2"}
    assert (paper / "results/paper/REPORT.md").stat().st_size > 1000


def test_the_lock_pins_what_no_revision_pinned(server: Server, paper: Path) -> None:
    lock = json.loads((paper / "config/lock.json").read_text())
    assert server.url("serac.zip") in lock
    assert server.url("fever/train.jsonl") in lock
    used = load(ROOT / "config/config.yaml", PAPER, paper / "tiny.yaml")
    for checkpoint in used.checkpoints.values():
        if (entry := lock.get(f"hf://{checkpoint.repo}")) and checkpoint.revision:
            assert entry["revision"] == checkpoint.revision
    assert lock["hf://distilbert/distilbert-base-cased"]["revision"] == server.commit(
        server.root / "models/distilbert/distilbert-base-cased"
    )


def test_models_are_read_as_they_were_published(server: Server, paper: Path) -> None:
    """Tokenizers give the same ids as the published ones; weights in PyTorch's format became safetensors."""
    settings = load(ROOT / "config/config.yaml", PAPER)
    text = "Which city is the birthplace of Lena Varga, born in 1987? T/F: it's so"
    read = 0
    for name, checkpoint in settings.checkpoints.items():
        folder = paper / "resources/paper/models" / name
        if not folder.exists():
            continue
        assert checkpoint.repo
        published, kept = (
            AutoTokenizer.from_pretrained(path) for path in (server.root / "models" / checkpoint.repo, folder)
        )
        assert kept(text).input_ids == published(text).input_ids, name
        with safe_open(folder / "model.safetensors", framework="pt") as weights:
            assert len(list(weights.keys())) > 10
        read += 1
    assert read == len(REPOSITORIES) - 1


def test_nothing_is_left_to_do(server: Server, paper: Path) -> None:
    run = snakemake(paper, "--dry-run", "--configfile", PAPER, paper / "tiny.yaml", HF_ENDPOINT=server.address)
    assert "Nothing to be done" in run.stdout, run.stdout[-2000:]
