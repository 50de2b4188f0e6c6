"""Securities for tests, and an index that no other test has filled."""

from collections.abc import Iterator

import pytest

from securities.search.keeper import keeper


@pytest.fixture(autouse=True)
def fresh_index() -> Iterator[None]:
    """The index lives as long as the process; each test begins without one."""
    keeper.reset()
    yield
    keeper.reset()
