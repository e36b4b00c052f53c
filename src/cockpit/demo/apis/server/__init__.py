"""The process that serves the demo company's web APIs: several systems with their own sign-on and paging.

It holds no rows, and imports nothing of the generator: it has to stay small beside the platform.
"""
