"""DMN 1.2 to 1.5: files of decisions are read, put together and evaluated."""
