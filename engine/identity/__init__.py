"""Who somebody is: accounts, their names and profiles, signing in with a password or a provider, sessions."""
