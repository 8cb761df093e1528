"""Lets a test sum up its module: it runs only where all other tests of the module ran before it."""

from __future__ import annotations

import pytest

_RAN: set[str] = set()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    _RAN.add(item.nodeid)


@pytest.fixture
def whole_module(request: pytest.FixtureRequest) -> None:
    """Skip the test where some tests of its module were not selected or ran in another process."""
    items = [
        item for item in request.session.items if isinstance(item, pytest.Function) and item.module is request.module
    ]
    written = {name for name in vars(request.module) if name.startswith("test_")}
    others = {item.nodeid for item in items if item.originalname != request.node.originalname}
    if written != {item.originalname for item in items} or not others <= _RAN:
        pytest.skip("sums up its module: run all of the module's tests in one process (xdist: --dist loadgroup)")
