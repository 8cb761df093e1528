"""The command ``serac``, and the package as a wheel."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import small_speakers
import tiny_models
from clean_environment import installed_wheel
from serac.cli.main import main
from serac.records import Edit, EditExample, Query, write_examples
from snakemake_runs import ROOT

SLOWEST = 60.0
"""Processor seconds until the first edit answers in a fresh environment; wall time if nothing else runs."""
OTHER_PARTS = """
from pathlib import Path
import serac.cli.machine, serac.editors, serac.wrapping.assessment, serac.wrapping.own_parts
print(next(folder for folder in Path(serac.__file__).parents if (folder / "environment").is_dir()))
"""


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("speaker")
    model, tokenizer = small_speakers.gpt2(chat=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    def run(*arguments: str, fails: bool = False) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["serac", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert bool(ended.value.code) == fails
        said = capsys.readouterr()
        return said.err if fails else said.out

    return run


def test_edits_are_added_asked_listed_moved_and_removed(command: Any, speaker: str) -> None:
    command("edit", "add", "Who leads France?", "Marie Dupont", "-m", speaker, "--source", "the news")
    said = command("ask", "Who is the leader of France?", "-m", speaker)
    assert said.startswith("Marie Dupont\n")
    assert "prompted base; edit 0" in said
    assert "the news" in command("edit", "list")
    command("edit", "export", "all.csv")
    command("edit", "remove", "0", "-m", speaker)
    assert command("ask", "Who leads France?", "-m", speaker).startswith("Jean Moulin\n")
    assert command("edit", "import", "all.csv", "-m", speaker) == "edits read from all.csv: 1\n"
    assert command("ask", "Who leads France?", "-m", speaker).startswith("Marie Dupont\n")
    assert "there is no edit ''" in command("edit", "remove", "", "-m", speaker, fails=True)


def test_evaluate_shows_each_kind(command: Any, speaker: str, tmp_path: Path) -> None:
    inside = (Query("Who is the leader of France?", "Marie Dupont", "rephrase"),)
    outside = (Query("Who wrote Faust?", "Goethe", "other"),)
    edit = Edit("Who leads France?", "Marie Dupont")
    write_examples(tmp_path / "edits.jsonl", [EditExample("one", "france", edit, inside, outside)])
    said = command("evaluate", "edits.jsonl", "-m", speaker)
    rephrased = next(line for line in said.splitlines() if "rephrase" in line)
    assert "ES" in rephrased
    assert rephrased.count("1.000") == 2
    assert not (tmp_path / "edits").exists()


def test_train_makes_a_bundle(command: Any, speaker: str, tmp_path: Path) -> None:
    write_examples(tmp_path / "births.jsonl", tiny_models.qa())
    said = command("train", "births.jsonl", "mine", "--steps", "2")
    assert "scope classifier" in said
    assert "serac.wrap(base, tokenizer, bundle='mine')" in said
    assert "births.jsonl" in (tmp_path / "mine/README.md").read_text()
    assert not (tmp_path / "mine.training").exists()
    said = command("ask", "Who wrote Faust?", "-m", speaker, "--bundle", "mine")
    assert said.startswith("Goethe\n")


def test_the_shell_completes_commands(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SERAC_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "serac d")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert command().split() == ["demo", "doctor"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "Who?", "-m", "./nowhere"], "Hint: give a Hugging Face folder"),
        (["edit", "list"], "holds no edit memory"),
        (["evaluate", "nothing.jsonl", "-m", "./nowhere"], "Hint: give a .jsonl file"),
        (["evaluate", sys.executable, "-m", "./nowhere"], "Hint: give a .jsonl file"),
        (["train", "nothing.jsonl", "mine"], "Hint: give a .jsonl file"),
        (["demo"], "Hint: give one with --model"),
        (["explain", "nothing.csv"], "nothing.csv"),
    ],
)
def test_errors_are_one_message(command: Any, arguments: list[str], message: str) -> None:
    said = command(*arguments, fails=True)
    assert "Error: " in said
    assert message in " ".join(said.split())
    assert "Traceback" not in said


def test_doctor_knows_the_machine(command: Any) -> None:
    said = " ".join(command("doctor").split())
    assert torch.backends.cpu.get_cpu_capability() in said
    assert f"torch │ {torch.__version__}" in said
    assert torch.cuda.is_available() or "No GPU: " in said


def test_importing_serac_is_quick_and_imports_no_torch() -> None:
    """The fastest of a few: the machine may be busy."""
    program = """
import sys, time
start = time.perf_counter()
import serac
print(time.perf_counter() - start)
assert not {"torch", "transformers", "snakemake"} & set(sys.modules)
"""
    command = [sys.executable, "-c", program]
    runs = [subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True) for _ in range(5)]
    assert min(float(run.stdout) for run in runs) < 0.3


def readme_example(model: str) -> tuple[str, str]:
    """README's program with another model, and what its comments say that it prints."""
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    said = re.findall(r"^print\(.*\)  # (.*)$", program, flags=re.M)
    assert program.count("Qwen/Qwen3-0.6B") == 1
    assert len(said) == program.count("print(")
    return program.replace("Qwen/Qwen3-0.6B", model), "".join(f"{line}\n" for line in said)


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_readmes_example_runs_from_the_wheel_in_a_clean_environment(tmp_path: Path, speaker: str) -> None:
    """Imports included, it answers within a minute. Parts that the example does not use can be imported there, too."""
    programs = installed_wheel(tmp_path)
    example, expected = readme_example(speaker)
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}

    def run(*command: str | Path) -> str:
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr[-3000:]
        return ended.stdout

    before = seconds_of_children()
    assert run(programs / "python", "-c", example) == expected
    assert seconds_of_children() - before < SLOWEST
    assert run(programs / "python", "-c", OTHER_PARTS) == f"{tmp_path}\n"
    assert "doctor" in run(programs / "serac", "--help")
