  localparam integer LATENCY = @LATENCY@, INTERVAL = @INTERVAL@;
  reg [@OPERAND_MSB@:0] a = 0, b = 0;
  wire [@PRODUCT_MSB@:0] product;
@START_REGISTER@  @TOP@ dut (.clk(clk), .rst(1'b0), @START_PORT@.a(a), .b(b), .product(product));

  integer now = -1, pair;  // the cycle that this edge ends
  always @(posedge clk) begin
    pair = (now + 1) / INTERVAL;
@START_VALUE@    if ((now + 1) % INTERVAL == 0 && pair < COUNT) begin
      a <= a_of[pair];
      b <= b_of[pair];
    end
    pair = (now - LATENCY) / INTERVAL;
    if (now >= LATENCY && (now - LATENCY) % INTERVAL == 0 && pair < COUNT)
      check(product % MODULUS == residue_of[pair] && product <= BOUND);
    now = now + 1;
  end
endmodule
