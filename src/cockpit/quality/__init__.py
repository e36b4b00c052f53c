"""A model's promises, checked: contract -> Great Expectations suite -> results and quarantine."""
