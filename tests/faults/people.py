"""`python -m tests.faults.people USERS TICKERS`: fills an empty database, and says who they are.

Prints one JSON object a user: name, access and refresh token, tickers on the watchlist. And
there is a feeder, whose name and password are known.
"""

import json
import random
import sys

import django

django.setup()

from accounts.models import Role, User  # noqa: E402
from accounts.services import tokens_issue  # noqa: E402
from securities.models import Security  # noqa: E402
from tests.faults.feeders import ACCOUNT  # noqa: E402
from watchlists.services import watchlist_add_security  # noqa: E402

LIST_LENGTH = 8


def main(users: int, tickers: int) -> None:
    market = [f"T{number}" for number in range(tickers)]
    Security.objects.bulk_create(
        Security(ticker=ticker, name=f"Thing {ticker}", exchange="TEST") for ticker in market
    )
    User.objects.create_user(**ACCOUNT, email="", role=Role.FEEDER)
    choice = random.Random(7)
    for number in range(users):
        user = User.objects.create_user(f"user{number}", "", None)
        watched = choice.sample(market, LIST_LENGTH)
        for ticker in watched:
            watchlist_add_security(user_id=user.pk, ticker=ticker)
        tokens = tokens_issue(user=user)
        told = {"name": user.username, "access": tokens.access, "refresh": tokens.refresh}
        print(json.dumps({**told, "tickers": watched}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
