"""What erasing a case does to the contents of `var/`: another part of the inventory."""

from collections.abc import Mapping

# The contents of `var/`, by name. Nothing else may be there; `documents` may be elsewhere (`DOCUMENTS`).
FOLDERS: Mapping[str, str] = {
    "audit.key": "the private key that signs checkpoints",
    "audit.signed": "the number of the newest signed checkpoint",
    "checkpoints": "checkpoints: ids, numbers and hashes",
    "connectors.toml": "settings",
    "demo-connectors.toml": "settings of a demonstration",
    "demo.json": "the demonstration's accounts",
    "documents": "content that no version of a document and no staged document names any more is deleted",
    "hub.json": "the mock hub's bills, of the demonstration alone: numbers, amounts, and what they are for",
    "metrics": "counts and times of requests by their route, anew with each start",
    "oidc.toml": "settings",
    "postgres": "the embedded server's own: dead rows and write-ahead log, see docs/erasure.md",
    "postgres.lock": "the number of a process",
    "postgres.log": "the embedded server's log, without statements and values",
    "postgres.log.1": "that of the start before",
    "postgres.pgpass": "the password of the embedded server",
    "run.lock": "the number of a process",
}
