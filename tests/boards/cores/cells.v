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
  wire signed [47:0] product = $signed(A[26:0]) * $signed(B);
  assign P = multiplies ? product : 48'bx;
endmodule

// Gowin GW5A: A * B of signed numbers, all registers bypassed, nothing added.
module MULTALU27X18 #(
    parameter AREG_CLK = "BYPASS", BREG_CLK = "BYPASS", DREG_CLK = "BYPASS", C_IREG_CLK = "BYPASS",
    PSEL_IREG_CLK = "BYPASS", PADDSUB_IREG_CLK = "BYPASS", ADDSUB0_IREG_CLK = "BYPASS",
    ADDSUB1_IREG_CLK = "BYPASS", CSEL_IREG_CLK = "BYPASS", CASISEL_IREG_CLK = "BYPASS",
    ACCSEL_IREG_CLK = "BYPASS", PREG_CLK = "BYPASS", ADDSUB0_PREG_CLK = "BYPASS",
    ADDSUB1_PREG_CLK = "BYPASS", CSEL_PREG_CLK = "BYPASS", CASISEL_PREG_CLK = "BYPASS",
    ACCSEL_PREG_CLK = "BYPASS", C_PREG_CLK = "BYPASS", OREG_CLK = "BYPASS",
    FB_PREG_EN = "FALSE", SOA_PREG_EN = "FALSE", MULT_RESET_MODE = "SYNC", PRE_LOAD = 48'd0,
    DYN_P_SEL = "FALSE", P_SEL = 1'b0, DYN_P_ADDSUB = "FALSE", P_ADDSUB = 1'b0,
    DYN_A_SEL = "FALSE", A_SEL = 1'b0, DYN_ADD_SUB_0 = "FALSE", ADD_SUB_0 = 1'b0,
    DYN_ADD_SUB_1 = "FALSE", ADD_SUB_1 = 1'b0, DYN_C_SEL = "FALSE", C_SEL = 1'b1,
    DYN_CASI_SEL = "FALSE", CASI_SEL = 1'b0, DYN_ACC_SEL = "FALSE", ACC_SEL = 1'b0,
    MULT12X12_EN = "FALSE"
  ) (
    input [26:0] A, SIA, input [17:0] B, input [47:0] C, CASI, input [25:0] D,
    input ACCSEL, PSEL, ASEL, PADDSUB, CSEL, CASISEL, input [1:0] ADDSUB, CLK, CE, RESET,
    output [47:0] DOUT, CASO, output [26:0] SOA);
  wire bypassed = AREG_CLK == "BYPASS" && BREG_CLK == "BYPASS" && PREG_CLK == "BYPASS"
    && OREG_CLK == "BYPASS";
  wire fixed = DYN_P_SEL == "FALSE" && DYN_A_SEL == "FALSE" && DYN_P_ADDSUB == "FALSE"
    && DYN_ADD_SUB_0 == "FALSE" && DYN_ADD_SUB_1 == "FALSE" && DYN_C_SEL == "FALSE"
    && DYN_CASI_SEL == "FALSE" && DYN_ACC_SEL == "FALSE" && MULT12X12_EN == "FALSE";
  wire alone = !P_SEL && !A_SEL && !ADD_SUB_0 && !ADD_SUB_1 && !C_SEL && !CASI_SEL && !ACC_SEL;
  wire signed [47:0] product = $signed(A) * $signed(B);
  assign DOUT = bypassed && fixed && alone ? product : 48'bx;
endmodule
