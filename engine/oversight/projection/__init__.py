"""The projection of oversight: figures of cases, steps and delays, which a worker computes from the log.

`projecting` follows the log, `rows` says what the events of a case mean, `sums` which sums contain a row,
`checking` whether all of it is right.
docs/metrics.md explains the figures, docs/decisions/0074-figures.md why they are stored like this.
"""

from engine.oversight.projection.projecting import FIGURES, check, prepare, project, transactions

__all__ = ["FIGURES", "check", "prepare", "project", "transactions"]
