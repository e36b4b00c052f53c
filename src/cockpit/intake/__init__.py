"""The intake: an HTTP service that takes forms. A 2xx answer means that the row is committed in PostgreSQL."""
