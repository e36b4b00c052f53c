"""Types of fields: how each is read, compared and looked up."""
