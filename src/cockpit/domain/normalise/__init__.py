"""Standardise what people typed: one module per kind of value, pure functions over batches of texts."""
