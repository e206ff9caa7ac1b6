"""What runs inside a request: filters, picking of headers, the record in the inbox."""
