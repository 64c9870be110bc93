"""Sending checkpoints out of the database: to a folder, a URL and a mail address."""

from engine.models import CheckpointTarget
from engine.platform.config import Settings


def targets(settings: Settings) -> list[CheckpointTarget]:
    """Returns where the installation sends its checkpoints."""
    found: list[CheckpointTarget] = ["folder"]
    if settings.checkpoint_webhook:
        found.append("webhook")
    if settings.checkpoint_mail:
        found.append("mail")
    return found
