"""One array of multipliers, and all that it can be sold for: what is taken on, and what runs."""
