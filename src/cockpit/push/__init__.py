"""Messages to people: an outbox in the database and the channels that empty it."""
