"""Connectors and the one loader that all of them write raw through: a batch is in as a whole, with its ledger row."""
