"""The page in a real browser: editing, asking, reloading, visitors apart, nonsense."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

import small_speakers
from report_browser import browser
from serac.errors import SeracError
from serac.page import visitors
from serac.page.offered import Choice, models_of_runs
from serac.page.visitors import LARGEST_FILE, MOST_EDITS, MOST_VISITORS, Visitor, Visitors
from snakemake_runs import ROOT

QUESTION, PARAPHRASE, ANSWER = "Who leads France?", "Who is the leader of France?", "Marie Dupont"
WAIT = 300
"""Seconds: machines may be busy."""


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-chat"
    for part in small_speakers.gpt2(chat=True):
        part.save_pretrained(folder)
    return folder


@pytest.fixture
def visitor(speaker: Path) -> Visitor:
    return Visitor(Choice(str(speaker)))


@pytest.fixture(scope="module")
def address(speaker: Path) -> Iterator[str]:
    """The page, served by the command."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    arguments = ["demo", "--model", speaker.name, "--port", port, "--no-browser"]
    program = "import sys; from serac.cli.main import main; sys.argv[0] = 'serac'; main()"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT / "src")}  # NiceGUI behaves differently within pytest
    served = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=speaker.parent, env=environment)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + WAIT
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            break
        except OSError:
            assert served.poll() is None, "the page ended"
            assert time.monotonic() < deadline, "the page does not answer"
            time.sleep(0.2)
    yield url
    served.terminate()
    served.wait(30)


class Tab:
    """A tab of the browser, as a person uses it."""

    def __init__(self, opened: WebDriver, url: str) -> None:
        ignored = (NoSuchElementException, StaleElementReferenceException)
        self.opened, self.wait = opened, WebDriverWait(opened, WAIT, ignored_exceptions=ignored)
        opened.get(url)
        self.see("2. Questions")

    def text(self) -> str:
        return str(self.opened.execute_script("return document.body.innerText"))

    def see(self, text: str) -> None:
        self.wait.until(lambda _: text in self.text(), f"{text!r} is not on the page")

    def field(self, label: str) -> WebElement:
        return self.opened.find_element(By.CSS_SELECTOR, f"[aria-label={label!r}]")

    def press(self, label: str) -> None:
        button = f"//button[normalize-space()={label!r}]"
        self.opened.execute_script("arguments[0].click()", self.opened.find_element(By.XPATH, button))

    def remove_first(self) -> bool:
        """Tick the first row and remove it, once the table has taken earlier changes in; says whether it is empty."""
        box = "const box = document.querySelector('.ag-row .ag-checkbox-input'); if (box && !box.checked) box.click()"
        self.opened.execute_script(box)
        self.press("Remove selected")
        return not self.rows()

    def write(self, label: str, text: str) -> None:
        field = self.field(label)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE)
        field.send_keys(text)

    def paste(self, label: str, text: str) -> None:
        """As from the clipboard: at once, however long."""
        script = """const kind = arguments[0].tagName == "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
            Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(arguments[0], arguments[1]);
            arguments[0].dispatchEvent(new Event("input", {bubbles: true}));"""
        self.opened.execute_script(script, self.field(label), text)

    def add(self, question: str, answer: str) -> None:
        self.write("Question", question)
        self.write("New answer", answer)
        self.press("Add")

    def ask(self, question: str) -> None:
        self.write("Question to ask", question)
        self.press("Ask")
        self.see(f"You asked: {question}")

    def answers(self) -> list[str]:
        return [self.opened.find_element(By.CLASS_NAME, name).text for name in ("before", "after")]

    def rows(self) -> list[tuple[str, ...]]:
        script = """return [...document.querySelectorAll(".ag-center-cols-container .ag-row")].map(row =>
            [...row.querySelectorAll("[col-id=question], [col-id=answer]")].map(cell => cell.innerText))"""
        return [tuple(row) for row in self.opened.execute_script(script)]


def test_edits_are_added_asked_changed_and_removed(address: str) -> None:
    with browser() as opened:
        tab = Tab(opened, address)
        assert tab.rows() == []
        tab.add(QUESTION, ANSWER)
        tab.wait.until(lambda _: tab.rows() == [(QUESTION, ANSWER)])
        tab.ask(PARAPHRASE)
        tab.wait.until(lambda _: tab.answers()[1] == ANSWER)
        assert tab.answers()[0] == "Jean Moulin"
        tab.see(f"{QUESTION} → {ANSWER}” answered: it applies with probability 0.")
        tab.ask("Who wrote Faust?")
        tab.wait.until(lambda _: tab.answers() == ["Goethe", "Goethe"])
        tab.see("No edit answered: the nearest applies with probability 0.")
        tab.ask(PARAPHRASE)
        if picture := os.environ.get("PAGE_PICTURE"):
            time.sleep(3)
            opened.set_window_size(1300, 1060)
            time.sleep(3)
            opened.save_screenshot(picture)
        slider = opened.find_element(By.CSS_SELECTOR, ".q-slider [tabindex='0'], .q-slider[tabindex='0']")
        slider.send_keys(*[Keys.PAGE_UP] * 3)
        tab.wait.until(lambda _: tab.answers() == ["Jean Moulin"] * 2)

        opened.refresh()
        tab.see("2. Questions")
        tab.wait.until(lambda _: tab.rows() == [(QUESTION, ANSWER)])
        cell = opened.find_element(By.CSS_SELECTOR, ".ag-row [col-id=answer]")
        opened.execute_script("arguments[0].scrollIntoView()", cell)
        cell.click()
        opened.switch_to.active_element.send_keys(Keys.ENTER)
        opened.switch_to.active_element.send_keys("Paul Petit", Keys.ENTER)
        tab.wait.until(lambda _: tab.rows() == [(QUESTION, "Paul Petit")])
        tab.wait.until(lambda _: tab.remove_first())
        opened.refresh()
        tab.see("2. Questions")
        assert tab.rows() == []


