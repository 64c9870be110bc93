"""DMN 1.2 to 1.5: reads, links and evaluates files of decisions."""
