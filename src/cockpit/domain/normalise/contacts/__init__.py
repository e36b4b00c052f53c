"""Ways to reach somebody: phones, e-mail addresses, web sites."""
