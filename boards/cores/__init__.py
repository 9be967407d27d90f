"""Units as cores for designs of others: Verilog, benches with known answers, core files."""
