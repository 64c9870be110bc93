"""The case engine: processes, cases, tasks and their log. It knows no HTTP; `api` and `web` call it."""

# The release of the product, and the one place that names it.
RELEASE = "0.3.0-dev"
