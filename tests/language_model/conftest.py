"""The tiny language model that these tests edit, and how it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from serac.tasks.chat import ChatTask
from tiny_gemma import gemma, gemma_tokenizer


@pytest.fixture
def task() -> ChatTask:
    return ChatTask(gemma_tokenizer(), 60)


@pytest.fixture
def base() -> Any:
    return gemma()
