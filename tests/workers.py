"""Tests that run side by side keep out of each other's Redis; an early plugin of pytest's.

pytest-xdist numbers its processes, and pytest-django gives each a database by that
name. Redis knows databases by number: the n-th process takes the n-th after the one
that REDIS_URL names. The settings read it, so this comes before them.
"""

import os
from urllib.parse import urlsplit

_WORKER = os.environ.get("PYTEST_XDIST_WORKER")

if _WORKER is not None:
    _url = urlsplit(os.environ["REDIS_URL"])
    _number = int(_url.path.strip("/") or 0) + 1 + int(_WORKER.removeprefix("gw"))
    os.environ["REDIS_URL"] = _url._replace(path=f"/{_number}").geturl()
