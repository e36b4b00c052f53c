"""Addresses to administrative divisions and sales regions."""
