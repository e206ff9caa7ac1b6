"""One table of behaviour over all frameworks that the documents name."""
