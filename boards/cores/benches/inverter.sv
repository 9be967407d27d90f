  // Operands one after another, at times of their own; results are taken late now and then.
  localparam integer COUNT = @COUNT@;
  reg [@OPERAND_MSB@:0] operand_of [0:COUNT-1];
  reg [@VALUE_MSB@:0] value_of [0:COUNT-1];
  reg [COUNT-1:0] zero_of = @ZEROS@;
  initial begin
@ROWS@
  end

  reg rst = 1'b1, take = 1'b0;
  integer given = 0, found = 0;
  wire wanted, there, zero;
  wire [@VALUE_MSB@:0] value;
  wire offered = !rst && given < COUNT;
  wire [@OPERAND_MSB@:0] operand = offered ? operand_of[given] : 0;
  @TOP@ dut (.clk(clk), .rst(rst),
    .operands__valid(offered), .operands__payload(operand),
    .operands__ready(wanted),
    .results__valid(there), .results__payload({zero, value}), .results__ready(take));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    take <= cycle % 3 == 0;
    if (offered && wanted) given <= given + 1;
    if (there && take) begin
      check(value == value_of[found] && zero == zero_of[found]);
      found <= found + 1;
    end
  end
endmodule
