"""The vendors' protocols, values in and values out: nothing here opens a file or a socket."""
