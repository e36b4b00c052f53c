"""Which records mean the same thing; decided from their values alone."""
