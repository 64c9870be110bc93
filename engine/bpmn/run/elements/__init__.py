"""Our subclasses of SpiffWorkflow's elements: they run as the standard says where the library does not."""
