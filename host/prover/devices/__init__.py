"""What computes multi-scalar multiplications, behind one interface; links to boards."""
