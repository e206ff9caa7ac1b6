"""The figures of a site as pages of its own app: `dashboard="/stats"`.

The middleware answers for that path before the app does, in the process of the app. Who may look is
decided by `access_rules.py`, without loading more than the app has already; the pages themselves
are those of the collector, loaded when somebody may look. Every adapter makes a `DashboardRequest`
and gets a `DashboardResponse`, as a whole: no response keeps a worker.
"""
