"""The collector's pages: dashboard, live list, and the details of one hit."""
