import threading
import time
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher
from django.test import override_settings

from accounts import hashers
from accounts.models import User


@override_settings(PASSWORD_HASHERS=["accounts.hashers.Argon2Hasher"])
def test_passwords_are_argon2id_at_the_cost_owasp_asks_for() -> None:
    user = User()
    user.set_password("x")
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert identify_hasher(user.password).must_update(user.password) is False
    assert user.check_password("x")


def test_no_more_hashes_run_at_once_than_the_gate_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes its memory; a crowd that signs in must not take it all."""
    monkeypatch.setattr(hashers, "_GATE", threading.BoundedSemaphore(2))
    running, most, lock = 0, 0, threading.Lock()

    def slow(*_: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    monkeypatch.setattr(Argon2PasswordHasher, "verify", slow)
    hasher = hashers.Argon2Hasher()
    threads = [threading.Thread(target=hasher.verify, args=("x", "y")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
