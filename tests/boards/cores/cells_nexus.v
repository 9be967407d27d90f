// A Nexus' memory in tables: Yosys' own leaves the last of its sixteen words without what it
// begins with. INITVAL is the text of a number in hexadecimal, "0x" and sixteen digits.

module DPR16X4 #(parameter INITVAL = "0x0000000000000000") (
    input [3:0] RAD, DI, WAD, input WRE, WCK, output [3:0] DO);
  function [3:0] digit(input [7:0] letter);
    digit = letter >= "a" ? letter - "a" + 10 : letter >= "A" ? letter - "A" + 10 : letter - "0";
  endfunction
  localparam [143:0] TEXT = INITVAL;
  reg [3:0] words[0:15];
  integer n;
  initial for (n = 0; n < 16; n = n + 1) words[n] = digit(TEXT[8 * n +: 8]);
  always @(posedge WCK) if (WRE) words[WAD] <= DI;
  assign DO = words[RAD];
endmodule
