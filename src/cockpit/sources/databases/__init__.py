"""Read tables of databases."""
