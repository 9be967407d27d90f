// A product of signed numbers on a multiplier block of Gowin's Arora V (GW5A): Yosys' synth_gowin
// has no map for it. All registers of the block are bypassed, its adders add nothing, and its
// inputs come from the fabric; parameters that are not written here have that meaning by default.
// ACCSEL is left open: no wire leads to it in nextpnr's data, and its parameters fix what it selects.
// `MULTALU27X18`: Gowin UG305, Arora V Digital Signal Processing.

module \$__GW5A_MUL27X18 (input [26:0] A, input [17:0] B, output [44:0] Y);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 27, B_WIDTH = 18, Y_WIDTH = 45;
  wire [47:0] product;
  assign Y = product[44:0];
  MULTALU27X18 #(
    .MULT_RESET_MODE("SYNC"), .PRE_LOAD(48'd0),
    .DYN_A_SEL("FALSE"), .A_SEL(1'b0),
    .DYN_P_SEL("FALSE"), .P_SEL(1'b0),
    .DYN_P_ADDSUB("FALSE"), .P_ADDSUB(1'b0),
    .DYN_ADD_SUB_0("FALSE"), .ADD_SUB_0(1'b0),
    .DYN_ADD_SUB_1("FALSE"), .ADD_SUB_1(1'b0),
    .DYN_C_SEL("FALSE"), .C_SEL(1'b0),
    .DYN_CASI_SEL("FALSE"), .CASI_SEL(1'b0),
    .DYN_ACC_SEL("FALSE"), .ACC_SEL(1'b0)
  ) _TECHMAP_REPLACE_ (
    .A(A), .B(B), .C(48'd0), .D(26'd0), .SIA(27'd0), .CASI(48'd0),
    .ACCSEL(), .PSEL(1'b0), .ASEL(1'b0), .PADDSUB(1'b0), .CSEL(1'b0), .CASISEL(1'b0),
    .ADDSUB(2'b0), .CLK(2'b0), .CE(2'b0), .RESET(2'b0), .DOUT(product), .CASO(), .SOA());
endmodule
