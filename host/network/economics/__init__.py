"""What the mechanism pays whom: thousands of slots, many provers, staged lottery beside race."""
