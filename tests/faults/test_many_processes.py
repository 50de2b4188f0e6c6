"""Two web processes, one user with sockets on both: what happens on one is heard on the other."""

from tests.faults.person import Person, end_of, heard

SIGNED_OUT = 4005


def test_edits_prices_and_logouts_are_heard_on_both(person: Person) -> None:
    person.open_on_both()
    for ticker in ("T1", "T2"):
        person.api.put(f"watchlist/{ticker}").raise_for_status()
        for socket in person.sockets:
            assert [each["ticker"] for each in heard(socket, "watchlist")["added"]] == [ticker]
    for socket in person.sockets:
        assert {each["ticker"] for each in heard(socket, "prices")["quotes"]} == {"T1", "T2"}

    person.api.delete("watchlist/T1").raise_for_status()
    for socket in person.sockets:
        assert heard(socket, "watchlist")["removed"] == ["T1"]
    for socket in person.sockets:
        assert {each["ticker"] for each in heard(socket, "prices")["quotes"]} == {"T2"}

    refresh = {"refresh": person.tokens["refresh"]}
    person.api.post("auth/logout", json=refresh).raise_for_status()
    assert {end_of(socket) for socket in person.sockets} == {SIGNED_OUT}
