"""The table of DMN decisions in the files of deployments."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.platform.db import Base


class DeploymentDecision(Base):
    """A DMN decision or decision service in a deployment's file; `inputs` are names with their types."""

    __tablename__ = "deployment_decisions"

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"), primary_key=True)
    file: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)  # in its file: ids may be of any length
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
