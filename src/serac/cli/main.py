"""The command ``serac``: ask an edited model, manage its edits, evaluate it, look at the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from serac.errors import SeracError
from serac.records import EditExample, read_examples
from serac.wrapping.edit_log import OnConflict, read_id

if TYPE_CHECKING:
    from serac.wrapping.wrapped_model import WrappedModel

app = typer.Typer(help="Edit a language model's answers without changing the model.", no_args_is_help=True)
edit = typer.Typer(help="Manage the edits in a folder.", no_args_is_help=True)
app.add_typer(edit, name="edit")
out = Console()

Model = Annotated[str, typer.Option("--model", "-m", help="Hugging Face model: a folder or a name on the hub.")]
Edits = Annotated[Path, typer.Option("--edits", "-e", help="Folder that holds the edits.")]
Bundle = Annotated[str | None, typer.Option(help="Trained parts: a folder or a name on the hub; optional.")]
Conflict = Annotated[OnConflict, typer.Option(help="What to do if the question has an edit already.")]
Examples = Annotated[Path, typer.Argument(help="A .jsonl file of edits with questions in and out of their scope.")]
File = Annotated[Path, typer.Argument(help="A .jsonl or .csv file.")]


@app.command()
def ask(question: str, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None) -> None:
    """Ask a question and see which edit, if any, answered."""
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
    source: Annotated[str, typer.Option(help="Where the answer is from.")] = "",
    note: Annotated[str, typer.Option(help="Whatever you want to remember.")] = "",
    on_conflict: Conflict = "replace",
) -> None:
    """Add an edit: a question and its new answer."""
    wrapped = _open(model, edits, bundle)
    name = None if id is None else read_id(id)
    added = wrapped.add(question, answer, id=name, source=source, note=note, on_conflict=on_conflict)
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
    removed = wrapped.remove(read_id(id))
    wrapped.save_pretrained(edits)
    out.print(f"removed edit {removed.id!r}: {removed.question}", markup=False)


@edit.command("import")
def import_file(
    file: File, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None, on_conflict: Conflict = "replace"
) -> None:
    """Add the edits of a file."""
    wrapped = _open(model, edits, bundle)
    ids = wrapped.import_edits(file, on_conflict=on_conflict)
    wrapped.save_pretrained(edits)
    out.print(f"edits read from {file}: {len(ids)}", markup=False)


@edit.command("export")
def export_file(file: File, edits: Edits = Path("edits")) -> None:
    """Write all edits to a file."""
    from serac.wrapping.exchange import write_edits

    log = _log(edits)
    write_edits(file, log)
    out.print(f"edits written to {file}: {len(log)}", markup=False)


@app.command()
def evaluate(examples: Examples, model: Model, edits: Edits = Path("edits"), bundle: Bundle = None) -> None:
    """Measure edit success, drawdown and routing on a file of examples, by kind; nothing is saved."""
    from serac.wrapping.assessment import assess

    known = _examples(examples)
    table = Table("scope", "kind", "inputs", "metric", "value", "answered by edits")
    for row in assess(_open(model, edits, bundle), known, progress=out.is_terminal):
        table.add_row(row.scope, row.kind, str(row.inputs), row.metric, f"{row.value:.3f}", f"{row.routed:.3f}")
    out.print(table)


@app.command()
def train(
    examples: Examples,
    folder: Annotated[Path, typer.Argument(help="Where the bundle is written.")],
    counterfactual: Annotated[
        str | None, typer.Option(help="Model to train for answering behind edits; without one the base model answers.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each part.")] = 200,
) -> None:
    """Train a bundle on your own examples; after an interruption the same command goes on."""
    from serac.wrapping.own_parts import QUICK, train_bundle

    settings = QUICK.model_copy(update={"steps": steps, "validate_every": min(QUICK.validate_every, steps)})
    known = _examples(examples)
    reports = train_bundle(known, folder, data=str(examples), counterfactual=counterfactual, settings=settings)
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
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default lets in this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Edit a model in the browser. Without --model it offers those of the workflow's runs in this folder."""
    try:
        from serac.page.server import serve
    except ModuleNotFoundError as error:
        raise SeracError(f"the page needs the package {error.name}. Hint: pip install nicegui") from error
    from serac.page.offered import Choice, models_of_runs

    choices = [Choice(name, bundle) for name in model or ()] or models_of_runs(Path("."))
    out.print(f"http://{host}:{port} (Ctrl-C ends it)", markup=False)
    serve(choices, host=host, port=port, show=browser)


@app.command()
def doctor() -> None:
    """Show versions, instruction set, GPU and free memory, and what is slow on this machine and why."""
    from serac.cli.machine import facts, findings

    table = Table("what", "here")
    for name, value in facts().items():
        table.add_row(name, value)
    out.print(table)
    for finding in findings():
        out.print(f"- {finding}", markup=False)


@app.command()
def explain(
    file: Path, all: Annotated[bool, typer.Option("--all", help="Every job, not the first few of each rule.")] = False
) -> None:
    """Trace a result of the workflow back to its raw data."""
    from serac.workflow.explain import explain as trace

    out.print(trace(file, everything=all), markup=False)


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


def _examples(file: Path) -> list[EditExample]:
    try:
        return read_examples(file)
    except (OSError, UnicodeDecodeError) as error:
        raise SeracError(f"{file}: cannot read the examples ({error}). Hint: give a .jsonl file of examples") from error


def _log(edits: Path) -> Any:
    from serac.wrapping.opening import read_log

    return read_log(edits)


def main() -> None:
    """Run the command; what the user can put right is one message without a traceback."""
    try:
        app(prog_name="serac")
    except SeracError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False)
        sys.exit(1)
