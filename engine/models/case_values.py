"""The table of the variables by which cases are found."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.platform.db import Base


class CaseValue(Base):
    """A variable of a case by which it is found, as its process declares: a text or a number, or neither."""

    __tablename__ = "case_values"
    __table_args__ = (
        Index(
            "ix_case_values_text",
            *("definition", "name", "text", "case_id"),
            postgresql_include=["unit_id"],
            postgresql_where=text("text IS NOT NULL"),
        ),
        Index(
            "ix_case_values_number",
            *("definition", "name", "number", "case_id"),
            postgresql_include=["unit_id"],
            postgresql_where=text("number IS NOT NULL"),
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    # The definition and the unit of its case: the index has them, so that other cases aren't read.
    definition: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID]
    text: Mapped[str | None] = mapped_column(Text(collation="C"))  # folded; in the order of its bytes
    number: Mapped[Decimal | None] = mapped_column(Numeric)
