// A product on a multiplier block of Lattice Nexus, its registers bypassed. Yosys' own map leaves
// inputs of the block undriven where its pass for registers has not been before.

module \$__NEXUS_MUL18X18 (input [17:0] A, input [17:0] B, output [35:0] Y);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 18, B_WIDTH = 18, Y_WIDTH = 36;
  MULT18X18 #(
    .REGINPUTA("BYPASS"), .REGINPUTB("BYPASS"), .REGOUTPUT("BYPASS"), .RESETMODE("SYNC")
  ) _TECHMAP_REPLACE_ (
    .A(A), .B(B), .SIGNEDA(A_SIGNED ? 1'b1 : 1'b0), .SIGNEDB(B_SIGNED ? 1'b1 : 1'b0), .Z(Y));
endmodule
