"""The case engine: processes, cases, tasks and their log. It knows no HTTP; `api` and `web` call it."""
