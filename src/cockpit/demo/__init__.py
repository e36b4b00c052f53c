"""The generated company that the demo works on, and what is true about it.

Only generated data have known answers: which records are one customer, which rows are wrong, why a region misses
its target. The company goes into a real ERP database, the answers into schema truth, which no pipeline may read.

Nothing is imported here: the process that serves the web APIs has to stay small.
"""
