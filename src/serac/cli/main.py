"""The command ``serac``: ask an edited model, keep its edits, evaluate it, look at the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from serac.errors import SeracError

if TYPE_CHECKING:
    from serac.wrapping.wrapped_model import WrappedModel

app = typer.Typer(help="Edit a language model's answers without changing the model.", no_args_is_help=True)
edit = typer.Typer(help="The edits in a folder.", no_args_is_help=True)
app.add_typer(edit, name="edit")
out = Console()

Model = Annotated[str, typer.Option("--model", "-m", help="Hugging Face model: a folder or a name on the hub.")]
Edits = Annotated[Path, typer.Option("--edits", "-e", help="Folder of the edits.")]
Bundle = Annotated[str | None, typer.Option(help="Trained parts: a folder or a name. Without: nothing is trained.")]


@app.command()
def ask(question: str, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None) -> None:
    """Answer a question and say who answered."""
    answer = _open(model, edits, bundle).answer(question)
    by = f"edit {answer.edit.id!r}, {answer.edit.question!r}" if answer.edit else "no edit"
    out.print(answer.text, markup=False)
    out.print(f"({answer.spoken_by}; {by}; probability {answer.probability:.2f})", style="dim", markup=False)


@edit.command()
def add(
    question: str,
    answer: str,
    model: Model,
    edits: Edits = Path("edits"),
    bundle: Bundle = None,
    id: Annotated[str | None, typer.Option(help="Name of the edit; by default the next number.")] = None,
    source: str = "",
    note: str = "",
    on_conflict: Annotated[str, typer.Option(help="replace, keep or error.")] = "replace",
) -> None:
    """Add an edit."""
    wrapped = _open(model, edits, bundle)
    policy: Any = on_conflict
    added = wrapped.add(question, answer, id=_id(id), source=source, note=note, on_conflict=policy)
    wrapped.save_pretrained(edits)
    out.print(f"edit {added!r}: {question} -> {answer}", markup=False)


@edit.command("list")
def list_edits(edits: Edits = Path("edits")) -> None:
    """Show all edits."""
    table = Table("id", "question", "answer", "time", "source", "note")
    for stored in _log(edits):
        values = (stored.id, stored.question, stored.answer, stored.time, stored.source, stored.note)
        table.add_row(*(str(value).replace("[", "\\[") for value in values))
    out.print(table)


@edit.command()
def remove(id: str, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None) -> None:
    """Take an edit back."""
    wrapped = _open(model, edits, bundle)
    removed = wrapped.remove(_id(id) or 0)
    wrapped.save_pretrained(edits)
    out.print(f"removed edit {removed.id!r}: {removed.question}", markup=False)


@edit.command("import")
def import_file(
    file: Path, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None, on_conflict: str = "replace"
) -> None:
    """Add the edits of a .jsonl or .csv file."""
    wrapped = _open(model, edits, bundle)
    policy: Any = on_conflict
    ids = wrapped.import_edits(file, on_conflict=policy)
    wrapped.save_pretrained(edits)
    out.print(f"{len(ids)} edits from {file}", markup=False)


@edit.command("export")
def export_file(file: Path, edits: Edits = Path("edits")) -> None:
    """Write all edits to a .jsonl or .csv file."""
    from serac.wrapping.exchange import write_edits

    log = _log(edits)
    write_edits(file, log)
    out.print(f"{len(log)} edits in {file}", markup=False)


@app.command()
def evaluate(examples: Path, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None) -> None:
    """Add the edits of a file of examples and show edit success, drawdown and routing by kind; nothing is saved."""
    from serac.records import read_examples
    from serac.wrapping.assessment import assess

    known = read_examples(_examples(examples))
    table = Table("scope", "kind", "inputs", "metric", "value", "answered by edits")
    with out.status("asking"):
        rows = assess(_open(model, edits, bundle), known)
    for row in rows:
        table.add_row(row.scope, row.kind, str(row.inputs), row.metric, f"{row.value:.3f}", f"{row.routed:.3f}")
    out.print(table)


@app.command()
def train(
    examples: Path,
    folder: Path,
    counterfactual: Annotated[str | None, typer.Option(help="Model to answer behind edits; default: the base.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each part.")] = 200,
) -> None:
    """Train the parts on a .jsonl file of examples, into a bundle; the same command goes on after an interruption."""
    from serac.records import read_examples
    from serac.wrapping.own_parts import QUICK, train_bundle

    settings = QUICK.model_copy(update={"steps": steps, "validate_every": min(QUICK.validate_every, steps)})
    read = read_examples(_examples(examples))
    reports = train_bundle(read, folder, data=str(examples), counterfactual=counterfactual, settings=settings)
    table = Table("part", "validation accuracy", "threshold", "examples", "held out", "steps")
    for name, report in reports.items():
        threshold = "" if report.threshold is None else f"{report.threshold:.2f}"
        counts = (report.train_examples, report.validation_examples, report.steps)
        table.add_row(name, f"{report.accuracy:.3f}", threshold, *map(str, counts))
    out.print(table)
    out.print(f"serac.wrap(base, tokenizer, bundle={str(folder)!r})", markup=False)


@app.command()
def demo(
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Models to choose from.")] = None,
    bundle: Bundle = None,
    host: Annotated[str, typer.Option(help="Who may reach it; by default this machine alone.")] = "127.0.0.1",
    port: int = 8080,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Edit a model in the browser. Without --model: the base models of the runs in this folder."""
    try:
        from serac.page.server import serve
    except ModuleNotFoundError as error:
        raise SeracError(f"the page needs {error.name}. Hint: pip install 'serac-reproduction[demo]'") from error
    from serac.page.offered import Choice, models_of_runs

    choices = [Choice(name, bundle) for name in model or ()] or models_of_runs(Path("."))
    out.print(f"http://{host}:{port} (Ctrl-C ends it)", markup=False)
    serve(choices, host=host, port=port, show=browser)


@app.command()
def doctor() -> None:
    """Versions, instruction set, GPU and free memory of this machine, and what is slow here and why."""
    from serac.cli.machine import facts, findings

    table = Table("what", "here")
    for name, value in facts().items():
        table.add_row(name, value)
    out.print(table)
    for finding in findings():
        out.print(f"- {finding}", markup=False)


@app.command()
def explain(file: Path) -> None:
    """The way from a result of the workflow back to its raw data."""
    from serac.workflow.explain import explain as trace

    out.print(trace(file), markup=False)


@app.command()
def crate(run: Path, target: Path) -> None:
    """Export a finished run of the workflow, such as results/miniature, as an RO-Crate in a new folder."""
    from serac.workflow.crate import export_crate

    out.print(f"wrote {export_crate(run, target)}", markup=False)


def _open(model: str, edits: Path, bundle: str | None) -> WrappedModel:
    from serac.editors.serac.memory_file import FILE
    from serac.wrapping.opening import load, load_pretrained, wrap

    base, tokenizer = load_pretrained(model)
    if (edits / FILE).exists():
        return load(edits, base, tokenizer, bundle=bundle)
    return wrap(base, tokenizer, bundle=bundle)


def _examples(file: Path) -> Path:
    if not file.is_file():
        raise SeracError(f"there is no file {file}. Hint: give a .jsonl file of edit examples")
    return file


def _log(edits: Path) -> Any:
    from serac.wrapping.opening import read_log

    return read_log(edits)


def _id(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdigit() else text


def main() -> None:
    """Run the command; errors of the user's are one message without a traceback."""
    try:
        app(prog_name="serac")
    except SeracError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False)
        sys.exit(1)
