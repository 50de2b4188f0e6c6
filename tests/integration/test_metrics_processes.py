"""`/metrics` of several processes: one answers for all."""

from contextlib import ExitStack

import httpx
from websockets.sync.client import connect

from accounts.models import User
from accounts.services import tokens_issue
from securities.models import Security
from tests.config.test_metrics import figures
from tests.integration.processes import Processes, wait_until
from tests.integration.web import Web


def counted(web: Web) -> dict[str, float]:
    found = figures(httpx.get(f"{web.url}/metrics").text)
    return {kind: found[f"tickwatch_connections{{{kind}}}"] for kind in ("watchlist", "prices")}


def test_whichever_process_is_asked_says_how_many_sockets_all_have_without_a_dead_one_s(
    processes: Processes, here: None, market: list[Security], alice: User
) -> None:
    web = Web(processes, WEB_PROCESSES="2")
    token = {"Authorization": f"Bearer {tokens_issue(user=alice).access}"}
    with ExitStack() as stack:

        def open_one(path: str, headers: dict[str, str]) -> None:
            address = f"ws://127.0.0.1:{web.port}/ws/{path}"
            stack.enter_context(connect(address, additional_headers=headers, close_timeout=0.1))

        opened = 0
        while len(web.serving()) < 2 or opened < 6:
            open_one("prices/T1", {})
            opened += 1
        for _ in range(3):
            open_one("watchlist", token)
        everybody = {"watchlist": 3.0, "prices": float(opened)}
        for _ in range(10):  # whichever takes the connection
            wait_until(lambda: counted(web) == everybody, seconds=5, what=f"{everybody}")

        killed = web.running.below()[0]
        killed.kill()
        web.running.await_said("web_process_ended")
        total = opened + 3
        wait_until(
            lambda: 0 < sum(counted(web).values()) < total, seconds=5, what="only the other's"
        )
    wait_until(
        lambda: sum(counted(web).values()) == 0, seconds=5, what="nobody, once all have left"
    )
