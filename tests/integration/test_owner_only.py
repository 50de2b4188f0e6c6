"""Watchlists are reachable by their owner alone: every route there is, with two users.

The routes come from the resolver, so one that is added later is walked as well; if
strangers may use it, it has to be named here.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from tests.conftest import PASSWORD, Api, JsonClient, MakeSecurity
from watchlists.models import Watchlist, WatchlistItem

METHODS = ("get", "head", "post", "put", "patch", "delete")
PUBLIC = {
    "/api/v1/anomalies",
    "/api/v1/auth/login",
    "/api/v1/auth/logout",
    "/api/v1/auth/refresh",
    "/api/v1/auth/register",
    "/api/v1/docs",
    "/api/v1/market",
    "/api/v1/schema",
    "/api/v1/securities",
    "/api/v1/securities/<ticker>",
    "/api/v1/securities/<ticker>/history",
    "/api/v1/securities/<ticker>/statistics",
    "/api/v1/statistics",
}
BODIES = (
    {},
    {"ticker": "SECRT"},
    {"ticker": "SECRT", "position": 0},
    {"position": 0},
    {"ticker": "SECRT", "user": 1},
    {"username": "alice", "password": "wrong password 1"},
    {"old_password": "not this one 1", "new_password": PASSWORD},
)


class Route(NamedTuple):
    """An address with its placeholders, and the view behind it."""

    address: str
    view: object

    def filled(self, **values: object) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values.get(m[1], 1)), self.address)


def routes(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[Route]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, address)
        else:
            yield Route(simplify_regex(address).rstrip("/"), pattern.callback)


def api_routes() -> list[Route]:
    return [route for route in routes() if route.address.startswith("/api/v1")]


@pytest.fixture
def alices(alice: User, security: MakeSecurity) -> Watchlist:
    """Alice watches something that nobody else does."""
    watchlist = Watchlist.objects.create(user=alice)
    for position, ticker in enumerate(("SECRT", "OTHER")):
        WatchlistItem.objects.create(
            watchlist=watchlist, security=security(ticker, price="10.00"), position=position
        )
    return watchlist


def state(watchlist: Watchlist) -> list[tuple[object, ...]]:
    """All there is of a list, and who owns it."""
    return [
        *Watchlist.objects.filter(pk=watchlist.pk).values_list(),
        *watchlist.items.order_by("pk").values_list(),
    ]


def walk(client: JsonClient, **values: object) -> Iterator[tuple[str, str, int]]:
    """Every method of every route with every body; gives method, route and status."""
    for route in api_routes():
        for method in METHODS:
            for body in BODIES if method in {"post", "put", "patch", "delete"} else BODIES[:1]:
                answer = getattr(client, method)(route.filled(**values), body)
                yield method, route.address, answer.status_code


def test_the_walk_meets_the_watchlist() -> None:
    addresses = {route.address for route in api_routes()}
    assert {"/api/v1/watchlist", "/api/v1/watchlist/<ticker>", "/api/v1/auth/me"} <= addresses


def test_strangers_reach_public_routes_alone(api: Api, alices: Watchlist) -> None:
    before = state(alices)
    open_to_all = {
        address for _, address, status in walk(api(), ticker="SECRT") if status not in {401, 405}
    }
    assert open_to_all <= PUBLIC
    assert state(alices) == before


def test_what_an_outsider_sends_changes_nothing_of_the_owner(
    api: Api, alices: Watchlist, bob: User
) -> None:
    before = state(alices)
    statuses = [status for *_, status in walk(api(bob), ticker="SECRT")]
    assert {200, 201, 204} <= set(statuses)  # bob did reach his own things
    assert max(statuses) < 500
    assert state(alices) == before


def test_an_outsider_reads_their_own_list_alone(api: Api, alices: Watchlist, bob: User) -> None:
    assert api(bob).get("/api/v1/watchlist").json() == []
    answer = api(bob).delete("/api/v1/watchlist/SECRT")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_on_watchlist")
    mine = api(alices.user).get("/api/v1/watchlist").json()
    assert [item["ticker"] for item in mine] == ["SECRT", "OTHER"]


def test_naming_the_owner_does_not_help(api: Api, alices: Watchlist, bob: User) -> None:
    """Who one is comes from the token, whatever else the request says."""
    client, owner = api(bob), alices.user_id
    for query in (f"user={owner}", f"user_id={owner}", f"watchlist={alices.pk}", "username=alice"):
        assert client.get(f"/api/v1/watchlist?{query}").json() == []
    for field in ("user", "user_id", "watchlist", "owner"):
        answer = client.post("/api/v1/watchlist", {"ticker": "OTHER", field: owner})
        assert answer.status_code == 400, field
    assert client.get("/api/v1/watchlist", HTTP_X_USER=str(owner)).json() == []


@pytest.mark.parametrize("who", ["bob", "feeder", None])
def test_the_admin_site_is_closed_to_all_but_staff(
    client: Client, alices: Watchlist, request: pytest.FixtureRequest, who: str | None
) -> None:
    if who is not None:
        client.force_login(request.getfixturevalue(who))
    before = state(alices)
    admin = [route for route in routes() if route.address.startswith("/admin")]
    assert len(admin) > 20
    for route in admin:
        address = route.filled(object_id=alices.pk, app_label="watchlists", url="x") + "/"
        if address in {"/admin/login/", "/admin/logout/", "/admin/jsi18n/"}:
            continue
        for answer in (client.get(address), client.post(address, {"post": "yes"})):
            assert answer.status_code in {302, 403, 404, 405}, address
            assert "SECRT" not in answer.content.decode()
    assert state(alices) == before
