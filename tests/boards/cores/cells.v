// Multiplier blocks as synthesis uses them here, without their registers: Yosys has only their
// ports. What is asked of them beyond that is X.

module MULT18X18D(
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CLK1, CLK2, CLK3, CE0, CE1, CE2, CE3,
    input RST0, RST1, RST2, RST3,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0);
  wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
          P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
    {{18{SIGNEDA & A17}}, a} * {{18{SIGNEDB & B17}}, b};
endmodule

module DSP48E2 #(
    parameter ACASCREG = 0, ADREG = 0, ALUMODEREG = 0, AMULTSEL = "A", AREG = 0,
    A_INPUT = "DIRECT", BCASCREG = 0, BMULTSEL = "B", BREG = 0, B_INPUT = "DIRECT",
    CARRYINREG = 0, CARRYINSELREG = 0, CREG = 0, DREG = 0, INMODEREG = 0, MREG = 0,
    OPMODEREG = 0, PREG = 0, USE_MULT = "MULTIPLY", USE_SIMD = "ONE48"
  ) (
    input [29:0] A, ACIN, input [3:0] ALUMODE, input [17:0] B, BCIN, input [47:0] C, PCIN,
    input CARRYIN, input [2:0] CARRYINSEL, input [26:0] D, input [4:0] INMODE, input [8:0] OPMODE,
    output [47:0] P);
  wire multiplies = OPMODE == 9'h005 && ALUMODE == 0
    && AREG == 0 && BREG == 0 && MREG == 0 && PREG == 0;
  assign P = multiplies ? $signed(A[26:0]) * $signed(B) : 48'bx;
endmodule
