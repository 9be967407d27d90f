"""What every other package stands on: errors, files, caches, databases."""
