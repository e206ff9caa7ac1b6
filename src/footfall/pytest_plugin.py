"""The fixtures that pytest finds by itself wherever footfall is installed."""
