from accounts.hashers import Argon2Hasher


class CheapArgon2(Argon2Hasher):
    """The real algorithm at its least cost: tests make many users."""

    time_cost = 1
    memory_cost = 8
