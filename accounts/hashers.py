"""How passwords are hashed: Argon2id, and never more of it at once than there are cores."""

import os
import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

_GATE = threading.BoundedSemaphore(os.cpu_count() or 1)


class Argon2Hasher(Argon2PasswordHasher):
    """OWASP's parameters: 19 MiB, two passes, one lane.

    Django's default takes 100 MiB a sign-in: fifty at once would take five
    gigabytes. The gate bounds what many sign-ins at the same time can take.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _GATE:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _GATE:
            return super().verify(password, encoded)
