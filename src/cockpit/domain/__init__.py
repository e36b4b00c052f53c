"""Decisions about data, pure: no I/O, no clock, no environment, no database."""
