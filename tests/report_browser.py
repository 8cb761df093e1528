"""Snakemake's HTML report as a reader sees it in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1600,1200")


@dataclass(frozen=True)
class Shown:
    """A row of the report: its category and name, all that its description says, and its picture's width in pixels."""

    category: str
    name: str
    description: str
    picture: int


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """A headless Chromium; skips the test where it is not installed."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ARGUMENTS:
        options.add_argument(argument)
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield opened
    finally:
        opened.quit()


def read_report(opened: webdriver.Chrome, page: Path) -> list[Shown]:
    """Open every category, and the description and the picture of every row in it."""
    wait = WebDriverWait(opened, 120)

    def click(element: WebElement) -> None:
        """Click even while the page's menus slide over the element."""
        opened.execute_script("arguments[0].click()", element)

    def text() -> str:
        return opened.find_element(By.TAG_NAME, "body").text

    def rows(category: str) -> list[WebElement]:
        """The rows of a category, from its list or from a description in it."""
        if not opened.find_elements(By.CSS_SELECTOR, "tbody tr [iconname=information-circle]"):
            click(wait.until(lambda _: opened.find_elements(By.LINK_TEXT, category))[0])
        return wait.until(lambda _: opened.find_elements(By.CSS_SELECTOR, "tbody tr"))

    def description(row: WebElement) -> str:
        click(row.find_element(By.CSS_SELECTOR, "[iconname=information-circle]"))
        wait.until(lambda _: "DESCRIPTION" in text())
        return text()

    def picture(row: WebElement, file: str) -> int:
        if not file.endswith(".png"):
            return 0
        click(row.find_element(By.CSS_SELECTOR, "[iconname=eye]"))
        shown = "[...document.images].filter(image => image.src.endsWith(arguments[0]))"
        width = f"return Math.max(0, ...{shown}.map(image => image.naturalWidth))"
        return int(wait.until(lambda _: opened.execute_script(width, f"/{file}")))

    opened.get(page.as_uri())
    wait.until(lambda _: "RESULTS" in text())
    links = [link.text for link in opened.find_elements(By.CSS_SELECTOR, "a")]
    shown = []
    for category in [name for name in text().partition("RESULTS\n")[2].splitlines() if name in links]:
        opened.get("about:blank")
        opened.get(page.as_uri())
        for number in range(len(rows(category))):
            name = rows(category)[number].find_element(By.TAG_NAME, "td").text
            told = description(rows(category)[number])
            file = re.findall(r"^results/(?:\S+/)?(\S+)$", told, flags=re.M)[0]
            shown.append(Shown(category, name, told, picture(rows(category)[number], file)))
    return shown
