"""Connections, COPY, and the model graph and its runner: how include/sql becomes tables."""
