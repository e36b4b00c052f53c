"""What the business decides, read from YAML into frozen types; every error names file and line."""
