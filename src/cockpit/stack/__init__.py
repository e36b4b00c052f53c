"""PostgreSQL, Airflow and Superset as supervised processes of one folder, `$COCKPIT_HOME`."""
