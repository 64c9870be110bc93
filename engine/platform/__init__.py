"""What the engine runs on: settings, database, job queue, files, languages, errors. Knows no case."""
