"""Exit code 0 if an address answers 200: `python -m deploy.healthcheck URL`."""

import sys
import urllib.error
import urllib.request

_TIMEOUT_SECONDS = 3


def main(address: str) -> None:
    """The slim image has neither curl nor wget."""
    try:
        urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310 - ours
    except OSError as error:
        sys.exit(f"{address}: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
