"""Tags for templates, found through the optional Django app."""
