"""Red flags: patterns in the logs that an inspector should ask about, and the questions to officials."""
