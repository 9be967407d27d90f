"""Published results, reached by this project's own code, and the same questions asked of it."""
