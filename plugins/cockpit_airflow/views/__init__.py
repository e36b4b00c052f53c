"""Pages that Airflow shows beside its own: FastAPI applications with templates, read only."""
