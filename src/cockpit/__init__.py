"""CRM Cockpit: from raw, scattered customer data to figures that people trust."""

__version__ = "0.1.0"
