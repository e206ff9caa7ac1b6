"""The collector's JSON APIs: Plausible's stats and sites, and their OpenAPI document."""
