"""What can be read out of files without running them: all findings, and what they know, need and name."""
