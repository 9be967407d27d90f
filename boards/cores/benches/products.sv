  // product = a * b / @RADIX@ modulo MODULUS, and at most BOUND.
  localparam integer COUNT = @COUNT@;
  localparam [@PRODUCT_MSB@:0] MODULUS = @MODULUS@;
  localparam [@PRODUCT_MSB@:0] BOUND = @BOUND@;
  reg [@OPERAND_MSB@:0] a_of [0:COUNT-1];
  reg [@OPERAND_MSB@:0] b_of [0:COUNT-1];
  reg [@PRODUCT_MSB@:0] residue_of [0:COUNT-1];
  initial begin
@ROWS@
  end
