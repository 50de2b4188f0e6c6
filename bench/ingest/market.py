"""The catalogue and a feeder's token, from a process that sets Django up for them."""

import django

from bench.ingest.plan import Plan
from bench.process import Pipe


def market(pipe: Pipe, plan: Plan) -> None:
    """Sends an access token of a feeder when there is everything that pushing takes."""
    django.setup()
    from accounts.models import Role, User  # noqa: PLC0415  they import models
    from accounts.services import tokens_issue  # noqa: PLC0415
    from bench.market import prices  # noqa: PLC0415

    prices.migrate()
    prices.load_securities(plan.universe())
    feeder = User.objects.create(username="bench", password="!", role=Role.FEEDER)
    pipe.send(tokens_issue(user=feeder).access)
