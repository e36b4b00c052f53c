"""Match the records of lists that somebody has, without a database."""
