"""The endpoints that take events, and what stands before them: rate limit, group commit."""
