"""The demo company's web APIs: what their systems hold, and the process that serves it."""
