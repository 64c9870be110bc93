"""Large histories with planted causes of delay, and the ledger of what was planted."""
