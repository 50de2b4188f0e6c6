"""`manage.py` as a process, with a server away: a sentence, and not for anything else."""

from deploy.local.ports import free_port
from securities.models import Security
from tests.integration.processes import Processes


def test_a_command_without_postgres_is_one_sentence(processes: Processes) -> None:
    address = f"postgres://user:s3cret@127.0.0.1:{free_port()}/none"
    command = processes.start("manage", "manage", "migrate", DATABASE_URL=address)
    assert command.wait() == 1
    sentence = command.output.splitlines()[-1]
    assert sentence.startswith("The database refuses: connection failed")
    assert "DATABASE_URL" in sentence
    assert "Traceback" not in command.output
    assert "s3cret" not in command.output


def test_a_command_without_redis_is_one_sentence(
    processes: Processes, market: list[Security]
) -> None:
    address = f"redis://:s3cret@127.0.0.1:{free_port()}/0"
    command = processes.start("manage", "manage", "update_prices", REDIS_URL=address)
    assert command.wait() == 1
    sentence = command.output.splitlines()[-1]
    assert sentence.startswith("Redis cannot be reached: ")
    assert "Connection refused" in sentence
    assert "REDIS_URL" in sentence
    assert "Traceback" not in command.output
    assert "s3cret" not in command.output


def test_a_command_that_postgres_itself_gives_up_keeps_its_traceback(processes: Processes) -> None:
    """What is wrong there, no address would mend."""
    query = "from django.db import connection as c; c.cursor().execute('SELECT pg_sleep(9)')"
    hasty = f"{processes.env['DATABASE_URL']}?options=-c%20statement_timeout%3D50"
    command = processes.start("manage", "manage", "shell", "-c", query, DATABASE_URL=hasty)
    assert command.wait() == 1
    assert "Traceback" in command.output
    assert "statement timeout" in command.output
