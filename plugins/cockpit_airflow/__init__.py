"""What is particular to Airflow: operators around the steps of `cockpit.pipelines`."""
