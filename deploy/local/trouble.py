"""What went wrong, in one sentence a newcomer can act on."""

from __future__ import annotations

import errno


class Trouble(Exception):
    """A failure we can explain: one clear sentence, with its remedy."""


def explain(error: OSError) -> str:
    """One sentence for an error of the operating system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" while writing {error.filename}" if error.filename else ""
        return f"The disk is full{where}. Free some space (2 GB are enough) and start again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"Not allowed to write {error.filename}. If another user (root?) started Tickwatch "
            "here before, give this folder to yourself: sudo chown -R $(id -u) ."
        )
    return f"The system refused: {error}. Mend that and start again."


def is_disk_full(text: str) -> bool:
    """Whether a program's output says that the disk is full."""
    return "No space left on device" in text or "Disk quota exceeded" in text
