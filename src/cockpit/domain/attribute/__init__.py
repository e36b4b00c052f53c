"""Which channels share the credit for a deal; decided from the touches before it alone."""
