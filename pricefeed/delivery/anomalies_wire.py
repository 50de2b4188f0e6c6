"""Anomalies as they go over any wire: the same fields over REST and over sockets."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import msgspec

from pricefeed.models import Anomaly
from securities.money import price_text
from securities.times import milliseconds

_json = msgspec.json.Encoder().encode


class WireAnomaly(NamedTuple):
    """One anomaly, encoded once for all sockets of a process."""

    id: int
    security_id: int
    text: str
    """A JSON object."""

    @classmethod
    def of(cls, anomaly: Anomaly) -> Self:
        text = _json(anomaly_fields(anomaly)).decode()
        return cls(anomaly.pk, anomaly.security_id, text)


def anomaly_fields(anomaly: Anomaly) -> dict[str, Any]:
    """An anomaly that was selected with its security. Prices are texts, `at` milliseconds."""
    return {
        "id": anomaly.pk,
        "ticker": anomaly.security.ticker,
        "direction": anomaly.direction,
        "at": milliseconds(anomaly.at),
        "price": price_text(anomaly.price),
        "reference": price_text(anomaly.reference),
        "pct_change": str(anomaly.pct_change),
    }


def anomalies_frame(anomalies: Iterable[WireAnomaly]) -> str:
    """An `anomalies` frame."""
    return f'{{"type":"anomalies","anomalies":[{",".join(each.text for each in anomalies)}]}}'
