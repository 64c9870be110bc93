"""Decisions as the OMG defines them: FEEL, its expression language, and DMN, its tables and graphs. Pure."""
