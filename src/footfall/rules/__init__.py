"""Pure rules: what a pageview is, what a public URL is, which paths and browsers count."""
