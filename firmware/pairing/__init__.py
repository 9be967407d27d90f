"""The optimal ate pairing on BN254 as programs for a wide processor, made from formulas."""
