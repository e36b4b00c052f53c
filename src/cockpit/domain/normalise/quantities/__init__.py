"""Numbers as people write them: amounts of money and headcounts."""
