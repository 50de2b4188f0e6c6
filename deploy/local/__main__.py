"""The door: refuses an old Python in one sentence, before any newer syntax is read."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Tickwatch needs Python 3.11 or newer, and this is %d.%d. "
        "Install a newer one and name it: make run PYTHON=python3.12" % sys.version_info[:2]
    )

from deploy.local.cli import main

sys.exit(main())
