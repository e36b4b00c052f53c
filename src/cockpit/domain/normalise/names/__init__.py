"""Names of companies and persons: what they consist of, and whether two companies are one."""
