"""Identity: accounts, their names and profiles, login with a password or a provider, sessions."""
