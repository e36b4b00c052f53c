"""Master data: which source records are one customer, and what the golden record says."""
