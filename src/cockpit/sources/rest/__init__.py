"""Web APIs: signing on, paging, pacing, and what comes in as rows."""
