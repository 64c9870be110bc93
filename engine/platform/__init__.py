"""What the engine runs on: settings, database, job queue, files, languages, errors. It doesn't know cases."""
