"""What an event needs beside its facts: details, JSON, visitor tokens, hit reports."""
