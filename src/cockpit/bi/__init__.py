"""What people see: Superset's assets, roles and logins, and whose rows each person may read."""
