"""What the page looks like, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import events, run, ui

from serac.errors import SeracError
from serac.page.visitors import LARGEST_FILE, MOST_EDITS, WORK, Asked, Point, Visitor, Visitors

EXAMPLE = ("Who leads France?", "Marie Dupont", "Who is the leader of France?")
COLOURS = {"edit": "#1565c0", "question an edit answered": "#2e7d32", "other question": "#9e9e9e"}
MOST_NAMED = 20
"""Points that the map writes the names of."""
CARD = "w-full p-4 gap-2"
PASTE_HINT = f"""One edit on each line: the question, then => or a tab, then the answer. Two columns copied from a
spreadsheet will do. At most {MOST_EDITS} edits."""


class Page:
    """The page of one browser tab."""

    def __init__(self, visitors: Visitors, visitor: Visitor, points: list[Point]) -> None:
        self.visitors, self.visitor, self.points = visitors, visitor, points
        with ui.column().classes("w-full max-w-6xl mx-auto gap-4 p-2"):
            self._head()
            with ui.row().classes("w-full gap-4 no-wrap max-md:flex-wrap items-stretch"):
                with ui.card().classes(CARD):
                    self._edits()
                with ui.card().classes(CARD):
                    self._questions()
            with ui.card().classes(CARD):
                self._map()
        self.show()

    # --- parts ---------------------------------------------------------------------------------
    def _head(self) -> None:
        with ui.row().classes("w-full items-end justify-between"):
            with ui.column().classes("gap-0"):
                ui.label("Edit a language model").classes("text-2xl font-medium")
                ui.label("Write down what is true. The model answers accordingly; its weights stay as they are.")
            names = list(self.visitors.choices)
            self.picked = ui.select(names, label="Model", value=self.visitor.choice.name, on_change=self.pick)
            self.picked.classes("min-w-64")

    def _edits(self) -> None:
        ui.label("1. Edits").classes("text-lg font-medium")
        columns = [
            {"field": "question", "headerName": "Question", "editable": True, "flex": 3},
            {"field": "answer", "headerName": "New answer", "editable": True, "flex": 2},
        ]
        self.table = ui.aggrid(
            {
                "columnDefs": columns,
                "rowData": [],
                "rowSelection": {"mode": "multiRow"},
                "localeText": {"noRowsToShow": "No edits yet. Write the first one below."},
                ":getRowId": "parameters => String(parameters.data.id)",
            }
        ).classes("h-56")
        self.table.on("cellValueChanged", self.change)
        with ui.row().classes("w-full no-wrap items-center"):
            self.question = ui.input("Question", placeholder=f"e.g. {EXAMPLE[0]}").classes("grow")
            self.answer = ui.input("New answer", placeholder=f"e.g. {EXAMPLE[1]}").on("keydown.enter", self.add)
            ui.button("Add", on_click=self.add)
        with ui.row():
            ui.button("Try an example", on_click=self.example).props("outline")
            ui.button("Remove selected", on_click=self.remove).props("outline")
            ui.button("Add many", on_click=self._many().open).props("outline")
            with ui.button("Save").props("outline"), ui.menu():
                for ending in (".csv", ".jsonl"):
                    ui.menu_item(f"As {ending}", lambda ending=ending: self.download(ending))

    def _many(self) -> ui.dialog:
        with ui.dialog() as dialog, ui.card().classes("w-full"):
            ui.label("Add many edits").classes("text-lg font-medium")
            ui.label(PASTE_HINT)
            lines = ui.textarea("Edits").classes("w-full").props("rows=8 outlined")

            async def paste() -> None:
                if await self.work(self.visitor.paste, lines.value or "", done="{} edits added") is not None:
                    lines.value = ""
                    dialog.close()

            ui.button("Add all", on_click=paste)
            ui.label("Or a file that was saved here (.csv or .jsonl, at most 1 MB):")
            too_large = f"A file may have at most {LARGEST_FILE // 10**6} MB."
            ui.upload(
                on_upload=self.upload, on_rejected=lambda: ui.notify(too_large, type="negative"),
                max_file_size=LARGEST_FILE, auto_upload=True, label="Edits",
            ).props("accept=.csv,.jsonl")  # fmt: skip
        return dialog

    def _questions(self) -> None:
        ui.label("2. Questions").classes("text-lg font-medium")
        with ui.row().classes("w-full no-wrap items-center"):
            self.asked = ui.input("Question to ask", placeholder=f"e.g. {EXAMPLE[2]}").classes("grow")
            self.asked.on("keydown.enter", self.ask)
            ui.button("Ask", on_click=self.ask)
        with ui.row().classes("w-full no-wrap items-stretch"):
            self.before, self.after = self._answer("Before"), self._answer("After")
        self.why = ui.label().classes("text-sm why")
        with ui.row().classes("w-full no-wrap items-center"):
            ui.label("Threshold").tooltip("An edit answers if it applies with a higher probability than this.")
            self.threshold = (
                ui.slider(min=0, max=1, step=0.01, value=self.visitor.model.threshold)
                .props("label")
                .on("change", self.move)
            )
        ui.label("Further left, edits answer more questions; further right, fewer.").classes("text-sm text-grey-7")

    def _answer(self, name: str) -> ui.label:
        with ui.card().classes("w-1/2 gap-1 shadow-none bg-grey-2"):
            ui.label(name).classes("text-sm text-grey-7")
            return ui.label().classes(f"text-lg break-words w-full {name.lower()}")

    def _map(self) -> None:
        ui.label("3. Map").classes("text-lg font-medium")
        self.map_hint = ui.label(
            "Texts that seem similar to the model lie close to each other. Point at one to read it."
        ).classes("text-sm")
        self.map = ui.echart(
            {
                "tooltip": {"renderMode": "richText", ":formatter": "point => point.name"},
                "legend": {"top": 0},
                "grid": {"left": 120, "right": 120, "top": 40, "bottom": 20},
                **{axis: {"type": "value", "scale": True, "show": False} for axis in ("xAxis", "yAxis")},
                "series": [],
            }
        ).classes("h-64")

    # --- what buttons do -----------------------------------------------------------------------
    async def work(self, call: Callable[..., Any], *arguments: Any, done: str = "", **options: Any) -> Any:
        """Call in a thread; what the visitor can put right is shown and gives None."""

        def locked() -> Any:
            with WORK:
                result = call(*arguments, **options)
                self.points = self.visitor.points()
            return result

        try:
            result = await run.io_bound(locked)
        except SeracError as error:
            ui.notify(str(error)[:500], type="negative", multi_line=True, close_button=True, timeout=10_000)
            result = None
        else:
            if done:
                ui.notify(done.format(result), type="positive")
        self.show()
        return result

    async def add(self) -> None:
        """The two fields below the table."""
        texts = self.question.value or "", self.answer.value or ""
        if await self.work(self.visitor.add, *texts, done="Edit added") is not None:
            self.question.value = self.answer.value = ""

    async def example(self) -> None:
        """An edit and a question about it."""
        await self.work(self.visitor.add, *EXAMPLE[:2])
        self.asked.value = EXAMPLE[2]
        await self.ask()

    async def change(self, event: events.GenericEventArguments) -> None:
        """A cell of the table was changed."""
        row = event.args["data"]
        await self.work(self.visitor.add, str(row["question"] or ""), str(row["answer"] or ""), id=row["id"])

    async def remove(self) -> None:
        """The selected rows."""
        rows = await self.table.get_selected_rows()
        if not rows:
            ui.notify("Select edits in the table first.")
            return
        await self.work(self.visitor.remove, [row["id"] for row in rows])

    async def upload(self, event: events.UploadEventArguments) -> None:
        """A file of edits."""
        content = await event.file.read()
        event.sender.reset()  # type: ignore[attr-defined]
        await self.work(self.visitor.read_file, event.file.name, content, done="{} edits added")

    def download(self, ending: str) -> None:
        """All edits as a file."""
        ui.download.content(self.visitor.file(ending), f"edits{ending}")

    async def ask(self) -> None:
        """The question, before and after."""
        await self.work(self.visitor.ask, self.asked.value or "")

    async def move(self, event: events.GenericEventArguments) -> None:
        """The threshold; the slider's own value may come later than this."""
        await self.work(self.visitor.move_threshold, float(event.args))

    async def pick(self) -> None:
        """Another model."""
        await self.work(self.visitor.pick, self.visitors.choices[self.picked.value])
        self.threshold.value = self.visitor.model.threshold

    # --- what is shown -------------------------------------------------------------------------
    def show(self) -> None:
        """All that a change may have changed."""
        edits = self.visitor.model.edits
        self.table.options["rowData"] = [
            {"id": edit.id, "question": edit.question, "answer": edit.answer} for edit in edits
        ]
        asked = self.visitor.asked[-1] if self.visitor.asked else None
        self.before.text = asked.before if asked else "the model's own answer"
        self.after.text = asked.after.text if asked else "its answer with your edits"
        self.why.text = _why(asked, self.visitor.model.threshold, bool(edits))
        self.map.options["series"] = [
            {
                "type": "scatter", "name": kind, "itemStyle": {"color": colour}, "symbolSize": 14,
                "symbol": "rect" if kind == "edit" else "circle",
                "label": {"show": len(self.points) <= MOST_NAMED, "position": "bottom", "formatter": "{b}"},
                "data": [{"name": p.text[:80], "value": [p.x, p.y]} for p in self.points if p.kind == kind],
            }
            for kind, colour in COLOURS.items()
        ]  # fmt: skip
        self.map.set_visibility(bool(self.points))


def _why(asked: Asked | None, threshold: float, any_edits: bool) -> str:
    if asked is None:
        return "Ask a question to see both answers, and which edit gave the second."
    if not any_edits:
        return f"You asked: {asked.question} There is no edit yet, so both answers are the model's own."
    answer = asked.after
    if answer.edit is None:
        return (
            f"You asked: {asked.question} No edit answered: the nearest applies with probability "
            f"{answer.probability:.2f}, not above the threshold {threshold:.2f}."
        )
    return (
        f"You asked: {asked.question} The edit “{answer.edit.question} → {answer.edit.answer}” answered: it applies "
        f"with probability {answer.probability:.2f}, above the threshold {threshold:.2f}."
    )
