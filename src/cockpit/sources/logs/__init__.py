"""Read behaviour logs line by line: web servers' access logs and click streams."""
