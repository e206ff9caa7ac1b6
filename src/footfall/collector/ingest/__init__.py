"""The endpoints that receive events, with rate limit, group commit, forwarding and chaos."""
