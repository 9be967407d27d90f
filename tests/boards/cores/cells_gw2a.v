// Multiplier blocks of Gowin's GW2A as synthesis uses them here, without their registers.

module MULT18X18 #(
    parameter AREG = 1'b0, BREG = 1'b0, OUT_REG = 1'b0, PIPE_REG = 1'b0, ASIGN_REG = 1'b0,
    BSIGN_REG = 1'b0, SOA_REG = 1'b0, MULT_RESET_MODE = "SYNC"
  ) (
    input [17:0] A, SIA, B, SIB, input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [35:0] DOUT, output [17:0] SOA, SOB);
  wire multiplies = !AREG && !BREG && !OUT_REG && !PIPE_REG && !ASEL && !BSEL;
  assign DOUT = multiplies ? {{18{ASIGN & A[17]}}, A} * {{18{BSIGN & B[17]}}, B} : 36'bx;
endmodule

module MULT9X9 #(
    parameter AREG = 1'b0, BREG = 1'b0, OUT_REG = 1'b0, PIPE_REG = 1'b0, ASIGN_REG = 1'b0,
    BSIGN_REG = 1'b0, SOA_REG = 1'b0, MULT_RESET_MODE = "SYNC"
  ) (
    input [8:0] A, SIA, B, SIB, input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [17:0] DOUT, output [8:0] SOA, SOB);
  wire multiplies = !AREG && !BREG && !OUT_REG && !PIPE_REG && !ASEL && !BSEL;
  assign DOUT = multiplies ? {{9{ASIGN & A[8]}}, A} * {{9{BSIGN & B[8]}}, B} : 18'bx;
endmodule
