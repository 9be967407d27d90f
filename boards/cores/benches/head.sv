// @TITLE@: a self-checking bench with known answers, for any simulator of Verilog that knows
// @(posedge ...) and delays. It ends with PASS and status 0, or with FAIL and another status.
`timescale 1ns / 1ps
module @TOP@_tb;
  reg clk = 1'b0;
  always #5 clk = ~clk;

  // Everything below happens at clock edges, as in a synchronous design: what is read is what
  // stood before the edge, what is written stands after it.
  integer cycle = 0, checked = 0;
  task fail;
    begin
      $display("FAIL: @TOP@: answer %0d in cycle %0d is wrong", checked, cycle);
      $fatal(1);
    end
  endtask
  task check(input right);
    begin
      if (right !== 1'b1) fail;
      checked = checked + 1;
      if (checked == @ANSWERS@) begin
        $display("PASS: @TOP@: %0d known answers in %0d cycles", checked, cycle);
        $finish;
      end
    end
  endtask
  always @(posedge clk) begin
    cycle = cycle + 1;
    if (cycle > @LIMIT@) begin
      $display("FAIL: @TOP@: answer %0d has not come in @LIMIT@ cycles", checked);
      $fatal(1);
    end
  end