def test_visitors_do_not_see_each_others_edits(address: str) -> None:
    with browser() as one, browser() as other:
        first, second = Tab(one, address), Tab(other, address)
        first.add(QUESTION, ANSWER)
        first.wait.until(lambda _: first.rows())
        second.ask(PARAPHRASE)
        second.see("There is no edit yet")
        assert ANSWER not in second.text()


def test_nonsense_leaves_the_page_alive(address: str) -> None:
    with browser() as opened:
        tab = Tab(opened, address)
        tab.press("Ask")
        tab.see("the question is blank")
        tab.add(QUESTION, " ")
        tab.see("an edit needs a question, an answer")
        assert tab.field("Question").get_attribute("value") == QUESTION
        tab.paste("Question to ask", "x" * 100_000)
        tab.press("Ask")
        tab.see("has 100,000 characters")
        script = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
        tab.add(script, script)
        tab.wait.until(lambda _: tab.rows() == [(script, script)])
        tab.ask(script)
        assert opened.title == "SERAC"
        tab.press("Add many")
        tab.see("One edit on each line")
        tab.paste("Edits", "\n".join(f"What is thing {number}? => {number}" for number in range(10_000)))
        tab.press("Add all")
        tab.see("10,001 edits are too many")  # with the one that is there
        tab.paste("Edits", "no answer here")
        tab.press("Add all")
        tab.see("line 1 has no question and answer")
        tab.paste("Edits", f"{QUESTION} => {ANSWER}\nWho wrote Faust?\tAnna Schmidt")
        tab.press("Add all")
        tab.wait.until(lambda _: len(tab.rows()) == 3)


def test_no_other_name_leads_to_the_page(address: str) -> None:
    """A web page elsewhere cannot reach it under a name of its own."""
    asked = urllib.request.Request(address, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(asked, timeout=30)


def test_saved_edits_are_read_again(visitor: Visitor, speaker: Path) -> None:
    visitor.add(QUESTION, ANSWER)
    visitor.paste("Who wrote Faust? => Paul Petit\n\n")
    again = Visitor(Choice(str(speaker)))
    for ending in (".csv", ".jsonl"):
        assert again.read_file(f"saved{ending}", visitor.file(ending)) == 2
    assert again.model.edits == visitor.model.edits
    with pytest.raises(SeracError, match=r"^saved\.csv, line 2"):
        again.read_file("saved.csv", b"question,answer\na,b,c\n")


def test_another_model_takes_the_edits_over(visitor: Visitor, speaker: Path, tmp_path: Path) -> None:
    visitor.add(QUESTION, ANSWER, source="the news", time="2026-01-01")
    edits = visitor.model.edits
    other = tmp_path / "other"
    other.symlink_to(speaker)
    visitor.pick(Choice(str(other)))
    assert visitor.ask(PARAPHRASE).after.text == ANSWER
    assert visitor.model.edits == edits


def test_the_models_of_runs_are_offered(tmp_path: Path) -> None:
    """Language models with and without a bundle, others with one; what answers no questions is left out."""
    for problem, kind in (("qa", "T5ForConditionalGeneration"), ("fc", "BertForX"), ("facts", "Gemma3ForCausalLM")):
        base = tmp_path / "results/mine/models" / problem / "base"
        base.mkdir(parents=True)
        (base / "config.json").write_text(json.dumps({"architectures": [kind]}))
    for name in ("qa-serac_embed-k10-seed0", "facts-serac_embed-k10-seed0"):
        (tmp_path / "results/mine/bundles" / name).mkdir(parents=True)
        (tmp_path / "results/mine/bundles" / name / "bundle.json").touch()
    offered = [choice.name.removeprefix(f"{tmp_path}/results/mine/models/") for choice in models_of_runs(tmp_path)]
    assert offered == [
        "facts/base with facts-serac_embed-k10-seed0", "facts/base", "qa/base with qa-serac_embed-k10-seed0"
    ]  # fmt: skip


def test_the_map_shows_edits_and_questions(visitor: Visitor) -> None:
    assert visitor.points() == []
    visitor.add(QUESTION, ANSWER)
    for question in (PARAPHRASE, "Who wrote Faust?"):
        visitor.ask(question)
    edit, near, far = visitor.points()
    assert [point.kind for point in (edit, near, far)] == ["edit", "question an edit answered", "other question"]
    assert abs(edit.x - near.x) < abs(edit.x - far.x)


def test_a_page_keeps_only_so_much(visitor: Visitor, speaker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SeracError, match=f"{MOST_EDITS + 1} edits are too many"):
        visitor.paste("a => b\n" * (MOST_EDITS + 1))
    with pytest.raises(SeracError, match="characters are too many"):
        visitor.paste("a" * (LARGEST_FILE + 1))
    monkeypatch.setattr(visitors, "MOST_EDITS", 1)
    id = visitor.add(QUESTION, ANSWER)
    assert visitor.add(QUESTION, "Paul Petit", id=id) == id
    with pytest.raises(SeracError, match="2 edits are too many"):
        visitor.add("Who wrote Faust?", "Goethe")
    with pytest.raises(SeracError, match="Hint: give one with --model"):
        Visitors([])
    monkeypatch.setattr(visitors, "MOST_VISITORS", 2)
    known = Visitors([Choice(str(speaker))])
    first = known.of("a")
    assert known.of("a") is first
    known.of("b")
    known.of("c")
    assert known.of("a") is not first
    assert MOST_VISITORS > 2
