"""Use cases: what a task of Airflow or a verb of the command line calls."""
