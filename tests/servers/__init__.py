"""Programs of others that the tests start, and which Node runs them."""
