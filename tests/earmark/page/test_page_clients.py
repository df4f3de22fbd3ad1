"""The clients of the page's benchmark ask a real page, and see what it answers."""

import asyncio
import os
from typing import Any

import numpy as np
import pytest

from experiments.benchmark import page_clients
from experiments.benchmark.page_clients import EVERY, MIX
from experiments.benchmark.page_load import _track_ids


@pytest.fixture
def task(served: Any) -> dict[str, Any]:
    cookies = served.browser.cookies.items()
    return {
        "address": served.url,
        "list": "demo",
        "requests": EVERY,
        "clients": 4,
        "limit_s": 60,
        "process": os.getpid(),
        "cookie": "; ".join(f"{name}={value}" for name, value in cookies),
        "token": served.browser.headers["X-CSRF-Token"],
        "tracks": list(_track_ids(served.browser, served.url, "demo")),
    }


def test_every_request_is_answered_and_timed(task: dict[str, Any]) -> None:
    seen = asyncio.run(page_clients._all(task))
    assert (seen.errors, seen.faults) == (0, [])
    assert len(seen.kinds) == len(seen.server_ms) == len(seen.client_ms) == EVERY
    assert set(seen.kinds) == set(MIX)
    assert all(0 <= server <= client for server, client in zip(seen.server_ms, seen.client_ms, strict=True))
    assert len(seen.rss_mb) == 1
    assert 10 < seen.rss_mb[0] < 10_000


def test_what_fails_is_counted_and_not_timed(task: dict[str, Any]) -> None:
    seen = asyncio.run(page_clients._all(task | {"list": "none", "token": "x"}))
    assert seen.errors == EVERY
    assert not seen.server_ms
    assert set(seen.faults) == {f"{kind}: {403 if kind == 'verdict' else 404}" for kind in MIX}


def test_time_is_bounded(task: dict[str, Any]) -> None:
    seen = asyncio.run(page_clients._all(task | {"limit_s": 0}))
    assert not seen.kinds
    assert not seen.errors


def test_memory_of_a_process_that_is_gone_is_unknown() -> None:
    assert np.isnan(page_clients._memory(2**30))
