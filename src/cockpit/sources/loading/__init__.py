"""One way into raw: the loader, its ledger and what it compares."""
