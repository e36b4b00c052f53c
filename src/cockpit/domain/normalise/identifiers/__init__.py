"""Numbers that registers give to companies and persons."""
