"""The clock of a case: the statutory term, its pauses, and what is due at its end. Written with its case."""
