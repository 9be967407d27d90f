  // The board's words, once their frame has proven whole. The clock is the bench's own, in place of
  // what the board's oscillator or clock generator makes: a cycle is a cycle of the accelerator.
  integer whole = 0;
  always @(posedge clk) whole <= heard_words;
  assign answers_valid = given != whole;
  assign answer = heard[given];
  always @(posedge clk) if (answers_valid && answers_ready) given <= given + 1;

  reg rst = 1'b1;
  always @(posedge clk) if (cycle > 3) rst <= 1'b0;
  wire active;
@MEMORY_CHIP@
  @TOP@ dut (.clk(clk), .rst(rst), .rx(rx), .tx(tx), .active(active)@MEMORY_PORTS@);
endmodule
